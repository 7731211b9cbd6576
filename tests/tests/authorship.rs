//! Who wrote which words: what the view of it says and marks, what it leaves alone, and what it outlives.

use anyhow::{Context, Result};
use samsyn_shared::Role;
use samsyn_shared::document::authorship::Author;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::stage::{Pair, Stage, in_browsers};

const SECTION: &str = "kommunikationsmal";

/// The legend's rows: the mark's colour, who, and their share.
const LEGEND: &str = "
    return [...document.querySelectorAll('.panel .authors li')].map(row => ({
        colour: row.querySelector('.swatch').style.getPropertyValue('--person'),
        line: row.querySelector('.swatch').dataset.line ?? null,
        who: row.querySelector('.who').textContent,
        share: row.querySelector('.share').textContent }))";

const HTML: &str = "
    return document.querySelector(`[data-section=\"${arguments[0]}\"] [role=textbox]`).innerHTML";

fn person(name: &str, organisation: &str) -> Author {
    Author::Person { name: name.to_owned(), organisation: organisation.to_owned() }
}

/// What is marked as one who stands in the legend marked: the words of their highlight.
async fn words_of(page: &Page, who: &str) -> Result<Value> {
    let legend = page.script(LEGEND, vec![]).await?;
    let row = legend.as_array().and_then(|rows| rows.iter().find(|row| row["who"] == who));
    let Some(row) = row else { return Ok(Value::Null) };
    let colour = row["colour"]
        .as_str()
        .and_then(|colour| colour.strip_prefix("var(--person-").and_then(|rest| rest.strip_suffix(')')));
    let name = colour.map_or("author-plain".to_owned(), |colour| format!("author-{colour}"));
    Ok(page.marked().await?[name].clone())
}

/// Waits until exactly these words are marked as theirs.
async fn expect_words(page: &Page, who: &str, words: Value) -> Result<()> {
    page.until(&format!("{words} as {who}'s"), async || {
        let marked = words_of(page, who).await?;
        let all = page.marked().await?;
        Ok(Look::at(marked == words, || format!("{marked} of {all}")))
    })
    .await
}

in_browsers!(the_words_of_two_organisations_are_told_apart_and_the_text_is_left_alone, tell_two_apart, Chromium WebKit);
async fn tell_two_apart(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Regionen skriver 😀 detta").await?;
    pair.a.press(&[], Key::Enter).await?;
    pair.a.keys("och mer").await?;
    pair.agree_on(SECTION).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[Key::Control], Key::Home).await?;
    pair.b.press_times(&[Key::Control], Key::Right, 1).await?;
    pair.b.keys("[och länet] ").await?;
    pair.agree_on(SECTION).await?;

    let before = pair.a.script(HTML, vec![SECTION.into()]).await?;
    assert_eq!(pair.a.marked().await?, json!({}));
    pair.a.choose("authors").await?;
    let b_wrote = "[och länet] ";
    expect_words(&pair.a, "Länsstyrelsen", json!([b_wrote])).await?;
    expect_words(&pair.a, "Region Väst", json!(["Regionen", " skriver 😀 dettaoch mer"])).await?;
    let legend = pair.a.script(LEGEND, vec![]).await?;
    assert_eq!(legend.as_array().map(Vec::len), Some(2), "{legend}");
    assert_eq!([&legend[0]["who"], &legend[1]["who"]], ["Region Väst", "Länsstyrelsen"]);
    assert_eq!([&legend[0]["share"], &legend[1]["share"]], ["73\u{a0}%", "27\u{a0}%"]);
    assert_ne!(legend[0]["colour"], legend[1]["colour"]);
    assert_ne!(legend[0]["line"], legend[1]["line"], "{legend}");
    assert_eq!(pair.a.script(HTML, vec![SECTION.into()]).await?, before);

    // The marks follow what both write and format, and the caret tells whose words it is behind.
    pair.b.keys("nu ").await?;
    expect_words(&pair.a, "Länsstyrelsen", json!(["[och länet] nu "])).await?;
    pair.b.press_times(&[Key::Shift], Key::Left, 3).await?;
    pair.b.press(&[Key::Control], 'b').await?;
    pair.a
        .until("bold", async || {
            let bold = pair.a.count_in(SECTION, "strong").await?;
            Ok(Look::at(bold == 1, || bold.to_string()))
        })
        .await?;
    expect_words(&pair.a, "Länsstyrelsen", json!(["[och länet] nu "])).await?;
    pair.a.press(&[Key::Control], Key::Home).await?;
    let caret = "return document.querySelector('.at-caret [role=status]').textContent";
    let told = async |words: &str| {
        pair.a
            .until(words, async || {
                let now = pair.a.script(caret, vec![]).await?;
                Ok(Look::at(now == words, || now.to_string()))
            })
            .await
    };
    pair.a.go_to(SECTION).await?;
    told("Anna Ask, Region Väst").await?;
    pair.a.press(&[Key::Control], Key::Home).await?;
    pair.a.press_times(&[], Key::Right, 12).await?;
    told("Bo Björk, Länsstyrelsen").await?;

    // Off, nothing is left of it.
    let before = pair.a.script(HTML, vec![SECTION.into()]).await?;
    pair.a.choose("authors").await?;
    assert_eq!(pair.a.marked().await?, json!({}));
    assert_eq!(pair.a.script(HTML, vec![SECTION.into()]).await?, before);
    assert_eq!(pair.a.script(LEGEND, vec![]).await?, json!([]));
    pair.agree_on(SECTION).await?;
    pair.expect_quiet_consoles().await
}

in_browsers!(who_wrote_what_outlives_a_reload_and_a_restart, reload_and_restart, Chromium WebKit);
async fn reload_and_restart(kind: Kind) -> Result<()> {
    let mut pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Annas ord.").await?;
    pair.agree_on(SECTION).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.keys(" Bos ord.").await?;
    pair.agree_on(SECTION).await?;
    pair.stage.server.kill9().await?;
    pair.stage.server.restart().await?;
    pair.a.reload().await?;
    pair.a.wait_for_status("saved").await?;
    // What is written after a reload has another client id, and is the same organisation's.
    pair.a.go_to(SECTION).await?;
    pair.a.keys(" Mera.").await?;
    pair.b.wait_for_text(SECTION, |text| text == "Annas ord. Bos ord. Mera.").await?;
    for page in [&pair.a, &pair.b] {
        page.choose("authors").await?;
        expect_words(page, "Region Väst", json!(["Annas ord.", " Mera."])).await?;
        expect_words(page, "Länsstyrelsen", json!([" Bos ord."])).await?;
    }
    pair.expect_quiet_consoles().await
}

in_browsers!(what_a_foreign_client_writes_is_unknown_and_an_example_is_the_templates, write_unsigned, Chromium WebKit);
async fn write_unsigned(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::with("exempel-snoovader").await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    let mut stock = stage.peer(Role::Editor, Dialect::Stock).await?;
    stock.insert(SECTION, 0, "utifrån ").await?;
    // Who hears answers the server meanwhile, however long a page takes.
    tokio::select! {
        heard = hear_on(&mut stock) => heard?,
        seen = see_unsigned(&page) => seen?,
    }
    // It says who it is afterwards, with a name that would like to be more than one.
    stock.sign("<b>Kim</b>\nKvist", "MSB\u{202e}").await?;
    expect_words(&page, "MSB", json!(["utifrån "])).await?;
    page.expect_quiet_console().await
}

/// Hears what the server says, until nobody waits for that.
async fn hear_on(peer: &mut Peer) -> Result<()> {
    loop {
        peer.hear().await?;
    }
}

/// What nobody signed is nobody's, and the template's words are not marked.
async fn see_unsigned(page: &Page) -> Result<()> {
    page.wait_for_text(SECTION, |text| text.starts_with("utifrån ")).await?;
    page.choose("authors").await?;
    expect_words(page, "Okänd", json!(["utifrån "])).await?;
    let legend = page.script(LEGEND, vec![]).await?;
    assert_eq!([&legend[0]["who"], &legend[1]["who"]], ["Mallens text", "Okänd"], "{legend}");
    assert_eq!(legend[1]["share"], "under 1\u{a0}%");
    assert_eq!(page.marked().await?, json!({"author-plain": ["utifrån "]}));
    Ok(())
}

in_browsers!(a_writer_is_named_with_the_first_word_and_stays_so_and_a_reader_is_not, sign, Chromium WebKit);
async fn sign(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let (writer, reader) = tokio::try_join!(
        browsers.participant("Anna Ask", "Region Väst"),
        browsers.participant("Lena Läs", "Kommunen"),
    )?;
    reader.open(stage.malbild.link(Role::Reader)).await?;
    reader.wait_for_status("readonly").await?;
    reader.choose("authors").await?;
    reader.visible(".panel").await?;
    writer.enter(stage.malbild.link(Role::Editor)).await?;
    writer.go_to(SECTION).await?;
    let mut peer = stage.peer(Role::Reader, Dialect::Samsyn).await?;
    let template = Author::Template("aktorsgemensam@1".to_owned());
    assert_eq!(peer.authors()?.into_values().collect::<Vec<_>>(), [template]);

    writer.keys("x").await?;
    peer.wait_for_text(SECTION, |text| text == "x\n").await?;
    let anna = person("Anna Ask", "Region Väst");
    let named = peer.authors()?;
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named.values().any(|author| *author == anna), "{named:?}");
    writer.press(&[Key::Control], 'z').await?;
    peer.wait_for_text(SECTION, |text| text == "\n").await?;
    writer.act("redo").await?;
    peer.wait_for_text(SECTION, |text| text == "x\n").await?;
    assert_eq!(peer.authors()?, named);
    expect_words(&reader, "Region Väst", json!(["x"])).await?;

    // Another name is told at once.
    writer.click("[data-people]").await?;
    let field = writer.visible(".panel input").await?;
    field.clear().await?;
    field.send_keys("Anna Alm").await?;
    writer.press(&[], Key::Enter).await?;
    peer.wait_for("the new name", |_| Some(())).await?;
    writer.wait_for_status("saved").await?;
    let mut late = stage.peer(Role::Reader, Dialect::Samsyn).await?;
    late.wait_for_text(SECTION, |text| text == "x\n").await?;
    let named = late.authors()?;
    assert!(named.values().any(|author| *author == person("Anna Alm", "Region Väst")), "{named:?}");
    assert_eq!(named.len(), 2, "{named:?}");
    tokio::try_join!(writer.expect_quiet_console(), reader.expect_quiet_console())?;
    Ok(())
}

in_browsers!(on_the_wall_the_marks_stay_and_the_legend_stands_beside_them, mark_the_wall, Chromium WebKit);
async fn mark_the_wall(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    page.keys("ord").await?;
    page.choose("authors").await?;
    expect_words(&page, "Region Väst", json!(["ord"])).await?;
    let marked = page.marked().await?;
    page.choose("wall").await?;
    let legend = page.visible(".wall .authors").await?.text().await?;
    assert!(legend.contains("Region Väst"), "{legend}");
    assert_eq!(page.marked().await?, marked);
    let size = page.script("return document.querySelectorAll('.malbild.wall').length", vec![]).await?;
    assert_eq!(size.as_u64().context("no number")?, 1);
    page.expect_quiet_console().await
}
