//! Scenarios 1 to 4 and 20: what one is composing, while the other changes what is around it. Both the letter
//! and what the other did come out whole. In Chromium: WebDriver gives no composition in Firefox.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, Result};
use samsyn_tests::shown::{Selected, lines, plain};
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;
use tokio::time::interval;

use super::{SECTION, begin, put_caret};
use crate::stage::Pair;

/// A has the caret after so many characters, and has begun to compose `´`, which both have.
async fn composing(text: &str, characters: usize) -> Result<Pair> {
    let pair = Pair::meet().await?;
    begin(&pair, text).await?;
    put_caret(&pair.a, characters).await?;
    pair.a.note_compositions().await?;
    pair.a.compose_on("´").await?;
    pair.b.wait_for_text(SECTION, |text| text.contains('´')).await?;
    Ok(pair)
}

/// How often a hand that composes touches its keyboard: one that rests for longer than a second and a half
/// no longer holds back what others do in its line.
const TOUCH: Duration = Duration::from_millis(200);

/// B does something while A goes on composing; A ends the composition once A's document has what B did, and
/// no earlier. It was one composition.
async fn meanwhile(
    pair: &Pair,
    b_does: impl Future<Output = Result<()>>,
    b_did: impl Fn(&Value) -> bool,
) -> Result<()> {
    let done = async {
        b_does.await?;
        pair.a.wait_for_held(SECTION, b_did).await
    };
    let mut done = pin!(done);
    let mut touch = interval(TOUCH);
    loop {
        tokio::select! {
            done = &mut done => break done?,
            _ = touch.tick() => pair.a.compose_on("´").await?,
        }
    }
    pair.a.painted().await?;
    assert_eq!(pair.a.compositions().await?, (1, 0), "begun and ended");
    pair.a.compose_end("é").await?;
    assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
    Ok(())
}

#[tokio::test]
async fn scenario_01_a_composition_gives_one_letter_while_another_types_in_another_paragraph() -> Result<()> {
    let pair = composing("ett\ntvå", 3).await?;
    let b_does = async {
        pair.b.go_to(SECTION).await?;
        pair.b.keys(" bravo").await
    };
    meanwhile(&pair, b_does, |held| plain(held).contains(" bravo")).await?;
    pair.end_with(SECTION, "etté\ntvå bravo").await
}

#[tokio::test]
async fn scenario_02_a_composition_goes_on_while_another_types_before_it() -> Result<()> {
    let pair = composing("ett", 3).await?;
    let b_does = async {
        put_caret(&pair.b, 0).await?;
        pair.b.keys("Noll ").await
    };
    meanwhile(&pair, b_does, |held| plain(held).starts_with("Noll ")).await?;
    pair.a.wait_for_selected(SECTION, Selected::caret(9)).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "Noll etté!").await
}

#[tokio::test]
async fn scenario_02_a_composition_goes_on_while_another_types_after_it_and_right_behind_it() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    let b_does = async {
        put_caret(&pair.b, 4).await?;
        pair.b.keys("+").await?;
        pair.b.press(&[], Key::End).await?;
        pair.b.keys(" tre").await
    };
    meanwhile(&pair, b_does, |held| plain(held).ends_with(" tre")).await?;
    pair.end_with(SECTION, "etté+ två tre").await
}

#[tokio::test]
async fn scenario_03_a_composed_word_is_whole_though_its_line_becomes_a_heading() -> Result<()> {
    let pair = composing("caf", 3).await?;
    let b_does = async {
        pair.b.go_to(SECTION).await?;
        pair.b.act("heading").await
    };
    meanwhile(&pair, b_does, |held| held.to_string().contains("header")).await?;
    pair.a.wait_for_selected(SECTION, Selected::caret(4)).await?;
    pair.a.keys("er").await?;
    pair.end_with(SECTION, "caféer").await?;
    let heading = json!([{"insert": "caféer"}, {"insert": "\n", "attributes": {"header": 1}}]);
    assert_eq!(lines(&pair.stage.delta(SECTION).await?)?, lines(&heading)?);
    Ok(())
}

#[tokio::test]
async fn scenario_03_a_composed_word_is_whole_though_its_line_becomes_an_item_and_bold() -> Result<()> {
    let pair = composing("caf", 3).await?;
    let b_does = async {
        pair.b.go_to(SECTION).await?;
        pair.b.act("bullet").await?;
        pair.b.press(&[Key::Shift], Key::Home).await?;
        pair.b.act("bold").await
    };
    meanwhile(&pair, b_does, |held| held.to_string().contains("bold")).await?;
    pair.end_with(SECTION, "café").await?;
    assert_eq!(pair.b.count_in(SECTION, "[data-list=bullet]").await?, 1);
    Ok(())
}

#[tokio::test]
async fn scenario_04_a_word_stays_on_its_line_when_the_paragraph_is_split_before_it() -> Result<()> {
    let pair = composing("ett två", 7).await?;
    let b_does = async {
        put_caret(&pair.b, 3).await?;
        pair.b.press(&[], Key::Enter).await
    };
    meanwhile(&pair, b_does, |held| plain(held).contains('\n')).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "ett\n tvåé!").await
}

#[tokio::test]
async fn scenario_04_a_word_stays_on_its_line_when_the_paragraph_is_split_behind_it() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    let b_does = async {
        put_caret(&pair.b, 5).await?;
        pair.b.press(&[], Key::Enter).await
    };
    meanwhile(&pair, b_does, |held| plain(held).contains('\n')).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "etté! \ntvå").await
}

#[tokio::test]
async fn scenario_04_a_word_stays_on_its_line_when_the_paragraph_is_split_right_behind_it() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    let b_does = async {
        put_caret(&pair.b, 4).await?;
        pair.b.press(&[], Key::Enter).await
    };
    meanwhile(&pair, b_does, |held| plain(held).contains('\n')).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "etté!\n två").await
}

#[tokio::test]
async fn scenario_04_a_word_is_kept_when_its_line_is_joined_to_the_one_before() -> Result<()> {
    let pair = composing("ett\ntvå", 7).await?;
    let b_does = async {
        put_caret(&pair.b, 4).await?;
        pair.b.press(&[], Key::Backspace).await
    };
    meanwhile(&pair, b_does, |held| !plain(held).contains('\n')).await?;
    pair.end_with(SECTION, "etttvåé").await
}

#[tokio::test]
async fn scenario_04_a_word_is_kept_when_the_next_line_is_joined_to_its_own() -> Result<()> {
    let pair = composing("ett\ntvå", 3).await?;
    let b_does = async {
        put_caret(&pair.b, 5).await?;
        pair.b.press(&[], Key::Backspace).await
    };
    meanwhile(&pair, b_does, |held| !plain(held).contains('\n')).await?;
    pair.end_with(SECTION, "ettétvå").await
}

#[tokio::test]
async fn scenario_04_a_word_is_there_once_though_all_of_its_line_is_deleted() -> Result<()> {
    let pair = composing("ett\ntvå", 7).await?;
    let b_does = async {
        pair.b.go_to(SECTION).await?;
        pair.b.press(&[Key::Shift], Key::Home).await?;
        pair.b.press(&[], Key::Delete).await
    };
    meanwhile(&pair, b_does, |held| plain(held) == "ett\n").await?;
    pair.end_with(SECTION, "ett\né").await
}

#[tokio::test]
async fn a_composition_at_rest_gives_way_to_what_the_other_did_in_its_line() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    put_caret(&pair.b, 3).await?;
    pair.b.press(&[], Key::Enter).await?;
    // Nobody touches it, as a phone's keyboard leaves its last word.
    pair.a.wait_for_text(SECTION, |text| text == "ett\n´ två").await?;
    assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "ett\n´! två").await
}

#[tokio::test]
async fn a_word_at_rest_is_deleted_by_another_though_its_composition_is_open() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    put_caret(&pair.b, 3).await?;
    pair.b.press(&[], Key::Delete).await?;
    pair.a.wait_for_text(SECTION, |text| text == "ett två").await?;
    assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
    pair.end_with(SECTION, "ett två").await
}

/// What B writes in the line is shown to A while A composes and goes on touching the keyboard.
async fn shown_meanwhile(pair: &Pair, b_does: impl Future<Output = Result<()>>, shown: &str) -> Result<()> {
    let done = async {
        b_does.await?;
        pair.a.wait_for_text(SECTION, |text| text == shown).await.map(drop)
    };
    touching(pair, done).await
}

/// A goes on touching "ni" until that is done. It is one composition.
async fn touching(pair: &Pair, done: impl Future<Output = Result<()>>) -> Result<()> {
    let mut done = pin!(done);
    let mut touch = interval(TOUCH);
    loop {
        tokio::select! {
            done = &mut done => break done?,
            _ = touch.tick() => pair.a.compose_on("ni").await?,
        };
    }
    assert_eq!(pair.a.compositions().await?, (1, 0), "begun and ended");
    Ok(())
}

/// A has begun "ni" after so many characters, and both have it.
async fn composing_ni(text: &str, characters: usize) -> Result<Pair> {
    let pair = Pair::meet().await?;
    begin(&pair, text).await?;
    put_caret(&pair.a, characters).await?;
    pair.a.note_compositions().await?;
    pair.a.compose_on("ni").await?;
    pair.b.wait_for_text(SECTION, |text| text.contains("ni")).await?;
    Ok(pair)
}

#[tokio::test]
async fn scenario_20_words_around_a_composition_are_shown_at_once_and_it_goes_on() -> Result<()> {
    // In the node before the word, right before it, right behind it, and after it; in an empty line, and in a bold one.
    for (text, caret, place, typed, shown, done) in [
        ("ett två", 4, 0, "x", "xett nitvå", "xett nihotvå"),
        ("ett två", 4, 2, "xyz", "etxyzt nitvå", "etxyzt nihotvå"),
        ("ett två", 4, 4, "xyz", "ett xyznitvå", "ett xyznihotvå"),
        ("ett två", 4, 6, "xyz", "ett nixyztvå", "ett nihoxyztvå"),
        ("ett två", 4, 8, "xyz", "ett nitvxyzå", "ett nihotvxyzå"),
        ("ett", 3, 5, "xyz", "ettnixyz", "ettnihoxyz"),
        ("ett", 0, 0, "xyz", "xyzniett", "xyznihoett"),
    ] {
        let pair = composing_ni(text, caret).await?;
        let b_does = async {
            put_caret(&pair.b, place).await?;
            pair.b.keys(typed).await
        };
        shown_meanwhile(&pair, b_does, shown)
            .await
            .with_context(|| format!("{typed} at {place} of {text}"))?;
        pair.a.compose_on("niho").await?;
        pair.a.compose_end("niho").await?;
        assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
        pair.a.keys("!").await?;
        pair.end_with(SECTION, &done.replace("niho", "niho!")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn scenario_20_words_that_another_deletes_or_makes_bold_around_a_composition_go_at_once() -> Result<()>
{
    for (from, to, is_bold, shown) in [
        (0, 2, false, "t nitvå"),
        (1, 4, false, "enitvå"),
        (0, 4, false, "nitvå"),
        (6, 9, false, "ett ni"),
        (0, 3, true, "ett nitvå"),
        (6, 9, true, "ett nitvå"),
    ] {
        let pair = composing_ni("ett två", 4).await?;
        let b_does = async {
            put_caret(&pair.b, from).await?;
            pair.b.press_times(&[Key::Shift], Key::Right, to - from).await?;
            if is_bold { pair.b.act("bold").await } else { pair.b.press(&[], Key::Delete).await }
        };
        let is_shown = async || pair.a.count_in(SECTION, "strong").await;
        let done = format!("{from} to {to}");
        shown_meanwhile(&pair, b_does, shown).await.with_context(|| done.clone())?;
        if is_bold {
            pair.a
                .until("the bold words", async || Ok(Look::at(is_shown().await? == 1, || "none".to_owned())))
                .await?;
        }
        pair.a.compose_on("niho").await?;
        pair.a.compose_end("niho").await?;
        assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
        pair.end_with(SECTION, &shown.replace("ni", "niho")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn scenario_20_a_word_that_another_deletes_while_it_is_composed_stands_whole_and_once() -> Result<()> {
    for goes_on in [true, false] {
        let pair = composing_ni("ett två", 4).await?;
        let deletes = async {
            put_caret(&pair.b, 4).await?;
            pair.b.press_times(&[Key::Shift], Key::Right, 2).await?;
            pair.b.press(&[], Key::Delete).await?;
            pair.a.wait_for_held(SECTION, |held| plain(held) == "ett två").await
        };
        touching(&pair, deletes).await?;
        if goes_on {
            pair.a.compose_on("niho").await?;
        }
        let word = if goes_on { "niho" } else { "ni" };
        pair.a.compose_end(word).await?;
        assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
        pair.end_with(SECTION, &format!("ett {word}två")).await?;
    }
    Ok(())
}
