//! Every place where a document's text leaves: there its links are those that one rule lets through
//! (`samsyn_shared::text::hyperlink`), whatever a foreign client wrote, and what is refused is its words.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use samsyn_shared::Role;
use samsyn_shared::text::delta::Op;
use samsyn_shared::text::hyperlink::Hyperlink;
use samsyn_shared::text::paste::Transfer;
use samsyn_tests::addresses::{FOLLOWED, HOSTILE, too_long};
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::stage::Stage;

const SECTION: &str = "overgripande-beskrivning";

/// What is found at a way out: words, and where they lead.
type Links = BTreeMap<String, String>;

/// The ways out of a document.
const WAYS: [(&str, Way); 8] = [
    ("JSON export", Way::Json),
    ("Markdown export", Way::Markdown),
    ("what the page shows", Way::Shown),
    ("what the page opens at Ctrl and a click", Way::Opened),
    ("HTML that is copied", Way::CopiedHtml),
    ("plain text that is copied", Way::CopiedText),
    ("Copy the text, in the menu", Way::Menu),
    ("what a reader's page shows", Way::Reader),
];

#[derive(Clone, Copy)]
enum Way {
    Json,
    Markdown,
    Shown,
    Opened,
    CopiedHtml,
    CopiedText,
    Menu,
    Reader,
}

/// The addresses, each under words of its own.
fn lines() -> Vec<(String, String)> {
    let hostile = HOSTILE.iter().map(ToString::to_string).chain([too_long()]);
    let all = hostile.chain(FOLLOWED.iter().map(ToString::to_string));
    all.enumerate().map(|(i, address)| (format!("ord{i}"), address)).collect()
}

fn links_of_markdown(markdown: &str) -> Result<(String, Links)> {
    let (mut text, mut links, mut open) = (String::new(), Links::new(), None);
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => open = Some((text.len(), dest_url.into_string())),
            Event::End(TagEnd::Link) => {
                let (from, address) = open.take().context("it ends before it begins")?;
                links.insert(text[from..].to_owned(), address);
            }
            Event::Text(words) => text.push_str(&words),
            Event::Html(html) | Event::InlineHtml(html) => ensure!(false, "HTML: {html}"),
            Event::Start(Tag::Image { dest_url, .. }) => ensure!(false, "a picture: {dest_url}"),
            _ => {}
        }
    }
    Ok((text, links))
}

fn links_of_delta(delta: &Value) -> Result<(String, Links)> {
    let (mut text, mut links) = (String::new(), Links::new());
    for op in delta.as_array().context("no delta")? {
        let insert = op["insert"].as_str().context("no text")?;
        text.push_str(insert);
        if let Some(link) = op["attributes"].get("link") {
            links.insert(insert.to_owned(), link.as_str().context("no text")?.to_owned());
        }
    }
    Ok((text, links))
}

/// What the page's script answered: the text, and pairs of words and addresses.
fn links_of_page(told: &Value) -> Result<(String, Links)> {
    let pairs = told[1].as_array().context("no links")?.iter();
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
    let links = pairs.map(|told| pair(told).context("no pair")).collect::<Result<_>>()?;
    Ok((told[0].as_str().context("no text")?.to_owned(), links))
}

/// Any attribute that a browser follows counts.
const SHOWN: &str = "
    const text = document.querySelector(`[data-section='${arguments[0]}'] [role=textbox]`);
    const all = [...text.querySelectorAll('a, [href], [src], [action], [formaction], [data], [ping]')];
    return [text.textContent, all.map(e => [e.textContent, e.getAttribute('href') ?? e.outerHTML])]";

const OPENED: &str = "
    const text = document.querySelector(`[data-section='${arguments[0]}'] [role=textbox]`);
    const [opened, open] = [[], window.open];
    let words = '';
    window.open = address => void opened.push([words, address]);
    for (const line of text.children) {
        const inner = line.firstElementChild ?? line;
        words = inner.textContent;
        inner.dispatchEvent(new MouseEvent('click', { ctrlKey: true, bubbles: true, cancelable: true }));
    }
    window.open = open;
    return [text.textContent, opened]";

const COPIED: &str = "
    window.copied = null;
    addEventListener('copy', event => {
        const [html, plain] = ['text/html', 'text/plain'].map(type => event.clipboardData.getData(type));
        const copied = new DOMParser().parseFromString(html, 'text/html').body;
        const all = [...copied.querySelectorAll('a, [href], [src], [action]')];
        window.copied = [[copied.textContent, all.map(e => [e.textContent, e.getAttribute('href') ?? e.outerHTML])], plain];
    }, { once: true })";

const MENU: &str = "
    window.copied = null;
    const { setData } = DataTransfer.prototype;
    DataTransfer.prototype.setData = function (type, data) {
        if (type === 'text/html') {
            const copied = new DOMParser().parseFromString(data, 'text/html').body;
            const all = [...copied.querySelectorAll('a, [href], [src], [action]')];
            window.copied = [copied.textContent, all.map(e => [e.textContent, e.getAttribute('href') ?? e.outerHTML])];
        }
        return setData.call(this, type, data);
    }";

async fn copied(page: &Page) -> Result<Value> {
    page.until("the copy", async || {
        let copied = page.script("return window.copied ?? null", vec![]).await?;
        Ok(if copied.is_null() { Look::NotYet("none".to_owned()) } else { Look::Yes(copied) })
    })
    .await
}

async fn leaves(way: Way, stage: &Stage, page: &Page, reader: &Page) -> Result<(String, Links)> {
    match way {
        Way::Json => {
            let export: Value = serde_json::from_str(&stage.api.export(&stage.malbild, "json").await?)?;
            links_of_delta(&export["sections"][0]["delta"])
        }
        Way::Markdown => links_of_markdown(&stage.api.export(&stage.malbild, "md").await?),
        Way::Shown => links_of_page(&page.script(SHOWN, vec![SECTION.into()]).await?),
        Way::Reader => links_of_page(&reader.script(SHOWN, vec![SECTION.into()]).await?),
        Way::Opened => links_of_page(&page.script(OPENED, vec![SECTION.into()]).await?),
        Way::CopiedHtml | Way::CopiedText => {
            page.go_to(SECTION).await?;
            page.press(&[Key::Control], 'a').await?;
            page.script(COPIED, vec![]).await?;
            page.press(&[Key::Control], 'c').await?;
            let copied = copied(page).await?;
            match way {
                Way::CopiedHtml => links_of_page(&copied[0]),
                // It has no links, so all that are wanted are there as well.
                _ => Ok((copied[1].as_str().context("no text")?.to_owned(), wanted())),
            }
        }
        Way::Menu => {
            page.script(MENU, vec![]).await?;
            page.choose("copy").await?;
            links_of_page(&copied(page).await?)
        }
    }
}

fn wanted() -> Links {
    lines().into_iter().filter(|(_, address)| FOLLOWED.contains(&address.as_str())).collect()
}

#[tokio::test]
async fn what_is_no_allowed_address_is_its_words_at_every_way_out() -> Result<()> {
    let browsers = Browsers::of(Kind::Chromium).await?;
    let stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Stock).await?;
    let ops = lines().into_iter().flat_map(|(words, address)| {
        [json!({"insert": words, "attributes": {"link": address}}), json!({"insert": "\n"})]
    });
    let ops: Vec<Op> = serde_json::from_value(ops.collect())?;
    peer.change(SECTION, 0, &ops).await?;
    let (page, reader) =
        tokio::try_join!(browsers.participant("Anna", "MSB"), browsers.participant("Bo", "MSB"))?;
    tokio::try_join!(
        page.enter(stage.malbild.link(Role::Editor)),
        reader.open(stage.malbild.link(Role::Reader))
    )?;
    let last = lines().last().context("there are some")?.0.clone();
    page.wait_for_text(SECTION, |text| text.contains(&last)).await?;
    reader.wait_for_text(SECTION, |text| text.contains(&last)).await?;
    for (name, way) in WAYS {
        let (text, links) = leaves(way, &stage, &page, &reader).await.context(name)?;
        let wanted = wanted();
        ensure!(links == wanted, "{name}: {links:?}\ninstead of {wanted:?}");
        for (words, _) in lines() {
            ensure!(text.contains(&words), "{name}: {words} is not there: {text}");
        }
    }
    for page in [&page, &reader] {
        ensure!(page.script("return window.ran ?? null", vec![]).await?.is_null(), "something ran");
        page.expect_quiet_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_title_is_text_in_its_page_on_the_start_page_and_in_every_export() -> Result<()> {
    let browsers = Browsers::of(Kind::Chromium).await?;
    let stage = Stage::set().await?;
    let title = "<img src=x onerror=window.ran=1> [a](javascript:x) # ~~~ \u{202E}\u{2066}\0javascript:x ##";
    let malbild = stage.api.create("tom", title).await?;
    let page = browsers.participant("Anna", "MSB").await?;
    page.enter(malbild.link(Role::Editor)).await?;
    let shown = title.replace(['\u{202E}', '\u{2066}', '\0'], "");
    let tab = page.script("return document.title", vec![]).await?;
    ensure!(tab.as_str().is_some_and(|tab| tab.starts_with(&shown)), "{tab}");
    page.open(&stage.server.url()).await?;
    page.visible(".recent-list a").await?;
    let list = "const list = document.querySelector('.recent-list');
        return [list.textContent, [...list.querySelectorAll('[href], [src]')].map(e => [e.textContent, e.getAttribute('href')])]";
    let (text, links) = links_of_page(&page.script(list, vec![]).await?)?;
    ensure!(text.contains(&shown), "{text}");
    ensure!(links.values().all(|link| *link == format!("/m/{}", malbild.id)), "{links:?}");
    ensure!(page.script("return window.ran ?? null", vec![]).await?.is_null(), "something ran");
    let (text, links) = links_of_markdown(&stage.api.export(&malbild, "md").await?)?;
    ensure!(text.starts_with(&shown) && links.is_empty(), "{text}: {links:?}");
    let export: Value = serde_json::from_str(&stage.api.export(&malbild, "json").await?)?;
    ensure!(export["title"] == shown.as_str(), "{}", export["title"]);
    page.expect_quiet_console().await
}

#[test]
fn one_rule_says_what_is_an_address() {
    for address in FOLLOWED {
        assert_eq!(Hyperlink::of_value(address).as_ref().map(Hyperlink::as_str), Some(address));
    }
    for address in HOSTILE.iter().copied().chain([too_long().as_str()]) {
        assert_eq!(Hyperlink::of_value(address), None, "{address:?}");
    }
}

#[test]
fn what_a_paste_brings_in_may_go_out() -> Result<()> {
    for (address, own) in HOSTILE.iter().flat_map(|address| [(address, true), (address, false)]) {
        let foreign = json!([{"insert": "ord", "attributes": {"href": address}}, {"insert": "\n", "attributes": {"tag": "p"}}]);
        let transfer = Transfer {
            foreign: serde_json::from_value(foreign)?,
            own,
            plain: (*address).to_owned(),
            files: false,
        };
        for run in transfer.read()?.lines.iter().flat_map(|line| &line.runs) {
            let is_safe = !run.attributes.contains_key("link") || Hyperlink::of(&run.attributes).is_some();
            ensure!(is_safe && run.text == "ord", "{address:?} became {run:?}");
        }
    }
    Ok(())
}
