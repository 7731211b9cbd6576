//! A wire between a browser and the server that can be cut, or die without a word: what goes through it goes
//! on to the server as it is, until then. DevTools' own offline switch leaves an open WebSocket running.

use std::pin::pin;

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A port of its own, in front of a server's.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

/// What a wire does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Passing,
    /// Every connection ends, and none is taken.
    Cut,
    /// Nothing passes, and no side is told; connections are taken, and lead nowhere.
    Mute,
}

impl Proxy {
    /// Listens in front of the server at `HOST:PORT`, which may come and go.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn before(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (state, watched) = watch::channel(State::Passing);
        let accepting = tokio::spawn(accept(listener, server.to_owned(), watched));
        Ok(Self { url, state, accepting })
    }

    /// An address of the server's, through this wire.
    #[must_use]
    pub fn through(&self, address: &str) -> String {
        let path = address.splitn(4, '/').nth(3).unwrap_or_default();
        format!("{}/{path}", self.url)
    }

    /// Ends every connection, and takes none until it is healed.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing pass, and tells nobody: as a network that is gone without a word.
    pub fn mute(&self) {
        self.state.send_replace(State::Mute);
    }

    /// Takes connections again, and passes on what waits in those that were mute.
    pub fn heal(&self) {
        self.state.send_replace(State::Passing);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<State>) {
    while let Ok((browser, _)) = listener.accept().await {
        if *state.borrow() != State::Cut {
            tokio::spawn(pass(browser, server.clone(), state.clone()));
        }
    }
}

/// Passes bytes both ways until either side ends or the wire is cut. An error is an end.
async fn pass(mut browser: TcpStream, server: String, mut state: watch::Receiver<State>) {
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    // Nagle's delay is no part of the wire.
    if browser.set_nodelay(true).and(upstream.set_nodelay(true)).is_err() {
        return;
    }
    let mut copying = pin!(copy_bidirectional(&mut browser, &mut upstream));
    loop {
        let now = *state.borrow_and_update();
        if now == State::Cut {
            return;
        }
        tokio::select! {
            _ = &mut copying, if now == State::Passing => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_is_cut_ends_and_what_is_healed_passes() -> Result<()> {
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
        assert_eq!(proxy.through("http://x:1/m/a#b"), format!("{}/m/a#b", proxy.url));
        let dial = proxy.url.trim_start_matches("http://").to_owned();
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
}
