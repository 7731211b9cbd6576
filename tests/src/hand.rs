//! What hands do at a page beyond pressing keys one after another: a composition that is left open, a
//! selection that is dragged away with the mouse.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::page::Page;

/// Counts what a composition does to the page, from now on.
const LISTEN: &str = "
    window.compositions = [];
    for (const kind of ['compositionstart', 'compositionend'])
        document.addEventListener(kind, event => compositions.push([kind, event.data]), true)";

impl Page {
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
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        self.mouse("mouseMoved", from, 0).await?;
        self.mouse("mousePressed", from, 1).await?;
        for place in [(from.0 + 4.0, from.1 + 4.0), middle, to, to] {
            self.mouse("mouseMoved", place, 1).await?;
            self.painted().await?;
        }
        self.mouse("mouseReleased", to, 0).await
    }

    async fn mouse(&self, kind: &str, (x, y): (f64, f64), buttons: u8) -> Result<()> {
        let event =
            json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1});
        self.driver().cdp().send_raw("Input.dispatchMouseEvent", event).await?;
        Ok(())
    }

    /// The middle of a stretch of a section's text on the screen, in CSS pixels.
    ///
    /// # Errors
    /// When there is no such stretch.
    pub async fn place_of(&self, section: &str, words: &str) -> Result<(f64, f64)> {
        let script = "
            const box = document.querySelector(`[data-section=\"${arguments[0]}\"] [role=textbox]`);
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
