//! The page opens without a network once it was open with one, and whoever reaches the server runs what the server
//! has. What a målbild's page then shows of its text is another matter.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::{Browsers, Kind};
use samsyn_tests::devtools::Devtools;
use samsyn_tests::page::Page;
use samsyn_tests::proxy::Proxy;
use samsyn_tests::release::Release;
use samsyn_tests::until::Look;
use serde_json::{Value, json};

use crate::stage::{Stage, in_browsers};

const SECTION: &str = "overgripande-beskrivning";

/// What the browser keeps of the page: for each version, the oldest first, the addresses in the order of their names.
const KEPT: &str = "
    const [done] = arguments;
    const paths = async name =>
        (await (await caches.open(name)).keys()).map(request => new URL(request.url).pathname).sort();
    caches.keys().then(names => Promise.all(names.map(paths))).then(done)";

async fn kept(page: &Page) -> Result<Vec<Value>> {
    let kept = page.driver().execute_async(KEPT, vec![]).await?.json().clone();
    Ok(kept.as_array().context("no list")?.clone())
}

/// Waits until so many versions are kept whole, and a worker is in charge of the page.
async fn wait_for_kept(page: &Page, versions: usize) -> Result<()> {
    page.until(&format!("{versions} versions to be kept"), async || {
        let kept = kept(page).await?;
        let whole = |paths: &Value| paths.as_array().is_some_and(|paths| paths.contains(&json!("/")));
        let in_charge = page.script("return !!navigator.serviceWorker.controller", vec![]).await?;
        let is_kept = kept.len() == versions && kept.iter().all(whole) && in_charge == json!(true);
        Ok(Look::at(is_kept, || format!("{kept:?}, in charge: {in_charge}")))
    })
    .await
}

/// Waits until the start page lists the målbild, and says whether the server answers it.
async fn wait_for_start_page(page: &Page, is_reached: bool) -> Result<()> {
    page.visible(".start-recent .recent-list a").await?;
    page.until("what the start page says of the server", async || {
        let script = "return document.querySelector('[data-unreached]')?.textContent.trim() ?? ''";
        let said = page.script(script, vec![]).await?;
        let is_said = said.as_str().is_some_and(|said| said.contains("nätverk"));
        Ok(Look::at(is_said != is_reached, || said.to_string()))
    })
    .await
}

/// The release that runs in the page.
async fn release(page: &Page) -> Result<Value> {
    page.visible("h1").await?;
    page.script("return globalThis.release ?? 'first'", vec![]).await
}

in_browsers!(the_page_opens_three_times_without_a_server, opens_three_times_without_a_server);
async fn opens_three_times_without_a_server(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let mut stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    wait_for_kept(&page, 1).await?;
    stage.server.kill9().await?;
    let (home, malbild) = (stage.server.url(), page.address().await?);
    for _ in 0..3 {
        page.open(&home).await?;
        wait_for_start_page(&page, false).await?;
        page.reload().await?;
        wait_for_start_page(&page, false).await?;
        page.driver().goto(malbild.as_str()).await?;
        page.visible("main h1").await?;
        ensure!(page.address().await? == malbild, "the address has become {}", page.address().await?);
    }
    stage.server.restart().await?;
    page.open(&home).await?;
    wait_for_start_page(&page, true).await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.expect_quiet_console().await
}

in_browsers!(over_a_network_that_says_nothing_the_page_comes_nevertheless, come_over_a_silent_network, Chromium WebKit);
/// As on a train: connections are taken, and nothing comes. A browser would wait for minutes.
async fn come_over_a_silent_network(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    wait_for_kept(&page, 1).await?;
    wire.mute();
    let asked = Instant::now();
    page.open(&wire.through(&stage.server.url())).await?;
    page.visible(".start-recent .recent-list a").await?;
    println!("the page came after {:.1} s", asked.elapsed().as_secs_f64());
    Ok(())
}

in_browsers!(all_of_the_page_is_kept_and_nothing_of_the_api, keep_the_page, Chromium WebKit);
async fn keep_the_page(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Owner))).await?;
    wait_for_kept(&page, 1).await?;
    page.reload().await?;
    page.wait_for_status("saved").await?;
    let worker = stage.api.get("/worker.js", None).await?.text().await?;
    let (_, told) = worker.split_once("FILES=").context("the worker is told of no files")?;
    let mut files: Vec<String> = serde_json::from_str(told.split(";\n").next().context("it ends")?)?;
    let html = stage.api.get("/", None).await?.text().await?;
    for named in html.split(['"', '\'']).filter(|part| part.starts_with('/') && part.contains('.')) {
        ensure!(files.iter().any(|file| file == named), "the page names {named}, and it is not kept");
    }
    for file in &files {
        let answer = stage.api.get(file, None).await?;
        let cache = answer.headers().get("cache-control").context("no cache-control")?.to_str()?;
        ensure!(answer.status() == 200 && cache.contains("immutable"), "{file}: {answer:?}");
    }
    files.push("/".to_owned());
    files.sort();
    let kept = kept(&page).await?;
    ensure!(kept == [json!(files)], "kept is {kept:?}, not {files:?}");
    wire.cut();
    let script = "
        const [id, file, done] = arguments;
        const paths = ['/healthz', '/metrics', '/worker.js', `/api/malbilder/${id}`,
            `/api/malbilder/${id}/export?format=md`, file];
        Promise.all(paths.map(path => fetch(path).then(answer => answer.status, () => 'nothing'))).then(done)";
    let arguments = vec![stage.malbild.id.to_string().into(), files[1].clone().into()];
    let answers = page.driver().execute_async(script, arguments).await?.json().clone();
    ensure!(answers == json!(["nothing", "nothing", "nothing", "nothing", "nothing", 200]), "{answers}");
    Ok(())
}

in_browsers!(whoever_reaches_the_server_runs_its_release_and_without_it_the_last_that_was_kept, run_the_servers_release, Chromium WebKit);
async fn run_the_servers_release(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let server = Release::before(stage.server.address()).await?;
    let wire = Proxy::before(server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    let home = wire.through(&stage.server.url());
    page.open(&home).await?;
    ensure!(release(&page).await? == "first");
    wait_for_kept(&page, 1).await?;
    let first: Value = kept(&page).await?.remove(0);
    let old_tab = page.driver().window().await?;

    // It was open without a network while the server became another.
    wire.cut();
    server.upgrade();
    page.reload().await?;
    ensure!(release(&page).await? == "first");
    wire.heal();
    let new_tab = page.driver().new_tab().await?;
    page.driver().switch_to_window(new_tab).await?;
    page.open(&home).await?;
    ensure!(release(&page).await? == "next", "who reaches the server runs the old release");
    wait_for_kept(&page, 2).await?;

    // Whoever had the old one open still gets all of it, though the server no longer has it.
    page.driver().switch_to_window(old_tab.clone()).await?;
    ensure!(page.script("return globalThis.release ?? 'first'", vec![]).await? == "first");
    let script = "
        const [paths, done] = arguments;
        Promise.all(paths.map(path => fetch(path).then(answer => answer.status))).then(done)";
    let answers = page.driver().execute_async(script, vec![first.clone()]).await?.json().clone();
    let all_there = answers.as_array().is_some_and(|all| all.iter().all(|status| status == 200));
    ensure!(all_there, "{first} is answered with {answers}");

    // Nobody who has seen the new one goes back to the old one, without a network either.
    wire.cut();
    page.reload().await?;
    ensure!(release(&page).await? == "next", "without a network the old release runs again");
    wire.heal();

    // Once no page of the old worker is open, what it kept is gone.
    page.driver().close_window().await?;
    let windows = page.driver().windows().await?;
    page.driver().switch_to_window(windows[0].clone()).await?;
    page.until("the older release to be removed", async || {
        // The browser notices a while after the last page has gone.
        page.driver().goto("about:blank").await?;
        page.open(&home).await?;
        let kept = kept(&page).await?;
        Ok(Look::at(kept.len() == 1, || format!("{kept:?}")))
    })
    .await?;
    ensure!(kept(&page).await? != [first], "the older release is the one that stayed");
    ensure!(release(&page).await? == "next");
    page.expect_quiet_console().await
}

in_browsers!(a_worker_that_is_gone_from_the_server_traps_nobody, lose_the_worker, Chromium WebKit);
async fn lose_the_worker(kind: Kind) -> Result<()> {
    let browsers = Browsers::of(kind).await?;
    let stage = Stage::set().await?;
    let server = Release::before(stage.server.address()).await?;
    let wire = Proxy::before(server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    wait_for_kept(&page, 1).await?;
    server.upgrade_without_worker();
    page.reload().await?;
    page.wait_for_status("saved").await?;
    ensure!(page.script("return globalThis.release", vec![]).await? == "next");
    page.expect_quiet_console().await
}

#[tokio::test]
async fn a_browser_without_workers_is_served_by_the_network_alone() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    let mut devtools = Devtools::of(&page).await?;
    devtools.call("Page.enable", json!({})).await?;
    let source = json!({"source": "delete Navigator.prototype.serviceWorker"});
    devtools.call("Page.addScriptToEvaluateOnNewDocument", source).await?;
    page.enter(stage.malbild.link(Role::Editor)).await?;
    page.go_to(SECTION).await?;
    page.keys("Utan arbetare.").await?;
    page.wait_for_status("saved").await?;
    page.until("a word in the console", async || {
        let console = page.console().await?;
        let said = console.iter().any(|entry| entry.message.contains("does not keep the page"));
        Ok(Look::at(said, || format!("{console:?}")))
    })
    .await?;
    page.reload().await?;
    page.wait_for_text(SECTION, |text| text == "Utan arbetare.").await?;
    page.expect_quiet_console().await
}

/// Rejections that nobody took.
const REJECTED: &str = "
    window.rejected = [];
    addEventListener('unhandledrejection', event => rejected.push(String(event.reason)))";

#[tokio::test]
async fn a_worker_that_could_not_be_asked_for_is_asked_for_again_once_the_server_is_reached() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let server = Release::before(stage.server.address()).await?;
    let wire = Proxy::before(server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    let mut devtools = Devtools::of(&page).await?;
    devtools.call("Page.enable", json!({})).await?;
    devtools.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": REJECTED})).await?;
    // The network drops as soon as the page is there.
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    wire.cut();
    page.until("a word in the console", async || {
        let console = page.console().await?;
        let said = console.iter().any(|entry| entry.message.contains("does not keep the page"));
        Ok(Look::at(said, || format!("{console:?}")))
    })
    .await?;
    wire.heal();
    wait_for_kept(&page, 1).await?;
    // Another release comes while the page is open and without a network; it is kept once the network is back.
    wire.cut();
    page.wait_for_status("offline").await?;
    server.upgrade();
    wire.heal();
    wait_for_kept(&page, 2).await?;
    ensure!(page.script("return rejected", vec![]).await? == json!([]));
    ensure!(
        page.script("return globalThis.release ?? 'first'", vec![]).await? == "first",
        "nobody reloads a page"
    );
    Ok(())
}

/// As when a network fails in the middle of a page: the program came, and what shows a text did not.
#[tokio::test]
async fn a_page_without_its_surface_says_that_it_is_not_all_there_and_comes_whole_when_asked_again()
-> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    let block = async |addresses: &[&str]| {
        page.driver().cdp().send_raw("Network.setBlockedURLs", json!({"urls": addresses})).await
    };
    page.driver().cdp().send_raw("Network.enable", json!({})).await?;
    block(&["*/surface-*"]).await?;
    page.open(stage.malbild.link(Role::Editor)).await?;
    let again = page.visible("main.notice button").await?;
    block(&[]).await?;
    again.click().await?;
    page.wait_for_status("saved").await?;
    page.go_to("overgripande-beskrivning").await?;
    page.keys("Nu går det.").await?;
    page.wait_for_status("saved").await
}

/// The same limit, which a test need not wait for: each that was asked for is a thirtieth.
const IMPATIENT: &str = "
    const { timeout } = AbortSignal;
    AbortSignal.timeout = limit => timeout.call(AbortSignal, limit / 30)";

/// A browser would wait for minutes, and the page would say that it opens.
#[tokio::test]
async fn a_request_that_is_never_answered_is_given_up_and_told() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    wait_for_kept(&page, 1).await?;
    let other = stage.api.create("tom", "Ett annat").await?;
    let script = json!({"source": IMPATIENT});
    page.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", script).await?;
    wire.mute();
    page.open(&wire.through(other.link(Role::Editor))).await?;
    page.visible("main.notice button").await?;
    wire.heal();
    page.wait_for_status("saved").await
}
