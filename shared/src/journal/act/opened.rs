//! `opened`: the first entry of every journal, by the server.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging};
use crate::domain::malbild_kind::MalbildKind;
use crate::journal::entry::{Entry, Signature};
use crate::journal::hash::Hash;
use crate::journal::state::{Seat, State};
use crate::{EntryNumber, MalbildId, Role, SeatId};

/// What the målbild is when its journal begins, and who may enter it then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Which målbild it is the journal of.
    pub malbild: MalbildId,
    /// An exercise's, or a real one.
    pub kind: MalbildKind,
    /// What the målbild was made from, `name@version`.
    pub template: String,
    /// The seats that its first links give.
    pub seats: Vec<OpenedSeat>,
    /// What it was made out of, if it was made out of another målbild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Another målbild, and how far its journal had come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The other.
    pub malbild: MalbildId,
    /// The number of its last entry then.
    pub number: EntryNumber,
    /// That entry's hash.
    pub hash: Hash,
}

/// One of the first seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedSeat {
    /// Its name.
    pub id: SeatId,
    /// What it may do.
    pub role: Role,
}

impl ActKind for Opened {
    const NAME: &'static str = "opened";
    const IS_ASKED: bool = false;

    fn judge(&self, _: &Judging<'_>) -> Result<(), Declined> {
        Err(Declined::Role)
    }

    fn fold(self, state: &mut State, _: &Entry, _: Signature) {
        state.kind = self.kind;
        state.seats.extend(self.seats.into_iter().map(|OpenedSeat { id, role }| (id, Seat::of(role))));
    }
}
