//! `reply`: answers in a thread.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight, expect_text};
use crate::ThreadId;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{State, ThreadState};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The thread.
    pub thread: ThreadId,
    /// What is answered.
    pub text: String,
}

impl ActKind for Reply {
    const NAME: &'static str = "reply";
    const SIGHT: Sight = Sight::Commenters;
    const IS_ERASABLE: bool = true;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.may_discuss()?;
        expect_text("text", &self.text)?;
        match asked.thread(&self.thread)?.state {
            ThreadState::Withdrawn => Err(Declined::Closed),
            ThreadState::Open | ThreadState::Resolved => Ok(()),
        }
    }

    fn fold(self, state: &mut State, entry: &Entry, _: Signature) {
        state.reply(&self.thread, entry.number);
    }
}
