//! A wire between a browser and the server: it can be cut, or die without a word, delay what goes through it, be
//! narrow, lose some of it, and know better than to let WebSockets through. DevTools' own offline switch leaves an
//! open WebSocket running.

mod head;
mod pump;
mod weather;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::head::Head;
use self::pump::pump;
pub use self::weather::{Weather, WebSockets};

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A port of its own, in front of a server's.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: watch::Sender<State>,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

/// What it met so far.
#[derive(Debug, Default)]
struct Counts {
    taken: AtomicUsize,
    blocked: AtomicUsize,
}

/// All that can be said of a wire.
#[derive(Debug, Clone, Copy, PartialEq)]
struct State {
    condition: Condition,
    weather: Weather,
}

/// Whether a wire carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Passing,
    /// Every connection ends, and none is taken.
    Cut,
    /// Nothing passes, and no side is told; connections are taken, and lead nowhere.
    Mute,
    /// Every connection ends, and who asks for something is answered with a page of the network's own.
    Portal,
}

impl Proxy {
    /// Listens in front of the server at `HOST:PORT`, which may come and go.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn before(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = State { condition: Condition::Passing, weather: Weather::default() };
        let (state, watched) = watch::channel(state);
        let counts = Arc::default();
        let accepting = tokio::spawn(accept(listener, server.to_owned(), watched, Arc::clone(&counts)));
        Ok(Self { url, state, counts, accepting })
    }

    /// An address of the server's, through this wire.
    #[must_use]
    pub fn through(&self, address: &str) -> String {
        let path = address.splitn(4, '/').nth(3).unwrap_or_default();
        format!("{}/{path}", self.url)
    }

    /// Ends every connection, and takes none until it is healed.
    pub fn cut(&self) {
        self.be(Condition::Cut);
    }

    /// Lets nothing pass, and tells nobody: as a network that is gone without a word.
    pub fn mute(&self) {
        self.be(Condition::Mute);
    }

    /// Ends every connection, and answers in the server's place, as a network does that wants a stranger to log in.
    pub fn answer_for_the_server(&self) {
        self.be(Condition::Portal);
    }

    /// Takes connections again, and passes on what waits in those that were mute. The weather stays.
    pub fn heal(&self) {
        self.be(Condition::Passing);
    }

    /// Changes what the wire does to all that it carries from now on.
    pub fn weather(&self, weather: Weather) {
        self.state.send_modify(|state| state.weather = weather);
    }

    /// Changes what becomes of WebSockets that are asked for from now on.
    pub fn websockets(&self, websockets: WebSockets) {
        self.state.send_modify(|state| state.weather.websockets = websockets);
    }

    /// How many connections it has taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.counts.taken.load(Ordering::Relaxed)
    }

    /// How many WebSockets were asked for that it did not let through.
    #[must_use]
    pub fn blocked(&self) -> usize {
        self.counts.blocked.load(Ordering::Relaxed)
    }

    fn be(&self, condition: Condition) {
        self.state.send_modify(|state| state.condition = condition);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<State>, counts: Arc<Counts>) {
    while let Ok((browser, _)) = listener.accept().await {
        if state.borrow().condition != Condition::Cut {
            counts.taken.fetch_add(1, Ordering::Relaxed);
            if state.borrow().condition == Condition::Portal {
                tokio::spawn(greet(browser));
            } else {
                tokio::spawn(pass(browser, server.clone(), state.clone(), Arc::clone(&counts)));
            }
        }
    }
}

/// Passes bytes both ways until both sides have ended, or the wire is cut. An error is an end.
async fn pass(browser: TcpStream, server: String, state: watch::Receiver<State>, counts: Arc<Counts>) {
    let mut cut = state.clone();
    tokio::select! {
        _ = carry(browser, server, state, &counts) => {}
        _ = cut.wait_for(|state| matches!(state.condition, Condition::Cut | Condition::Portal)) => {}
    }
}

/// What a network says to strangers.
async fn greet(mut browser: TcpStream) -> Result<()> {
    Head::read(&mut browser).await?;
    let page = "<!doctype html><title>Logga in</title>";
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nConnection: close";
    browser.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len()).as_bytes()).await?;
    Ok(browser.shutdown().await?)
}

async fn carry(
    mut browser: TcpStream,
    server: String,
    state: watch::Receiver<State>,
    counts: &Counts,
) -> Result<()> {
    let upstream = TcpStream::connect(server).await?;
    // Nagle's delay is no part of the wire.
    browser.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    // A browser makes a connection of its own for a WebSocket: a look at the first request tells.
    let already = if state.borrow().weather.websockets == WebSockets::Pass {
        Bytes::new()
    } else {
        let head = Head::read(&mut browser).await?;
        let websockets = state.borrow().weather.websockets;
        if websockets != WebSockets::Pass && head.asks_for_websocket() {
            counts.blocked.fetch_add(1, Ordering::Relaxed);
        }
        match websockets {
            WebSockets::Strip if head.asks_for_websocket() => head.stripped(),
            other if other != WebSockets::Pass && head.asks_for_websocket() => {
                return block(other, &head, browser, upstream).await;
            }
            _ => head.whole(),
        }
    };
    let (from_browser, to_browser) = browser.into_split();
    let (from_server, to_server) = upstream.into_split();
    let up = pump(already, from_browser, to_server, state.clone());
    let down = pump(Bytes::new(), from_server, to_browser, state);
    tokio::try_join!(up, down).map(drop)
}

/// Does to a WebSocket what those do who let none through.
async fn block(how: WebSockets, head: &Head, mut browser: TcpStream, mut upstream: TcpStream) -> Result<()> {
    match how {
        WebSockets::Refuse(status) => {
            let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            browser.write_all(answer.as_bytes()).await?;
            return Ok(browser.shutdown().await?);
        }
        WebSockets::Swallow => {
            upstream.write_all(&head.whole()).await?;
            browser.write_all(&Head::read(&mut upstream).await?.head).await?;
        }
        _ => {}
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use tokio::io::AsyncReadExt;

    const ASKED: &str =
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\n";

    /// A wire before a server that says what it hears, and where to dial it.
    async fn before_an_echo() -> Result<(Proxy, String)> {
        let echo = TcpListener::bind("127.0.0.1:0").await?;
        let address = echo.local_addr()?.to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        let proxy = Proxy::before(&address).await?;
        let dial = proxy.url.trim_start_matches("http://").to_owned();
        Ok((proxy, dial))
    }

    #[tokio::test]
    async fn what_is_cut_ends_and_what_is_healed_passes() -> Result<()> {
        let (proxy, dial) = before_an_echo().await?;
        assert_eq!(proxy.through("http://x:1/m/a#b"), format!("{}/m/a#b", proxy.url));
        let mut heard = [0; 2];
        let mut first = TcpStream::connect(&dial).await?;
        first.write_all(b"hi").await?;
        first.read_exact(&mut heard).await?;
        proxy.cut();
        assert_eq!(first.read(&mut heard).await.unwrap_or(0), 0);
        let mut second = TcpStream::connect(&dial).await?;
        assert_eq!(second.read(&mut heard).await.unwrap_or(0), 0);
        proxy.heal();
        let mut third = TcpStream::connect(&dial).await?;
        third.write_all(b"ho").await?;
        third.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"ho");
        proxy.mute();
        third.write_all(b"hu").await?;
        let mut fourth = TcpStream::connect(&dial).await?;
        fourth.write_all(b"ha").await?;
        proxy.heal();
        third.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"hu");
        fourth.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"ha");
        Ok(())
    }

    #[tokio::test]
    async fn bad_weather_is_late_narrow_and_keeps_the_order() -> Result<()> {
        let (proxy, dial) = before_an_echo().await?;
        let ms = Duration::from_millis;
        proxy.weather(Weather { delay: ms(60), jitter: ms(20), ..Weather::default() });
        let mut stream = TcpStream::connect(&dial).await?;
        let (began, mut heard) = (Instant::now(), [0; 2]);
        stream.write_all(b"hi").await?;
        stream.read_exact(&mut heard).await?;
        assert!(began.elapsed() >= ms(120), "there and back");
        proxy.weather(Weather { rate: Some(100_000), lost: 0.1, ..Weather::default() });
        let said: Vec<u8> = (0..40_000_u32).map(|number| number as u8).collect();
        let (began, mut heard) = (Instant::now(), vec![0; said.len()]);
        let (mut read, mut write) = stream.split();
        tokio::try_join!(write.write_all(&said), read.read_exact(&mut heard))?;
        assert!(heard == said, "as it was said");
        assert!(began.elapsed() >= ms(200), "40 kB at 100 kB/s, without what was read at once");
        Ok(())
    }

    /// What a browser hears that asks for a WebSocket, until it is as long as what is wanted or ends.
    async fn hear(dial: &str, wanted: &[u8]) -> Result<String> {
        let mut stream = TcpStream::connect(dial).await?;
        stream.write_all(ASKED.as_bytes()).await?;
        let mut heard = Vec::new();
        while heard.len() < wanted.len() && stream.read_buf(&mut heard).await? > 0 {}
        Ok(String::from_utf8(heard)?)
    }

    #[tokio::test]
    async fn websockets_are_blocked_as_networks_do_and_nothing_else_is() -> Result<()> {
        let (proxy, dial) = before_an_echo().await?;
        proxy.websockets(WebSockets::Refuse(403));
        assert!(hear(&dial, &[0; 1000]).await?.starts_with("HTTP/1.1 403 "));
        proxy.websockets(WebSockets::Strip);
        let plain = "GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n\r\n";
        assert_eq!(hear(&dial, plain.as_bytes()).await?, plain);
        for silent in [WebSockets::Swallow, WebSockets::Ignore] {
            proxy.websockets(silent);
            let mut stream = TcpStream::connect(&dial).await?;
            stream.write_all(ASKED.as_bytes()).await?;
            let mut heard = vec![0; if silent == WebSockets::Swallow { ASKED.len() } else { 0 }];
            stream.read_exact(&mut heard).await?;
            stream.write_all(b"anybody?").await?;
            // Another connection's word goes through meanwhile, and this one's never does.
            let mut other = TcpStream::connect(&dial).await?;
            other.write_all(plain.as_bytes()).await?;
            let mut echoed = vec![0; plain.len()];
            other.read_exact(&mut echoed).await?;
            assert_eq!(echoed, plain.as_bytes());
            let more = stream.try_read(&mut [0; 10]).map_err(|error| error.kind());
            assert_eq!(more, Err(std::io::ErrorKind::WouldBlock), "{silent:?}");
        }
        proxy.websockets(WebSockets::Pass);
        assert_eq!(hear(&dial, ASKED.as_bytes()).await?, ASKED);
        Ok(())
    }
}
