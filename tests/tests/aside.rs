//! What the server does not take, and what belongs to a history that was replaced, is set aside on the device: never
//! merged, shown, there to copy from, and gone when a person says so.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use samsyn_server::malbild::MalbildRecord;
use samsyn_server::malbild::birth::make;
use samsyn_server::store::{Storage, Table, Time, Write, engine};
use samsyn_shared::domain::ids;
use samsyn_shared::{Epoch, MalbildId, Role, Template};
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::page::Page;
use samsyn_tests::proxy::Proxy;
use samsyn_tests::until::Look;
use serde_json::{Value, json};

use crate::stage::{Stage, in_browsers};

const SECTION: &str = "overgripande-beskrivning";

/// Gives a målbild of a server that is stopped another history: the same id and the same links, its content made
/// anew.
async fn replace_history(data: &Path, id: MalbildId) -> Result<()> {
    let mut kept = Vec::new();
    {
        let before = engine::open(data)?;
        for table in [Table::Token, Table::Session] {
            for key in before.keys(table, "")? {
                let value = before.get(table, &key)?.context("it was listed")?;
                kept.push(Write::Put { table, key, value });
            }
        }
    }
    std::fs::remove_dir_all(data)?;
    std::fs::create_dir(data)?;
    let storage = Storage::start(engine::open(data)?);
    let template = Template::find("aktorsgemensam").context("known")?;
    let epoch = Epoch(ids::client_id(&mut rand::rng()));
    make(&storage, &MalbildRecord::new(id, template, epoch, Time(0)), "Importerad", kept).await?;
    storage.close().await;
    Ok(())
}

async fn banner(page: &Page, holds: &str) -> Result<()> {
    page.until(&format!("a banner that says {holds:?}"), async || {
        let said: Value =
            page.script("return document.querySelector('.banner')?.textContent", vec![]).await?;
        Ok(Look::at(said.as_str().is_some_and(|said| said.contains(holds)), || said.to_string()))
    })
    .await
}

/// Reads what was set aside, and removes it.
async fn read_aside(page: &Page) -> Result<String> {
    page.act("aside").await?;
    let panel = page.visible(".panel .aside").await?;
    let text = panel.text().await?;
    page.act("drop-aside").await?;
    page.act("drop-aside").await?;
    page.until("nothing to be set aside any more", async || {
        let left = page.script("return document.querySelectorAll('.banner, .aside').length", vec![]).await?;
        Ok(Look::at(left == json!(0), || left.to_string()))
    })
    .await?;
    Ok(text)
}

in_browsers!(a_history_that_was_replaced_is_not_merged_with_and_what_was_unsaved_is_kept_aside, replace, Chromium WebKit);
async fn replace(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let mut stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    page.keys("Sparat. ").await?;
    page.wait_for_status("saved").await?;
    stage.server.terminate().await?;
    page.wait_for_status("offline").await?;
    page.keys("Osparat.").await?;
    replace_history(stage.server.data(), stage.malbild.id.parse()?).await?;
    stage.server.restart().await?;
    page.wait_for_status("error").await?;
    banner(&page, "ersatts på servern").await?;
    ensure!(page.pending().await? > 0, "what was unsaved is counted until the page ends");
    ensure!(stage.api.text(&stage.malbild, SECTION).await?.trim().is_empty(), "two histories were mixed");
    page.reload().await?;
    page.wait_for_status("saved").await?;
    page.wait_for_text(SECTION, |text| text.trim().is_empty()).await?;
    banner(&page, "undanlagd text").await?;
    let aside = read_aside(&page).await?;
    ensure!(aside.contains("Sparat. Osparat."), "{aside:?}");
    page.go_to(SECTION).await?;
    page.keys("Nytt.").await?;
    page.wait_for_status("saved").await?;
    ensure!(stage.api.text(&stage.malbild, SECTION).await?.trim() == "Nytt.");
    page.reload().await?;
    page.wait_for_text(SECTION, |text| text.trim() == "Nytt.").await?;
    ensure!(page.script("return document.querySelectorAll('.banner').length", vec![]).await? == json!(0));
    page.expect_quiet_console().await
}

in_browsers!(whoever_may_no_longer_write_finds_what_was_refused_set_aside, refuse, Chromium WebKit);
async fn refuse(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    page.go_to(SECTION).await?;
    page.keys("Sparat. ").await?;
    page.wait_for_status("saved").await?;
    wire.cut();
    page.wait_for_status("offline").await?;
    page.keys("Osparat.").await?;
    // When the network is back the session is a reader's.
    page.driver().delete_all_cookies().await?;
    wire.heal();
    let link = wire.through(stage.malbild.link(Role::Reader));
    page.driver().goto("about:blank").await?;
    page.open(&link).await?;
    page.wait_for_status("error").await?;
    banner(&page, "tog inte emot").await?;
    page.reload().await?;
    page.wait_for_status("readonly").await?;
    page.wait_for_text(SECTION, |text| text.trim_end() == "Sparat.").await?;
    let aside = read_aside(&page).await?;
    ensure!(aside.contains("Sparat. Osparat."), "{aside:?}");
    page.expect_quiet_console().await
}

in_browsers!(whoever_lost_the_session_is_told_and_comes_back_with_the_link_and_all_that_was_written, lose_session, Chromium WebKit);
async fn lose_session(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    let link = wire.through(stage.malbild.link(Role::Editor));
    page.enter(&link).await?;
    wire.cut();
    page.wait_for_status("offline").await?;
    page.go_to(SECTION).await?;
    page.keys("Osparat.").await?;
    page.driver().delete_all_cookies().await?;
    wire.heal();
    page.wait_for_status("error").await?;
    banner(&page, "inte längre tillgång").await?;
    page.driver().goto("about:blank").await?;
    page.enter(&link).await?;
    ensure!(stage.api.text(&stage.malbild, SECTION).await?.trim_end() == "Osparat.");
    page.expect_quiet_console().await
}
