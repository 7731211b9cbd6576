//! What the kernel was asked for, and in which order: `Saved` is said when the data file was synced.

use anyhow::{Context, Result, bail, ensure};
use samsyn_shared::sync::protocol::Message;
use samsyn_shared::{Role, WriteNumber};
use samsyn_tests::api::Api;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::strace::{Connection, Trace, before_command, why_not};
use samsyn_tests::until::{Look, until};
use tempfile::TempDir;

use crate::stage::Stage;

const SECTION: &str = "mal-for-hanteringen";
/// The file that all is appended to, in the data directory.
const DATA_FILE: &str = "sled/db";
const WRITERS: u64 = 3;
const WORDS: u64 = 40;
/// Each writer's numbers begin at a multiple of this, so that a `Saved` tells whose it is.
const APART: u64 = 1000;

/// A writer's word with this number. It is in the update, and so in the append, as it stands.
fn word(number: u64) -> String {
    format!("<ord {number}>")
}

/// Types all words of a writer with a few of them on their way at once, and listens until all are saved.
async fn type_all(peer: &mut Peer) -> Result<()> {
    let first = peer.last_number().0 + 1;
    let mut saved = 0;
    for number in first..first + WORDS {
        peer.insert(SECTION, 0, &word(number)).await?;
        // Three singly, so that each has a commit of its own; then three together.
        if number % 6 < 4 {
            saved = wait_for_saved(peer, number).await?;
        }
    }
    if saved < first + WORDS - 1 {
        wait_for_saved(peer, first + WORDS - 1).await?;
    }
    Ok(())
}

async fn wait_for_saved(peer: &mut Peer, at_least: u64) -> Result<u64> {
    peer.wait_for("saved", |message| match message {
        Message::Saved(WriteNumber(number)) if *number >= at_least => Some(*number),
        _ => None,
    })
    .await
}

/// Where an update was on disk: the line on which the first sync ended that began after its append.
fn durable_at(trace: &Trace, number: u64) -> Result<usize> {
    let append = trace.written(DATA_FILE, word(number).as_bytes());
    let append = append.with_context(|| format!("{} was never written to {DATA_FILE}", word(number)))?;
    let sync = trace.synced(DATA_FILE, append);
    Ok(sync.with_context(|| format!("{} was written and never synced", word(number)))?.ended)
}

/// Checks each `Saved` that one of ours was told; answers with how many there were.
fn check_saved(trace: &Trace, connection: &Connection) -> Result<usize> {
    let mut checked = 0;
    for frame in &connection.frames {
        // A newer server may say what this test does not know.
        let Ok(Message::Saved(WriteNumber(saved))) = Message::decode(frame.payload.clone().into()) else {
            continue;
        };
        let first = saved / APART * APART + 1;
        // What came before the first word is the answer to the handshake.
        for number in first + 1..=saved {
            let durable = durable_at(trace, number)?;
            ensure!(
                durable < frame.begun,
                "Saved({saved}) begins on line {}, and write {number} is on disk on line {}",
                frame.begun + 1,
                durable + 1
            );
        }
        checked += 1;
    }
    Ok(checked)
}

/// Checks each word that a stock client was sent; answers with how many there were.
fn check_stock(trace: &Trace, connection: &Connection, numbers: &[u64]) -> Result<usize> {
    let mut checked = 0;
    for frame in &connection.frames {
        let payload = String::from_utf8_lossy(&frame.payload);
        for number in numbers.iter().filter(|number| payload.contains(&word(**number))) {
            let durable = durable_at(trace, *number)?;
            ensure!(durable < frame.begun, "a stock client was sent write {number} before it was on disk");
            checked += 1;
        }
    }
    Ok(checked)
}

#[tokio::test]
async fn an_fsync_of_the_data_file_lies_between_an_append_and_its_saved() -> Result<()> {
    if let Some(why) = why_not().await {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let folder = TempDir::new()?;
    let file = folder.path().join("trace");
    let server = Server::start_under(&before_command(&file)).await?;
    let api = Api::of(&server)?;
    let malbild = api.create("aktorsgemensam", "Storm över länet").await?;
    let mut stage = Stage { api, malbild, server };
    let process = stage.server.process()?;

    let mut stock = stage.peer(Role::Reader, Dialect::Stock).await?;
    let mut peers = Vec::new();
    for index in 1..=WRITERS {
        let mut peer = stage.peer_numbering_after(index * APART).await?;
        wait_for_saved(&mut peer, index * APART + 1).await?;
        peers.push(peer);
    }
    let numbers: Vec<u64> = peers.iter().flat_map(|p| (1..=WORDS).map(|n| p.last_number().0 + n)).collect();
    futures_util::future::try_join_all(peers.iter_mut().map(type_all)).await?;
    stock.wait_for_text(SECTION, |text| numbers.iter().all(|number| text.contains(&word(*number)))).await?;
    stage.server.kill9().await?;

    let text = until("the end of the trace", async || {
        let text = std::fs::read_to_string(&file)?;
        Ok(if Trace::is_whole(&text, process) { Look::Yes(text) } else { Look::NotYet("no end".into()) })
    })
    .await?;
    let trace = Trace::read(&text)?;
    let (mut saved, mut sent) = (0, 0);
    for connection in trace.connections()? {
        match connection.own {
            true => saved += check_saved(&trace, &connection)?,
            false => sent += check_stock(&trace, &connection, &numbers)?,
        }
    }
    eprintln!("{saved} times Saved and {sent} words to a stock client, each after its fsync");
    // A trace in which nothing was found proves nothing.
    let words = usize::try_from(WRITERS * WORDS)?;
    if saved < words / 4 || sent < words {
        bail!("the trace shows {saved} times Saved, and {sent} of {words} words to a stock client");
    }
    Ok(())
}
