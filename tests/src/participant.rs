//! A participant without a browser: the page's own peer over a real socket, so that hundreds of them cost little. What
//! they keep, they keep in memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use samsyn_shared::domain::{ids, limits};
use samsyn_shared::page::peer::{Access, Attempt, Beginning, Effect, Event, Peer};
use samsyn_shared::page::replica::{By, Replica};
use samsyn_shared::sync::device_log::StoredRecords;
use samsyn_shared::sync::protocol::SUBPROTOCOL;
use samsyn_shared::text::delta::{Op, plain};
use samsyn_shared::{SectionKey, SyncStatus, Template};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::api::Malbild;
use crate::server::Server;

/// One of them.
pub struct Participant {
    address: String,
    peer: Peer,
    effects: VecDeque<Effect>,
    began: Instant,
    attempt: Option<Attempt>,
    /// Whether a connection is to be opened for that attempt.
    is_connecting: bool,
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    /// Whether it stays away until it is to come back.
    is_away: bool,
    /// Bytes of messages, sent and received, since this was asked last.
    carried: (usize, usize),
    /// When it was in step last.
    in_step: Option<Instant>,
}

impl Participant {
    /// One who has nothing and is connected to nothing yet.
    ///
    /// # Errors
    /// When there is no such template.
    pub fn of(server: &Server, malbild: &Malbild, template: &str, token: &str) -> Result<Self> {
        let mut rng = SmallRng::from_rng(&mut rand::rng());
        let template = Template::find(template).context("no such template")?;
        let replica = Replica::new(template, ids::client_id(&mut rng), Arc::new(|| 1_000_000));
        let found = StoredRecords::default();
        let beginning = Beginning { has_device: false, epoch: None, found, has_token: false };
        Ok(Self {
            address: format!("ws://{}/sync/{}/content?token={token}", server.address(), malbild.id),
            peer: Peer::new(replica, beginning, rng),
            effects: VecDeque::new(),
            began: Instant::now(),
            attempt: None,
            is_connecting: false,
            socket: None,
            is_away: true,
            carried: (0, 0),
            in_step: None,
        })
    }

    /// Writes into a section, connected or not.
    ///
    /// # Errors
    /// When what it leads to cannot be done.
    pub async fn write(&mut self, section: &str, at: u32, words: &str) -> Result<()> {
        let edit = vec![Op::retain(at), Op::insert(words)];
        let edit = edit.into_iter().filter(|op| *op != Op::retain(0)).collect();
        let key = self.key(section)?;
        self.peer.replica().edit(vec![(key, edit)], By::View)?;
        for update in self.peer.replica().take_updates() {
            self.event(Event::Edited(update)).await?;
        }
        Ok(())
    }

    /// Lives until this holds: connects when it is not connected, hears, answers, compares.
    ///
    /// # Errors
    /// When syncing stops, or it finds that it holds something else than the server.
    pub async fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) -> Result<()> {
        if std::mem::take(&mut self.is_away) {
            self.event(if self.attempt.is_some() { Event::RetryAsked } else { Event::Started }).await?;
        }
        while !holds(self) {
            self.live().await?;
        }
        Ok(())
    }

    /// Is not connected any more, and does not come back by itself.
    ///
    /// # Errors
    /// When what that leads to cannot be done.
    pub async fn leave(&mut self) -> Result<()> {
        self.is_away = true;
        self.closed().await
    }

    /// Has the room compared with what it holds.
    ///
    /// # Errors
    /// When what that leads to cannot be done.
    pub async fn compare(&mut self) -> Result<()> {
        self.event(Event::Shown).await
    }

    async fn live(&mut self) -> Result<()> {
        if let Some(attempt) = self.attempt.filter(|_| self.is_connecting) {
            let event = self.connect(attempt).await?;
            self.is_connecting = false;
            return self.event(event).await;
        }
        let rest = self.peer.wake_in(self.began.elapsed()).unwrap_or(limits::LOOK_EVERY);
        let Some(socket) = &mut self.socket else {
            // As a page does between two attempts; this is how long it rests, and nothing that a test waits for.
            timeout(rest, std::future::pending::<()>()).await.unwrap_or_default();
            return self.event(Event::Woke).await;
        };
        match timeout(rest, socket.next()).await {
            Err(_) => self.event(Event::Woke).await,
            Ok(Some(Ok(Frame::Binary(bytes)))) => {
                self.carried.1 += bytes.len();
                match self.attempt {
                    Some(attempt) => self.event(Event::Received(attempt, bytes)).await,
                    None => Ok(()),
                }
            }
            Ok(Some(Ok(Frame::Ping(_) | Frame::Pong(_)))) => Ok(()),
            Ok(_) => self.closed().await,
        }
    }

    async fn closed(&mut self) -> Result<()> {
        self.socket = None;
        match self.attempt {
            Some(attempt) => self.event(Event::Closed(attempt, None)).await,
            None => Ok(()),
        }
    }

    async fn connect(&mut self, attempt: Attempt) -> Result<Event> {
        let mut request = self.address.as_str().into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        Ok(match timeout(Duration::from_secs(10), connect_async(request)).await {
            Ok(Ok((socket, _))) => {
                self.socket = Some(socket);
                Event::Opened(attempt)
            }
            Ok(Err(_)) | Err(_) => Event::Closed(attempt, None),
        })
    }

    /// Hands an event to the peer, and does what follows.
    async fn event(&mut self, event: Event) -> Result<()> {
        self.tell(event);
        while let Some(effect) = self.effects.pop_front() {
            if let Some(event) = self.perform(effect).await? {
                self.tell(event);
            }
        }
        Ok(())
    }

    fn tell(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.peer.handle(self.began.elapsed(), event, &mut effects);
        self.effects.extend(effects);
    }

    async fn perform(&mut self, effect: Effect) -> Result<Option<Event>> {
        match effect {
            // It has one transport. It connects when it lives on.
            Effect::Connect(attempt, _) => (self.attempt, self.is_connecting) = (Some(attempt), true),
            Effect::Disconnect => (self.socket, self.is_connecting) = (None, false),
            Effect::Transmit(bytes) => {
                let Some(socket) = &mut self.socket else { return Ok(None) };
                self.carried.0 += bytes.len();
                if socket.send(Frame::Binary(bytes)).await.is_err() {
                    self.socket = None;
                    return Ok(self.attempt.map(|attempt| Event::Closed(attempt, None)));
                }
            }
            Effect::AskForAccess => return Ok(Some(Event::AccessAnswered(Access::Unknown))),
            Effect::ShowReady => self.in_step = Some(Instant::now()),
            Effect::ShowStopped(why) => bail!("syncing stopped: {why:?}"),
            Effect::NoteParting => bail!("it is in step with the server, and holds something else"),
            _ => {}
        }
        Ok(None)
    }

    fn key(&self, section: &str) -> Result<SectionKey> {
        let mut sections = self.peer.held().template().sections.iter();
        sections.find(|known| known.key == *section).map(|known| known.key).context("no such section")
    }

    /// What the status line would claim.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.peer.status()
    }

    /// Whether all that was written here is on the server's disk, and all that the server had is here.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.status() == SyncStatus::Saved && self.peer.pending() == 0
    }

    /// When it came into step last.
    #[must_use]
    pub const fn in_step(&self) -> Option<Instant> {
        self.in_step
    }

    /// Bytes of messages that it sent and received since this was asked last.
    pub fn take_carried(&mut self) -> (usize, usize) {
        std::mem::take(&mut self.carried)
    }

    /// What stands in a section.
    ///
    /// # Errors
    /// When there is none.
    pub fn text(&self, section: &str) -> Result<String> {
        Ok(plain(&self.peer.held().read(self.key(section)?)?))
    }

    /// How long a section's text is, in UTF-16 code units.
    ///
    /// # Errors
    /// When there is none.
    pub fn len(&self, section: &str) -> Result<u32> {
        Ok(self.peer.held().len(self.key(section)?)?)
    }

    /// All that the replica holds, as one update.
    ///
    /// # Errors
    /// When something waits for what did not come.
    pub fn whole(&self) -> Result<Bytes> {
        self.peer.held().whole().context("something waits for what did not come")
    }
}
