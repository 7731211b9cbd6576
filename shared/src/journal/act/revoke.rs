//! `revoke`: takes a seat away: its links open nothing any more.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight};
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{Seat, State};
use crate::{Role, SeatId};

/// Which seat ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// That.
    pub revoked: SeatId,
}

impl ActKind for Revoke {
    const NAME: &'static str = "revoke";
    const SIGHT: Sight = Sight::Owners;
    const IS_ASKED: bool = false;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.from(Role::Owner)?;
        let seats = asked.state.seats();
        let seat = seats.get(&self.revoked).ok_or(Declined::Missing("seat"))?;
        if seat.revoked.is_some() {
            return Err(Declined::Closed);
        }
        let owns = |(id, seat): (&SeatId, &Seat)| {
            *id != self.revoked
                && seat.role == Role::Owner
                && seat.revoked.is_none()
                && seat.expires.is_none()
        };
        if seat.role == Role::Owner && !seats.iter().any(owns) { Err(Declined::LastOwner) } else { Ok(()) }
    }

    fn fold(self, state: &mut State, entry: &Entry, _: Signature) {
        if let Some(seat) = state.seats.get_mut(&self.revoked) {
            seat.revoked = Some(entry.number);
        }
    }
}
