//! Two people, two browsers, one målbild: what they see of each other's words, whatever happens to
//! the network and the server.

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::proxy::Proxy;
use samsyn_tests::server::Server;
use samsyn_tests::until::Look;
use thirtyfour::Key;

use crate::stage::{Pair, Stage, agree_on, in_browsers};

const SECTION: &str = "kommunikationsmal";

/// Makes a målbild on the start page and says who one is, as a person does who comes for the first
/// time, and answers with its id.
async fn make_malbild(page: &Page, server: &Server) -> Result<String> {
    page.driver().goto(server.url()).await?;
    page.act("new").await?;
    let id = page
        .until("the page of the new målbild", async || {
            let address = page.address().await?;
            Ok(match address.path().strip_prefix("/m/") {
                Some(id) => Look::Yes(id.to_owned()),
                None => Look::NotYet(address.to_string()),
            })
        })
        .await?;
    page.click("dialog input").await?;
    page.keys(page.name()).await?;
    page.press(&[], Key::Enter).await?;
    page.wait_for_status("saved").await?;
    Ok(id)
}

/// What of a text one of them typed: everything in their alphabet, in order.
fn typed_in(text: &str, alphabet: fn(char) -> bool) -> String {
    text.chars().filter(|c| alphabet(*c)).collect()
}

in_browsers!(two_people_write_in_one_section_and_find_everything_after_a_kill, write_together, Chromium WebKit);
async fn write_together(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let mut server = Server::start().await?;
    let api = Api::of(&server)?;
    let (a, b) = tokio::try_join!(
        browsers.participant("Anna Ask", "Region Väst"),
        browsers.participant("Bo Björk", "Länsstyrelsen"),
    )?;
    let id = make_malbild(&a, &server).await?;
    let link = a.mint_link(&id, Role::Editor).await?;
    let malbild = Malbild::from_link(Role::Editor, &link)?;
    assert_eq!(malbild.id, id);
    b.enter(&link).await?;
    tokio::try_join!(a.wait_for_people(1), b.wait_for_people(1))?;

    // Both at once, in the same place.
    tokio::try_join!(a.go_to(SECTION), b.go_to(SECTION))?;
    let (small, large) = ("alla ska veta vad som gäller", "SKOLORNA STÄNGER ONSDAG");
    tokio::try_join!(a.keys(small), b.keys(large))?;
    tokio::try_join!(a.wait_for_caret("Bo Björk"), b.wait_for_caret("Anna Ask"))?;
    let together = agree_on(&a, &b, &api, &malbild, SECTION).await?;
    assert_eq!(typed_in(&together, char::is_lowercase), typed_in(small, char::is_lowercase));
    assert_eq!(typed_in(&together, char::is_uppercase), typed_in(large, char::is_uppercase));
    assert_eq!(together.chars().count(), small.chars().count() + large.chars().count());

    server.kill9().await?;
    tokio::try_join!(a.wait_for_status("offline"), b.wait_for_status("offline"))?;
    server.restart().await?;
    assert_eq!(agree_on(&a, &b, &api, &malbild, SECTION).await?, together);

    tokio::try_join!(a.reload(), b.reload())?;
    assert_eq!(agree_on(&a, &b, &api, &malbild, SECTION).await?, together);
    assert_eq!((a.pending().await?, b.pending().await?), (0, 0));
    tokio::try_join!(a.wait_for_people(1), b.wait_for_people(1))?;
    tokio::try_join!(a.expect_quiet_console(), b.expect_quiet_console())?;
    Ok(())
}

in_browsers!(what_was_typed_while_the_server_was_away_arrives_when_it_is_back, write_while_it_is_away, Chromium WebKit);
async fn write_while_it_is_away(kind: Kind) -> Result<()> {
    let mut pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("före ").await?;
    pair.agree_on(SECTION).await?;
    pair.stage.server.kill9().await?;
    tokio::try_join!(pair.a.wait_for_status("offline"), pair.b.wait_for_status("offline"))?;
    pair.a.keys("under").await?;
    pair.b.go_to("samordnade-budskap").await?;
    pair.b.keys("samtidigt").await?;
    assert_eq!(pair.a.text(SECTION).await?.as_deref(), Some("före under"));
    let pending = pair.a.pending().await?;
    assert!(pending > 0, "the page says that {pending} updates wait");
    assert_eq!(pair.b.text(SECTION).await?.as_deref(), Some("före "));
    pair.stage.server.restart().await?;
    assert_eq!(pair.agree_on(SECTION).await?, "före under");
    assert_eq!(pair.agree_on("samordnade-budskap").await?, "samtidigt");
    assert_eq!(pair.a.pending().await?, 0);
    pair.expect_quiet_consoles().await
}

#[tokio::test]
async fn two_people_typing_at_the_same_place_do_not_cut_each_others_words() -> Result<()> {
    let pair = Pair::meet().await?;
    tokio::try_join!(pair.a.go_to(SECTION), pair.b.go_to(SECTION))?;
    let (one, two) = ("e".repeat(60), "O".repeat(60));
    tokio::try_join!(pair.a.keys(&one), pair.b.keys(&two))?;
    let together = pair.agree_on(SECTION).await?;
    assert!([format!("{one}{two}"), format!("{two}{one}")].contains(&together), "{together}");
    pair.expect_quiet_consoles().await
}

#[tokio::test]
async fn a_composed_letter_comes_once_while_another_types() -> Result<()> {
    let pair = Pair::meet().await?;
    tokio::try_join!(pair.a.go_to(SECTION), pair.b.go_to("prioriteringar"))?;
    pair.a.keys("caf").await?;
    pair.agree_on(SECTION).await?;
    pair.b.go_to(SECTION).await?;
    pair.b.press(&[Key::Control], Key::Home).await?;
    let composing = async {
        pair.a.compose(&["´"], "é").await?;
        pair.a.keys(" au lait").await
    };
    tokio::try_join!(composing, pair.b.keys("Ett "))?;
    assert_eq!(pair.agree_on(SECTION).await?, "Ett café au lait");
    pair.expect_quiet_consoles().await
}

in_browsers!(a_key_acts_where_the_caret_is, act_at_the_caret, Chromium WebKit);
async fn act_at_the_caret(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::with("exempel-snoovader").await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    let section = "overgripande-beskrivning";
    let before = page.wait_for_text(section, |text| !text.is_empty()).await?;
    // The click is in the middle of the text, and the key leads to its end.
    page.go_to(section).await?;
    page.press(&[], Key::Enter).await?;
    page.keys("Sist").await?;
    page.press(&[Key::Control], Key::Home).await?;
    page.press(&[], Key::Enter).await?;
    page.wait_for_text(section, |text| text == format!("\n{before}\nSist")).await?;
    page.expect_quiet_console().await
}

in_browsers!(a_link_leaves_the_address_bar_and_opens_again_without_it, open_by_a_link, Chromium WebKit);
async fn open_by_a_link(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::with("exempel-snoovader").await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    let address = page.address().await?;
    assert!(!address.as_str().contains(stage.malbild.token(Role::Editor)), "{address}");
    // The session's cookie opens it from now on.
    page.open(&format!("{}/m/{}", stage.server.url(), stage.malbild.id)).await?;
    page.wait_for_status("saved").await?;
    let held = stage.api.text(&stage.malbild, "prioriteringar").await?;
    page.wait_for_text("prioriteringar", |text| Some(text) == held.strip_suffix('\n')).await?;
    page.expect_quiet_console().await
}

in_browsers!(a_stranger_sees_no_text_and_a_reader_can_change_none, look_in, Chromium WebKit);
async fn look_in(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::with("exempel-snoovader").await?;
    let (stranger, reader) = tokio::try_join!(
        browsers.participant("Sven Svart", "Ingen"),
        browsers.participant("Lena Läs", "Kommunen"),
    )?;
    stranger.open(&format!("{}/m/{}", stage.server.url(), stage.malbild.id)).await?;
    // The page takes a pasted link instead.
    stranger.visible("input, textarea").await?;
    assert_eq!(stranger.text("prioriteringar").await?, None);
    let seen = stranger.script("return document.body.textContent", vec![]).await?;
    assert!(!seen.as_str().context("no text")?.contains("Storm över länet"));

    reader.open(stage.malbild.link(Role::Reader)).await?;
    reader.wait_for_status("readonly").await?;
    let before = reader.wait_for_text("prioriteringar", |text| !text.is_empty()).await?;
    reader.click("[data-section=\"prioriteringar\"] [role=textbox]").await?;
    reader.keys("smuggel").await?;
    assert_eq!(reader.text("prioriteringar").await?.as_deref(), Some(before.as_str()));
    assert_eq!(stage.api.text(&stage.malbild, "prioriteringar").await?, format!("{before}\n"));
    tokio::try_join!(stranger.expect_quiet_console(), reader.expect_quiet_console())?;
    Ok(())
}

#[tokio::test]
async fn a_section_is_a_text_box_named_by_its_heading_and_described_by_its_question() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    let template = samsyn_shared::Template::find("aktorsgemensam").context("unknown template")?;
    let referred = "
        const box = document.querySelector(`[data-section=\"${arguments[0]}\"] [role=textbox]`);
        return box.getAttribute(arguments[1]).split(' ')
            .map(id => document.getElementById(id).textContent).join(' ')";
    for section in template.sections {
        let boxes = format!("[data-section=\"{}\"] [role=textbox]", section.key);
        let count = page.script("return document.querySelectorAll(arguments[0]).length", vec![boxes.into()]);
        assert_eq!(count.await?, 1, "{}", section.key);
        let label =
            page.script(referred, vec![section.key.as_str().into(), "aria-labelledby".into()]).await?;
        assert_eq!(label.as_str().map(str::trim), Some(section.heading));
        let described =
            page.script(referred, vec![section.key.as_str().into(), "aria-describedby".into()]).await?;
        for question in section.questions {
            let words = question.split_whitespace().collect::<Vec<_>>().join(" ");
            let described = described.as_str().unwrap_or_default();
            assert!(described.contains(&words), "{} is described by {described}", section.key);
        }
    }
    page.expect_quiet_console().await
}

#[tokio::test]
async fn a_link_opens_however_it_was_sent_and_what_is_none_is_told_by_the_page() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let (link, url) = (stage.malbild.link(Role::Editor), stage.server.url());
    let bare = format!("/m/{}", stage.malbild.id);
    for sent in [
        format!("{link}."),
        format!("{link})"),
        format!("{link}%3E"),
        format!("{link}%20"),
        link.replace('#', "%23"),
        link.replace('#', "/#"),
    ] {
        let page = browsers.participant("Anna Ask", "Region Väst").await?;
        page.open(&sent).await.with_context(|| sent.clone())?;
        page.wait_for_status("saved").await.with_context(|| sent.clone())?;
        let address = page.script("return location.pathname + location.hash", vec![]).await?;
        assert_eq!(address, *bare, "{sent}");
    }
    let page = browsers.participant("Bo Björk", "Länsstyrelsen").await?;
    page.open(&format!("{url}{bare}")).await?;
    page.click("main input").await?;
    page.keys(&format!("Se <{link}>.")).await?;
    page.press(&[], Key::Enter).await?;
    page.wait_for_status("saved").await?;
    let closed = format!("/api/malbilder/{}/export?format=md", Stage::set().await?.malbild.id);
    for path in ["/m/", "/m/kort", "/vad", "/api/vad", "/api/malbilder/kort", &closed] {
        page.open(&format!("{url}{path}")).await?;
        page.until("the page to say so", async || {
            let said =
                page.script("return document.querySelector('main h1')?.textContent ?? ''", vec![]).await?;
            let is_said = said == "Här finns ingenting";
            Ok(Look::at(is_said, || said.to_string()))
        })
        .await?;
    }
    Ok(())
}

/// What a translator does: every text on the page becomes another, in elements of its own.
const TRANSLATE: &str = "
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const all = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode())
        if (!text.parentElement.closest('[role=textbox]')) all.push(text);
    for (const text of all) {
        const font = document.createElement('font');
        font.append('*' + text.data);
        text.replaceWith(font);
    }
    return document.querySelector('.sync').textContent";

#[tokio::test]
async fn words_that_say_how_it_is_stay_true_when_a_translator_has_replaced_them() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    page.wait_for_status("saved").await?;
    let said = async || {
        let script = "return ['.sync', '#sync-state', '.people-button .unseen'].map(it =>
            document.querySelector(it).textContent)";
        page.script(script, vec![]).await
    };
    page.until("all to be saved", async || {
        let said = said().await?;
        Ok(Look::at(said[0] == "Sparat", || said.to_string()))
    })
    .await?;
    ensure!(page.script(TRANSLATE, vec![]).await? == "*Sparat");
    wire.cut();
    page.until("the words for no network", async || {
        let said = said().await?;
        let is_true =
            [0, 1].iter().all(|i| said[i].as_str().is_some_and(|said| said.starts_with("Frånkopplad")));
        Ok(Look::at(is_true, || said.to_string()))
    })
    .await?;
    wire.heal();
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.appear(("Bo", "MSB"), SECTION, 0, 0).await?;
    page.until("the words for who is here and that it is saved", async || {
        let said = said().await?;
        let is_true = said[0] == "Sparat" && said[2] == "Deltagare: du och en till";
        Ok(Look::at(is_true, || said.to_string()))
    })
    .await
}
