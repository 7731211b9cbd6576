//! What happens to a room, what must be done about it, and what is true of a room from its opening to its end. It
//! decides nothing.

use std::time::Duration;

use bytes::Bytes;

use crate::journal::{Asked, Stamp};
use crate::sync::protocol::{CloseCode, DiskHealth};
use crate::{Epoch, Role, SeatId, Seq, Template};

#[cfg(doc)]
use super::RoomState;
use crate::room::{
    ActTaken, Broken, ConnectionId, Dialect, NotTaken, Proven, Ticket, Unproven, UpkeepLimits,
};

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A connection was upgraded.
    Joined {
        /// What the room calls it.
        connection: ConnectionId,
        /// What it may do.
        role: Role,
        /// What it understands.
        dialect: Dialect,
        /// Whose it is.
        seat: SeatId,
    },
    /// Somebody asks for an act.
    ActAsked {
        /// What the answer is known by.
        ticket: Ticket,
        /// The act.
        asked: Box<Asked>,
        /// What its entry gets.
        stamp: Stamp,
    },
    /// What [`Effect::Enter`] or [`Effect::Rewrite`] asked for is on disk.
    Entered,
    /// A connection sent a binary frame.
    FrameReceived {
        /// Which.
        connection: ConnectionId,
        /// The frame's payload.
        frame: Bytes,
    },
    /// A connection may do something else from now on, or nothing any more.
    RoleChanged {
        /// Which.
        connection: ConnectionId,
        /// `None` closes it.
        role: Option<Role>,
    },
    /// A connection ended.
    Left {
        /// Which.
        connection: ConnectionId,
    },
    /// The append in flight is on disk.
    Appended {
        /// When it was begun, in milliseconds since 1970: all that was accepted by then is on disk.
        at: u64,
        /// The log position of the last of its updates.
        last: Seq,
    },
    /// The append in flight can't be stored, and no later one; or entries can't.
    AppendFailed,
    /// Whether the disk takes what is written.
    DiskChanged(DiskHealth),
    /// What the store holds, after [`Effect::Reload`].
    Reloaded {
        /// The snapshot and the updates after it.
        stored: Vec<Bytes>,
        /// A fresh client id for the document.
        client_id: u64,
    },
    /// The time that [`RoomState::wake_at`] said has come.
    Woke,
    /// It is this room's turn to do heavy work ([`RoomState::is_turn_due`]).
    Turn,
    /// What [`Effect::Prove`] asked for.
    Proven {
        /// What came of it; `None` if it was cut off.
        proven: Option<Result<Proven, Broken>>,
        /// CPU time that loading the snapshot took, on the server; `None` if it could not be measured.
        opening: Option<Duration>,
    },
    /// What [`Effect::Compact`] asked for was done, or could not be.
    Compacted {
        /// Whether the snapshot is in the store.
        is_stored: bool,
    },
    /// Time went by: about a second since the last of these, or less.
    Ticked,
    /// The room is to end: what is not made yet is not waited for. Said again after whatever happens, until it has ended.
    Draining {
        /// Whether all that connections said is heard.
        is_quiet: bool,
    },
}

/// What must be done, in this order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Send one message to all of these.
    Send {
        /// Who, in the order of their ids.
        to: Vec<ConnectionId>,
        /// The message, encoded once.
        message: Bytes,
    },
    /// Close a connection; no [`Event::Left`] follows.
    Close {
        /// Which.
        connection: ConnectionId,
        /// What to tell it.
        code: CloseCode,
    },
    /// Make these updates durable, in order; then say `Appended` or `AppendFailed`.
    Append {
        /// At least one.
        updates: Vec<Bytes>,
        /// Whether somebody hears of them only when they are on disk.
        urgency: Urgency,
    },
    /// Make these entries durable, together with what their tickets bring; then say `Entered` or `AppendFailed`.
    Enter {
        /// Whose acts they are.
        tickets: Vec<Ticket>,
        /// One a line.
        entries: Bytes,
    },
    /// Put this in the place of the whole journal, together with what the tickets bring; then say `Entered` or
    /// `AppendFailed`.
    Rewrite {
        /// Whose acts are new in it.
        tickets: Vec<Ticket>,
        /// All entries, one a line.
        whole: Bytes,
    },
    /// Tell whoever asked for an act what came of it.
    Answer {
        /// Who.
        ticket: Ticket,
        /// That.
        answer: Result<ActTaken, NotTaken>,
    },
    /// Read the Document from the store again; nothing else may happen before `Reloaded`.
    Reload,
    /// Load a snapshot as a room would ([`Unproven::prove`]), where that may take its time; then say `Proven`.
    Prove(Unproven),
    /// Put a snapshot in place of the log; then say `Compacted`.
    Compact {
        /// The Document.
        snapshot: Bytes,
        /// Up to which log position it holds the log.
        up_to: Seq,
    },
    /// The room has ended in order: nobody is in it, and nobody is heard any more. What it still asks for is done.
    End,
    /// The room can't go on. All its connections are closed already.
    Stop,
}

/// How urgent an append is: whether it may wait for the company of others in one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Commit at once.
    Now,
    /// It may wait for the next commit of a busy store, together with others.
    Batched,
}

/// What is true of a room from its opening to its end.
#[derive(Debug, Clone)]
pub struct RoomConfig {
    /// The birth mark of its Document.
    pub epoch: Epoch,
    /// The client ids that seeded earlier epochs: who names one has another history.
    pub past_epochs: Vec<Epoch>,
    /// What it was made from: which roots its Document may have.
    pub template: &'static Template,
    /// Bytes that the Document may take, encoded.
    pub document_bytes: usize,
    /// When it makes snapshots, and when it ends.
    pub upkeep: UpkeepLimits,
    /// CPU time that the calling thread has used since some moment.
    pub cpu: fn() -> Duration,
}
