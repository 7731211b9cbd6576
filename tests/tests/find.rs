//! Looking for words in the whole målbild: what is found, how one goes from place to place, and where it
//! leaves the caret.

use anyhow::Result;
use samsyn_shared::Role;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::stage::{Stage, in_browsers};

const FIRST: &str = "overgripande-beskrivning";
const LAST: &str = "samordnade-budskap";

/// A blank målbild in which these words were written by somebody else, and a page that shows them.
async fn written(kind: Kind, first: &str, last: &str) -> Result<(Browsers, Stage, Page)> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.insert(FIRST, 0, first).await?;
    peer.insert(LAST, 0, last).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.wait_for_text(LAST, |text| text == last).await?;
    Ok((browsers, stage, page))
}

async fn expect_count(page: &Page, words: &str) -> Result<()> {
    page.until(words, async || {
        let count = "return document.querySelector('.find-count')?.textContent";
        let now = page.script(count, vec![]).await?;
        Ok(Look::at(now == words, || now.to_string()))
    })
    .await
}

async fn expect_marked(page: &Page, marked: Value) -> Result<()> {
    page.until(&marked.to_string(), async || {
        let now = page.marked().await?;
        Ok(Look::at(now == marked, || now.to_string()))
    })
    .await
}

in_browsers!(words_are_found_in_all_sections_and_enter_leads_from_one_to_the_next, find_in_all, Chromium WebKit);
async fn find_in_all(kind: Kind) -> Result<()> {
    let (_browsers, stage, page) =
        written(kind, "Åskan går.\n😀 Ingen åska, ingen aska.", "Mer ÅSKA.").await?;
    page.press(&[Key::Control], 'f').await?;
    page.visible("[role=search] input").await?;
    page.keys("åska").await?;
    expect_count(&page, "1 av 3").await?;
    expect_marked(&page, json!({"find-current": ["Åska"], "find": ["åska", "ÅSKA"]})).await?;
    page.press(&[], Key::Enter).await?;
    expect_count(&page, "2 av 3").await?;
    expect_marked(&page, json!({"find-current": ["åska"], "find": ["Åska", "ÅSKA"]})).await?;
    page.press(&[Key::Shift], Key::Enter).await?;
    expect_count(&page, "1 av 3").await?;
    // Round, and what is found is where one can see it.
    page.press(&[Key::Shift], Key::F3).await?;
    expect_count(&page, "3 av 3").await?;
    let seen = "
        const [mark] = CSS.highlights.get('find-current');
        const range = document.createRange();
        range.setStart(mark.startContainer, mark.startOffset);
        range.setEnd(mark.endContainer, mark.endOffset);
        const { top, bottom } = range.getBoundingClientRect();
        const under = document.querySelector('.bar').getBoundingClientRect().bottom;
        return top >= under && bottom <= innerHeight";
    assert_eq!(page.script(seen, vec![]).await?, json!(true));
    page.click("[aria-label=\"Nästa träff\"]").await?;
    expect_count(&page, "1 av 3").await?;

    // What others write is found too, and the current place stays with its words.
    let mut other = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    other.insert(FIRST, 0, "åska! ").await?;
    expect_count(&page, "2 av 4").await?;
    expect_marked(&page, json!({"find-current": ["Åska"], "find": ["åska", "åska", "ÅSKA"]})).await?;

    page.click("[role=search] input").await?;
    page.press(&[Key::Control], 'a').await?;
    page.keys("finns inte").await?;
    expect_count(&page, "Inga träffar").await?;
    expect_marked(&page, json!({})).await?;
    page.press(&[], Key::Escape).await?;
    expect_marked(&page, json!({})).await?;
    assert_eq!(page.attribute("[role=search]", "class").await?, None);
    page.expect_quiet_console().await
}

in_browsers!(who_writes_finds_from_the_caret_on_and_goes_on_writing_where_it_was_found, find_from_the_caret, Chromium WebKit);
async fn find_from_the_caret(kind: Kind) -> Result<()> {
    let (_browsers, stage, page) = written(kind, "ett två ett", "två ett").await?;
    page.go_to(FIRST).await?;
    page.press_times(&[], Key::Left, 5).await?;
    page.choose("find").await?;
    page.visible("[role=search] input").await?;
    page.keys("ett").await?;
    expect_count(&page, "2 av 3").await?;
    page.press(&[], Key::Escape).await?;
    expect_marked(&page, json!({})).await?;
    // The words are selected: what is typed takes their place.
    page.keys("tre").await?;
    page.wait_for_text(FIRST, |text| text == "ett två tre").await?;
    page.wait_for_status("saved").await?;
    assert_eq!(stage.api.text(&stage.malbild, FIRST).await?, "ett två tre\n");
    // What is selected is what is looked for.
    page.press_times(&[Key::Shift], Key::Left, 3).await?;
    page.press(&[Key::Control], 'f').await?;
    expect_count(&page, "1 av 1").await?;
    // Once more in the field, the key is the browser's.
    let listen = "addEventListener('keydown', event => { window.prevented = event.defaultPrevented })";
    page.script(listen, vec![]).await?;
    page.press(&[Key::Control], 'f').await?;
    assert_eq!(page.script("return window.prevented", vec![]).await?, json!(false));
    page.expect_quiet_console().await
}

in_browsers!(words_in_headings_are_found_in_their_place_among_the_others, find_in_headings, Chromium WebKit);
async fn find_in_headings(kind: Kind) -> Result<()> {
    let (_browsers, _stage, page) = written(kind, "Vårt mål.", "Slut på målen.").await?;
    let headings = "return [...document.querySelectorAll('h2')].map(it => it.innerHTML).join('|')";
    let plain = page.script(headings, vec![]).await?;
    page.press(&[Key::Control], 'f').await?;
    page.visible("[role=search] input").await?;
    page.keys("mål ").await?;
    page.press(&[], Key::Backspace).await?;
    expect_count(&page, "1 av 4").await?;
    let marks = "return [...document.querySelectorAll('h2 mark')].map(it => [it.textContent, it.className])";
    let expect = async |wanted: Value| {
        page.until(&wanted.to_string(), async || {
            let now = page.script(marks, vec![]).await?;
            Ok(Look::at(now == wanted, || now.to_string()))
        })
        .await
    };
    expect(json!([["Mål", "found"], ["mål", "found"]])).await?;
    for (count, first, second) in [
        ("2 av 4", "found found-now", "found"),
        ("3 av 4", "found", "found found-now"),
        ("4 av 4", "found", "found"),
    ] {
        page.press(&[], Key::Enter).await?;
        expect_count(&page, count).await?;
        expect(json!([["Mål", first], ["mål", second]])).await?;
    }
    page.press(&[Key::Shift], Key::Enter).await?;
    expect_count(&page, "3 av 4").await?;
    // Whoever ends there goes on in the text below, and the headings are as they were.
    page.press(&[], Key::Escape).await?;
    assert_eq!(page.script(headings, vec![]).await?, plain);
    page.expect_quiet_console().await
}
