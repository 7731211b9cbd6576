//! Scenario 10: what another inserts above moves neither one's caret nor the text under one's eyes.

use anyhow::{Context, Result};
use samsyn_tests::browser::Kind;
use samsyn_tests::page::Page;
use samsyn_tests::shown::Selected;
use thirtyfour::Key;

use super::{SECTION, put_caret, write};
use crate::stage::{Pair, in_browsers};

/// Where the selection is on the screen, from its top.
const TOP: &str = "
    const range = getSelection().getRangeAt(0).cloneRange();
    if (range.collapsed) range.setStart(range.startContainer, range.startOffset - 1);
    return range.getBoundingClientRect().top";

const ABOVE: usize = 50;

async fn top(page: &Page) -> Result<f64> {
    page.script(TOP, vec![]).await?.as_f64().context("no selection")
}

/// Forty lines of A's, the caret in one of them or a word of it selected; then fifty above by B.
async fn insert_above(pair: Pair, line: usize, selected: bool, scrolled: bool) -> Result<()> {
    if !scrolled {
        // Tall enough for the section to be in sight from the beginning.
        pair.a.driver().set_window_rect(0, 0, 1440, 1400).await?;
    }
    let height = pair.a.script("return innerHeight", vec![]).await?.as_f64().context("no height")?;
    let lines: Vec<_> = (10..50).map(|number| format!("rad {number} av A")).collect();
    pair.a.go_to(SECTION).await?;
    write(&pair.a, &lines.join("\n")).await?;
    pair.agree_on(SECTION).await?;
    // With the caret's own keys the page scrolls as it does for a person.
    put_caret(&pair.a, 0).await?;
    pair.a.press_times(&[], Key::Down, line).await?;
    pair.a.press_times(&[], Key::Right, 6).await?;
    let before = line * (lines[0].chars().count() + 1) + 6;
    let mut now = Selected::caret(before as u64);
    if selected {
        pair.a.press_times(&[Key::Shift], Key::Left, 2).await?;
        now.head -= 2;
    }
    pair.a.wait_for_selected(SECTION, now).await?;
    if !scrolled {
        pair.a.script("scrollTo(0, 0)", vec![]).await?;
    }
    pair.a.painted().await?;
    let was = top(&pair.a).await?;
    assert!((0.0..height).contains(&was), "the caret is not on the screen: {was}");

    put_caret(&pair.b, 0).await?;
    pair.b.keys("över").await?;
    pair.b.press_times(&[], Key::Enter, ABOVE).await?;
    let agreed = pair.agree_on(SECTION).await?;
    assert_eq!(agreed, format!("över{}{}", "\n".repeat(ABOVE), lines.join("\n")));
    let inserted = (4 + ABOVE) as u64;
    let moved = Selected { anchor: now.anchor + inserted, head: now.head + inserted };
    assert_eq!(pair.a.selected(SECTION).await?, Some(moved));
    pair.a.painted().await?;
    let is = top(&pair.a).await?;
    assert!((is - was).abs() < 2.0, "on the screen it moved from {was} to {is}");
    pair.a.keys("*").await?;
    let typed = pair.agree_on(SECTION).await?;
    let number = if selected { String::new() } else { (10 + line).to_string() };
    let expected = format!("rad {number}* av A");
    assert!(typed.contains(&expected), "{expected} is not in {typed}");
    pair.expect_quiet_consoles().await
}

in_browsers!(scenario_10_a_caret_stays_where_it_is_while_fifty_paragraphs_come_above, caret_in_the_middle);
async fn caret_in_the_middle(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    insert_above(pair, 20, false, true).await
}

in_browsers!(scenario_10_a_selection_stays_where_it_is_while_fifty_paragraphs_come_above, selection_in_the_middle, Chromium WebKit);
async fn selection_in_the_middle(kind: Kind) -> Result<()> {
    insert_above(Pair::meet_in(kind).await?, 20, true, true).await
}

in_browsers!(scenario_10_a_caret_stays_where_it_is_on_a_page_that_nobody_has_scrolled, caret_at_the_top, Chromium WebKit);
async fn caret_at_the_top(kind: Kind) -> Result<()> {
    insert_above(Pair::meet_in(kind).await?, 0, false, false).await
}
