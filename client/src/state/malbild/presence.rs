//! Who is here: what the page tells of its own writer, and what it shows of the others.

use std::time::Duration;

use leptos::prelude::*;
use samsyn_shared::presence::{Cursor, Presence, User};
use samsyn_shared::protocol::PresenceEntry;

use super::{Malbild, set_changed};
use crate::state::people;
use crate::state::replica::Place;

/// Presence is told at most this often; nobody sees a caret move faster.
const PACE: Duration = Duration::from_millis(100);

impl Malbild {
    /// Takes news of who is here; `None` when the connection is gone, and with it all knowledge.
    pub fn show_presence(&self, entries: Option<Vec<PresenceEntry>>) {
        let core = self.core();
        match entries {
            Some(entries) => core.presences.borrow_mut().apply(entries),
            None => core.presences.borrow_mut().clear(),
        }
        self.refresh_people();
    }

    /// Tells the others again who is here: they forget after `limits::PRESENCE_EXPIRY`.
    pub fn announce(&self) {
        let core = self.core();
        let Some(client) = self.with_replica(|replica| replica.client()) else { return };
        let state = serde_json::to_string(&self.presence(client)).expect("a presence is plain JSON");
        let clock = core.announced.borrow().as_ref().map_or(1, |(clock, _)| clock + 1);
        *core.announced.borrow_mut() = Some((clock, state.clone()));
        if let Some(port) = &*core.port.borrow() {
            (port.presence)(PresenceEntry { client, clock, state });
        }
    }

    pub(super) fn refresh_people(&self) {
        let core = self.core();
        let Some(client) = self.with_replica(|replica| replica.client()) else { return };
        let mut cursors = people::others(&core.presences.borrow(), client);
        for (person, cursor) in &mut cursors {
            let head = cursor.as_ref().and_then(|cursor| self.resolve(&cursor.head));
            person.section = head.map(|(key, _)| key);
        }
        set_changed(self.people, cursors.iter().map(|(person, _)| person.clone()).collect());
        *core.cursors.borrow_mut() = cursors;
        self.draw_carets_soon();
    }

    pub(super) fn resolve(&self, anchor: &serde_json::Value) -> Option<(&'static str, u32)> {
        match self.with_replica(|replica| replica.resolve(anchor))?? {
            (Place::Section(key), index) => Some((key, index)),
            (Place::Title, _) => None,
        }
    }

    pub(super) fn presence(&self, client: u64) -> Presence {
        let me = self.me.get_untracked().unwrap_or_default();
        let section = self.active.get_untracked().and_then(|key| self.section(key));
        let cursor = section.map(|section| {
            let selection = section.selection();
            let anchor = |index| {
                self.with_replica(|replica| replica.anchor(Place::Section(section.key), index).ok()).flatten()
            };
            Cursor {
                anchor: anchor(selection.anchor).unwrap_or_default(),
                head: anchor(selection.head).unwrap_or_default(),
            }
        });
        let user = User {
            name: me.name,
            color: people::css_colour(client).to_owned(),
            organisation: me.organisation,
        };
        Presence { user, cursor }
    }

    pub(super) fn announce_soon(&self) {
        let core = self.core();
        if core.presence_due.replace(true) {
            return;
        }
        let malbild = *self;
        set_timeout(
            move || {
                let core = malbild.core();
                core.presence_due.set(false);
                malbild.caret_moved();
                let Some(client) = malbild.with_replica(|replica| replica.client()) else { return };
                let state =
                    serde_json::to_string(&malbild.presence(client)).expect("a presence is plain JSON");
                let news = core.announced.borrow().as_ref().is_none_or(|(_, told)| *told != state);
                if news {
                    malbild.announce();
                }
            },
            PACE,
        );
    }

    /// Draws the carets of others before the next frame, once for all that happened until then.
    pub(super) fn draw_carets_soon(&self) {
        let core = self.core();
        if core.carets_due.replace(true) {
            return;
        }
        let malbild = *self;
        request_animation_frame(move || {
            let core = malbild.core();
            core.carets_due.set(false);
            let cursors = core.cursors.borrow().clone();
            let placed: Vec<_> = cursors
                .iter()
                .filter_map(|(person, cursor)| {
                    let cursor = cursor.as_ref()?;
                    let (key, head) = malbild.resolve(&cursor.head)?;
                    let anchor = malbild.resolve(&cursor.anchor).filter(|(other, _)| *other == key);
                    Some((key, person, anchor.map_or(head, |(_, index)| index), head))
                })
                .collect();
            for section in malbild.sections() {
                section.draw_carets(
                    placed
                        .iter()
                        .filter(|(key, ..)| *key == section.key)
                        .map(|(_, person, anchor, head)| (*person, *anchor, *head)),
                );
            }
        });
    }
}
