//! What of an entry somebody may see, by its kind and by who asked for it; and what an entry does to others.

use serde_json::Value;

use super::act::{Act, ERASE, Sight};
use super::entry::Entry;
use crate::{EntryNumber, Role, SeatId};

impl Entry {
    /// The entry as a seat may see it.
    #[must_use]
    pub fn seen_by(self, seat: &SeatId, role: Role) -> Self {
        let sight = match Act::sight_of(&self.act) {
            Sight::Everybody => true,
            Sight::Commenters => role >= Role::Commenter,
            Sight::Owners => role >= Role::Owner,
        };
        let is_own = || self.body.as_ref().is_some_and(|body| body.signature().seat.as_ref() == Some(seat));
        if sight || is_own() { self } else { self.without_body() }
    }

    /// The number of the entry that this one erases, if it does.
    #[must_use]
    pub fn erases(&self) -> Option<EntryNumber> {
        let fields = self.body.as_ref().filter(|_| self.act == ERASE)?.fields();
        fields.get("entry").and_then(Value::as_u64).map(EntryNumber)
    }
}
