//! Scenario 21: editing commands that come without their keys, as phones and dictation send them, do what the keys do.
//! In Chromium, whose DevTools give such commands: with the key code 229, and the type of the input alone to go by.

use anyhow::Result;
use samsyn_shared::domain::schema::TITLE;
use serde_json::{Value, json};

use super::{SECTION, begin, put_caret};
use crate::stage::Pair;

/// Lines with their kinds: `- ` items with two spaces a level, `# ` headings.
async fn lines(pair: &Pair) -> Result<String> {
    pair.agree_on(SECTION).await?;
    let delta = pair.stage.delta(SECTION).await?;
    let lines = samsyn_tests::shown::lines(&delta)?.into_iter().map(|line| {
        use samsyn_shared::text::delta::LineKind;
        let text: String = line.runs.iter().map(|run| &*run.text).collect();
        match line.kind {
            LineKind::Paragraph => text,
            LineKind::Heading(_) => format!("# {text}"),
            LineKind::Item(_, indent) => format!("{}- {text}", "  ".repeat(indent.into())),
        }
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn scenario_21_enter_and_backspace_without_their_keys_mean_what_the_keys_mean() -> Result<()> {
    let pair = Pair::meet().await?;
    begin(&pair, "").await?;
    pair.a.keys("- ett").await?;
    pair.a.without_key("insertNewline").await?;
    pair.a.keys("två").await?;
    assert_eq!(lines(&pair).await?, "- ett\n- två");
    pair.a.without_key("insertNewline").await?;
    pair.a.without_key("insertNewline").await?;
    pair.a.keys("text").await?;
    assert_eq!(lines(&pair).await?, "- ett\n- två\ntext", "Enter on an empty item leaves the list");
    // At an item's start: out of the list, and then into the line before.
    put_caret(&pair.a, 4).await?;
    pair.a.without_key("deleteBackward").await?;
    assert_eq!(lines(&pair).await?, "- ett\ntvå\ntext");
    pair.a.without_key("deleteBackward").await?;
    assert_eq!(lines(&pair).await?, "- etttvå\ntext");
    pair.a.without_key("deleteBackward").await?;
    assert_eq!(lines(&pair).await?, "- ettvå\ntext", "and inside a line a character");
    pair.expect_quiet_consoles().await
}

#[tokio::test]
async fn scenario_21_looks_that_are_asked_for_without_keys_are_ours_or_nothing() -> Result<()> {
    let pair = Pair::meet().await?;
    begin(&pair, "ord").await?;
    for command in ["selectAll", "toggleBold", "strikethrough", "insertHorizontalRule"] {
        pair.a.without_key(command).await?;
    }
    let bold = json!([{"insert": "ord", "attributes": {"bold": true}}, {"insert": "\n"}]);
    pair.agree_that(SECTION, bold).await?;
    for page in [&pair.a, &pair.b] {
        let elements = page.count_in(SECTION, ":is(hr, s, strike, del, [style], [align])").await?;
        assert_eq!(Value::from(elements), 0);
    }
    pair.expect_quiet_consoles().await
}

#[tokio::test]
async fn scenario_21_enter_without_its_key_leads_from_the_title_to_the_text() -> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(TITLE).await?;
    pair.a.without_key("insertNewline").await?;
    pair.a.keys("text").await?;
    assert_eq!(pair.agree_on("overgripande-beskrivning").await?, "text");
    assert_eq!(pair.agree_on(TITLE).await?, "Storm över länet");
    pair.expect_quiet_consoles().await
}
