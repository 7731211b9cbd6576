//! Scenarios 1 to 4: what one is composing, while the other changes what is around it. Both the letter
//! and what the other did come out whole. In Chromium: WebDriver gives no composition in Firefox.

use anyhow::Result;
use samsyn_tests::shown::{Selected, plain};
use serde_json::json;
use thirtyfour::Key;

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

/// A ends the composition once A's document has what B did, and no earlier; it was one composition.
async fn end(pair: &Pair, b_did: impl Fn(&str) -> bool) -> Result<()> {
    pair.a.wait_for_held(SECTION, |held| b_did(&plain(held))).await?;
    pair.a.painted().await?;
    assert_eq!(pair.a.compositions().await?, (1, 0), "begun and ended");
    pair.a.compose_end("é").await?;
    assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
    Ok(())
}

#[tokio::test]
async fn scenario_01_a_composition_gives_one_letter_while_another_types_in_another_paragraph() -> Result<()> {
    let pair = composing("ett\ntvå", 3).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.keys(" bravo").await?;
    end(&pair, |text| text.contains(" bravo")).await?;
    pair.end_with(SECTION, "etté\ntvå bravo").await
}

#[tokio::test]
async fn scenario_02_a_composition_goes_on_while_another_types_before_it() -> Result<()> {
    let pair = composing("ett", 3).await?;
    put_caret(&pair.b, 0).await?;
    pair.b.keys("Noll ").await?;
    end(&pair, |text| text.starts_with("Noll ")).await?;
    pair.a.wait_for_selected(SECTION, Selected::caret(9)).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "Noll etté!").await
}

#[tokio::test]
async fn scenario_02_a_composition_goes_on_while_another_types_after_it_and_right_behind_it() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    put_caret(&pair.b, 4).await?;
    pair.b.keys("+").await?;
    pair.b.press(&[], Key::End).await?;
    pair.b.keys(" tre").await?;
    end(&pair, |text| text.ends_with(" tre")).await?;
    pair.end_with(SECTION, "etté+ två tre").await
}

#[tokio::test]
async fn scenario_03_a_composed_word_is_whole_though_its_line_becomes_a_heading() -> Result<()> {
    let pair = composing("caf", 3).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.act("heading").await?;
    pair.a.wait_for_held(SECTION, |held| held.to_string().contains("header")).await?;
    end(&pair, |text| text == "caf´").await?;
    pair.a.wait_for_selected(SECTION, Selected::caret(4)).await?;
    pair.a.keys("er").await?;
    pair.end_with(SECTION, "caféer").await?;
    let heading = json!({"insert": "\n", "attributes": {"header": 1}});
    assert_eq!(pair.stage.delta(SECTION).await?, json!([{"insert": "caféer"}, heading]));
    Ok(())
}

#[tokio::test]
async fn scenario_03_a_composed_word_is_whole_though_its_line_becomes_an_item_and_bold() -> Result<()> {
    let pair = composing("caf", 3).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.act("bullet").await?;
    pair.b.press(&[Key::Shift], Key::Home).await?;
    pair.b.act("bold").await?;
    pair.a.wait_for_held(SECTION, |held| held.to_string().contains("bold")).await?;
    end(&pair, |text| text == "caf´").await?;
    pair.end_with(SECTION, "café").await?;
    assert_eq!(pair.b.count_in(SECTION, "[data-list=bullet]").await?, 1);
    Ok(())
}

#[tokio::test]
async fn scenario_04_a_word_stays_on_its_line_when_the_paragraph_is_split_before_it() -> Result<()> {
    let pair = composing("ett två", 7).await?;
    put_caret(&pair.b, 3).await?;
    pair.b.press(&[], Key::Enter).await?;
    end(&pair, |text| text.contains('\n')).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "ett\n tvåé!").await
}

#[tokio::test]
async fn scenario_04_a_word_stays_on_its_line_when_the_paragraph_is_split_behind_it() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    put_caret(&pair.b, 5).await?;
    pair.b.press(&[], Key::Enter).await?;
    end(&pair, |text| text.contains('\n')).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "etté! \ntvå").await
}

#[tokio::test]
async fn scenario_04_a_word_stays_on_its_line_when_the_paragraph_is_split_right_behind_it() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    put_caret(&pair.b, 4).await?;
    pair.b.press(&[], Key::Enter).await?;
    end(&pair, |text| text.contains('\n')).await?;
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "etté!\n två").await
}

#[tokio::test]
async fn scenario_04_a_word_is_kept_when_its_line_is_joined_to_the_one_before() -> Result<()> {
    let pair = composing("ett\ntvå", 7).await?;
    put_caret(&pair.b, 4).await?;
    pair.b.press(&[], Key::Backspace).await?;
    end(&pair, |text| !text.contains('\n')).await?;
    pair.end_with(SECTION, "etttvåé").await
}

#[tokio::test]
async fn scenario_04_a_word_is_kept_when_the_next_line_is_joined_to_its_own() -> Result<()> {
    let pair = composing("ett\ntvå", 3).await?;
    put_caret(&pair.b, 5).await?;
    pair.b.press(&[], Key::Backspace).await?;
    end(&pair, |text| !text.contains('\n')).await?;
    pair.end_with(SECTION, "ettétvå").await
}

#[tokio::test]
async fn scenario_04_a_word_is_there_once_though_all_of_its_line_is_deleted() -> Result<()> {
    let pair = composing("ett\ntvå", 7).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[Key::Shift], Key::Home).await?;
    pair.b.press(&[], Key::Delete).await?;
    end(&pair, |text| text == "ett\n").await?;
    pair.end_with(SECTION, "ett\né").await
}

#[tokio::test]
async fn a_composition_at_rest_gives_way_to_what_the_other_did_in_its_line() -> Result<()> {
    let pair = composing("ett två", 3).await?;
    put_caret(&pair.b, 5).await?;
    pair.b.press(&[], Key::Enter).await?;
    // Nobody touches it, as a phone's keyboard leaves its last word.
    pair.a.wait_for_text(SECTION, |text| text == "ett´ \ntvå").await?;
    assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
    pair.a.keys("!").await?;
    pair.end_with(SECTION, "ett´! \ntvå").await
}
