//! The keys: what the toolbar and the page of keys say of them is what they do.

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::until::Look;
use thirtyfour::Key;

use crate::stage::{Stage, in_browsers};

const SECTION: &str = "kommunikationsmal";

/// What the page says of its tools: the action, the tooltip, the keys for screen readers, whether it is on.
const TOOLS: &str = "
    return [...document.querySelectorAll('.toolbar [data-action]')].map(tool =>
        ['data-action', 'title', 'aria-keyshortcuts', 'aria-pressed'].map(name => tool.getAttribute(name) ?? ''))";

/// What has the keyboard.
const FOCUS: &str = "
    const focus = document.activeElement;
    return focus.dataset.action ?? focus.getAttribute('role') ?? focus.className";

/// A tool as the page shows it.
struct Tool {
    action: String,
    label: String,
    key: String,
    aria: String,
    pressed: String,
}

async fn tools(page: &Page) -> Result<Vec<Tool>> {
    let rows: Vec<[String; 4]> = serde_json::from_value(page.script(TOOLS, vec![]).await?)?;
    rows.into_iter()
        .map(|[action, title, aria, pressed]| {
            let (label, key) =
                title.strip_suffix(')').and_then(|title| title.split_once(" (")).context(title.clone())?;
            Ok(Tool { action, label: label.to_owned(), key: key.to_owned(), aria, pressed })
        })
        .collect()
}

/// Presses a key as it is written for people.
async fn press_written(page: &Page, key: &str) -> Result<()> {
    let mut parts: Vec<_> = key.split('+').collect();
    let last = parts.pop().and_then(|last| last.to_lowercase().chars().next()).context("no key")?;
    let held: Vec<_> =
        parts.iter().map(|part| if *part == "Skift" { Key::Shift } else { Key::Control }).collect();
    page.press(&held, last).await
}

async fn wait_for_focus(page: &Page, on: &str) -> Result<()> {
    page.until(&format!("the keyboard on {on}"), async || {
        let focus = page.script(FOCUS, vec![]).await?;
        Ok(Look::at(focus.as_str() == Some(on), || focus.to_string()))
    })
    .await
}

async fn writer(kind: Kind) -> Result<(Page, Stage, Browsers)> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    Ok((page, stage, browsers))
}

in_browsers!(the_key_in_a_tools_tooltip_does_what_the_tool_does, press_every_tools_key, Chromium WebKit);
async fn press_every_tools_key(kind: Kind) -> Result<()> {
    let (page, _stage, _browsers) = writer(kind).await?;
    page.keys("Ord").await?;
    page.press(&[Key::Control], 'a').await?;
    for tool in tools(&page).await? {
        ensure!(
            tool.aria.replace("Control", "Ctrl").replace("Shift", "Skift").eq_ignore_ascii_case(&tool.key)
        );
        press_written(&page, &tool.key).await?;
        let on = format!("[data-action=\"{}\"]", tool.action);
        match tool.action.as_str() {
            "undo" => drop(page.wait_for_text(SECTION, |text| text.is_empty()).await?),
            "link" => {
                // It asks for the address first; Escape leaves the text as it is.
                page.visible(".link-box input").await?;
                page.press(&[], Key::Escape).await?;
                wait_for_focus(&page, "textbox").await?;
            }
            "redo" => drop(page.wait_for_text(SECTION, |text| text == "Ord").await?),
            _ => {
                page.until(&format!("{} to be on", tool.label), async || {
                    let pressed = page.attribute(&on, "aria-pressed").await?;
                    Ok(Look::at(pressed.as_deref() == Some("true"), || format!("{pressed:?}")))
                })
                .await?;
            }
        }
        if tool.action == "lettered" {
            // Down to the empty text, for undo: each tool was one step, and the word one.
            page.press_times(&[Key::Control], 'z', 7).await?;
            page.wait_for_text(SECTION, |text| text == "Ord").await?;
        }
    }
    page.expect_quiet_console().await
}

in_browsers!(one_key_shows_every_tools_key_and_leads_back_to_the_text, show_the_keys, Chromium WebKit);
async fn show_the_keys(kind: Kind) -> Result<()> {
    let (page, _stage, _browsers) = writer(kind).await?;
    page.press(&[], Key::F1).await?;
    let list = page.visible(".keys-list").await?.text().await?;
    for tool in tools(&page).await? {
        ensure!(tool.pressed == "false" || !tool.pressed.contains("true"));
        ensure!(list.contains(&tool.label) && list.contains(&tool.key), "{} is not in {list}", tool.label);
    }
    page.press(&[], Key::F1).await?;
    wait_for_focus(&page, "textbox").await?;
    page.keys("vidare").await?;
    page.wait_for_text(SECTION, |text| text == "vidare").await?;
    // To the tools and back.
    page.press(&[Key::Alt], Key::F10).await?;
    wait_for_focus(&page, "bold").await?;
    page.press(&[], Key::Escape).await?;
    wait_for_focus(&page, "textbox").await?;
    // Who does not know the key finds it in the menu.
    page.click(".more-button").await?;
    page.click("#menu [aria-keyshortcuts=F1]").await?;
    page.visible(".keys-list").await?;
    page.press(&[], Key::Escape).await?;
    page.until("the page of keys to close", async || {
        let open = page.script("return document.querySelectorAll('.keys-list').length", vec![]).await?;
        Ok(Look::at(open == 0, || open.to_string()))
    })
    .await?;
    page.expect_quiet_console().await
}
