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
use samsyn_shared::room::{ConnectionId, Dialect, RoomDocument};
use samsyn_shared::{Epoch, Role, Template};
use tokio::sync::{mpsc, oneshot};

use self::actor::Actor;
pub use self::gauges::{RoomGauges, RoomReading};
use self::inbox::Inbox;
pub use self::outbox::{Outbox, Outlet, Overfull, Pipe};
pub use self::workshop::{Workshop, cpu};
use crate::store::{DocumentId, Loaded, Storage, StoreError};

/// The way to a room. Cloning it is cheap; the room ends itself when it is idle.
#[derive(Debug, Clone)]
pub struct RoomHandle {
    commands: mpsc::Sender<Command>,
    inbox: Arc<Inbox>,
    gauge: Arc<RoomGauges>,
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
    Join { role: Role, dialect: Dialect, reply: oneshot::Sender<Joined> },
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
        let (sender, commands) = mpsc::channel(limits::ROOM_INBOX);
        let (inbox, gauge) = (Arc::new(Inbox::new()), Arc::new(RoomGauges::default()));
        let inputs = actor::Inputs { commands, inbox: Arc::clone(&inbox) };
        Actor::start(opening, (document, took), (inputs, Arc::clone(&gauge)), (storage, workshop));
        Ok(Self { commands: sender, inbox, gauge })
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
    pub async fn join(&self, role: Role, dialect: Dialect) -> Result<Joined, Ended> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Join { role, dialect, reply }).await?;
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
        self.ask(Command::ChangeRole { connection, role }).await
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

    /// Hears what waits and takes nothing more, stores all that was accepted, closes every connection with 1001 and ends.
    pub async fn drain(&self) {
        let (done, answer) = oneshot::channel();
        if self.ask(Command::Drain { done }).await.is_ok() && answer.await.is_err() {
            tracing::error!("a room ended before it was drained");
        }
    }

    async fn ask(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).await.map_err(|_| Ended)
    }
}

#[cfg(test)]
mod tests;
