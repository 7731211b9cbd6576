//! Scenario 16: the keyboard alone, and what those hear who do not see the page.

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_shared::domain::template::Template;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::until::Look;
use serde_json::Value;
use thirtyfour::Key;

use super::{SECTION, write};
use crate::stage::{Pair, Stage, in_browsers};

/// What has the focus: the section whose text it is, or else the element in words.
const FOCUS: &str = "
    const now = document.activeElement;
    const box = now.closest('[role=textbox]');
    return box ? box.closest('[data-section]').dataset.section : now.dataset.action ?? now.outerHTML.slice(0, 80)";

async fn focus(page: &Page) -> Result<String> {
    Ok(page.script(FOCUS, vec![]).await?.as_str().context("nothing has the focus")?.to_owned())
}

fn role(node: &Value) -> &str {
    node["role"]["value"].as_str().unwrap_or_default()
}

fn name(node: &Value) -> &str {
    node["name"]["value"].as_str().unwrap_or_default()
}

fn property<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    node["properties"].as_array()?.iter().find(|p| p["name"] == name).map(|p| &p["value"]["value"])
}

#[tokio::test]
async fn scenario_16_each_section_is_a_labelled_text_box_described_by_its_question() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    let tree = page.accessibility().await?;
    let template = Template::find("aktorsgemensam").context("unknown template")?;
    for section in template.sections {
        let found = tree.iter().find(|node| role(node) == "textbox" && name(node).trim() == section.heading);
        let found = found.with_context(|| format!("no text box is named {}", section.heading))?;
        let described = found["description"]["value"].as_str().unwrap_or_default();
        let described = described.split_whitespace().collect::<Vec<_>>().join(" ");
        for question in section.questions {
            let words = question.split_whitespace().collect::<Vec<_>>().join(" ");
            ensure!(described.contains(&words), "{} is described by {described}", section.key);
        }
        assert_eq!(property(found, "multiline"), Some(&true.into()), "{}", section.key);
    }
    page.expect_quiet_console().await
}

#[tokio::test]
async fn scenario_16_headings_and_lists_have_their_roles() -> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(SECTION).await?;
    write(&pair.a, "Rubrik").await?;
    pair.a.act("heading").await?;
    write(&pair.a, "\nvanlig\netta").await?;
    pair.a.act("ordered").await?;
    write(&pair.a, "\ntvåa").await?;
    pair.a.press(&[], Key::Tab).await?;
    let text = pair.agree_on(SECTION).await?;
    for page in [&pair.a, &pair.b] {
        let tree = page.accessibility().await?;
        let parent = |node: &Value| tree.iter().find(|other| other["nodeId"] == node["parentId"]);
        // A node that is read, and one above it in this role; what is nameless takes its words from within.
        let within = |words: &str, wanted: &str| {
            let mut node = tree.iter().find(|node| role(node) == "StaticText" && name(node) == words);
            while let Some(found) = node.filter(|found| role(found) != wanted) {
                node = parent(found);
            }
            node.with_context(|| format!("{words} is in no {wanted}"))
        };
        let heading = within("Rubrik", "heading")?;
        assert_eq!(property(heading, "level").and_then(Value::as_u64), Some(3));
        assert!(within("vanlig", "heading").is_err() && within("vanlig", "listitem").is_err());
        for (words, level) in [("etta", 1), ("tvåa", 2)] {
            within(words, "list")?;
            let item = within(words, "listitem")?;
            assert_eq!(property(item, "level").and_then(Value::as_u64), Some(level), "{words}");
        }
    }
    pair.end_with(SECTION, &text).await
}

in_browsers!(scenario_16_tab_leaves_the_text_but_for_a_list_and_after_escape_always, leave_by_tab);
async fn leave_by_tab(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let page = &pair.a;
    page.go_to(SECTION).await?;
    page.keys("ett").await?;
    assert_eq!(focus(page).await?, SECTION);
    page.press(&[], Key::Tab).await?;
    assert_ne!(focus(page).await?, SECTION);
    page.press(&[Key::Shift], Key::Tab).await?;
    assert_eq!(focus(page).await?, SECTION);
    page.press(&[Key::Control], Key::End).await?;
    page.act("bullet").await?;
    write(page, "\ntvå").await?;
    page.press(&[], Key::Tab).await?;
    assert_eq!(focus(page).await?, SECTION);
    page.until("the second level", async || {
        let count = page.count_in(SECTION, "[data-indent='1']").await?;
        Ok(Look::at(count == 1, || count.to_string()))
    })
    .await?;
    page.press(&[], Key::Escape).await?;
    page.press(&[], Key::Tab).await?;
    assert_ne!(focus(page).await?, SECTION);
    page.press(&[Key::Shift], Key::Tab).await?;
    assert_eq!(focus(page).await?, SECTION);
    pair.end_with(SECTION, "ett\ntvå").await
}

in_browsers!(scenario_16_the_toolbar_is_reached_by_keys_and_says_what_is_on, reach_toolbar);
async fn reach_toolbar(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let page = &pair.a;
    page.go_to(SECTION).await?;
    page.keys("fet").await?;
    page.press(&[Key::Shift], Key::Home).await?;
    // Shift and Tab would lead through the sections before, and make each the one that the toolbar acts on.
    page.press(&[Key::Alt], Key::F10).await?;
    page.until("the toolbar", async || {
        let now = page.script("return !!document.activeElement.closest('[role=toolbar]')", vec![]).await?;
        Ok(Look::at(now == true, || "elsewhere".to_owned()))
    })
    .await?;
    let mut passed = vec![focus(page).await?];
    while passed.last().is_none_or(|last| last != "bold") {
        ensure!(passed.len() < 30, "bold is not reached: {passed:?}");
        page.press(&[], Key::Left).await?;
        // A key may still be on its way when its sender is told that it was pressed.
        let next = page.until("the next tool", async || {
            let now = focus(page).await?;
            Ok(if passed.last() == Some(&now) { Look::NotYet(now) } else { Look::Yes(now) })
        });
        passed.push(next.await?);
    }
    let state = async || page.attribute("[data-action=bold]", "aria-pressed").await;
    assert_eq!(state().await?.as_deref(), Some("false"));
    page.press(&[], Key::Enter).await?;
    page.until("the pressed button", async || {
        let now = state().await?;
        Ok(Look::at(now.as_deref() == Some("true"), || format!("{now:?}")))
    })
    .await?;
    page.until("bold text", async || {
        let count = page.count_in(SECTION, "strong").await?;
        Ok(Look::at(count == 1, || count.to_string()))
    })
    .await?;
    // And back to where one was.
    page.press(&[], Key::Escape).await?;
    assert_eq!(focus(page).await?, SECTION);
    page.keys("ny").await?;
    pair.end_with(SECTION, "ny").await
}
