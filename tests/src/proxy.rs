//! A wire between a browser and the server that can be cut: what goes through it goes on to the server
//! as it is, until it is cut. DevTools' own offline switch leaves an open WebSocket running.

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A port of its own, in front of a server's.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    whole: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens in front of the server at `HOST:PORT`, which may come and go.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn before(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (whole, watched) = watch::channel(true);
        let accepting = tokio::spawn(accept(listener, server.to_owned(), watched));
        Ok(Self { url, whole, accepting })
    }

    /// An address of the server's, through this wire.
    #[must_use]
    pub fn through(&self, address: &str) -> String {
        let path = address.splitn(4, '/').nth(3).unwrap_or_default();
        format!("{}/{path}", self.url)
    }

    /// Ends every connection, and takes none until it is healed.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Takes connections again.
    pub fn heal(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: String, whole: watch::Receiver<bool>) {
    while let Ok((browser, _)) = listener.accept().await {
        if *whole.borrow() {
            tokio::spawn(pass(browser, server.clone(), whole.clone()));
        }
    }
}

/// Passes bytes both ways until either side ends or the wire is cut. An error is an end.
async fn pass(mut browser: TcpStream, server: String, mut whole: watch::Receiver<bool>) {
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    // Nagle's delay is no part of the wire.
    if browser.set_nodelay(true).and(upstream.set_nodelay(true)).is_err() {
        return;
    }
    tokio::select! {
        _ = copy_bidirectional(&mut browser, &mut upstream) => {}
        _ = whole.wait_for(|whole| !whole) => {}
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
        Ok(())
    }
}
