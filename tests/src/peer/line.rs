//! What carries a client's bytes: a WebSocket, or events down and requests up. It doesn't know what is in a message.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Response, StatusCode};
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::stream::{
    CLOSE_EVENT, CONNECTION_EVENT, CONNECTION_HEADER, NUMBER_HEADER, pack,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::api::Malbild;
use crate::server::Server;
use crate::until::PATIENCE;

/// One connection.
#[derive(Debug)]
pub(super) enum Line {
    Socket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    Stream(Box<Stream>),
}

/// A connection over HTTP.
#[derive(Debug)]
pub(super) struct Stream {
    client: Client,
    address: String,
    token: String,
    secret: String,
    number: u64,
    posted_at: Instant,
    events: Response,
    held: String,
}

/// One thing that came.
pub(super) enum Came {
    Message(Bytes),
    /// The end, with its number if it had one.
    Closed(Option<u16>),
}

impl Line {
    pub(super) async fn send(&mut self, bytes: Bytes) -> Result<()> {
        match self {
            Self::Socket(socket) => Ok(socket.send(Frame::Binary(bytes)).await?),
            Self::Stream(stream) => stream.post(&[bytes]).await,
        }
    }

    pub(super) async fn send_text(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Socket(socket) => Ok(socket.send(Frame::text(text)).await?),
            Self::Stream(_) => bail!("there is no text over HTTP"),
        }
    }

    /// Waits for the answer to a ping. What else comes meanwhile is not heard.
    pub(super) async fn ping(&mut self) -> Result<()> {
        let Self::Socket(socket) = self else { bail!("there are no pings over HTTP") };
        socket.send(Frame::Ping(Bytes::from_static(b"?"))).await?;
        loop {
            match timeout(PATIENCE, socket.next()).await.context("no pong came")? {
                Some(Ok(Frame::Pong(_))) => return Ok(()),
                Some(Ok(_)) => {}
                ended => bail!("the socket ended: {ended:?}"),
            }
        }
    }

    /// Ends it as a browser does.
    pub(super) async fn leave(self) -> Result<()> {
        match self {
            Self::Socket(mut socket) => {
                let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                Ok(socket.as_mut().close(Some(frame)).await?)
            }
            Self::Stream(_) => Ok(()),
        }
    }

    pub(super) async fn hear(&mut self) -> Result<Came> {
        match self {
            Self::Socket(socket) => hear(socket).await,
            Self::Stream(stream) => stream.hear().await,
        }
    }
}

async fn hear(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Result<Came> {
    loop {
        match timeout(PATIENCE, socket.next()).await.context("nothing came")? {
            Some(Ok(Frame::Binary(bytes))) => return Ok(Came::Message(bytes)),
            Some(Ok(Frame::Text(text))) => bail!("a text frame came: {text}"),
            Some(Ok(Frame::Close(frame))) => {
                // The answer is queued by the library, and goes out with a flush. It may be too late.
                socket.flush().await.ok();
                return Ok(Came::Closed(frame.map(|frame| frame.code.into())));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Ok(Came::Closed(None)),
        }
    }
}

impl Stream {
    /// Opens one, and waits for its secret.
    pub(super) async fn open(server: &Server, malbild: &Malbild, token: &str) -> Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        let address = format!("{}/sync/{}/content/events", server.url(), malbild.id);
        let events = client.get(&address).bearer_auth(token).send().await?.error_for_status()?;
        let (token, secret, held) = (token.to_owned(), String::new(), String::new());
        let mut stream =
            Self { client, address, token, secret, number: 0, posted_at: Instant::now(), events, held };
        match stream.event().await? {
            Some((name, secret)) if name == CONNECTION_EVENT => stream.secret = secret,
            other => bail!("{other:?} came first"),
        }
        Ok(stream)
    }

    async fn post(&mut self, messages: &[Bytes]) -> Result<()> {
        self.number += 1;
        self.posted_at = Instant::now();
        let request = self.client.post(&self.address).bearer_auth(&self.token);
        let request = request.header(CONNECTION_HEADER, &self.secret).header(NUMBER_HEADER, self.number);
        let response = timeout(PATIENCE, request.body(pack(messages)).send()).await??;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(()),
            other => bail!("a request was answered with {other}: {}", response.text().await?),
        }
    }

    async fn hear(&mut self) -> Result<Came> {
        let event = self.event().await?;
        if self.posted_at.elapsed() >= limits::ANSWER_EVERY && event.is_some() {
            // As a page that is closed meanwhile: it learns that from what it hears.
            self.post(&[]).await.ok();
        }
        match event {
            Some((name, data)) if name == CLOSE_EVENT => {
                let last = data.lines().last().and_then(|line| line.split(' ').next());
                Ok(Came::Closed(last.and_then(|code| code.parse().ok())))
            }
            Some((_, data)) => Ok(Came::Message(STANDARD.decode(data)?.into())),
            None => Ok(Came::Closed(None)),
        }
    }

    /// The next event's name and data, or the end.
    async fn event(&mut self) -> Result<Option<(String, String)>> {
        loop {
            while let Some((event, rest)) = self.held.split_once("\n\n") {
                let (mut name, mut data) = (String::new(), Vec::new());
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("event", value)) => name = value.to_owned(),
                        Some(("data", value)) => data.push(value),
                        _ => {}
                    }
                }
                let data = data.join("\n");
                self.held = rest.to_owned();
                if !data.is_empty() {
                    return Ok(Some((name, data)));
                }
            }
            match timeout(PATIENCE, self.events.chunk()).await.context("nothing came")? {
                Ok(Some(chunk)) => self.held.push_str(std::str::from_utf8(&chunk)?),
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }
}
