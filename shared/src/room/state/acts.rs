//! What acts do to a room: they are judged and entered, and once they are on disk, what they mean for those who are
//! connected comes about.

use super::{Effect, Reaction, RoomState};
use crate::Role;
use crate::document::read_model::ReadModel;
use crate::journal::{Asked, Stamp, Texts};
use crate::room::{ConnectionId, NotTaken, RoomJournal, Ticket};
use crate::sync::protocol::CloseCode;

impl RoomState {
    /// The journal.
    #[must_use]
    pub const fn journal(&self) -> &RoomJournal {
        &self.journal
    }

    pub(super) fn act_asked(
        &mut self,
        (ticket, asked): (Ticket, Asked),
        stamp: Stamp,
        reaction: &mut Reaction,
    ) {
        // What was written before the question is what it speaks of.
        self.woke(reaction);
        let model = match self.read_model() {
            Ok(model) => model,
            // Whoever asked may ask again: the document is loaded anew.
            Err(_) => {
                let answer = Err(NotTaken::NotNow);
                return reaction.effects.extend([Effect::Answer { ticket, answer }, Effect::Reload]);
            }
        };
        let answer = self.journal.asked((ticket, asked), &model, stamp, self.disk);
        reaction.effects.extend(answer);
    }

    /// Entries are on disk: those who asked hear of it, and what the entries forbid ends.
    pub(super) fn entered(&mut self, reaction: &mut Reaction) {
        reaction.effects.extend(self.journal.entered());
        let is_revoked =
            |seat| self.journal.state().seats().get(seat).is_some_and(|seat| seat.revoked.is_some());
        let revoked = self.seats.iter().filter(|(_, (seat, _))| is_revoked(seat)).map(|(id, _)| *id);
        for connection in revoked.collect::<Vec<ConnectionId>>() {
            self.close(connection, CloseCode::Revoked, reaction);
        }
        for (connection, given) in self.seats.iter().map(|(id, (_, role))| (*id, *role)).collect::<Vec<_>>() {
            let role = self.effective(given);
            if self.sessions.get(&connection).is_some_and(|session| session.role() != role) {
                self.role_changed(connection, Some(given), reaction);
            }
        }
    }

    /// What a role may do as long as the phase is the one that it is.
    pub(super) fn effective(&self, role: Role) -> Role {
        let writes = self.journal.state().phase().lets_write(role);
        if writes { role } else { role.min(Role::Commenter) }
    }
}

impl Texts for ReadModel {
    fn section(&self, key: &str) -> Option<String> {
        let section = self.sections.iter().find(|section| section.key == *key)?;
        Some(crate::text::delta::plain(&section.delta))
    }
}
