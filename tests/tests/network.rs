//! The network between a page and the server goes, in every way that networks go, and comes back: the page
//! says so in time, whoever writes writes on, and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use samsyn_shared::Role;
use samsyn_tests::peer::Dialect;
use samsyn_tests::proxy::Weather;

use crate::stage::Pair;

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
