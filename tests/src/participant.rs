//! A participant without a browser: the page's own `ClientSession` over a replica and a real socket, driven as the
//! page drives it, so that hundreds of them cost little. What they keep, they keep in memory.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use samsyn_shared::backoff::Backoff;
use samsyn_shared::client_session::{ClientSession, Effect, Event};
use samsyn_shared::delta::{Op, plain};
use samsyn_shared::fingerprint::Fingerprint;
use samsyn_shared::protocol::SUBPROTOCOL;
use samsyn_shared::{SyncStatus, document, ids, limits, schema};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{Doc, ReadTxn as _, StateVector, Transact as _, Update, WriteTxn as _};

use crate::api::Malbild;
use crate::server::Server;

/// One of them.
#[derive(Debug)]
pub struct Participant {
    address: String,
    doc: Doc,
    session: ClientSession,
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    backoff: Backoff,
    rng: SmallRng,
    /// Bytes of messages, sent and received, since this was asked last.
    carried: (usize, usize),
    /// When it was in step last.
    in_step: Option<Instant>,
}

impl Participant {
    /// One who has nothing and is connected to nothing yet.
    #[must_use]
    pub fn of(server: &Server, malbild: &Malbild, token: &str) -> Self {
        let mut rng = SmallRng::from_rng(&mut rand::rng());
        let address = format!("ws://{}/sync/{}/content?token={token}", server.address(), malbild.id);
        Self {
            address,
            doc: document::replica(ids::client_id(&mut rng)),
            session: ClientSession::default(),
            socket: None,
            backoff: Backoff::default(),
            rng,
            carried: (0, 0),
            in_step: None,
        }
    }

    /// Writes into a section, connected or not.
    ///
    /// # Errors
    /// When what it leads to cannot be done.
    pub async fn write(&mut self, section: &str, at: u32, words: &str) -> Result<()> {
        let update = {
            let mut txn = self.doc.try_transact_mut()?;
            let text = txn.get_or_insert_text(schema::section(section).as_str());
            document::change(&text, &mut txn, at, &[Op::insert(words)]);
            document::update_of(&txn).context("nothing was written")?
        };
        self.handle(Event::Edited(update.into())).await
    }

    /// Lives until this holds: connects when it is not connected, hears, answers, compares.
    ///
    /// # Errors
    /// When the session stops, or finds that it holds something else than the server.
    pub async fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) -> Result<()> {
        while !holds(self) {
            self.live().await?;
        }
        Ok(())
    }

    /// Is not connected any more.
    ///
    /// # Errors
    /// When what that leads to cannot be done.
    pub async fn leave(&mut self) -> Result<()> {
        self.socket = None;
        self.handle(Event::Closed).await
    }

    /// Has the room compared with what it holds.
    ///
    /// # Errors
    /// When what that leads to cannot be done.
    pub async fn compare(&mut self) -> Result<()> {
        self.handle(Event::Doubted).await
    }

    async fn live(&mut self) -> Result<()> {
        let Some(socket) = &mut self.socket else { return self.connect().await };
        match timeout(limits::DEAD_AFTER, socket.next()).await {
            Ok(Some(Ok(Frame::Binary(bytes)))) => {
                self.carried.1 += bytes.len();
                self.handle(Event::Received(bytes)).await
            }
            Ok(Some(Ok(Frame::Ping(_) | Frame::Pong(_)))) => Ok(()),
            Ok(_) | Err(_) => self.leave().await,
        }
    }

    async fn connect(&mut self) -> Result<()> {
        let mut request = self.address.as_str().into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        match timeout(Duration::from_secs(10), connect_async(request)).await {
            Ok(Ok((socket, _))) => {
                self.socket = Some(socket);
                let vector = self.doc.try_transact()?.state_vector().encode_v1().into();
                self.handle(Event::Opened { vector }).await
            }
            // As the page does; this is how long it rests, and nothing that a test waits for.
            Ok(Err(_)) | Err(_) => {
                let delay = self.backoff.next(&mut self.rng);
                timeout(delay, std::future::pending::<()>()).await.unwrap_or_default();
                Ok(())
            }
        }
    }

    async fn handle(&mut self, event: Event) -> Result<()> {
        let mut effects = Vec::new();
        self.session.handle(event, &mut effects);
        for effect in effects {
            Box::pin(self.perform(effect)).await?;
        }
        Ok(())
    }

    async fn perform(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::Transmit(bytes) => {
                let Some(socket) = &mut self.socket else { return Ok(()) };
                self.carried.0 += bytes.len();
                if socket.send(Frame::Binary(bytes)).await.is_err() {
                    return self.leave().await;
                }
            }
            Effect::Keep(number, _) => return self.handle(Event::Kept(number)).await,
            Effect::Integrate(update) => {
                self.doc.try_transact_mut()?.apply_update(Update::decode_v1(&update)?)?;
            }
            Effect::Offer { vector } => {
                let vector = StateVector::decode_v1(&vector)?;
                let difference = self.doc.try_transact()?.encode_diff_v1(&vector);
                return self.handle(Event::Offered(difference.into())).await;
            }
            Effect::InStep => {
                self.backoff.reset();
                self.in_step = Some(Instant::now());
            }
            Effect::Compare(held) => {
                let own = Fingerprint::of(&self.doc.try_transact()?);
                ensure!(own.agrees_with(&held), "it is in step with the server, and holds something else");
            }
            Effect::Saved(_) | Effect::ShowPresence(_) | Effect::AnnouncePresence => {}
            Effect::Stop(why) => bail!("the session stopped: {why:?}"),
            Effect::Reconnect => return self.leave().await,
        }
        Ok(())
    }

    /// What the status line would claim.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.session.status()
    }

    /// Whether all that was written here is on the server's disk, and all that the server had is here.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.status() == SyncStatus::Saved && self.session.pending() == 0
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
    /// When the replica is in use.
    pub fn text(&self, section: &str) -> Result<String> {
        let txn = self.doc.try_transact()?;
        let text = txn.get_text(schema::section(section).as_str()).context("no such section")?;
        Ok(plain(&document::read(&text, &txn)))
    }

    /// How long a section's text is, in UTF-16 code units.
    ///
    /// # Errors
    /// When the replica is in use.
    pub fn len(&self, section: &str) -> Result<u32> {
        let txn = self.doc.try_transact()?;
        Ok(txn.get_text(schema::section(section).as_str()).map_or(0, |text| yrs::Text::len(&text, &txn)))
    }

    /// All that the replica holds, as one update.
    ///
    /// # Errors
    /// When the replica is in use.
    pub fn whole(&self) -> Result<Bytes> {
        Ok(self.doc.try_transact()?.encode_diff_v1(&StateVector::default()).into())
    }
}
