//! A room: the live actor for one Document. It takes what happens from its inbox, lets
//! `state::RoomState` say what must be done, and does it: frames into outboxes, appends to the store.
//!
//! It doesn't know HTTP or who may join. Its inbox is bounded, so senders wait; so are its outboxes, and
//! one that is full closes its connection: an update is never dropped.

mod connection;
mod document;
mod gate;
mod outbox;
mod presence;
mod state;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::protocol::CloseCode;
use samsyn_shared::read_model::ReadModel;
use samsyn_shared::{Epoch, Role, Seq, Template, limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

pub use self::connection::{ConnectionId, Dialect};
use self::document::RoomDocument;
pub(crate) use self::outbox::frame;
pub use self::outbox::{OUTBOX_BYTES, Outbox, Outlet, Overfull, Pipe, framed};
use self::state::{Effect, Event, RoomState};
use crate::store::{DocumentId, Loaded, Storage, StoreError, Write};

/// Frames and requests that may wait for the room. When it is full, their senders wait, and the network
/// slows their clients.
const INBOX: usize = 256;
/// Bytes of frames that may wait for the room, all connections together, 32 MiB: twice the largest that is
/// read.
const INBOX_BYTES: usize = 4 * limits::MESSAGE_BYTES;
/// How long a room without connections stays loaded.
const IDLE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(1);
/// A log with this many updates since its snapshot gets a new one.
const LONG_LOG: u64 = 2000;
/// One that is left with fewer than this does not: loading them costs less than writing a snapshot.
const SHORT_LOG: u64 = 20;

/// The way to a room. Cloning it is cheap; the room ends itself when it is idle.
#[derive(Debug, Clone)]
pub struct RoomHandle {
    inbox: mpsc::Sender<Command>,
    /// A permit for each byte of [`INBOX_BYTES`].
    space: Arc<Semaphore>,
}

/// What a room is made from.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) id: DocumentId,
    pub(crate) epoch: Epoch,
    pub(crate) template: &'static Template,
    pub(crate) loaded: Loaded,
}

/// A connection's side of the room.
#[derive(Debug)]
pub struct Joined {
    /// What the room calls it.
    pub id: ConnectionId,
    /// What it is to be sent, in order, and why it must close.
    pub outlet: Outlet,
}

/// The room ended while it was asked; it may be opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the room has ended")]
pub struct Ended;

enum Command {
    Join { role: Role, dialect: Dialect, reply: oneshot::Sender<Joined> },
    Frame { connection: ConnectionId, frame: Bytes, space: OwnedSemaphorePermit },
    Leave { connection: ConnectionId },
    Read { reply: oneshot::Sender<ReadModel> },
    Drain { done: oneshot::Sender<()> },
}

impl RoomHandle {
    /// Starts a room over what was loaded.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it doesn't make a document: then there is no room.
    pub(crate) fn start(opening: Opening, storage: Storage) -> Result<Self, StoreError> {
        let Opening { id, epoch, template, loaded } = opening;
        let parts = loaded.snapshot.iter().chain(&loaded.updates);
        let client_id = samsyn_shared::ids::client_id(&mut rand::rng());
        let document = RoomDocument::build(parts, client_id).map_err(|broken| {
            tracing::error!(document = %id, %broken, "the room does not open");
            StoreError::Corrupt { document: id, at: loaded.last, what: broken.0 }
        })?;
        let (sender, inbox) = mpsc::channel(INBOX);
        let actor = Actor {
            id,
            template,
            storage,
            inbox,
            state: RoomState::new(document, epoch),
            outboxes: HashMap::new(),
            next_connection: 1,
            append: None,
            last: loaded.last,
            since_snapshot: loaded.updates.len() as u64,
            stopped: false,
        };
        tokio::spawn(actor.run());
        Ok(Self { inbox: sender, space: Arc::new(Semaphore::new(INBOX_BYTES)) })
    }

    /// Whether the room has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.inbox.is_closed()
    }

    /// Joins a connection. It receives from now on.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn join(&self, role: Role, dialect: Dialect) -> Result<Joined, Ended> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Join { role, dialect, reply }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// Hands over a frame from a connection; waits while the room is busy.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn frame(&self, connection: ConnectionId, frame: Bytes) -> Result<(), Ended> {
        let bytes = u32::try_from(frame.len().min(INBOX_BYTES)).expect("32 MiB");
        let space = Arc::clone(&self.space).acquire_many_owned(bytes).await.map_err(|_| Ended)?;
        self.ask(Command::Frame { connection, frame, space }).await
    }

    /// Says that a connection has ended.
    pub async fn leave(&self, connection: ConnectionId) {
        if self.ask(Command::Leave { connection }).await.is_err() {
            tracing::debug!("a connection outlived its room");
        }
    }

    /// What the målbild says now.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn read(&self) -> Result<ReadModel, Ended> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Read { reply }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// Takes nothing more, stores all that was accepted, closes every connection with 1001 and ends.
    pub async fn drain(&self) {
        let (done, answer) = oneshot::channel();
        if self.ask(Command::Drain { done }).await.is_ok() && answer.await.is_err() {
            tracing::error!("a room ended before it was drained");
        }
    }

    async fn ask(&self, command: Command) -> Result<(), Ended> {
        self.inbox.send(command).await.map_err(|_| Ended)
    }
}

type Append = Pin<Box<dyn Future<Output = Result<Vec<Option<Seq>>, StoreError>> + Send>>;

struct Actor {
    id: DocumentId,
    template: &'static Template,
    storage: Storage,
    inbox: mpsc::Receiver<Command>,
    state: RoomState,
    outboxes: HashMap<ConnectionId, Outbox>,
    next_connection: u64,
    append: Option<Append>,
    last: Seq,
    since_snapshot: u64,
    stopped: bool,
}

impl Actor {
    async fn run(mut self) {
        metrics::gauge!("samsyn_rooms_open").increment(1);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut idle_since = Instant::now();
        let mut draining = None;
        while !self.stopped {
            tokio::select! {
                outcome = in_flight(&mut self.append) => self.appended(outcome).await,
                command = self.inbox.recv(), if draining.is_none() => match command {
                    Some(Command::Drain { done }) => draining = Some(done),
                    Some(command) => self.command(command).await,
                    None => break,
                },
                _ = ticks.tick() => self.event(Event::Ticked).await,
            }
            if draining.is_some() && self.state.is_stored() {
                break;
            }
            if self.state.connections() > 0 || !self.state.is_stored() {
                idle_since = Instant::now();
            } else if idle_since.elapsed() >= IDLE {
                break;
            }
            if self.since_snapshot >= LONG_LOG && self.state.is_stored() {
                self.compact().await;
            }
        }
        // Whoever asks from here on finds the room ended and opens it anew: all is in the store.
        self.inbox.close();
        for connection in self.state.connection_ids() {
            self.close(connection, CloseCode::GoingAway);
        }
        if self.since_snapshot >= SHORT_LOG && !self.stopped {
            self.compact().await;
        }
        metrics::gauge!("samsyn_rooms_open").decrement(1);
        if let Some(done) = draining
            && done.send(()).is_err()
        {
            tracing::debug!("nobody waited for the room to drain");
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Join { role, dialect, reply } => self.join(role, dialect, reply).await,
            Command::Frame { connection, frame, space } => {
                self.event(Event::FrameReceived { connection, frame }).await;
                drop(space);
            }
            Command::Leave { connection } => {
                self.outboxes.remove(&connection);
                self.event(Event::Left { connection }).await;
            }
            Command::Read { reply } => match self.state.read_model(self.template) {
                Ok(model) => {
                    if reply.send(model).is_err() {
                        tracing::debug!("nobody waited for the read model");
                    }
                }
                Err(broken) => {
                    tracing::error!(document = %self.id, %broken, "the room's document is loaded anew");
                    self.reload().await;
                }
            },
            Command::Drain { .. } => unreachable!("the loop takes this command itself"),
        }
    }

    async fn join(&mut self, role: Role, dialect: Dialect, reply: oneshot::Sender<Joined>) {
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let (outbox, outlet) = Outbox::new();
        if reply.send(Joined { id, outlet }).is_err() {
            return;
        }
        self.outboxes.insert(id, outbox);
        self.event(Event::Joined { connection: id, role, dialect }).await;
    }

    async fn appended(&mut self, outcome: Result<Vec<Option<Seq>>, StoreError>) {
        self.append = None;
        match outcome {
            Ok(given) => {
                self.since_snapshot += given.len() as u64;
                self.last = given.into_iter().flatten().max().unwrap_or(self.last);
                self.event(Event::Appended).await;
            }
            Err(error) => {
                tracing::error!(document = %self.id, %error, "an append failed");
                self.event(Event::AppendFailed).await;
            }
        }
    }

    async fn event(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.state.handle(Instant::now().into_std(), event, &mut effects);
        self.perform(effects).await;
    }

    /// Does what the state asks for. Effects that follow from it are done in the same round.
    async fn perform(&mut self, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Send { to, frame } => self.send(to, &frame, &mut next),
                    Effect::Close { connection, code } => self.close(connection, code),
                    Effect::Append { updates } => self.append(updates),
                    Effect::Reload => {
                        if let Some(stored) = load_again(self.storage.clone(), self.id).await {
                            let client_id = samsyn_shared::ids::client_id(&mut rand::rng());
                            let reloaded = Event::Reloaded { stored, client_id };
                            self.state.handle(Instant::now().into_std(), reloaded, &mut next);
                        } else {
                            self.state.handle(Instant::now().into_std(), Event::AppendFailed, &mut next);
                        }
                    }
                    Effect::Stop => self.stopped = true,
                }
            }
            effects = next;
        }
    }

    async fn reload(&mut self) {
        self.perform(vec![Effect::Reload]).await;
    }

    fn send(&mut self, to: ConnectionId, frame: &[u8], next: &mut Vec<Effect>) {
        let Some(outbox) = self.outboxes.get(&to) else { return };
        metrics::counter!("samsyn_frames_sent_total").increment(1);
        if outbox.push(&framed(frame)).is_err() {
            tracing::info!(document = %self.id, connection = to.0, "a connection reads too slowly");
            metrics::counter!("samsyn_connections_closed_total", "reason" => "slow").increment(1);
            self.close(to, CloseCode::Slow);
            self.state.handle(Instant::now().into_std(), Event::Left { connection: to }, next);
        }
    }

    fn close(&mut self, connection: ConnectionId, code: CloseCode) {
        if let Some(outbox) = self.outboxes.remove(&connection) {
            outbox.close(code);
        }
    }

    fn append(&mut self, updates: Vec<Bytes>) {
        let document = self.id;
        let writes = updates.into_iter().map(|update| Write::Append { document, update }).collect();
        let storage = self.storage.clone();
        self.append = Some(Box::pin(async move { storage.commit(writes).await }));
    }

    /// Replaces the log by a snapshot. Only called when all that the snapshot holds is stored.
    async fn compact(&mut self) {
        let snapshot = match self.state.snapshot() {
            Ok(snapshot) => snapshot,
            Err(broken) => {
                tracing::error!(document = %self.id, %broken, "no snapshot was made; the log stays");
                self.since_snapshot = 0;
                return;
            }
        };
        let write = Write::Compact { document: self.id, snapshot, up_to: self.last };
        match self.storage.commit(vec![write]).await {
            Ok(_) => self.since_snapshot = 0,
            Err(error) => tracing::error!(document = %self.id, %error, "the log was not compacted"),
        }
    }
}

/// Snapshot and updates as the store holds them, `None` if it can't be read.
async fn load_again(storage: Storage, id: DocumentId) -> Option<Vec<Bytes>> {
    match tokio::task::spawn_blocking(move || storage.load(id)).await {
        Ok(Ok(Some(loaded))) => Some(loaded.snapshot.into_iter().chain(loaded.updates).collect()),
        Ok(Ok(None)) => None,
        Ok(Err(error)) => {
            tracing::error!(document = %id, %error, "the document does not load again");
            None
        }
        Err(error) => {
            tracing::error!(document = %id, %error, "loading was cut off");
            None
        }
    }
}

/// The append in flight; waits for ever while there is none.
async fn in_flight(append: &mut Option<Append>) -> Result<Vec<Option<Seq>>, StoreError> {
    match append {
        Some(append) => append.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
