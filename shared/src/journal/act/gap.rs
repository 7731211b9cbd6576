//! `gap`: the server found that entries which were there are lost. The målbild goes on, and the record says so.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging};
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::State;

/// What is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// How many entries can't be read any more, as far as the server knows.
    pub lost: u64,
}

impl ActKind for Gap {
    const NAME: &'static str = "gap";
    const IS_ASKED: bool = false;

    fn judge(&self, _: &Judging<'_>) -> Result<(), Declined> {
        Err(Declined::Role)
    }

    fn fold(self, _: &mut State, _: &Entry, _: Signature) {}
}
