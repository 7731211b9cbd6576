//! `kind`: makes the målbild one of an exercise, or a real one. Everybody sees who did and when.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging};
use crate::Role;
use crate::domain::malbild_kind::MalbildKind;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::State;

/// What the målbild is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindChange {
    /// That.
    pub kind: MalbildKind,
}

impl ActKind for KindChange {
    const NAME: &'static str = "kind";

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.from(Role::Owner)
    }

    fn fold(self, state: &mut State, _: &Entry, _: Signature) {
        state.kind = self.kind;
    }
}
