//! What acts do to a room: they are judged and entered, and once they are on disk, what they mean for those who are
//! connected comes about.

use std::cell::Cell;

use super::{Effect, Reaction, RoomState};
use crate::journal::{Asked, Stamp, Texts};
use crate::room::{ConnectionId, NotTaken, RoomDocument, RoomJournal, Ticket};
use crate::sync::protocol::CloseCode;
use crate::{Role, Template};

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
        let texts = SectionTexts {
            document: &self.document,
            template: self.config.template,
            broken: Cell::default(),
        };
        let answer = self.journal.asked((ticket, asked), &texts, stamp, self.disk);
        if texts.broken.get() {
            // Whoever asked may ask again: the document is loaded anew.
            let answer = Err(NotTaken::NotNow);
            return reaction.effects.extend([Effect::Answer { ticket, answer }, Effect::Reload]);
        }
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

/// The sections of the room's document, each read when an act speaks of it.
struct SectionTexts<'a> {
    document: &'a RoomDocument,
    template: &'static Template,
    /// Whether the document broke while it was read.
    broken: Cell<bool>,
}

impl Texts for SectionTexts<'_> {
    fn section(&self, key: &str) -> Option<String> {
        let section = self.template.sections.iter().find(|section| section.key == *key)?;
        let read = self.document.plain(section.key);
        self.broken.set(self.broken.get() || read.is_err());
        read.ok()
    }
}
