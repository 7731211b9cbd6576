//! Who is here: what the page tells of its own writer, and what it shows of the others.

use std::time::Duration;

use leptos::prelude::*;
use samsyn_shared::SectionKey;
use samsyn_shared::sync::presence::{Cursor, Presence, User};
use samsyn_shared::sync::protocol::PresenceEntry;

use samsyn_shared::page::replica::Change;

use super::{Malbild, set_changed};
use crate::state::identity;
use crate::state::lost_people::note_lost;
use crate::state::people::{self, Person};

/// Presence is told at most this often; nobody sees a caret move faster.
const PACE: Duration = Duration::from_millis(100);

impl Malbild {
    /// Takes news of who is here; `None` when the connection is gone, and with it all knowledge.
    pub fn show_presence(&self, entries: Option<Vec<PresenceEntry>>) {
        let core = self.core();
        match entries {
            Some(entries) => {
                let mut presences = core.presences.borrow_mut();
                let lost = presences.apply(entries);
                let mut absentees = self.lost_people.get_untracked();
                note_lost(&mut absentees, js_sys::Date::now(), lost, &presences);
                set_changed(self.lost_people, absentees);
            }
            None => core.presences.borrow_mut().clear(),
        }
        core.people_due.set(true);
        self.draw_carets_soon();
    }

    /// The others who have their caret in a section.
    #[must_use]
    pub fn people_in(&self, key: SectionKey) -> Vec<Person> {
        self.people
            .with(|people| people.iter().filter(|person| person.section == Some(key)).cloned().collect())
    }

    /// Scrolls to where another person's caret is, and shows who it is.
    pub fn seek(&self, client: u64) {
        let place = self.core().remote_carets.borrow_mut().seek(client);
        if let Some((place, section)) = place.and_then(|place| Some((place, self.section(place.section)?))) {
            section.reveal(place.head);
            self.draw_carets_soon();
        }
    }

    /// Tells the others again who is here: they forget after `limits::PRESENCE_EXPIRY`.
    pub fn announce(&self) {
        let Some(client) = self.with_replica(|replica| replica.client()) else { return };
        self.tell_presence(
            client,
            serde_json::to_string(&self.presence(client)).expect("a presence is plain JSON"),
        );
    }

    /// Says farewell when the page is left, so that nobody takes it for a connection that was lost; unless it leaves
    /// something behind that is on no disk yet. A page that the browser brings back announces itself when it has
    /// connected again.
    pub(super) fn take_leave(self) {
        let left = window_event_listener_untyped("pagehide", move |_| {
            let client = self.with_replica(|replica| replica.client());
            if let Some(client) = client.filter(|_| self.pending.get_untracked() == 0) {
                self.tell_presence(client, "null".to_owned());
            }
        });
        on_cleanup(move || left.remove());
    }

    fn tell_presence(&self, client: u64, state: String) {
        let core = self.core();
        let clock = core.announced.borrow().as_ref().map_or(1, |(clock, _)| clock + 1);
        *core.announced.borrow_mut() = Some((clock, state.clone()));
        if let Some(port) = &*core.port.borrow() {
            (port.presence)(PresenceEntry { client, clock, state });
        }
    }

    fn refresh_people(&self) {
        let core = self.core();
        let Some(client) = self.with_replica(|replica| replica.client()) else { return };
        let presences = core.presences.borrow();
        let others = people::others(&presences, client);
        let mut remote_carets = core.remote_carets.borrow_mut();
        let cursors = others.iter().filter_map(|(person, cursor)| Some((person.client, (*cursor)?)));
        remote_carets.announced(cursors, |anchor| self.resolve(anchor));
        let in_sections = others.into_iter().map(|(mut person, _)| {
            person.section = remote_carets.place(person.client).map(|place| place.section);
            person
        });
        let people = in_sections.collect();
        drop((presences, remote_carets));
        set_changed(self.people, people);
    }

    /// The text changed: the carets of others go with it.
    pub(super) fn carry_carets(&self, changes: &[Change]) {
        let core = self.core();
        let mut remote_carets = core.remote_carets.borrow_mut();
        for change in changes {
            // What this person typed is shown already.
            remote_carets.changed(change.key, &change.delta, !change.shown);
        }
        if remote_carets.is_waiting() {
            core.people_due.set(true);
        }
        drop(remote_carets);
        self.draw_carets_soon();
    }

    /// Draws what comes into view.
    pub(super) fn watch_scrolling(self) {
        let scrolled = window_event_listener(leptos::ev::scroll, move |_| self.draw_carets_soon());
        on_cleanup(move || scrolled.remove());
    }

    pub(super) fn resolve(&self, anchor: &serde_json::Value) -> Option<(SectionKey, u32)> {
        self.with_replica(|replica| replica.resolve(anchor))?
    }

    fn presence(&self, client: u64) -> Presence {
        let me = self.me.get_untracked().unwrap_or_default();
        let section = self.active.get_untracked().and_then(|key| self.section(key));
        let cursor = section.map(|section| {
            let selection = section.selection();
            let anchor =
                |index| self.with_replica(|replica| replica.anchor(section.key, index).ok()).flatten();
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
        let browser = identity::browser(self.id);
        Presence { user, cursor, unsaved: self.core().backlog.borrow().told(), browser }
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
            if core.people_due.take() {
                malbild.refresh_people();
            }
            let people = malbild.people.get_untracked();
            let places: Vec<_> = {
                let remote_carets = core.remote_carets.borrow();
                people
                    .iter()
                    .filter_map(|person| Some((person, remote_carets.place(person.client)?)))
                    .collect()
            };
            // All is measured before anything is drawn: to measure after a change lays out the page anew.
            let sections = malbild.sections();
            let sighted: Vec<_> = sections.iter().map(|section| section.sight_carets(&places)).collect();
            for (section, sighted) in sections.iter().zip(sighted) {
                section.carets.draw(sighted);
            }
        });
    }
}
