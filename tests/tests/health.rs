//! How a room is doing, as who leads the work sees it: who has everything, who was lost, what waits where.

use anyhow::{Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::Browsers;
use samsyn_tests::page::Page;
use samsyn_tests::peer::Dialect;
use samsyn_tests::proxy::Proxy;
use samsyn_tests::until::Look;

use crate::stage::{Stage, agree_on};

const SECTION: &str = "overgripande-beskrivning";

/// What the open panel says of the room, of those who are here and of those who were lost.
const TOLD: &str = "
    const words = selector => document.querySelector(selector)?.innerText ?? '';
    return ['[data-room]', '.panel > .people-list', '[data-absent]'].map(words)";

/// Waits until the panel says so.
async fn wait_for_told(page: &Page, what: &str, holds: impl Fn(&str, &str, &str) -> bool) -> Result<()> {
    page.until(what, async || {
        let told = page.script(TOLD, vec![]).await?;
        let [room, here, absent] = [0, 1, 2].map(|at| told[at].as_str().unwrap_or_default());
        Ok(Look::at(holds(room, here, absent), || told.to_string()))
    })
    .await
}

async fn open_people(page: &Page) -> Result<()> {
    page.click("[data-people]").await?;
    page.visible(".panel").await.map(drop)
}

#[tokio::test]
async fn who_leads_sees_who_was_lost_while_writing_and_that_they_are_back() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let (anna, bo, cia) = tokio::try_join!(
        browsers.participant("Anna Ask", "Region Väst"),
        browsers.participant("Bo Björk", "Länsstyrelsen"),
        browsers.participant("Cia Ceder", "Kommunen"),
    )?;
    let wire = Proxy::before(stage.server.address()).await?;
    let link = stage.malbild.link(Role::Editor);
    let through = wire.through(link);
    tokio::try_join!(anna.enter(&through), bo.enter(stage.malbild.link(Role::Owner)), cia.enter(link))?;
    open_people(&bo).await?;
    wait_for_told(&bo, "all to be in step", |room, here, absent| {
        room.contains("3 av 3 i fas")
            && here.contains("Anna Ask")
            && here.contains("Cia Ceder")
            && absent.is_empty()
    })
    .await?;

    // Whoever closes the page is gone; whose network goes is lost.
    cia.driver().goto("about:blank").await?;
    bo.wait_for_people(1).await?;
    anna.go_to(SECTION).await?;
    anna.keys("Före. ").await?;
    agree_on(&anna, &bo, &stage.api, &stage.malbild, SECTION).await?;
    anna.keys("Mitt i ").await?;
    wire.cut();
    anna.keys("ordet.").await?;
    anna.wait_for_status("offline").await?;
    bo.wait_for_people(0).await?;
    wait_for_told(&bo, "Anna to be lost", |room, _, absent| {
        let is_anna = absent.contains("Anna Ask") && absent.contains("Region Väst · frånkopplad sedan ");
        room.contains("1 av 1 i fas") && is_anna && !absent.contains("Cia")
    })
    .await?;

    wire.heal();
    anna.script("dispatchEvent(new Event('online'))", vec![]).await?;
    let text = agree_on(&anna, &bo, &stage.api, &stage.malbild, SECTION).await?;
    ensure!(text == "Före. Mitt i ordet.", "{text:?}");
    wait_for_told(&bo, "Anna to be back", |room, here, absent| {
        room.contains("2 av 2 i fas") && here.contains("Anna Ask") && absent.is_empty()
    })
    .await?;

    // It is for who leads.
    open_people(&anna).await?;
    wait_for_told(&anna, "nothing of the room", |room, here, _| room.is_empty() && here.contains("Bo Björk"))
        .await?;
    tokio::try_join!(anna.expect_quiet_console(), bo.expect_quiet_console())?;
    Ok(())
}

#[tokio::test]
async fn who_leads_sees_what_waits_on_whose_device_also_when_it_was_lost() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let bo = browsers.participant("Bo Björk", "Länsstyrelsen").await?;
    bo.enter(stage.malbild.link(Role::Owner)).await?;
    open_people(&bo).await?;
    let mut eva = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    eva.appear_with(3, ("Eva Jansson", "SOS Alarm"), SECTION, 0, 0).await?;
    wait_for_told(&bo, "what waits", |_, here, _| here.contains("3 ändringar väntar på enheten")).await?;
    drop(eva);
    wait_for_told(&bo, "what waited", |_, here, absent| {
        here.is_empty() && absent.contains("Eva Jansson") && absent.contains("hade 3 osparade ändringar")
    })
    .await?;
    bo.expect_quiet_console().await
}
