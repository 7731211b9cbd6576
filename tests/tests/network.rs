//! The network between a page and the server goes, in every way that networks go, and comes back: the page
//! says so in time, whoever writes writes on, and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::browser::Browsers;
use samsyn_tests::peer::Dialect;
use samsyn_tests::proxy::{Proxy, Weather};
use samsyn_tests::until::Look;
use serde_json::json;

use crate::stage::{Pair, Stage};

const SECTION: &str = "overgripande-beskrivning";

/// As on a train, or behind a proxy that forgot the connection: no side is told.
#[tokio::test]
async fn a_link_that_died_without_a_word_is_noticed_and_what_was_written_meanwhile_arrives() -> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Före. ").await?;
    pair.agree_on(SECTION).await?;
    pair.wires[0].mute();
    let died = Instant::now();
    pair.a.keys("Under. ").await?;
    pair.a.wait_for_status("offline").await?;
    println!("a dead link was noticed after {:.1} s", died.elapsed().as_secs_f64());
    pair.a.keys("Efter.").await?;
    pair.b.go_to(SECTION).await?;
    pair.b.keys("Bo. ").await?;
    pair.wires[0].heal();
    let healed = Instant::now();
    let text = pair.agree_on(SECTION).await?;
    println!("in step again after {:.1} s", healed.elapsed().as_secs_f64());
    let is_whole = text.starts_with("Före. ") && text.contains("Under. Efter.") && text.contains("Bo. ");
    ensure!(is_whole && text.chars().count() == "Före. Under. Efter.Bo. ".chars().count(), "{text:?}");
    Ok(())
}

/// As on a phone in the woods: a whole document takes half a minute, in which nothing else is heard.
#[tokio::test]
async fn a_network_that_is_slow_is_not_taken_for_a_dead_one() -> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Före. ").await?;
    pair.agree_on(SECTION).await?;
    pair.wires[0].cut();
    pair.a.wait_for_status("offline").await?;
    let mut peer = pair.stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let line = format!("{}\n", "ord ".repeat(50));
    peer.insert("mal-for-hanteringen", 0, &line.repeat(1500)).await?;
    let connections = pair.wires[0].taken();
    pair.wires[0].weather(Weather { rate: Some(12_000), ..Weather::default() });
    pair.wires[0].heal();
    let healed = Instant::now();
    pair.a.keys("Under. ").await?;
    let text = pair.agree_on(SECTION).await?;
    println!("300 kB at 12 kB/s: in step again after {:.1} s", healed.elapsed().as_secs_f64());
    ensure!(healed.elapsed() > Duration::from_secs(15), "the wire was not slow: {:?}", healed.elapsed());
    // The browser may ask for a thing or two beside its one way to the server.
    let taken = pair.wires[0].taken() - connections;
    ensure!(taken <= 3, "it came back {taken} times");
    ensure!(text.trim_end() == "Före. Under.", "{text:?}");
    pair.expect_quiet_consoles().await
}

/// As on a train's network that wants one to log in: it answers, and is not the server.
#[tokio::test]
async fn a_network_that_answers_for_the_server_ends_nobodys_writing() -> Result<()> {
    let pair = Pair::meet().await?;
    pair.a.go_to(SECTION).await?;
    pair.a.keys("Före. ").await?;
    pair.agree_on(SECTION).await?;
    let taken = pair.wires[0].taken();
    pair.wires[0].answer_for_the_server();
    pair.a.wait_for_status("offline").await?;
    pair.a
        .until("the page to have asked again and again", async || {
            let asked = pair.wires[0].taken() - taken;
            Ok(Look::at(asked >= 6, || asked.to_string()))
        })
        .await?;
    pair.a.keys("Under.").await?;
    ensure!(pair.a.status().await?.as_deref() == Some("offline"), "it takes the network for the server");
    pair.wires[0].heal();
    let text = pair.agree_on(SECTION).await?;
    ensure!(text.trim_end() == "Före. Under.", "{text:?}");
    pair.expect_quiet_consoles().await
}

/// As over a mobile network at the edge of its cell: far away, narrow, and one piece in a hundred comes late.
#[tokio::test]
async fn over_a_bad_network_two_write_together_and_end_equal() -> Result<()> {
    let pair = Pair::meet().await?;
    let weather = Weather {
        delay: Duration::from_millis(150),
        jitter: Duration::from_millis(100),
        lost: 0.01,
        rate: Some(20_000),
        ..Weather::default()
    };
    pair.wires.iter().for_each(|wire| wire.weather(weather));
    for page in [&pair.a, &pair.b] {
        page.go_to(SECTION).await?;
    }
    for round in 0..5 {
        pair.a.keys(&format!("a{round} ")).await?;
        pair.b.keys(&format!("b{round} ")).await?;
        pair.wires[round % 2].cut();
        pair.a.keys("x").await?;
        pair.b.keys("y").await?;
        pair.wires[round % 2].heal();
    }
    let text = pair.agree_on(SECTION).await?;
    let counts = ["a", "b", "x", "y"].map(|word| text.matches(word).count());
    ensure!(counts == [5; 4], "{text:?}");
    pair.expect_quiet_consoles().await
}

/// Makes the page believe that the server knows a later schema than it does itself.
const NEWER: &str = "
    let base = WebSocket.prototype;
    while (!Object.hasOwn(base, 'onmessage')) base = Object.getPrototypeOf(base);
    const { set } = Object.getOwnPropertyDescriptor(base, 'onmessage');
    Object.defineProperty(base, 'onmessage', {
        set(heard) {
            set.call(this, heard && (event => {
                const bytes = new Uint8Array(event.data.slice(0));
                let at = 1;
                while (bytes[at++] >= 128);
                if (globalThis.isNewer && bytes[0] === 100) bytes[at + 2] = 99;
                heard.call(this, new MessageEvent('message', { data: bytes.buffer }));
            }));
        },
    });";

#[tokio::test]
async fn an_old_page_before_a_newer_server_is_read_only_and_loses_nothing() -> Result<()> {
    let browsers = Browsers::start().await?;
    let stage = Stage::set().await?;
    let wire = Proxy::before(stage.server.address()).await?;
    let page = browsers.participant("Anna Ask", "Region Väst").await?;
    page.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({"source": NEWER})).await?;
    page.enter(&wire.through(stage.malbild.link(Role::Editor))).await?;
    page.go_to(SECTION).await?;
    wire.cut();
    page.wait_for_status("offline").await?;
    page.keys("Osänt.").await?;
    page.script("globalThis.isNewer = true", vec![]).await?;
    wire.heal();
    page.wait_for_status("error").await?;
    let banner = page.visible(".banner").await?.text().await?;
    ensure!(banner.contains("måste laddas om") && banner.contains("finns kvar"), "{banner:?}");
    page.keys("Mer.").await?;
    ensure!(page.text(SECTION).await?.unwrap_or_default().trim_end() == "Osänt.", "it is not read-only");
    // Loaded anew it is the newer page.
    page.click(".banner button").await?;
    page.wait_for_status("saved").await?;
    ensure!(stage.api.text(&stage.malbild, SECTION).await?.trim_end() == "Osänt.");
    page.expect_quiet_console().await
}
