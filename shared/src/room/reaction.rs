//! What a room does about an event: the effects to perform, in order, and what happened meanwhile that its operator may
//! want to count or to read. No content and no names.

use std::time::Duration;

use super::{Broken, ConnectionId, Effect};
use crate::document::scan::ScanError;
use crate::sync::protocol::CloseCode;

/// What a room does about one event, or about several of one moment.
#[derive(Debug)]
pub struct Reaction {
    /// When the events happened, as the time since any moment.
    pub now: Duration,
    /// What must be done, in this order.
    pub effects: Vec<Effect>,
    /// What connections cost, in CPU time, beside what handling the events takes.
    pub charges: Vec<(ConnectionId, Duration)>,
    /// What is counted.
    pub counters: Counters,
    /// What is remarkable, in the order in which it happened.
    pub notices: Vec<Notice>,
}

impl Reaction {
    /// No reaction yet, to what happens now.
    #[must_use]
    pub fn at(now: Duration) -> Self {
        Self {
            now,
            effects: Vec::new(),
            charges: Vec::new(),
            counters: Counters::default(),
            notices: Vec::new(),
        }
    }
}

/// How often something happened that happens often.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Updates that connections sent.
    pub received: u64,
    /// Updates that were told to connections: one to ten connections is ten.
    pub sent: u64,
    /// Updates of the room's own that are on disk.
    pub stored: u64,
    /// Snapshots that stand in place of a log.
    pub snapshots: u64,
}

/// Something that is not as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A connection is closed over a frame.
    FrameRejected {
        /// Which.
        connection: ConnectionId,
        /// What it is told.
        code: CloseCode,
        /// What was wrong with the frame.
        why: String,
    },
    /// A write is refused, and its connection stays.
    Refused {
        /// Whose.
        connection: ConnectionId,
        /// One of [`crate::sync::protocol::refusal`].
        code: &'static str,
        /// What was wrong with it, where the code does not say it.
        why: Option<&'static str>,
    },
    /// The document broke, and is loaded anew.
    Broke {
        /// Over whose frame, if that is known.
        over: Option<ConnectionId>,
        /// How.
        broken: Broken,
    },
    /// The document does not load again: the room ends.
    DoesNotLoad(Broken),
    /// An update took so long to apply that its connection is closed.
    TooCostly {
        /// Whose.
        connection: ConnectionId,
        /// CPU time.
        took: Duration,
    },
    /// What waited for something missing can't be applied now that it is here.
    NotFilled {
        /// Whose.
        connection: ConnectionId,
        /// Why.
        error: ScanError,
    },
    /// No snapshot was made; the log stays.
    NoSnapshot(Broken),
    /// The room's own correction can't be applied.
    NotHealed(ScanError),
}
