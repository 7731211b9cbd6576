//! Who somebody is in a målbild, by what they showed. It doesn't know what that was.

use samsyn_shared::{ActorId, Role, SeatId};

/// Who shows a credential: their seat, and what it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The seat.
    pub seat: SeatId,
    /// What it may do.
    pub role: Role,
    /// For whom it speaks.
    pub actor: Option<ActorId>,
}

impl Bearer {
    /// Of two the one with the higher role; the first if neither is higher.
    pub(super) fn higher(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.role > one.role { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}
