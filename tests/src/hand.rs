//! What hands do at a page beyond pressing keys one after another: clicks, a caret that is put somewhere, a composition
//! that is left open, a command without a key, a selection that is dragged away with the mouse.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use thirtyfour::Key;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner};

use crate::devtools::CONTROL;
use crate::page::Page;
use crate::until::Look;

/// Counts what a composition does to the page, from now on.
const LISTEN: &str = "
    window.compositions = [];
    for (const kind of ['compositionstart', 'compositionend'])
        document.addEventListener(kind, event => compositions.push([kind, event.data]), true)";

impl Page {
    /// Clicks on what this CSS selector finds.
    ///
    /// # Errors
    /// When it cannot be clicked.
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.until(&format!("a click on {selector}"), async || {
            match self.visible(selector).await?.click().await {
                Ok(()) => Ok(Look::Yes(())),
                // The page moved under the pointer, since somebody wrote, or it lies under the bar or is scrolled away; a
                // person scrolls and aims again.
                Err(error) if is_elsewhere(&error) => {
                    let scroll = "document.querySelector(arguments[0])?.scrollIntoView({ block: 'center' })";
                    self.script(scroll, vec![selector.into()]).await?;
                    Ok(Look::NotYet(error.to_string()))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Uses a control by its `data-action`.
    ///
    /// # Errors
    /// When it cannot be clicked.
    pub async fn act(&self, action: &str) -> Result<()> {
        self.click(&format!("[data-action=\"{action}\"]")).await
    }

    /// Uses a control of the menu by its `data-action`.
    ///
    /// # Errors
    /// When it cannot be clicked.
    pub async fn choose(&self, action: &str) -> Result<()> {
        self.click("[popovertarget=\"menu\"]").await?;
        self.act(action).await
    }

    /// Shows this as what is being composed at the caret, and leaves the composition open.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn compose_on(&self, shown: &str) -> Result<()> {
        let at = shown.encode_utf16().count();
        let shown = json!({"text": shown, "selectionStart": at, "selectionEnd": at});
        self.driver().cdp().send_raw("Input.imeSetComposition", shown).await?;
        Ok(())
    }

    /// Ends the composition with this text.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn compose_end(&self, text: &str) -> Result<()> {
        self.driver().cdp().send_raw("Input.insertText", json!({"text": text})).await?;
        Ok(())
    }

    /// Notes when compositions begin and end, from now on.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn note_compositions(&self) -> Result<()> {
        self.script(LISTEN, vec![]).await.map(drop)
    }

    /// How often compositions began and ended, since that is noted.
    ///
    /// # Errors
    /// When it was never noted.
    pub async fn compositions(&self) -> Result<(usize, usize)> {
        let noted = self.script("return compositions", vec![]).await?;
        let noted = noted.as_array().context("nothing was noted")?;
        let count = |kind: &str| noted.iter().filter(|event| event[0] == kind).count();
        Ok((count("compositionstart"), count("compositionend")))
    }

    /// Drags with the left mouse button from one place on the screen to another.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn drag(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        self.drag_holding(false, from, to).await
    }

    /// The same, with Ctrl held or not when they are dropped.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn drag_holding(&self, control: bool, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        self.lift(from, to).await?;
        self.drop_holding(if control { CONTROL } else { 0 }, to).await
    }

    /// Begins to drag what stands there, and has it half-way.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn lift(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        self.mouse("mouseMoved", from, 0, 0).await?;
        self.mouse("mousePressed", from, 1, 0).await?;
        for place in [(from.0 + 4.0, from.1 + 4.0), middle] {
            self.mouse("mouseMoved", place, 1, 0).await?;
            self.painted().await?;
        }
        Ok(())
    }

    /// Drops it.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn drop_at(&self, to: (f64, f64)) -> Result<()> {
        self.drop_holding(0, to).await
    }

    async fn drop_holding(&self, held: u32, to: (f64, f64)) -> Result<()> {
        for place in [to, to] {
            self.mouse("mouseMoved", place, 1, held).await?;
            self.painted().await?;
        }
        self.mouse("mouseReleased", to, 0, held).await
    }

    /// Puts the caret at the end of a section's text, by a click and a key.
    ///
    /// # Errors
    /// When there is no such section.
    pub async fn go_to(&self, section: &str) -> Result<()> {
        let text = format!("[data-text=\"{section}\"] [role=textbox]");
        // While the page scrolls the pointer may meet what is beside the text; a person sees that and aims again.
        self.until(&format!("the caret in {section}"), async || {
            self.click(&text).await?;
            self.painted().await?;
            let focused = "return document.activeElement.matches(arguments[0])";
            let is_there = self.script(focused, vec![text.as_str().into()]).await?;
            Ok(Look::at(is_there == true, || "elsewhere".to_owned()))
        })
        .await?;
        self.press(&[Key::Control], Key::End).await?;
        self.painted().await
    }

    /// Has the browser do an editing command that no key stands for, as a phone's keyboard sends it: the key code is 229.
    ///
    /// # Errors
    /// When the browser has no DevTools.
    pub async fn without_key(&self, command: &str) -> Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let commands: &[&str] = if kind == "rawKeyDown" { &[command] } else { &[] };
            let event = json!({"type": kind, "key": "Unidentified", "windowsVirtualKeyCode": 229, "commands": commands});
            self.driver().cdp().send_raw("Input.dispatchKeyEvent", event).await?;
        }
        self.painted().await
    }

    async fn mouse(&self, kind: &str, (x, y): (f64, f64), buttons: u8, held: u32) -> Result<()> {
        let event = json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1,
            "modifiers": held});
        self.driver().cdp().send_raw("Input.dispatchMouseEvent", event).await?;
        Ok(())
    }

    /// The middle of a stretch of a section's text on the screen, in CSS pixels.
    ///
    /// # Errors
    /// When there is no such stretch.
    pub async fn place_of(&self, section: &str, words: &str) -> Result<(f64, f64)> {
        let script = "
            const box = document.querySelector(`[data-text=\"${arguments[0]}\"] [role=textbox]`);
            const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
            for (let text = texts.nextNode(); text; text = texts.nextNode()) {
                const at = text.data.indexOf(arguments[1]);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(text, at);
                range.setEnd(text, at + arguments[1].length);
                const { left, right, top, bottom } = range.getBoundingClientRect();
                return [(left + right) / 2, (top + bottom) / 2];
            }
            return null";
        let place: Value = self.script(script, vec![section.into(), words.into()]).await?;
        let part = |i: usize| place[i].as_f64().with_context(|| format!("{words} is not shown"));
        Ok((part(0)?, part(1)?))
    }
}

/// Whether what was clicked on was not where the pointer could meet it. WebKit's driver does not scroll to what is just
/// below the window, and calls that no place for a pointer.
fn is_elsewhere(error: &WebDriverError) -> bool {
    use WebDriverErrorInner::{ElementClickIntercepted, ElementNotInteractable};
    matches!(**error, ElementClickIntercepted(_) | ElementNotInteractable(_))
}
