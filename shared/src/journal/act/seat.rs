//! `seat`: makes a seat: somebody hands out a link. The act's own identifier names it.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight, expect_name};
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{Seat, State};
use crate::{ActorId, Permission, Role, SeatId, Timestamp};

/// What the seat is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatMade {
    /// What it may do.
    pub role: Role,
    /// For which actor it speaks; none if for nobody but the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaks_for: Option<ActorId>,
    /// For whom the link is meant, in words of whoever hands it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it ends; none if it does not by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl ActKind for SeatMade {
    const NAME: &'static str = "seat";
    const SIGHT: Sight = Sight::Owners;
    const IS_ASKED: bool = false;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        if !asked.speaker.role.may(Permission::HandOut(self.role)) {
            return Err(Declined::Role);
        }
        if let Some(actor) = &self.speaks_for {
            asked.from(Role::Owner)?;
            asked.state.actor(actor).ok_or(Declined::Missing("actor"))?;
        }
        self.label.iter().try_for_each(|label| expect_name("label", label))
    }

    fn fold(self, state: &mut State, _: &Entry, by: Signature) {
        let Self { role, speaks_for, label, expires } = self;
        if let Some(id) = by.id {
            let seat = Seat { actor: speaks_for, label, expires, ..Seat::of(role) };
            state.seats.insert(SeatId(id), seat);
        }
    }
}
