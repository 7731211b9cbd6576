//! What this device keeps of a målbild: it opens without a network, with all that was written, also by another tab;
//! nothing is lost with the page; and where the device keeps nothing, the page says so.

use anyhow::{Context as _, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::proxy::Proxy;
use samsyn_tests::until::Look;
use serde_json::{Value, json};
use thirtyfour::WindowHandle;

use crate::stage::{Pair, Stage};

const SECTION: &str = "overgripande-beskrivning";

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
        pair.a.press(&[thirtyfour::Key::Control], thirtyfour::Key::End).await?;
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

#[tokio::test]
async fn a_page_that_is_loaded_anew_three_times_without_a_network_has_all_that_was_written() -> Result<()> {
    reload_offline_three_times(Kind::Chromium).await
}

#[tokio::test]
async fn a_page_that_is_loaded_anew_three_times_without_a_network_has_all_in_firefox_too() -> Result<()> {
    reload_offline_three_times(Kind::Firefox).await
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
        let second = page.driver().new_tab().await?;
        page.driver().switch_to_window(second.clone()).await?;
        page.enter(address).await?;
        Ok(Self { page, tabs: [first, second] })
    }

    async fn look_at(&self, tab: usize) -> Result<()> {
        Ok(self.page.driver().switch_to_window(self.tabs[tab].clone()).await?)
    }
}

#[tokio::test]
async fn two_tabs_see_each_others_edits_without_a_network_and_one_sends_what_the_other_left() -> Result<()> {
    let browsers = Browsers::start().await?;
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
    let waiting = wait_for_pending(&page, |pending| pending > 0).await?;
    tabs.look_at(1).await?;
    page.wait_for_text(SECTION, |text| text.contains("Från den ena. ")).await?;
    ensure!(wait_for_pending(&page, |pending| pending >= waiting).await? == waiting, "it counts the device");
    page.go_to(SECTION).await?;
    page.press(&[thirtyfour::Key::Control], thirtyfour::Key::End).await?;
    page.keys("Från den andra.").await?;
    tabs.look_at(0).await?;
    let text = page.wait_for_text(SECTION, |text| text.contains("Från den andra.")).await?;
    ensure!(text.trim_end() == "Från den ena. Från den andra.", "{text:?}");
    // What another tab wrote is not this tab's to undo.
    page.go_to(SECTION).await?;
    page.act("undo").await?;
    let text = page.wait_for_text(SECTION, |text| !text.contains("ena")).await?;
    ensure!(text.trim_end() == "Från den andra.", "{text:?}");
    page.act("redo").await?;
    page.wait_for_text(SECTION, |text| text.contains("Från den ena. ")).await?;
    // The first closes before it could send anything.
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

#[tokio::test]
async fn what_is_removed_from_the_device_is_gone_from_it() -> Result<()> {
    let browsers = Browsers::start().await?;
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
