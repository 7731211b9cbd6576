//! A room: where everyone's edits of one Document meet, are ordered, kept and told. Pure: it is given events, the time and
//! a CPU clock, and says what must be done.
//!
//! It doesn't know sockets, tasks, the store or logs: whoever holds it performs its [`Effect`]s.

mod document;
#[cfg(test)]
mod hostile;
mod journal;
mod presence;
mod reaction;
mod size;
mod state;

pub use self::document::{Broken, DocumentError, Proven, RoomDocument, Unproven};
pub use self::journal::{ActTaken, JournalDamage, JournalPage, NotTaken, RoomJournal, Ticket};
pub use self::reaction::{Counters, Notice, Reaction};
pub use self::state::{Effect, Event, LogReading, Opened, RoomConfig, RoomState, UpkeepLimits, Urgency};
pub use crate::sync::server_session::Dialect;

/// What a room calls a connection: unique for the room's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);
