//! Scenario 17: what the browser changes by itself, a word that its spell-checker replaces and words that
//! are dragged elsewhere, reaches the other exactly once.

use anyhow::Result;
use samsyn_tests::browser::Kind;
use thirtyfour::Key;

use super::{SECTION, begin, put_caret};
use crate::stage::{Pair, in_browsers};

/// What a spell-checker's menu does, as near as a script can: the wrong word is selected and replaced by
/// the browser's own editing, with the events and the changed elements that this brings. (A headless
/// browser has no menu, and Chromium sends `insertReplacementText` only from it.)
const REPLACE: &str = "
    const [wrong, right] = arguments;
    const texts = document.createTreeWalker(document.activeElement, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const at = text.data.indexOf(wrong);
        if (at < 0) continue;
        getSelection().setBaseAndExtent(text, at, text, at + wrong.length);
        return document.execCommand('insertText', false, right);
    }
    return false";

in_browsers!(scenario_17_a_spell_checkers_replacement_comes_once, replace_a_word);
async fn replace_a_word(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    begin(&pair, "Det snoar i länet\nDet snoar").await?;
    pair.b.go_to(SECTION).await?;
    assert_eq!(pair.a.script(REPLACE, vec!["snoar".into(), "snöar".into()]).await?, true);
    pair.b.keys(" mer").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "Det snöar i länet\nDet snoar mer");
    // A longer word, over the end of a format.
    put_caret(&pair.b, 0).await?;
    pair.b.press_times(&[Key::Shift], Key::Right, 6).await?;
    pair.b.act("bold").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "Det snöar i länet\nDet snoar mer");
    assert_eq!(pair.a.script(REPLACE, vec!["länet".into(), "hela länet".into()]).await?, true);
    pair.end_with(SECTION, "Det snöar i hela länet\nDet snoar mer").await
}

#[tokio::test]
async fn scenario_17_words_that_are_dragged_within_a_section_are_moved_once() -> Result<()> {
    let pair = Pair::meet().await?;
    begin(&pair, "först sedan\nsist").await?;
    put_caret(&pair.a, 0).await?;
    pair.a.press_times(&[Key::Shift], Key::Right, 6).await?;
    pair.a.painted().await?;
    let (from, to) = (pair.a.place_of(SECTION, "först").await?, pair.a.place_of(SECTION, "t").await?);
    // Dropped behind the last letter of the last line.
    let last = pair.a.place_of(SECTION, "sist").await?;
    let half = (to.0 - from.0).abs().max(30.0);
    tokio::try_join!(pair.a.drag(from, (last.0 + half, last.1)), pair.b.keys(""))?;
    assert_eq!(pair.agree_on(SECTION).await?, "sedan\nsistförst ");
    pair.a.press(&[Key::Control], 'z').await?;
    pair.end_with(SECTION, "först sedan\nsist").await
}

/// The section below, which is on the screen with the other.
const NEXT: &str = "prioriteringar";

#[tokio::test]
async fn scenario_17_words_that_are_dragged_to_another_section_are_moved_and_one_undo_brings_them_back()
-> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(NEXT).await?;
    pair.a.keys("mål ").await?;
    begin(&pair, "först sedan").await?;
    for (held, here, there) in [(false, "sedan", "mål först "), (true, "först sedan", "mål först ")] {
        put_caret(&pair.a, 0).await?;
        pair.a.press_times(&[Key::Shift], Key::Right, 6).await?;
        pair.a.painted().await?;
        let (from, to) = (pair.a.place_of(SECTION, "först").await?, pair.a.place_of(NEXT, "mål").await?);
        let to = (to.0 + 40.0, to.1);
        pair.a.drag_holding(held, from, to).await?;
        assert_eq!(pair.agree_on(SECTION).await?, here, "{held}");
        assert_eq!(pair.agree_on(NEXT).await?, there, "{held}");
        pair.a.press(&[Key::Control], 'z').await?;
        assert_eq!(pair.agree_on(SECTION).await?, "först sedan", "{held}");
        assert_eq!(pair.agree_on(NEXT).await?, "mål ", "{held}");
    }
    pair.end_with(SECTION, "först sedan").await
}

#[tokio::test]
async fn scenario_17_what_another_writes_in_words_that_are_dragged_away_stays() -> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(NEXT).await?;
    pair.a.keys("mål ").await?;
    begin(&pair, "alfa omega").await?;
    put_caret(&pair.a, 0).await?;
    pair.a.press_times(&[Key::Shift], Key::Right, 10).await?;
    pair.a.painted().await?;
    let (from, to) = (pair.a.place_of(SECTION, "alfa").await?, pair.a.place_of(NEXT, "mål").await?);
    put_caret(&pair.b, 4).await?;
    pair.a.lift(from, to).await?;
    pair.b.keys(" svar").await?;
    pair.a.wait_for_text(SECTION, |text| text == "alfa svar omega").await?;
    pair.a.drop_at((to.0 + 40.0, to.1)).await?;
    assert_eq!(pair.agree_on(NEXT).await?, "mål alfa omega");
    pair.end_with(SECTION, " svar").await
}

/// As when the browser changed a text that was not read yet, so that there is no place for the caret.
const FAIL_ONCE: &str = "
    const { collapse } = Selection.prototype;
    Selection.prototype.collapse = function () {
        Selection.prototype.collapse = collapse;
        throw new DOMException('no such place', 'IndexSizeError');
    }";

/// ProseMirror would watch the text no longer.
#[tokio::test]
async fn words_are_heard_also_after_the_browser_had_no_place_for_the_caret() -> Result<()> {
    let pair = Pair::meet().await?;
    begin(&pair, "Det snöar").await?;
    pair.a.script(FAIL_ONCE, vec![]).await?;
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("i länet").await?;
    assert_eq!(pair.agree_on(SECTION).await?, "Det snöar\ni länet");
    pair.a.script(FAIL_ONCE, vec![]).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[Key::Control], Key::Home).await?;
    pair.b.keys("Nu: ").await?;
    pair.agree_on(SECTION).await?;
    pair.a.keys(" sedan i går").await?;
    pair.end_with(SECTION, "Nu: Det snöar\ni länet sedan i går").await
}
