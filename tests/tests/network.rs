//! The network between a page and the server goes, in every way that networks go, and comes back: the page
//! says so in time, whoever writes writes on, and nothing is lost.

use std::time::Instant;

use anyhow::{Result, ensure};

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
