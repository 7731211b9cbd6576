//! Who gets in while others hold what they do not use: the real process and its descriptors.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use samsyn_shared::Role;
use samsyn_tests::api::{Api, Malbild};
use samsyn_tests::operator::samsyn;
use samsyn_tests::server::Server;
use samsyn_tests::until::{Look, PATIENCE, until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long somebody with a link may wait at a door where thousands stand.
const AT_ONCE: Duration = Duration::from_secs(1);

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
        let (api, asked) = (Api::of(&server)?, Instant::now());
        is_shown(&api, &malbild).await?;
        ensure!(asked.elapsed() < AT_ONCE, "it took {:?}", asked.elapsed());
    }
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
    let shut_out = timeout(AT_ONCE, is_shown(&Api::of(&server)?, &malbild)).await;
    limit(&server, most, most)?;
    ensure!(shut_out.is_err(), "there were descriptors left");
    is_shown(&Api::of(&server)?, &malbild).await?;
    let said = timeout(PATIENCE, backup).await.context("the backup is not answered")???;
    ensure!(said.status == 0, "{said:?}");
    drop(half);
    ensure!(server.terminate().await?.success());
    Ok(())
}
