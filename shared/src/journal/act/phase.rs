//! `phase`: says who may write now.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging};
use crate::Role;
use crate::domain::phase::Phase;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::State;

/// The phase from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseChange {
    /// That.
    pub phase: Phase,
}

impl ActKind for PhaseChange {
    const NAME: &'static str = "phase";

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.from(Role::Owner)
    }

    fn fold(self, state: &mut State, _: &Entry, _: Signature) {
        state.phase = self.phase;
    }
}
