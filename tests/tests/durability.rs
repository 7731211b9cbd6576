//! What is said to be saved is on disk.

use anyhow::{Context, Result};
use samsyn_shared::sync::protocol::Message;
use samsyn_shared::{Role, WriteNumber};
use samsyn_tests::peer::{Dialect, Heard, Peer};

use crate::stage::Stage;

const SECTION: &str = "mal-for-hanteringen";

/// Writes distinct words, and answers with the number of each.
async fn write_words(peer: &mut Peer, count: usize) -> Result<Vec<(WriteNumber, String)>> {
    let mut words = Vec::new();
    for index in 0..count {
        let word = format!("<{index}>");
        words.push((peer.insert(SECTION, 0, &word).await?.context("no number")?, word));
    }
    Ok(words)
}

/// Checks that each word that was said to be saved is there.
fn expect_saved(words: &[(WriteNumber, String)], saved: WriteNumber, held: &str) {
    let lost: Vec<_> =
        words.iter().filter(|(number, word)| *number <= saved && !held.contains(word)).collect();
    assert!(lost.is_empty(), "saved up to {saved:?}, and lost: {lost:?}");
}

#[tokio::test]
async fn what_was_said_to_be_saved_survives_kill_9() -> Result<()> {
    let mut stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let before = peer.insert(SECTION, 0, "början").await?.context("no number")?;
    peer.wait_for("saved", |message| (message == &Message::Saved(before)).then_some(())).await?;
    let words = write_words(&mut peer, 200).await?;
    // Killed at the first word that at least half is saved, with the rest in the air.
    let half = words[100].0;
    let saved = peer
        .wait_for("half of it saved", |message| match message {
            Message::Saved(number) if *number >= half => Some(*number),
            _ => None,
        })
        .await?;
    stage.server.kill9().await?;
    stage.server.restart().await?;
    let fresh = stage.peer(Role::Reader, Dialect::Stock).await?;
    let (held, exported) = (fresh.text(SECTION)?, stage.api.text(&stage.malbild, SECTION).await?);
    assert_eq!(held, exported);
    expect_saved(&words, saved, &held);
    assert!(held.contains("början"));
    Ok(())
}

#[tokio::test]
async fn the_echo_of_a_stock_client_survives_kill_9() -> Result<()> {
    let mut stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Stock).await?;
    peer.insert(SECTION, 0, "kvitterat").await?;
    peer.wait_for("the echo", |message| matches!(message, Message::Update(_)).then_some(())).await?;
    stage.server.kill9().await?;
    stage.server.restart().await?;
    assert_eq!(stage.api.text(&stage.malbild, SECTION).await?, "kvitterat\n");
    Ok(())
}

#[tokio::test]
async fn a_malbild_that_was_made_survives_kill_9_at_once() -> Result<()> {
    let mut stage = Stage::with("exempel-vapnat-angrepp").await?;
    stage.server.kill9().await?;
    stage.server.restart().await?;
    let export = stage.api.export(&stage.malbild, "md").await?;
    assert!(export.contains("Storm över länet"), "{export}");
    Ok(())
}

#[tokio::test]
async fn sigterm_stores_all_that_is_pending_says_goodbye_and_ends_well() -> Result<()> {
    let mut stage = Stage::set().await?;
    let mut ours = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let mut stock = stage.peer(Role::Reader, Dialect::Stock).await?;
    let words = write_words(&mut ours, 100).await?;
    // The first is taken, so the room has begun on them.
    ours.wait_for("the first saved", |message| matches!(message, Message::Saved(_)).then_some(())).await?;
    stage.server.signal_stop()?;
    let mut saved = WriteNumber::default();
    let code = loop {
        match ours.hear().await? {
            Heard::Message(Message::Saved(number)) => saved = saved.max(number),
            Heard::Message(_) => {}
            Heard::Closed(code) => break code,
        }
    };
    assert_eq!(code, Some(1001));
    assert_eq!(stock.wait_for_close().await?, Some(1001));
    let status = stage.server.stopped().await?;
    assert!(status.success(), "{status}");
    stage.server.restart().await?;
    let held = stage.api.text(&stage.malbild, SECTION).await?;
    expect_saved(&words, saved, &held);
    Ok(())
}

#[tokio::test]
async fn a_server_that_nobody_uses_stops_at_once() -> Result<()> {
    let mut stage = Stage::set().await?;
    let status = stage.server.terminate().await?;
    assert!(status.success(), "{status}");
    Ok(())
}

#[tokio::test]
async fn a_client_that_comes_back_brings_what_the_server_lost() -> Result<()> {
    let mut stage = Stage::set().await?;
    let mut stock = stage.peer(Role::Editor, Dialect::Stock).await?;
    stage.server.kill9().await?;
    // Written while there is no server.
    stock.change_unsent(SECTION, 0, &[samsyn_shared::text::delta::Op::insert("under avbrottet")])?;
    stage.server.restart().await?;
    let token = stage.malbild.token(Role::Editor);
    stock.reconnect(&stage.server, &stage.malbild, token).await?;
    let mut reader = stage.peer(Role::Reader, Dialect::Stock).await?;
    reader.wait_for_text(SECTION, |text| text == "under avbrottet\n").await?;
    Ok(())
}
