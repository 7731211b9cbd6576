//! `erase`: takes what an entry says out of the record for good, with a reason. The chain verifies as before.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, expect_text};
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::State;
use crate::{EntryNumber, Role};

/// What is erased, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erase {
    /// The entry whose body goes.
    pub entry: EntryNumber,
    /// Why.
    pub reason: String,
    /// Under what it is filed, such as a registry's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl ActKind for Erase {
    const NAME: &'static str = "erase";

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.from(Role::Owner)?;
        expect_text("reason", &self.reason)?;
        self.reference.iter().try_for_each(|reference| expect_text("reference", reference))?;
        asked.state.erasable(self.entry).map(drop).ok_or(Declined::Missing("entry"))
    }

    fn fold(self, state: &mut State, entry: &Entry, _: Signature) {
        state.erase(self.entry, entry.number);
    }
}
