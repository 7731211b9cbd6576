//! Who is here: the shape of a presence state, and each client's latest one by its clock (y-protocols'
//! awareness, pure). Nothing of it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::limits;
use crate::sync::protocol::PresenceEntry;
use crate::text::name::displayed;

/// The shape of a presence state that `y-quill` writes, with the organisation beside the name. Fields
/// that a foreign client leaves out are empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Presence {
    /// Who it is.
    pub user: User,
    /// Where the caret is; none when it is in no text.
    pub cursor: Option<Cursor>,
    /// How many changes wait on this device, when they have waited for a while. Only our own clients say it.
    #[serde(rename = "samsyn.unsaved", skip_serializing_if = "is_zero")]
    pub unsaved: u32,
    /// What the tabs of one browser say alike, and another in each målbild: they are one participant. It proves nothing.
    /// Only our own clients say it.
    #[serde(rename = "samsyn.browser", skip_serializing_if = "String::is_empty")]
    pub browser: String,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The person's name.
    pub name: String,
    /// A CSS colour, for foreign clients; ours choose from their own palette by client id.
    pub color: String,
    /// The organisation's name.
    pub organisation: String,
}

/// A selection as two Yjs relative positions, in their JSON form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Where the selection began.
    pub anchor: Value,
    /// Where it ends and the caret blinks.
    pub head: Value,
}

/// serde gives a reference, whatever the type.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Presence {
    /// Reads a state. None when it is `null`, too large or no such shape.
    #[must_use]
    pub fn parse(state: &str) -> Option<Self> {
        if state.len() > limits::PRESENCE_BYTES {
            return None;
        }
        let mut presence = serde_json::from_str::<Option<Self>>(state).ok()??;
        for name in [&mut presence.user.name, &mut presence.user.organisation] {
            *name = displayed(name);
        }
        Some(presence)
    }
}

/// The presences that a page has been told of. The server's own list, which also knows whose
/// connection speaks for whom, is the room's.
#[derive(Debug, Default)]
pub struct Presences {
    /// By client id; a `BTreeMap`, so that everyone is listed in one order.
    known: BTreeMap<u64, Known>,
    /// States that came.
    heard: u64,
}

#[derive(Debug)]
struct Known {
    clock: u64,
    state: String,
    /// What the state says, read once.
    presence: Option<Presence>,
    /// How many states had come when this one came that is not the one before it.
    last_news: u64,
}

impl Presences {
    /// Takes what a message says. Only what is newer counts: a higher clock, or the same clock saying
    /// that the client is gone (y-protocols' `applyAwarenessUpdate`). Answers who was lost, and what they said
    /// last: who leaves says so under a clock of its own, and whose connection ended is taken back by the server
    /// under the clock that it had.
    pub fn apply(&mut self, entries: Vec<PresenceEntry>) -> Vec<(u64, Presence)> {
        let mut lost = Vec::new();
        for PresenceEntry { client, clock, state } in entries {
            let known = self.known.get_mut(&client);
            let is_taken_back = |known: &Known| clock == known.clock && state == "null";
            if !known.as_deref().is_none_or(|known| clock > known.clock || is_taken_back(known)) {
                continue;
            }
            if let Some(known) = known.filter(|known| is_taken_back(known)) {
                lost.extend(known.presence.take().map(|presence| (client, presence)));
            }
            let same = self.known.get(&client).filter(|known| known.state == state);
            self.heard += 1;
            let last_news = same.map_or(self.heard, |known| known.last_news);
            let presence = Presence::parse(&state);
            self.known.insert(client, Known { clock, state, presence, last_news });
        }
        lost
    }

    /// Forgets all: the connection that told of them is gone.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// All that are here, by client id.
    pub fn states(&self) -> impl Iterator<Item = (u64, &str)> {
        let here = self.known.iter().filter(|(_, known)| known.state != "null");
        here.map(|(client, known)| (*client, known.state.as_str()))
    }

    /// How lately a client said something new: the more, the later.
    #[must_use]
    pub fn last_news(&self, client: u64) -> u64 {
        self.known.get(&client).map_or(0, |known| known.last_news)
    }

    /// All that are here and say it in a shape that can be read, by client id.
    pub fn readable(&self) -> impl Iterator<Item = (u64, &Presence)> {
        self.known.iter().filter_map(|(client, known)| Some((*client, known.presence.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(client: u64, clock: u64, state: &str) -> PresenceEntry {
        PresenceEntry { client, clock, state: state.to_owned() }
    }

    fn here(presences: &Presences) -> Vec<(u64, &str)> {
        presences.states().collect()
    }

    #[test]
    fn only_news_counts() {
        let mut presences = Presences::default();
        presences.apply(vec![entry(1, 2, "{}"), entry(2, 0, "null")]);
        assert_eq!(here(&presences), [(1, "{}")]);
        presences.apply(vec![entry(1, 1, "old"), entry(1, 2, "same")]);
        assert_eq!(here(&presences), [(1, "{}")]);
        presences.apply(vec![entry(1, 2, "null")]);
        assert!(here(&presences).is_empty());
        presences.apply(vec![entry(1, 2, "late")]);
        assert!(here(&presences).is_empty(), "what was sent before it left does not bring it back");
        presences.apply(vec![entry(1, 3, "{}")]);
        assert_eq!(here(&presences), [(1, "{}")]);
    }

    #[test]
    fn who_is_lost_is_told_from_who_says_farewell() {
        let mut presences = Presences::default();
        let anna = r#"{"user":{"name":"Anna"},"samsyn.unsaved":3}"#;
        assert_eq!(presences.apply(vec![entry(1, 1, anna), entry(2, 1, anna), entry(3, 1, "{}")]), []);
        let lost = presences.apply(vec![entry(1, 1, "null"), entry(2, 2, "null")]);
        assert_eq!(lost, [(1, Presence::parse(anna).expect("read"))]);
        assert_eq!(lost[0].1.unsaved, 3);
        // What it said last and that it is lost may come together; and it is lost once.
        let lost = presences.apply(vec![entry(3, 2, anna), entry(3, 2, "null"), entry(3, 2, "null")]);
        assert_eq!(lost.len(), 1);
    }

    #[test]
    fn a_foreign_or_hostile_state_reads_as_far_as_it_goes() {
        assert_eq!(Presence::parse("null"), None);
        assert_eq!(Presence::parse("[1"), None);
        assert_eq!(Presence::parse(&format!("{{\"user\":{{\"name\":\"{}\"}}}}", "x".repeat(5000))), None);
        let quill = Presence::parse(r##"{"user":{"name":"A\nB\u202E","color":"#f00"},"cursor":null}"##);
        assert_eq!(quill.expect("read").user.name, "A B");
    }
}
