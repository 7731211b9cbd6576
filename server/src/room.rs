//! A room: the live actor for one Document, as those outside see it.
//!
//! It doesn't know HTTP or who may join. What connections say is bounded and heard in turn, so senders wait, and
//! whoever sends most waits longest; outboxes are bounded, too, and one that is full closes its connection: an
//! update is never dropped.

mod actor;
mod gauges;
mod inbox;
mod outbox;
mod workshop;

use std::sync::Arc;

use bytes::Bytes;
use samsyn_shared::document::read_model::ReadModel;
use samsyn_shared::domain::limits;
use samsyn_shared::journal::{Asked, State};
use samsyn_shared::room::{
    ActTaken, ConnectionId, Dialect, JournalPage, NotTaken, RoomDocument, RoomJournal,
};
use samsyn_shared::{EntryNumber, Epoch, Role, SeatId, Template};
use tokio::sync::{mpsc, oneshot, watch};

use self::actor::Actor;
pub use self::gauges::{RoomGauges, RoomReading};
use self::inbox::Inbox;
pub use self::outbox::{Outbox, Outlet, Overfull, Pipe};
pub use self::workshop::{Workshop, cpu};
use crate::store::{DocumentId, Loaded, Storage, StoreError, Write};

/// The way to a room. Cloning it is cheap; the room ends itself when it is idle.
#[derive(Debug, Clone)]
pub struct RoomHandle {
    commands: mpsc::Sender<Command>,
    inbox: Arc<Inbox>,
    gauge: Arc<RoomGauges>,
    head: watch::Receiver<EntryNumber>,
}

/// What a room is made from.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) id: DocumentId,
    pub(crate) epoch: Epoch,
    /// The birth marks that its Document had before.
    pub(crate) past_epochs: Vec<Epoch>,
    pub(crate) template: &'static Template,
    pub(crate) loaded: Loaded,
    /// What is stored of its journal.
    pub(crate) journal: Loaded,
}

/// A connection's side of the room. The connection leaves when its outlet is dropped; what it said before is heard before.
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
    Join { seat: SeatId, role: Role, dialect: Dialect, reply: oneshot::Sender<Joined> },
    Ask { asked: Box<Asked>, beside: Vec<Write>, reply: oneshot::Sender<Result<ActTaken, NotTaken>> },
    ReadJournal { from: EntryNumber, reply: oneshot::Sender<JournalPage> },
    Look { look: Box<dyn FnOnce(&State) + Send> },
    ChangeRole { connection: ConnectionId, role: Option<Role> },
    Read { reply: oneshot::Sender<ReadModel> },
    Drain { done: oneshot::Sender<()> },
}

impl RoomHandle {
    /// Builds what was loaded, which may take its time, and starts a room over it, on the workshop's threads.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it doesn't make a document: then there is no room.
    pub(crate) fn start(opening: Opening, storage: Storage, workshop: &Workshop) -> Result<Self, StoreError> {
        let loaded = &opening.loaded;
        let client_id = samsyn_shared::domain::ids::client_id(&mut rand::rng());
        let began = workshop::cpu();
        let document = RoomDocument::build(loaded.parts(), client_id).map_err(|broken| {
            tracing::error!(document = %opening.id, %broken, "the room does not open");
            StoreError::Corrupt { document: opening.id, at: loaded.last, what: broken.0 }
        })?;
        let took = workshop::cpu().saturating_sub(began);
        let journal = RoomJournal::read(opening.journal.parts()).map_err(|damage| {
            let document = DocumentId::journal(opening.id.malbild);
            tracing::error!(%document, %damage, "the room does not open");
            let what = "its journal is not as it was entered";
            StoreError::Corrupt { document, at: opening.journal.last, what }
        })?;
        let (tell, head) = watch::channel(journal.stored());
        let (sender, commands) = mpsc::channel(limits::ROOM_INBOX);
        let (inbox, gauge) = (Arc::new(Inbox::new()), Arc::new(RoomGauges::default()));
        let inputs = actor::Inputs { commands, inbox: Arc::clone(&inbox) };
        let outputs = actor::Outputs { gauge: Arc::clone(&gauge), head: tell };
        Actor::start(opening, (document, took, journal), (inputs, outputs), (storage, workshop));
        Ok(Self { commands: sender, inbox, gauge, head })
    }

    /// How the room is doing.
    #[must_use]
    pub fn reading(&self) -> RoomReading {
        self.gauge.read()
    }

    /// Whether the room has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.commands.is_closed()
    }

    /// Joins a connection. It receives from now on.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn join(&self, (seat, role): (SeatId, Role), dialect: Dialect) -> Result<Joined, Ended> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Join { seat, role, dialect, reply }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// Hands over a frame from a connection; waits while too much of what it said waits.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn frame(&self, connection: ConnectionId, frame: Bytes) -> Result<(), Ended> {
        self.inbox.push(connection, frame).await.map_err(|inbox::Ended| Ended)
    }

    /// A connection may do something else from now on; `None` closes it.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn change_role(&self, connection: ConnectionId, role: Option<Role>) -> Result<(), Ended> {
        self.command(Command::ChangeRole { connection, role }).await
    }

    /// What the målbild says now.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn read(&self) -> Result<ReadModel, Ended> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Read { reply }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// Asks for an act. Where it is entered, `beside` becomes durable together with it.
    ///
    /// # Errors
    /// [`Ended`]: whether it was entered is not known, and who asks again under the same identifier is told.
    pub(crate) async fn ask(
        &self,
        asked: Asked,
        beside: Vec<Write>,
    ) -> Result<Result<ActTaken, NotTaken>, Ended> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Ask { asked: Box::new(asked), beside, reply }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// The journal from a number on, as far as it is on disk.
    ///
    /// # Errors
    /// [`Ended`].
    pub(crate) async fn journal(&self, from: EntryNumber) -> Result<JournalPage, Ended> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::ReadJournal { from, reply }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// What `look` sees in what the journal's entries make together.
    ///
    /// # Errors
    /// [`Ended`].
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&State) -> T + Send + 'static,
    ) -> Result<T, Ended> {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |state: &State| {
            if reply.send(look(state)).is_err() {
                tracing::debug!("nobody waited for what was looked at");
            }
        });
        self.command(Command::Look { look }).await?;
        answer.await.map_err(|_| Ended)
    }

    /// The number of the last entry on disk, and every change of it.
    pub(crate) fn head(&self) -> watch::Receiver<EntryNumber> {
        self.head.clone()
    }

    /// Hears what waits and takes nothing more, stores all that was accepted, closes every connection with 1001 and ends.
    pub async fn drain(&self) {
        let (done, answer) = oneshot::channel();
        if self.command(Command::Drain { done }).await.is_ok() && answer.await.is_err() {
            tracing::error!("a room ended before it was drained");
        }
    }

    async fn command(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).await.map_err(|_| Ended)
    }
}

/// A seat of a test with this role.
#[cfg(test)]
pub(crate) fn seated(role: Role) -> (SeatId, Role) {
    ("a-seat-of-a-test".parse().expect("it is 16 letters"), role)
}

#[cfg(test)]
mod tests;
