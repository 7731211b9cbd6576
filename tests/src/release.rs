//! A real server whose page becomes that of another release: what stands before it changes one file of the page, its
//! name wherever that stands, and the worker's version, as a build from other sources would. All else passes as it
//! is, WebSockets too.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the head of a request may be: more than any browser sends.
const HEAD: usize = 16 * 1024;

/// A server that is released anew.
#[derive(Debug)]
pub struct Release {
    address: String,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

/// Which release is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    First,
    /// The next one, whose page says so in `globalThis.release`.
    Next,
    /// The next one, from which somebody left the worker out.
    WithoutWorker,
}

/// The file that is another in the next release.
#[derive(Debug, Clone)]
struct Changed {
    old: String,
    new: String,
}

impl Release {
    /// Serves what the server at `HOST:PORT` serves.
    ///
    /// # Errors
    /// When there is no port, or the server's page does not name its scripts.
    pub async fn before(server: &str) -> Result<Self> {
        let html = reqwest::get(format!("http://{server}/")).await?.text().await?;
        let (_, from) = html.split_once("/surface-").context("the page names no surface")?;
        let (hash, _) = from.split_once('.').context("the name has an ending")?;
        let changed = Changed { old: hash.to_owned(), new: hash.chars().rev().collect() };
        ensure!(changed.old != changed.new, "a hash that reads the same from behind");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (state, watched) = watch::channel(State::First);
        let accepting = tokio::spawn(accept(listener, server.to_owned(), changed, watched));
        Ok(Self { address, state, accepting })
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on the next release is served.
    pub fn upgrade(&self) {
        self.state.send_replace(State::Next);
    }

    /// From now on the next release is served, without a worker.
    pub fn upgrade_without_worker(&self) {
        self.state.send_replace(State::WithoutWorker);
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: String, changed: Changed, state: watch::Receiver<State>) {
    while let Ok((browser, _)) = listener.accept().await {
        let (server, changed, state) = (server.clone(), changed.clone(), state.clone());
        // A connection that fails is the browser's to open again.
        tokio::spawn(async move { serve(browser, &server, &changed, &state).await.ok() });
    }
}

/// Answers one request, or passes on what comes after it, too. Each connection has one, unless it is a socket.
async fn serve(
    mut browser: TcpStream,
    server: &str,
    changed: &Changed,
    state: &watch::Receiver<State>,
) -> Result<()> {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        ensure!(read.len() < HEAD && browser.read_buf(&mut read).await? > 0, "no request");
    }
    let text = String::from_utf8_lossy(&read);
    let path = text.split(' ').nth(1).context("a request has a path")?.to_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or(server).to_owned();
    let release = *state.borrow();
    let is_page = path == "/" || ["/?", "/m/", "/worker.js", "/surface-"].iter().any(|p| path.starts_with(p));
    if release != State::First && is_page {
        let answer = answer(server, &path, &host, changed, release).await?;
        return Ok(browser.write_all(&answer).await?);
    }
    let mut upstream = TcpStream::connect(server).await?;
    // A connection that stays open would carry the next request past us. Some write it in small letters, some do not.
    let passed = String::from_utf8(read)?.replace("Connection: keep-alive", "Connection: close");
    let passed = passed.replace("Connection: Keep-Alive", "Connection: close");
    upstream.write_all(passed.as_bytes()).await?;
    copy_bidirectional(&mut browser, &mut upstream).await?;
    Ok(())
}

/// What the next release answers.
async fn answer(server: &str, path: &str, host: &str, changed: &Changed, release: State) -> Result<Vec<u8>> {
    let Changed { old, new } = changed;
    let is_gone = path.contains(old) || (release == State::WithoutWorker && path == "/worker.js");
    let asked = if is_gone { "/gone".to_owned() } else { path.replace(new, old) };
    let request = Client::new().get(format!("http://{server}{asked}")).header(header::HOST, host);
    let answer = request.send().await?;
    let mut head = format!("HTTP/1.1 {} \r\nConnection: close\r\n", answer.status().as_u16());
    for name in [header::CONTENT_TYPE, header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY] {
        if let Some(value) = answer.headers().get(&name) {
            head.push_str(&format!("{name}: {}\r\n", value.to_str()?));
        }
    }
    let mut body = answer.text().await?.replace(old, new);
    if path.starts_with("/surface-") {
        body.push_str(";globalThis.release = 'next'");
    }
    if let Some((_, version)) = body.clone().split_once("VERSION=\"").filter(|_| path == "/worker.js") {
        let (version, _) = version.split_once('"').context("a version ends")?;
        body = body.replace(version, &version.chars().rev().collect::<String>());
    }
    Ok(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}
