//! Scenario 17: what the browser changes by itself, a word that its spell-checker replaces and words that
//! are dragged elsewhere, reaches the other exactly once.

use anyhow::Result;
use thirtyfour::Key;

use super::{SECTION, begin, in_both, put_caret};
use crate::stage::Pair;

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

in_both!(scenario_17_a_spell_checkers_replacement_comes_once, replace_a_word);
async fn replace_a_word(pair: Pair) -> Result<()> {
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
