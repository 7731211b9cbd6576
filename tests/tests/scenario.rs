//! How the editor must behave, scenario by scenario: two people, two browsers, real keys, real
//! compositions, a network that is cut. Every one of them ends with the same: both pages, what their
//! documents say and what the server holds are one.

mod composition;
mod grapheme;
mod keyboard;
mod keyless;
mod list;
mod load;
mod merge;
mod native;
mod place;
mod title;

use anyhow::Result;
use samsyn_tests::page::Page;
use samsyn_tests::shown::Selected;
use thirtyfour::Key;

use crate::stage::Pair;

const SECTION: &str = "kommunikationsmal";

/// A writes these lines, and both have them.
async fn begin(pair: &Pair, text: &str) -> Result<()> {
    pair.a.go_to(SECTION).await?;
    write(&pair.a, text).await?;
    assert_eq!(pair.agree_on(SECTION).await?, text);
    Ok(())
}

/// Types, with Enter where a line ends.
async fn write(page: &Page, text: &str) -> Result<()> {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            page.press(&[], Key::Enter).await?;
        }
        if !line.is_empty() {
            page.keys(line).await?;
        }
    }
    Ok(())
}

/// Puts the caret before the character with this number, with keys.
async fn put_caret(page: &Page, characters: usize) -> Result<()> {
    put_caret_in(page, SECTION, characters).await
}

async fn put_caret_in(page: &Page, section: &str, characters: usize) -> Result<()> {
    page.go_to(section).await?;
    page.press(&[Key::Control], Key::Home).await?;
    page.wait_for_selected(section, Selected::caret(0)).await?;
    page.press_times(&[], Key::Right, characters).await
}
