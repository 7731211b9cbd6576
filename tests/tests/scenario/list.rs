//! Scenario 14: lists by the keyboard alone, and the numbers that the other sees at once.

use anyhow::{Context, Result};
use samsyn_tests::browser::Kind;
use samsyn_tests::page::Page;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use super::{SECTION, begin, write};
use crate::stage::{Pair, in_browsers};

/// The heading of the section, which names its text box.
const HEADING: &str = "Kommunikationsmål";

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

in_browsers!(scenario_14_tab_enter_and_backspace_lead_through_a_lists_levels, lead_through_levels);
async fn lead_through_levels(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
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

/// A section's lines as they are read aloud, each item with its marker.
async fn aloud(page: &Page) -> Result<Vec<String>> {
    let tree = page.accessibility().await?;
    let by_id = |id: &Value| tree.iter().find(|node| node["nodeId"] == *id);
    let children = |node: &Value| node["childIds"].as_array().cloned().unwrap_or_default();
    fn words(node: &Value, children: &impl Fn(&Value) -> Vec<Value>, tree: &[Value]) -> String {
        if node["role"]["value"] == "StaticText" {
            return node["name"]["value"].as_str().unwrap_or_default().to_owned();
        }
        let inside = children(node);
        let inside = inside.iter().filter_map(|id| tree.iter().find(|node| node["nodeId"] == *id));
        inside.map(|node| words(node, children, tree)).collect()
    }
    let boxes = |node: &&Value| node["role"]["value"] == "textbox" && node["name"]["value"] == HEADING;
    let text = tree.iter().find(boxes).context("no such text box")?;
    let lines = children(text);
    Ok(lines.iter().filter_map(by_id).map(|line| words(line, &children, &tree)).collect())
}

async fn reads(page: &Page, wanted: &[&str]) -> Result<()> {
    page.until(&format!("{wanted:?}"), async || {
        let now = aloud(page).await?;
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
    reads(&pair.b, &["A.ett", "B.två", "C.tre", "D.fyra"]).await?;
    pair.a.press(&[Key::Control], Key::Home).await?;
    pair.a.press(&[], Key::Down).await?;
    pair.a.press(&[], Key::Tab).await?;
    pair.a.act("ordered").await?;
    reads(&pair.b, &["A.ett", "1.två", "B.tre", "C.fyra"]).await?;
    pair.a.press(&[], Key::End).await?;
    write(&pair.a, "\nin").await?;
    reads(&pair.b, &["A.ett", "1.två", "2.in", "B.tre", "C.fyra"]).await?;
    // A new first item moves all that follow.
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[Key::Control], Key::Home).await?;
    pair.b.keys("noll").await?;
    pair.b.press(&[], Key::Enter).await?;
    reads(&pair.a, &["A.noll", "B.ett", "1.två", "2.in", "C.tre", "D.fyra"]).await?;
    pair.end_with(SECTION, "noll\nett\ntvå\nin\ntre\nfyra").await
}

in_browsers!(a_list_that_was_not_meant_is_given_back_as_it_was_typed, give_back);
async fn give_back(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    begin(&pair, "").await?;
    pair.a.keys("A. ").await?;
    pair.a.press(&[], Key::Backspace).await?;
    pair.a.keys("Andersson").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "A. Andersson");
    // And when the list is taken away by its own button.
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("- ").await?;
    pair.a.act("bullet").await?;
    pair.a.keys("streck").await?;
    assert_eq!(pair.a.count_in(SECTION, "[data-list]").await?, 0);
    // Once something was written in it, Backspace is what it always is.
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("- x").await?;
    pair.a.press_times(&[], Key::Backspace, 2).await?;
    pair.end_with(SECTION, "A. Andersson\n- streck\n").await
}
