//! What the keys and the toolbar do to the text, for the writer, for the other, and for the server.

use anyhow::Result;
use samsyn_tests::browser::Kind;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::stage::{Pair, in_browsers};

const SECTION: &str = "overgripande-beskrivning";

/// Types in A's page in an empty section, whose caret is then at the end.
async fn typed(kind: Kind, text: &str) -> Result<Pair> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys(text).await?;
    Ok(pair)
}

in_browsers!(bold_by_the_toolbar_and_by_a_key_reaches_the_other, make_bold, Chromium WebKit);
async fn make_bold(kind: Kind) -> Result<()> {
    let pair = typed(kind, "en fet text").await?;
    pair.a.press_times(&[Key::Shift], Key::Left, 4).await?;
    pair.a.press(&[Key::Control], 'b').await?;
    let text = json!({"insert": "text", "attributes": {"bold": true}});
    pair.agree_that(SECTION, json!([{"insert": "en fet "}, text, {"insert": "\n"}])).await?;
    // The selection stays where it is while the toolbar is used.
    pair.a.press(&[], Key::Home).await?;
    pair.a.press_times(&[], Key::Right, 3).await?;
    pair.a.press_times(&[Key::Shift], Key::Right, 3).await?;
    pair.a.act("bold").await?;
    let fet = json!({"insert": "fet", "attributes": {"bold": true}});
    pair.agree_that(SECTION, json!([{"insert": "en "}, fet, {"insert": " "}, text, {"insert": "\n"}]))
        .await?;
    assert_eq!(pair.b.count_in(SECTION, "strong").await?, 2);
    // Once more takes it away; what is typed then is plain, and the focus never left the text.
    pair.a.act("bold").await?;
    pair.a.keys("vanlig").await?;
    pair.agree_that(SECTION, json!([{"insert": "en vanlig "}, text, {"insert": "\n"}])).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(italic_and_underline_go_on_top_of_each_other_and_hold_for_what_is_typed_next, make_italic_and_underlined, Chromium WebKit);
async fn make_italic_and_underlined(kind: Kind) -> Result<()> {
    let pair = typed(kind, "a").await?;
    pair.a.press(&[Key::Control], 'i').await?;
    pair.a.keys("b").await?;
    pair.a.act("underline").await?;
    pair.a.keys("c").await?;
    let both = json!({"insert": "c", "attributes": {"italic": true, "underline": true}});
    let italic = json!({"insert": "b", "attributes": {"italic": true}});
    pair.agree_that(SECTION, json!([{"insert": "a"}, italic, both, {"insert": "\n"}])).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(a_heading_is_one_line_and_its_button_leads_through_the_levels_and_back, make_a_heading, Chromium WebKit);
async fn make_a_heading(kind: Kind) -> Result<()> {
    let pair = typed(kind, "Läget").await?;
    pair.a.act("heading").await?;
    pair.a.press(&[], Key::End).await?;
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("Det snöar").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "Läget\nDet snöar");
    let delta = pair.stage.delta(SECTION).await?;
    assert_eq!(delta[1], json!({"insert": "\n", "attributes": {"header": 1}}));
    assert_eq!(delta[2], json!({"insert": "Det snöar\n"}));
    let headings = pair.b.count_in(SECTION, ":is([role=heading], h1, h2, h3, h4, h5, h6)").await?;
    assert_eq!(headings, 1);
    pair.a.press(&[], Key::Up).await?;
    for _ in 0..3 {
        pair.a.act("heading").await?;
    }
    pair.agree_that(SECTION, json!([{"insert": "Läget\nDet snöar\n"}])).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(each_of_the_three_lists_is_made_by_its_button_and_left_by_enter_on_an_empty_item, make_lists, Chromium WebKit);
async fn make_lists(kind: Kind) -> Result<()> {
    let pair = typed(kind, "ett").await?;
    let end = |list: &str| json!({"insert": "\n", "attributes": {"list": list}});
    let mut expected = Vec::new();
    for (index, list) in ["bullet", "ordered", "lettered"].into_iter().enumerate() {
        if index > 0 {
            pair.a.keys("ett").await?;
        }
        pair.a.act(list).await?;
        pair.a.press(&[], Key::Enter).await?;
        pair.a.keys("två").await?;
        expected.extend([json!({"insert": "ett"}), end(list), json!({"insert": "två"}), end(list)]);
        pair.a.press_times(&[], Key::Enter, 2).await?;
        pair.agree_on(SECTION).await?;
        let delta = pair.stage.delta(SECTION).await?;
        let written = delta.as_array().map_or(&[][..], Vec::as_slice);
        assert_eq!(written.split_last(), Some((&json!({"insert": "\n"}), &expected[..])), "{list}");
    }
    pair.expect_quiet_consoles().await
}

in_browsers!(tab_and_backspace_change_an_items_level_and_a_button_its_kind, change_items, Chromium WebKit);
async fn change_items(kind: Kind) -> Result<()> {
    let pair = typed(kind, "a").await?;
    pair.a.act("bullet").await?;
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("b").await?;
    pair.a.press(&[], Key::Tab).await?;
    let item = |attributes: Value| json!({"insert": "\n", "attributes": attributes});
    let a = [json!({"insert": "a"}), item(json!({"list": "bullet"})), json!({"insert": "b"})];
    let with = |last: Value| Value::from_iter(a.iter().cloned().chain([last]));
    pair.agree_that(SECTION, with(item(json!({"list": "bullet", "indent": 1})))).await?;
    pair.a.press(&[Key::Shift], Key::Tab).await?;
    pair.agree_that(SECTION, with(item(json!({"list": "bullet"})))).await?;
    pair.a.press(&[], Key::Tab).await?;
    pair.a.act("lettered").await?;
    pair.agree_that(SECTION, with(item(json!({"list": "lettered", "indent": 1})))).await?;
    // Backspace at the start: one level out, then out of the list, then onto the line above.
    pair.a.press(&[], Key::Home).await?;
    pair.a.press(&[], Key::Backspace).await?;
    pair.agree_that(SECTION, with(item(json!({"list": "lettered"})))).await?;
    pair.a.press(&[], Key::Backspace).await?;
    pair.agree_that(SECTION, json!([a[0], a[1], {"insert": "b\n"}])).await?;
    pair.a.press(&[], Key::Backspace).await?;
    pair.agree_that(SECTION, json!([{"insert": "ab"}, a[1]])).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(undo_takes_back_ones_own_words_and_never_the_others, undo, Chromium WebKit);
async fn undo(kind: Kind) -> Result<()> {
    let pair = typed(kind, "mitt").await?;
    pair.agree_on(SECTION).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.keys(" ditt").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "mitt ditt");
    pair.a.press(&[Key::Control], 'z').await?;
    assert_eq!(pair.agree_on(SECTION).await?, " ditt");
    pair.a.press(&[Key::Control], 'z').await?;
    assert_eq!(pair.agree_on(SECTION).await?, " ditt");
    pair.a.act("redo").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "mitt ditt");
    pair.b.act("undo").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "mitt");
    pair.expect_quiet_consoles().await
}

in_browsers!(bold_that_was_switched_on_stays_on_while_another_writes, stay_bold, Chromium WebKit);
async fn stay_bold(kind: Kind) -> Result<()> {
    let pair = typed(kind, "a").await?;
    pair.agree_on(SECTION).await?;
    pair.a.press(&[Key::Control], 'b').await?;
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[], Key::Home).await?;
    pair.b.keys("b ").await?;
    pair.a.wait_for_text(SECTION, |text| text == "b a").await?;
    pair.a.keys("c").await?;
    let bold = json!({"insert": "c", "attributes": {"bold": true}});
    pair.agree_that(SECTION, json!([{"insert": "b a"}, bold, {"insert": "\n"}])).await?;
    pair.expect_quiet_consoles().await
}
