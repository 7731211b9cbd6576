//! Many at once over HTTP, native: that they hear all that the others write, and that those who are gone or read
//! nothing cost nobody anything.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use samsyn_shared::Role;
use samsyn_shared::text::delta::Op;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::until::{Look, until};
use tokio::task::JoinSet;

use crate::stage::Stage;

const SECTION: &str = "overgripande-beskrivning";

/// Most of a crowd is behind a network that blocks WebSockets.
const BY_HTTP: usize = 40;
const BY_WEBSOCKET: usize = 4;
const WORDS: usize = 5;

async fn write_and_read(mut peer: Peer, name: usize) -> Result<String> {
    for word in 0..WORDS {
        peer.insert(SECTION, 0, &format!("<{name}.{word}>")).await?;
    }
    let all = (BY_HTTP + BY_WEBSOCKET) * WORDS;
    let text = peer.wait_for_text(SECTION, |text| text.matches('<').count() == all).await;
    text.with_context(|| format!("participant {name}"))
}

#[tokio::test]
async fn a_crowd_over_http_and_over_websockets_ends_with_one_text() -> Result<()> {
    let stage = Stage::set().await?;
    let token = stage.malbild.token(Role::Editor);
    let mut crowd = JoinSet::new();
    let mut peers = Vec::new();
    for number in 0..BY_HTTP + BY_WEBSOCKET {
        peers.push(match number < BY_HTTP {
            true => Peer::join_by_http(&stage.server, &stage.malbild, token).await?,
            false => stage.peer(Role::Editor, Dialect::Samsyn).await?,
        });
    }
    let began = Instant::now();
    for (name, peer) in peers.into_iter().enumerate() {
        crowd.spawn(write_and_read(peer, name));
    }
    let mut texts = Vec::new();
    while let Some(text) = crowd.join_next().await {
        texts.push(text??);
    }
    println!(
        "{BY_HTTP} over HTTP and {BY_WEBSOCKET} over WebSockets had all {} words of each other after {:.2} s; \
         the server took {:.0} MB at most",
        texts.len() * WORDS,
        began.elapsed().as_secs_f64(),
        stage.server.peak_memory()? as f64 / 1e6
    );
    ensure!(texts.iter().all(|text| *text == texts[0]), "they differ");
    ensure!(stage.api.text(&stage.malbild, SECTION).await? == texts[0], "the server holds something else");
    connections(&stage, 0).await
}

/// Waits until so many connections over HTTP are left.
async fn connections(stage: &Stage, wanted: usize) -> Result<()> {
    let wanted = format!("samsyn_connections_open{{transport=\"http\"}} {wanted}");
    until(&wanted, async || {
        let metrics = stage.api.get("/metrics", None).await?.text().await?;
        let told = metrics.lines().find(|line| line.contains("transport=\"http\"")).unwrap_or_default();
        Ok(Look::at(told == wanted, || told.to_owned()))
    })
    .await
}

#[tokio::test]
async fn who_reads_nothing_over_http_is_let_go_and_the_others_go_on() -> Result<()> {
    let stage = Stage::set().await?;
    let mut writer = stage.peer(Role::Editor, Dialect::Samsyn).await?;
    let token = stage.malbild.token(Role::Reader);
    let mut slow = Peer::join_by_http(&stage.server, &stage.malbild, token).await?;
    let mut other = Peer::join_by_http(&stage.server, &stage.malbild, token).await?;
    connections(&stage, 2).await?;
    // Each in the place of the one before, so that the document stays small.
    for round in 0..24_u8 {
        let letter = char::from(b'a' + round);
        let mut ops = vec![Op::insert(letter.to_string().repeat(1_000_000))];
        if round > 0 {
            ops.push(Op::delete(1_000_000));
        }
        writer.change(SECTION, 0, &ops).await?;
        other.wait_for_text(SECTION, |text| text.starts_with(letter)).await?;
    }
    connections(&stage, 1).await?;
    let code = slow.wait_for_close().await?;
    println!(
        "the slow one heard {code:?}; the server took {} MB at most",
        stage.server.peak_memory()? / 1_000_000
    );
    writer.insert(SECTION, 0, "Klart.").await?;
    other.wait_for_text(SECTION, |text| text.starts_with("Klart.")).await.map(drop)
}
