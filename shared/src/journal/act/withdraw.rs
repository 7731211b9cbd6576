//! `withdraw`: takes one's own thread back. It stays in the record.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight};
use crate::ThreadId;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{State, ThreadState};

/// Which thread is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdraw {
    /// The thread.
    pub thread: ThreadId,
}

impl ActKind for Withdraw {
    const NAME: &'static str = "withdraw";
    const SIGHT: Sight = Sight::Commenters;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.may_discuss()?;
        let thread = asked.thread(&self.thread)?;
        if thread.seat.as_ref() != Some(&asked.speaker.seat) {
            return Err(Declined::Role);
        }
        if thread.state == ThreadState::Withdrawn { Err(Declined::Closed) } else { Ok(()) }
    }

    fn fold(self, state: &mut State, entry: &Entry, _: Signature) {
        state.set_thread(&self.thread, ThreadState::Withdrawn, entry.number);
    }
}
