//! `reopen`: opens a thread that was resolved.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight};
use crate::ThreadId;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{State, ThreadState};

/// Which thread is open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopen {
    /// The thread.
    pub thread: ThreadId,
}

impl ActKind for Reopen {
    const NAME: &'static str = "reopen";
    const SIGHT: Sight = Sight::Commenters;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.may_discuss()?;
        match asked.thread(&self.thread)?.state {
            ThreadState::Resolved => Ok(()),
            _ => Err(Declined::Closed),
        }
    }

    fn fold(self, state: &mut State, entry: &Entry, _: Signature) {
        state.set_thread(&self.thread, ThreadState::Open, entry.number);
    }
}
