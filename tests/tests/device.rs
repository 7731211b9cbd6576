//! What this device keeps of a målbild: it opens without a network, with all that was written, also by another tab;
//! nothing is lost with the page; and where the device keeps nothing, the page says so.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use samsyn_shared::Role;
use samsyn_shared::sync::protocol::PresenceEntry;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::proxy::Proxy;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::{Key, WindowHandle};

use crate::stage::{Pair, Stage, in_browsers};

const SECTION: &str = "overgripande-beskrivning";

/// As many steps as there can be of what was typed, however slowly it was.
const ALL: usize = 20;

/// Waits until the page's files are kept, so that it opens without a network.
async fn wait_for_worker(page: &Page) -> Result<()> {
    page.until("a worker to be in charge", async || {
        let in_charge = page.script("return !!navigator.serviceWorker.controller", vec![]).await?;
        Ok(Look::at(in_charge == json!(true), || in_charge.to_string()))
    })
    .await
}

async fn wait_for_pending(page: &Page, wanted: impl Fn(u64) -> bool) -> Result<u64> {
    page.until("another number of changes that wait", async || {
        let pending = page.pending().await?;
        Ok(if wanted(pending) { Look::Yes(pending) } else { Look::NotYet(pending.to_string()) })
    })
    .await
}

in_browsers!(
    a_page_that_is_loaded_anew_three_times_without_a_network_has_all_that_was_written,
    reload_offline_three_times
);
async fn reload_offline_three_times(kind: Kind) -> Result<()> {
    let pair = Pair::meet_in(kind).await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Noll.").await?;
    pair.agree_on(SECTION).await?;
    wait_for_worker(&pair.a).await?;
    pair.wires[0].cut();
    pair.a.wait_for_status("offline").await?;
    let mut wanted = "Noll.".to_owned();
    let mut waiting = 0;
    for words in [" Ett.", " Två.", " Tre."] {
        pair.a.go_to(SECTION).await?;
        pair.a.press(&[Key::Control], Key::End).await?;
        pair.a.keys(words).await?;
        wanted += words;
        waiting = wait_for_pending(&pair.a, |pending| pending > waiting).await?;
        pair.a.reload().await?;
        pair.a.wait_for_text(SECTION, |text| text.trim_end() == wanted).await?;
        pair.a.wait_for_status("offline").await?;
        ensure!(pair.a.pending().await? >= waiting, "after a reload fewer changes wait than before");
        waiting = pair.a.pending().await?;
    }
    pair.b.go_to(SECTION).await?;
    pair.b.keys("Bo.").await?;
    pair.b.wait_for_status("saved").await?;
    pair.wires[0].heal();
    let agreed = pair.agree_on(SECTION).await?;
    let is_whole = ["Noll.", " Ett. Två. Tre.", "Bo."].iter().all(|words| agreed.contains(words));
    ensure!(is_whole && agreed.len() == wanted.len() + "Bo.".len(), "{agreed:?}");
    wait_for_pending(&pair.a, |pending| pending == 0).await?;
    pair.expect_quiet_consoles().await
}

/// Two tabs of one browser.
struct Tabs<'a> {
    page: &'a Page,
    tabs: [WindowHandle; 2],
}

impl<'a> Tabs<'a> {
    /// Opens another tab with the same målbild.
    async fn of(page: &'a Page, address: &str) -> Result<Self> {
        let first = page.driver().window().await?;
        let second = match page.kind() {
            // Its driver brings no other tab to the front, and draws nothing that is behind one.
            Kind::WebKit => page.driver().new_window().await?,
            Kind::Chromium | Kind::Firefox => page.driver().new_tab().await?,
        };
        page.driver().switch_to_window(second.clone()).await?;
        page.enter(address).await?;
        Ok(Self { page, tabs: [first, second] })
    }

    async fn look_at(&self, tab: usize) -> Result<()> {
        Ok(self.page.driver().switch_to_window(self.tabs[tab].clone()).await?)
    }
}

in_browsers!(two_tabs_see_each_others_edits_without_a_network_and_one_sends_what_the_other_left, write_in_two_tabs, Chromium WebKit);
async fn write_in_two_tabs(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    let address = page.address().await?;
    let tabs = Tabs::of(&page, address.as_str()).await?;
    wire.cut();
    for tab in [0, 1] {
        tabs.look_at(tab).await?;
        page.wait_for_status("offline").await?;
    }
    tabs.look_at(0).await?;
    page.go_to(SECTION).await?;
    page.keys("Från den ena. ").await?;
    tabs.look_at(1).await?;
    page.wait_for_text(SECTION, |text| text.contains("Från den ena. ")).await?;
    // All of it came, so the first tab has counted all of it; each counts what waits on the device.
    tabs.look_at(0).await?;
    let waiting = page.pending().await?;
    ensure!(waiting > 0, "nothing waits");
    tabs.look_at(1).await?;
    wait_for_pending(&page, |pending| pending == waiting).await?;
    page.go_to(SECTION).await?;
    page.press(&[Key::Control], Key::End).await?;
    page.keys("Från den andra.").await?;
    tabs.look_at(0).await?;
    let text = page.wait_for_text(SECTION, |text| text.contains("Från den andra.")).await?;
    ensure!(text.trim_end() == "Från den ena. Från den andra.", "{text:?}");
    // What another tab wrote is not this tab's to undo.
    page.go_to(SECTION).await?;
    page.press_times(&[Key::Control], 'z', ALL).await?;
    page.wait_for_text(SECTION, |text| text.trim_end() == "Från den andra.").await?;
    page.press_times(&[Key::Control], 'y', ALL).await?;
    page.wait_for_text(SECTION, |text| text.contains("Från den ena. ")).await?;
    tabs.look_at(1).await?;
    page.wait_for_text(SECTION, |text| text.contains("Från den ena. ")).await?;
    // The first closes once the device has all of it, before it could send anything.
    tabs.look_at(0).await?;
    page.driver().close_window().await?;
    tabs.look_at(1).await?;
    page.wait_for_text(SECTION, |text| text.contains("Från den ena. ")).await?;
    wire.heal();
    page.wait_for_status("saved").await?;
    let held = stage.api.text(&stage.malbild, SECTION).await?;
    ensure!(held.trim_end() == "Från den ena. Från den andra.", "{held:?}");
    page.expect_quiet_console().await
}

/// Has every database of the page fail in one way from its next load on.
async fn break_device(page: &Page, how: &str) -> Result<()> {
    let script = json!({"source": how});
    page.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", script).await?;
    Ok(())
}

async fn banner(page: &Page) -> Result<String> {
    let banner = page.visible(".banner").await?;
    Ok(banner.text().await?)
}

/// Whether the page would ask back before it is left.
async fn guards(page: &Page) -> Result<bool> {
    let script = "
        const leaving = new Event('beforeunload', { cancelable: true });
        dispatchEvent(leaving);
        return leaving.defaultPrevented";
    page.script(script, vec![]).await?.as_bool().context("no answer")
}

async fn writes_in_memory(how: &str, says: &str) -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    break_device(&page, how).await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    page.go_to(SECTION).await?;
    page.keys("Ett. ").await?;
    let said = banner(&page).await?;
    ensure!(said.contains(says), "the page says {said:?}");
    page.wait_for_status("saved").await?;
    ensure!(!guards(&page).await?, "nothing would be lost");
    wire.cut();
    page.wait_for_status("offline").await?;
    page.keys("Två.").await?;
    page.until("the status to say where the words are", async || {
        let said: Value = page.script("return document.querySelector('.sync').textContent", vec![]).await?;
        let is_said = said.as_str().is_some_and(|said| said.contains("bara på den här sidan"));
        Ok(Look::at(is_said, || said.to_string()))
    })
    .await?;
    ensure!(guards(&page).await?, "the words are only on this page, and it lets them go");
    wire.heal();
    page.wait_for_status("saved").await?;
    let held = stage.api.text(&stage.malbild, SECTION).await?;
    ensure!(held.trim_end() == "Ett. Två.", "{held:?}");
    page.expect_quiet_console().await
}

#[tokio::test]
async fn without_a_database_one_writes_in_memory_and_is_told() -> Result<()> {
    let how = "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('', 'SecurityError') } })";
    writes_in_memory(how, "låter inte sidan spara").await
}

#[tokio::test]
async fn with_a_full_device_one_writes_in_memory_and_is_told() -> Result<()> {
    let how = "IDBObjectStore.prototype.add = () => { throw new DOMException('', 'QuotaExceededError') }";
    writes_in_memory(how, "full").await
}

#[tokio::test]
async fn with_a_device_that_never_answers_one_writes_in_memory_and_is_told() -> Result<()> {
    let how = "IDBFactory.prototype.open = () => Object.create(IDBOpenDBRequest.prototype, {
        onsuccess: { writable: true }, onerror: { writable: true }, onupgradeneeded: { writable: true } })";
    writes_in_memory(how, "låter inte sidan spara").await
}

in_browsers!(what_is_removed_from_the_device_is_gone_from_it, remove, Chromium WebKit);
async fn remove(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    page.keys("Hemligt.").await?;
    page.wait_for_status("saved").await?;
    let databases = async || {
        let script =
            "const [done] = arguments; indexedDB.databases().then(all => done(all.map(one => one.name)))";
        Ok::<_, anyhow::Error>(page.driver().execute_async(script, vec![]).await?.json().clone())
    };
    ensure!(databases().await? == json!([format!("samsyn/{}", stage.malbild.id)]), "{}", databases().await?);
    page.choose("remove").await?;
    page.click("[data-action='remove-go']").await?;
    page.visible(".start-new").await?;
    ensure!(databases().await? == json!([]), "{}", databases().await?);
    page.expect_quiet_console().await
}

#[tokio::test]
async fn two_tabs_of_one_browser_are_one_participant_to_all_and_to_themselves() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Reader, Dialect::Samsyn).await?;
    peer.shake_hands().await?;
    // All three pages say who they are. Who hears that answers the server meanwhile, however long they take to open.
    let mut heard = BTreeSet::new();
    let opens = async {
        let bo = browsers.participant("Bo Björk", "Länsstyrelsen").await?;
        bo.enter(stage.malbild.link(Role::Editor)).await?;
        let anna = browsers.participant("Anna Ask", "Region Väst").await?;
        anna.enter(stage.malbild.link(Role::Editor)).await?;
        anyhow::Ok((bo, anna))
    };
    let ((bo, anna), ()) = tokio::try_join!(opens, hear_pages(&mut peer, &mut heard, 2))?;
    let address = anna.address().await?;
    let opens = Tabs::of(&anna, address.as_str());
    let (tabs, ()) = tokio::try_join!(opens, hear_pages(&mut peer, &mut heard, 3))?;
    for tab in [0, 1] {
        tabs.look_at(tab).await?;
        anna.wait_for_people(1).await?;
    }
    bo.wait_for_people(1).await?;
    // She is where she wrote last.
    for (tab, section) in [(0, SECTION), (1, "prioriteringar"), (0, "samordnade-budskap")] {
        tabs.look_at(tab).await?;
        anna.go_to(section).await?;
        anna.keys("ord").await?;
        bo.until(&format!("her caret in {section} alone"), async || {
            let found = bo
                .script(
                    "return [...document.querySelectorAll('[data-section]')].filter(it => it.querySelector('.caret'))
                        .map(it => it.dataset.section)",
                    vec![],
                )
                .await?;
            Ok(Look::at(found == serde_json::json!([section]), || found.to_string()))
        })
        .await?;
    }
    bo.wait_for_people(1).await
}

/// Hears until so many pages have said who they are.
async fn hear_pages(peer: &mut Peer, heard: &mut BTreeSet<u64>, pages: usize) -> Result<()> {
    while heard.len() < pages {
        let new = |entry: &PresenceEntry| entry.state != "null" && !heard.contains(&entry.client);
        let client = peer.wait_for_presence(new).await?.client;
        heard.insert(client);
    }
    Ok(())
}
