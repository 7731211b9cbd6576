//! Who is here: what the page tells of its own writer, and what it shows of the others.

use std::time::Duration;

use super::command::Selection;
use super::lost_people::note_lost;
use super::people::{self, Person};
use super::{Change, Page, SurfaceEffect, peer};
use crate::SectionKey;
use crate::sync::presence::{Cursor, Presence, User};
use crate::sync::protocol::PresenceEntry;

/// Presence is told at most this often; nobody sees a caret move faster.
const PACE: Duration = Duration::from_millis(100);

/// Another person's caret in a text, in places of what is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Caret {
    /// The client id of the page they write in.
    pub client: u64,
    /// Which colour of the palette.
    pub colour: usize,
    /// What the flag says.
    pub label: String,
    /// What stays when the flag has gone.
    pub initials: String,
    /// Where the selection began.
    pub anchor: u32,
    /// Where the caret is.
    pub head: u32,
    /// Another number whenever the flag is to be seen again.
    pub moves: u32,
    /// Whether the flag is shown though the section is quiet.
    pub is_highlighted: bool,
}

impl Page {
    /// Takes news of who is here; `None` when the connection is gone, and with it all knowledge.
    pub(super) fn show_presence(&mut self, entries: Option<Vec<PresenceEntry>>) {
        match entries {
            Some(entries) => {
                let lost = self.presences.apply(entries);
                let mut absentees = self.view.people.lost.clone();
                note_lost(&mut absentees, self.milliseconds(), lost, &self.presences);
                if absentees != self.view.people.lost {
                    self.view.people.update(|people| people.lost = absentees);
                }
            }
            None => self.presences.clear(),
        }
        self.due.people = true;
        self.draw_carets_soon();
    }

    /// The carets of those of the others who are in a text.
    #[must_use]
    pub fn carets(&self, key: SectionKey) -> Vec<Caret> {
        let Some(text) = self.text(key) else { return Vec::new() };
        let caret = |person: &Person| {
            let place = self.remote_carets.place(person.client).filter(|place| place.section == key)?;
            let name = if person.name.is_empty() { String::new() } else { person.name_or("") };
            let names = [name, person.organisation.clone()];
            let label = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" · ");
            Some(Caret {
                client: person.client,
                colour: person.colour,
                label,
                initials: person.initials(),
                anchor: text.in_view(place.anchor),
                head: text.in_view(place.head),
                moves: place.moves,
                is_highlighted: place.is_highlighted,
            })
        };
        self.view.people.here.iter().filter_map(caret).collect()
    }

    /// Scrolls to where another person's caret is, and shows who it is.
    pub fn seek(&mut self, client: u64) {
        let Some(place) = self.remote_carets.seek(client) else { return };
        if let Some(head) = self.text(place.section).map(|text| text.in_view(place.head)) {
            self.ask_surface(place.section, SurfaceEffect::Reveal(head));
            self.draw_carets_soon();
        }
    }

    /// Tells the others again who is here: they forget after `limits::PRESENCE_EXPIRY`.
    pub(super) fn announce(&mut self) {
        let state = self.presence();
        self.tell_presence(state);
    }

    /// Says farewell when the page is left, so that nobody takes it for a connection that was lost; unless it leaves
    /// something behind that is on no disk yet. A page that the browser brings back announces itself when it has
    /// connected again.
    pub fn leave(&mut self) {
        if self.view.sync.pending == 0 {
            self.tell_presence("null".to_owned());
        }
    }

    fn tell_presence(&mut self, state: String) {
        let clock = self.announced.as_ref().map_or(1, |(clock, _)| clock + 1);
        let client = self.held().client();
        self.announced = Some((clock, state.clone()));
        self.tell_peer(peer::Event::Announced(PresenceEntry { client, clock, state }));
    }

    pub(super) fn refresh_people(&mut self) {
        let replica = self.peer.held();
        let others = people::others(&self.presences, replica.client());
        let cursors = others.iter().filter_map(|(person, cursor)| Some((person.client, (*cursor)?)));
        self.remote_carets.announced(cursors, |anchor| replica.resolve(anchor));
        let in_sections = others.into_iter().map(|(mut person, _)| {
            person.section = self.remote_carets.place(person.client).map(|place| place.section);
            person
        });
        let here: Vec<_> = in_sections.collect();
        if here != self.view.people.here {
            self.view.people.update(|people| people.here = here);
        }
    }

    /// The text changed: the carets of others go with it.
    pub(super) fn carry_carets(&mut self, changes: &[Change]) {
        for change in changes {
            // What this person typed is shown already.
            self.remote_carets.changed(change.key, &change.delta, !change.shown);
        }
        if self.remote_carets.is_waiting() {
            self.due.people = true;
        }
        self.draw_carets_soon();
    }

    /// What the page tells of its own writer, as JSON.
    fn presence(&self) -> String {
        let replica = self.held();
        let me = self.view.writer.me.clone().unwrap_or_default();
        let cursor = self.active_text().map(|text| {
            let Selection { anchor, head } = text.selection();
            let anchored = |index| replica.anchor(text.key, index).unwrap_or_default();
            Cursor { anchor: anchored(anchor), head: anchored(head) }
        });
        let user = User {
            name: me.name,
            color: people::css_colour(replica.client()).to_owned(),
            organisation: me.organisation,
        };
        let presence = Presence { user, cursor, unsaved: self.backlog.told(), browser: self.browser.clone() };
        serde_json::to_string(&presence).expect("a presence is plain JSON")
    }

    pub(super) fn announce_soon(&mut self) {
        self.due.announce.get_or_insert(self.time + PACE);
    }

    /// Tells the others who is here, if they were told something else.
    pub(super) fn announce_news(&mut self) {
        let state = self.presence();
        if self.announced.as_ref().is_none_or(|(_, told)| *told != state) {
            self.tell_presence(state);
        }
    }

    /// Draws the carets of others before the next frame, once for all that happened until then.
    pub fn draw_carets_soon(&mut self) {
        self.due.carets = true;
        self.await_frame();
    }
}
