//! Who gets in while others hold what they do not use: the real process and its descriptors.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use samsyn_shared::Role;
use samsyn_shared::sync::protocol::Message;
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::operator::samsyn;
use samsyn_tests::peer::{Dialect, Peer};
use samsyn_tests::server::Server;
use samsyn_tests::until::{Look, PATIENCE, until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For how long a door is seen to be shut.
const A_WHILE: Duration = Duration::from_secs(1);

/// Lets the server have so many descriptors from now on.
fn limit(server: &Server, descriptors: u64, most: u64) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(server.process()?)?).context("no process id")?;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(descriptors), maximum: Some(most) })?;
    Ok(())
}

/// How many it has.
fn open(server: &Server) -> Result<u64> {
    Ok(std::fs::read_dir(format!("/proc/{}/fd", server.process()?))?.count() as u64)
}

async fn half_lines(server: &Server, count: usize) -> Result<Vec<TcpStream>> {
    let mut half = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(server.address()).await?;
        stream.write_all(b"GET / HTT").await?;
        half.push(stream);
    }
    Ok(half)
}

async fn is_shown(api: &Api, malbild: &Malbild) -> Result<()> {
    let path = format!("/api/malbilder/{}", malbild.id);
    let shown = api.get(&path, Some(malbild.token(Role::Editor))).await?;
    ensure!(shown.status() == 200, "it is not shown");
    Ok(())
}

#[tokio::test]
async fn two_thousand_half_request_lines_keep_nobody_out_and_are_let_go() -> Result<()> {
    // As a service manager starts it: few descriptors, and more for the asking.
    let few = ["sh", "-c", "ulimit -Sn 256; exec \"$0\" \"$@\""].map(Into::into);
    let server = Server::start_under(&few).await?;
    let malbild = Api::of(&server)?.create("tom", "Storm").await?;
    let before = open(&server)?;
    let half = half_lines(&server, 2000).await?;
    for _ in 0..5 {
        // A client of its own has a connection of its own.
        is_shown(&Api::of(&server)?, &malbild).await?;
    }
    let held = open(&server)?;
    ensure!(
        held > before + 256,
        "they were let go before anybody asked: {held} descriptors, {before} before"
    );
    drop(half);
    until("all to be let go", async || {
        let open = open(&server)?;
        Ok(Look::at(open <= before + 2, || format!("{open} descriptors, {before} before")))
    })
    .await
}

#[tokio::test]
async fn without_descriptors_the_server_and_its_control_socket_wait_and_go_on() -> Result<()> {
    let mut server = Server::start().await?;
    let api = Api::of(&server)?;
    let malbild = api.create("tom", "Storm").await?;
    let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(1 << 20);
    // None of those that are free is below this.
    limit(&server, 3, most)?;
    let (data, to) = (server.data().to_owned(), tempfile::tempdir()?);
    let to = to.path().join("backup");
    let asked = to.to_str().context("a plain path")?.to_owned();
    let backup = tokio::spawn(async move { samsyn("backup", &data, &["--to", &asked]).await });
    let half = half_lines(&server, 20).await?;
    let shut_out = timeout(A_WHILE, is_shown(&Api::of(&server)?, &malbild)).await;
    limit(&server, most, most)?;
    ensure!(shut_out.is_err(), "there were descriptors left");
    is_shown(&Api::of(&server)?, &malbild).await?;
    let said = timeout(PATIENCE, backup).await.context("the backup is not answered")???;
    ensure!(said.status == 0, "{said:?}");
    drop(half);
    ensure!(server.terminate().await?.success());
    Ok(())
}

/// The most memory that the server ever had, in MB.
fn most_memory(server: &Server) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process()?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

/// Somebody who asks for all of a document over a WebSocket, in a masked frame, and reads nothing.
async fn asks_and_reads_nothing(server: &Server, malbild: &Malbild) -> Result<TcpStream> {
    let (id, token, address) = (&malbild.id, malbild.token(Role::Reader), server.address());
    let head = format!(
        "GET /sync/{id}/content?token={token} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    let step_1 = [&[0x82, 0x83, 0, 0, 0, 0][..], &[0, 0, 1, 0][..3]].concat();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&[head.as_bytes(), &step_1].concat()).await?;
    Ok(stream)
}

#[tokio::test]
async fn those_who_ask_for_all_and_read_nothing_share_it_and_who_reads_gets_it() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    let malbild = api.create("tom", "Storm").await?;
    let mut editor = Peer::join(&server, &malbild, malbild.token(Role::Editor), Dialect::Samsyn).await?;
    let saved = editor.insert("text", 0, &"b".repeat(4_000_000)).await?;
    editor.wait_for("saved", |message| (*message == Message::Saved(saved?)).then_some(())).await?;
    let before = most_memory(&server)?;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(asks_and_reads_nothing(&server, &malbild).await?);
    }
    let token = malbild.token(Role::Reader);
    for _ in 0..60 {
        let mut stream = TcpStream::connect(server.address()).await?;
        let head = format!(
            "GET /api/malbilder/{}/export?format=json HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
            malbild.id,
            server.address()
        );
        stream.write_all(head.as_bytes()).await?;
        silent.push(stream);
    }
    // Whoever reads is served while they wait, and what they write is saved.
    let mut reader = Peer::join(&server, &malbild, token, Dialect::Samsyn).await?;
    let saved = editor.insert("text", 0, "och nu ").await?;
    editor.wait_for("saved", |message| (*message == Message::Saved(saved?)).then_some(())).await?;
    reader.wait_for_text("text", |text| text.starts_with("och nu ")).await?;
    let most = most_memory(&server)?;
    println!("{before} MB before, at most {most} MB with {} who read nothing", silent.len());
    ensure!(most < 450, "{most} MB");
    Ok(())
}
