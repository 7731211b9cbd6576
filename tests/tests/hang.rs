//! A disk that does not answer for a while: the server says so at once, is ready again when the disk is, and can
//! be stopped meanwhile.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::Message;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::strace::why_not;
use samsyn_tests::until::{Look, until};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::stage::Stage;

const SECTION: &str = "mal-for-hanteringen";

/// Has every sync of the server's files wait for ten minutes before it is begun, until it is killed.
async fn hang(server: &Server) -> Result<Child> {
    let syncs = "fsync,fdatasync,sync_file_range";
    let mut strace = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", &format!("trace={syncs}")])
        .args(["-e", &format!("inject={syncs}:delay_enter=600s")])
        .args(["-p", &server.process()?.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = BufReader::new(strace.stderr.take().context("stderr is piped")?).lines();
    let attached = said.next_line().await?.context("strace ended")?;
    ensure!(attached.contains("attached"), "{attached}");
    // Held, so that what it says goes somewhere.
    tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
    Ok(strace)
}

async fn wait_until_ready(stage: &Stage, wanted: bool) -> Result<()> {
    until(&format!("readyz to be {wanted}"), async || {
        let ready = stage.api.get("/readyz", None).await?.status().is_success();
        ensure!(stage.api.get("/healthz", None).await?.status().is_success(), "the process lives");
        Ok(Look::at(ready == wanted, || (!wanted).to_string()))
    })
    .await
}

/// Waits until the server says a line with these words; gives all that it said until then.
async fn wait_for_line(server: &mut Server, words: &str) -> Result<Vec<String>> {
    let mut said = Vec::new();
    until(&format!("a line with {words:?}"), async || {
        said.extend(server.said());
        Ok(Look::at(said.iter().any(|line| line.contains(words)), || format!("{said:?}")))
    })
    .await?;
    Ok(said)
}

async fn wait_until_saved(peer: &mut Peer) -> Result<()> {
    let last = peer.last_number();
    peer.wait_for("saved", |message| {
        matches!(message, Message::Saved(number) if *number >= last).then_some(())
    })
    .await
}

#[tokio::test]
async fn a_disk_that_hangs_is_told_at_once_and_keeps_nobody_from_stopping_the_server() -> Result<()> {
    if let Some(why) = why_not().await {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let mut stage = Stage::set().await?;
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.insert(SECTION, 0, "innan ").await?;
    wait_until_saved(&mut peer).await?;

    let mut hanging = hang(&stage.server).await?;
    let begun = Instant::now();
    peer.insert(SECTION, 0, "under tiden ").await?;
    wait_until_ready(&stage, false).await?;
    ensure!(begun.elapsed() >= limits::COMMIT_HANGS, "called hanging after {:?}", begun.elapsed());
    let metrics = stage.api.get("/metrics", None).await?.text().await?;
    let under_way = metrics.lines().find_map(|line| line.strip_prefix("samsyn_commit_under_way_seconds "));
    ensure!(under_way.context("no such metric")?.parse::<f64>()? >= 5.0, "{under_way:?}");
    wait_for_line(&mut stage.server, "the disk does not answer").await?;
    hanging.kill().await?;
    wait_until_ready(&stage, true).await?;
    wait_for_line(&mut stage.server, "the disk answers again").await?;
    // Whoever said nothing all the while was closed.
    let mut peer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    peer.insert(SECTION, 0, "efteråt ").await?;
    wait_until_saved(&mut peer).await.context("the disk answers again")?;

    let mut hanging = hang(&stage.server).await?;
    peer.insert(SECTION, 0, "till sist ").await?;
    // It has come: it is shown to those who read.
    until("the word in the room", async || {
        let text = stage.api.text(&stage.malbild, SECTION).await?;
        Ok(Look::at(text.contains("till sist"), || text))
    })
    .await?;
    stage.server.signal_stop()?;
    let said = wait_for_line(&mut stage.server, "stop-unstored").await?;
    let line = said.iter().find(|line| line.contains("stopped without storing all"));
    ensure!(line.is_some_and(|line| line.contains("changes=1")), "{said:?}");
    ensure!(!said.iter().any(|line| line.contains("till sist")), "{said:?}");
    // strace lets nobody see the end of a process before it has let go of all its threads.
    hanging.kill().await?;
    let status = stage.server.stopped().await?;
    ensure!(status.code() == Some(1), "{status:?}");
    stage.server.restart().await?;
    let text = stage.api.text(&stage.malbild, SECTION).await?;
    ensure!(text.contains("innan") && text.contains("under tiden") && text.contains("efteråt"), "{text}");
    Ok(())
}
