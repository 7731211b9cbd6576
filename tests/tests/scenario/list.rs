//! Scenario 14: lists by the keyboard alone, and the numbers that the other sees at once.

use anyhow::{Context, Result};
use samsyn_tests::page::Page;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use super::{SECTION, begin, in_both, write};
use crate::stage::Pair;

fn item(list: &str, indent: u8) -> Value {
    let attributes = if indent > 0 { json!({"list": list, "indent": indent}) } else { json!({"list": list}) };
    json!({"insert": "\n", "attributes": attributes})
}

fn text(text: &str) -> Value {
    json!({"insert": text})
}

async fn holds(pair: &Pair, ops: Vec<Value>) -> Result<()> {
    let wanted = Value::from(ops);
    pair.a
        .until(&wanted.to_string(), async || {
            let held = pair.stage.delta(SECTION).await?;
            Ok(Look::at(held == wanted, || held.to_string()))
        })
        .await?;
    pair.agree_on(SECTION).await.map(drop)
}

in_both!(scenario_14_tab_enter_and_backspace_lead_through_a_lists_levels, lead_through_levels);
async fn lead_through_levels(pair: Pair) -> Result<()> {
    begin(&pair, "ett").await?;
    pair.a.act("lettered").await?;
    write(&pair.a, "\ntvå").await?;
    pair.a.press(&[], Key::Tab).await?;
    write(&pair.a, "\ntre").await?;
    pair.a.press(&[], Key::Tab).await?;
    let ett = [text("ett"), item("lettered", 0), text("två"), item("lettered", 1)];
    let with = |more: Vec<Value>| ett.iter().cloned().chain(more).collect::<Vec<_>>();
    holds(&pair, with(vec![text("tre"), item("lettered", 2)])).await?;
    pair.a.press(&[Key::Shift], Key::Tab).await?;
    holds(&pair, with(vec![text("tre"), item("lettered", 1)])).await?;
    // At the start of an item, Backspace leads out, level by level.
    pair.a.press(&[], Key::Home).await?;
    pair.a.press(&[], Key::Backspace).await?;
    holds(&pair, with(vec![text("tre"), item("lettered", 0)])).await?;
    // On an empty item, Enter leaves the list.
    pair.a.press(&[], Key::End).await?;
    pair.a.press_times(&[], Key::Enter, 2).await?;
    pair.a.keys("fyra").await?;
    holds(&pair, with(vec![text("tre"), item("lettered", 0), text("fyra\n")])).await?;
    pair.end_with(SECTION, "ett\ntvå\ntre\nfyra").await
}

/// The markers before a section's items as a screen reader reads them, in order.
async fn markers(page: &Page) -> Result<Vec<String>> {
    let tree = page.accessibility().await?;
    let list = tree.iter().filter_map(|node| {
        let name = node["name"]["value"].as_str()?.trim();
        let marker =
            name.strip_suffix('.').is_some_and(|n| !n.is_empty() && n.chars().all(char::is_alphanumeric));
        (node["role"]["value"] == "StaticText" && marker).then(|| name.to_owned())
    });
    Ok(list.collect())
}

async fn reads(page: &Page, wanted: &[&str]) -> Result<()> {
    page.until(&format!("the markers {wanted:?}"), async || {
        let now = markers(page).await.context("the accessibility tree")?;
        Ok(Look::at(now == wanted, || format!("{now:?}")))
    })
    .await
}

#[tokio::test]
async fn scenario_14_letters_and_nested_numbers_follow_at_once_for_the_other() -> Result<()> {
    let pair = Pair::meet().await?;
    begin(&pair, "ett\ntvå\ntre\nfyra").await?;
    pair.a.press(&[Key::Control], 'a').await?;
    pair.a.act("lettered").await?;
    reads(&pair.b, &["A.", "B.", "C.", "D."]).await?;
    pair.a.press(&[Key::Control], Key::Home).await?;
    pair.a.press(&[], Key::Down).await?;
    pair.a.press(&[], Key::Tab).await?;
    pair.a.act("ordered").await?;
    reads(&pair.b, &["A.", "1.", "B.", "C."]).await?;
    write(&pair.a, "\nin").await?;
    reads(&pair.b, &["A.", "1.", "2.", "B.", "C."]).await?;
    // A new first item moves all that follow.
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[Key::Control], Key::Home).await?;
    pair.b.press(&[], Key::Enter).await?;
    reads(&pair.a, &["A.", "B.", "1.", "2.", "C.", "D."]).await?;
    let text = pair.agree_on(SECTION).await?;
    pair.end_with(SECTION, &text).await
}
