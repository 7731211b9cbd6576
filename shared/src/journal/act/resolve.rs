//! `resolve`: calls a thread done.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight};
use crate::ThreadId;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{State, ThreadState};

/// Which thread is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolve {
    /// The thread.
    pub thread: ThreadId,
}

impl ActKind for Resolve {
    const NAME: &'static str = "resolve";
    const SIGHT: Sight = Sight::Commenters;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.may_discuss()?;
        match asked.thread(&self.thread)?.state {
            ThreadState::Open => Ok(()),
            _ => Err(Declined::Closed),
        }
    }

    fn fold(self, state: &mut State, entry: &Entry, _: Signature) {
        state.set_thread(&self.thread, ThreadState::Resolved, entry.number);
    }
}
