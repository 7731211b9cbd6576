//! Scenario 19: the title is a text as any other. What holds in a section for two who write holds in it, and it stays
//! one line.

use anyhow::Result;
use samsyn_shared::Role;
use samsyn_shared::domain::schema::TITLE;
use samsyn_tests::browser::Kind;
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::shown::{Selected, plain};
use thirtyfour::Key;

use super::{SECTION, put_caret_in};
use crate::stage::{Pair, in_browsers};

/// A takes the title that the målbild was made with for another.
async fn begin(pair: &Pair, title: &str) -> Result<()> {
    pair.a.go_to(TITLE).await?;
    pair.a.press(&[Key::Control], 'a').await?;
    pair.a.keys(title).await?;
    assert_eq!(pair.agree_on(TITLE).await?, title);
    Ok(())
}

async fn select_end(page: &Page, characters: usize) -> Result<()> {
    page.go_to(TITLE).await?;
    page.press_times(&[Key::Shift], Key::Left, characters).await
}

in_browsers!(scenario_19_two_who_type_in_the_title_lose_nothing, type_at_one_place);
async fn type_at_one_place(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    tokio::try_join!(pair.a.go_to(TITLE), pair.b.go_to(TITLE))?;
    let (one, two) = ("e".repeat(60), "O".repeat(60));
    tokio::try_join!(pair.a.keys(&one), pair.b.keys(&two))?;
    let together = pair.agree_on(TITLE).await?;
    let before = "Storm över länet";
    assert!([format!("{before}{one}{two}"), format!("{before}{two}{one}")].contains(&together), "{together}");
    pair.expect_quiet_consoles().await
}

in_browsers!(scenario_19_a_caret_in_the_title_stays_with_its_words, keep_caret);
async fn keep_caret(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    begin(&pair, "Storm").await?;
    put_caret_in(&pair.a, TITLE, 2).await?;
    put_caret_in(&pair.b, TITLE, 0).await?;
    pair.b.keys("Stor ").await?;
    pair.a.wait_for_selected(TITLE, Selected::caret(7)).await?;
    pair.a.keys("xyz").await?;
    assert_eq!(pair.agree_on(TITLE).await?, "Stor Stxyzorm");
    // And a selection is what it was.
    select_end(&pair.a, 3).await?;
    pair.b.keys("kraftig ").await?;
    pair.a.wait_for_selected(TITLE, Selected { anchor: 21, head: 18 }).await?;
    pair.end_with(TITLE, "Stor kraftig Stxyzorm").await
}

in_browsers!(scenario_19_undo_in_the_title_takes_only_ones_own_letters, undo_in_title);
async fn undo_in_title(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(TITLE).await?;
    pair.a.keys("malbild").await?;
    pair.agree_on(TITLE).await?;
    put_caret_in(&pair.b, TITLE, 19).await?;
    pair.b.keys("XYZ").await?;
    assert_eq!(pair.agree_on(TITLE).await?, "Storm över länetmalXYZbild");
    pair.a.press_times(&[Key::Control], 'z', 8).await?;
    assert_eq!(pair.agree_on(TITLE).await?, "Storm över länetXYZ");
    pair.a.press_times(&[Key::Control], 'y', 8).await?;
    pair.end_with(TITLE, "Storm över länetmalXYZbild").await
}

in_browsers!(scenario_19_what_both_wrote_in_the_title_offline_is_there, write_offline);
async fn write_offline(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    begin(&pair, "Storm").await?;
    put_caret_in(&pair.a, TITLE, 0).await?;
    pair.b.go_to(TITLE).await?;
    pair.part().await?;
    pair.a.keys("Stor ").await?;
    pair.b.keys(" nu").await?;
    pair.reunite().await?;
    pair.end_with(TITLE, "Stor Storm nu").await
}

#[tokio::test]
async fn scenario_19_a_composition_in_the_title_goes_on_while_another_types_before_it() -> Result<()> {
    let pair = Pair::meet().await?;
    begin(&pair, "caf").await?;
    pair.a.note_compositions().await?;
    pair.a.compose_on("´").await?;
    pair.b.wait_for_text(TITLE, |text| text.contains('´')).await?;
    put_caret_in(&pair.b, TITLE, 0).await?;
    pair.b.keys("Mitt ").await?;
    pair.a.wait_for_held(TITLE, |held| plain(held).starts_with("Mitt ")).await?;
    pair.a.compose_end("é").await?;
    assert_eq!(pair.a.compositions().await?, (1, 1), "begun and ended");
    pair.end_with(TITLE, "Mitt café").await
}

in_browsers!(scenario_19_graphemes_in_the_title_are_not_split, graphemes);
async fn graphemes(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    let mut peer = pair.stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.insert(TITLE, 0, "👨‍👩‍👧‍👦a\u{30a}").await?;
    peer.leave_once_saved().await?;
    pair.agree_on(TITLE).await?;
    put_caret_in(&pair.a, TITLE, 2).await?;
    pair.a.press_times(&[], Key::Backspace, 1).await?;
    assert_eq!(pair.agree_on(TITLE).await?, "👨‍👩‍👧‍👦Storm över länet");
    pair.a.press(&[], Key::Backspace).await?;
    pair.end_with(TITLE, "Storm över länet").await
}

in_browsers!(scenario_19_the_title_stays_one_line_of_words, stay_one_line);
async fn stay_one_line(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    begin(&pair, "- Storm").await?;
    assert_eq!(pair.a.count_in(TITLE, "[data-list]").await?, 0);
    select_end(&pair.a, 5).await?;
    for key in ['b', 'i', 'u', 'k'] {
        pair.a.press(&[Key::Control], key).await?;
    }
    pair.a.press(&[Key::Control, Key::Shift], '8').await?;
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("text").await?;
    assert_eq!(pair.agree_on(SECTION_FIRST).await?, "text", "Enter leads to the text");
    // Lines that are pasted are words.
    pair.a.press(&[Key::Shift], Key::Home).await?;
    pair.a.press(&[Key::Control], 'c').await?;
    pair.a.go_to(TITLE).await?;
    pair.a.press(&[Key::Control], 'v').await?;
    pair.end_with(TITLE, "- Stormtext").await
}

/// The first section, into which Enter leads.
const SECTION_FIRST: &str = "overgripande-beskrivning";

in_browsers!(scenario_19_words_in_the_title_are_found, find_words);
async fn find_words(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    begin(&pair, "”Storm” – läge").await?;
    pair.a.go_to(SECTION).await?;
    pair.a.press(&[Key::Control], 'f').await?;
    pair.a.keys("\"storm\" -").await?;
    pair.a
        .until("the words in the title", async || {
            let marked = pair.a.marked().await?;
            Ok(samsyn_tests::until::Look::at(marked.to_string().contains("”Storm” –"), || {
                marked.to_string()
            }))
        })
        .await?;
    pair.expect_quiet_consoles().await
}
