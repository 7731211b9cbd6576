//! `restored`: the server was put back to a backup: what was entered after it was made is not here.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging};
use crate::Timestamp;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::State;

/// From when the record is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// When the backup was made.
    pub backup: Timestamp,
}

impl ActKind for Restored {
    const NAME: &'static str = "restored";
    const IS_ASKED: bool = false;

    fn judge(&self, _: &Judging<'_>) -> Result<(), Declined> {
        Err(Declined::Role)
    }

    fn fold(self, _: &mut State, _: &Entry, _: Signature) {}
}
