//! Who is here: y-protocols' awareness, pure. Each client's latest state by its clock, what a newcomer
//! is told, who has not been heard of for too long. Nothing of it is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits;
use crate::protocol::PresenceEntry;

/// The shape of a presence state that `y-quill` writes, with the organisation beside the name. Fields
/// that a foreign client leaves out are empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Presence {
    /// Who it is.
    pub user: User,
    /// Where the caret is; none when it is in no text.
    pub cursor: Option<Cursor>,
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

/// A name as it may be shown: one line, without control and direction characters that could disturb
/// the text around it, and cut to [`limits::NAME_CHARS`].
#[must_use]
pub fn displayed(name: &str) -> String {
    let disturbing = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = name.chars().map(|c| if disturbing(c) { ' ' } else { c }).collect();
    let one_line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.chars().take(limits::NAME_CHARS).collect()
}

/// The presences that one place knows of.
#[derive(Debug, Default)]
pub struct Presences {
    /// By client id; a `BTreeMap`, so that everyone is listed in one order.
    known: BTreeMap<u64, Known>,
}

#[derive(Debug)]
struct Known {
    clock: u64,
    state: String,
    heard: Duration,
}

impl Presences {
    /// Takes what a message says, at a time since any fixed moment. Only what is newer counts: a higher
    /// clock, or the same clock saying that the client is gone (y-protocols' `applyAwarenessUpdate`).
    /// Answers with the clients whose state changed or was renewed.
    pub fn apply(&mut self, entries: &[PresenceEntry], now: Duration) -> Vec<u64> {
        let mut changed = Vec::new();
        for entry in entries {
            let gone = entry.state == "null";
            let news = match self.known.get(&entry.client) {
                None => !gone,
                Some(known) => {
                    entry.clock > known.clock || (entry.clock == known.clock && gone && known.state != "null")
                }
            };
            if news {
                changed.push(entry.client);
                let known = Known { clock: entry.clock, state: entry.state.clone(), heard: now };
                self.known.insert(entry.client, known);
            }
        }
        changed
    }

    /// Says that a client is gone, and what to tell the others; none when it was not here.
    pub fn remove(&mut self, client: u64) -> Option<PresenceEntry> {
        let known = self.known.remove(&client)?;
        (known.state != "null").then(|| PresenceEntry {
            client,
            clock: known.clock + 1,
            state: "null".to_owned(),
        })
    }

    /// Removes those that were not heard of for [`limits::PRESENCE_EXPIRY`], and says what to tell the
    /// others.
    pub fn expire(&mut self, now: Duration) -> Vec<PresenceEntry> {
        let late = |known: &Known| now.saturating_sub(known.heard) >= limits::PRESENCE_EXPIRY;
        let clients: Vec<u64> =
            self.known.iter().filter(|(_, known)| late(known)).map(|(id, _)| *id).collect();
        clients.into_iter().filter_map(|client| self.remove(client)).collect()
    }

    /// Forgets all: the connection that told of them is gone.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// All that are here, as a newcomer is told.
    #[must_use]
    pub fn entries(&self) -> Vec<PresenceEntry> {
        self.present()
            .map(|(client, known)| PresenceEntry { client, clock: known.clock, state: known.state.clone() })
            .collect()
    }

    /// All that are here, by client id.
    pub fn states(&self) -> impl Iterator<Item = (u64, &str)> {
        self.present().map(|(client, known)| (client, known.state.as_str()))
    }

    fn present(&self) -> impl Iterator<Item = (u64, &Known)> {
        self.known.iter().filter(|(_, known)| known.state != "null").map(|(client, known)| (*client, known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(client: u64, clock: u64, state: &str) -> PresenceEntry {
        PresenceEntry { client, clock, state: state.to_owned() }
    }

    #[test]
    fn only_news_counts() {
        let mut here = Presences::default();
        let now = Duration::from_secs(1);
        assert_eq!(here.apply(&[entry(1, 2, "{}"), entry(2, 0, "null")], now), [1]);
        assert!(here.apply(&[entry(1, 1, "{\"a\":1}"), entry(1, 2, "{}")], now).is_empty());
        assert_eq!(here.apply(&[entry(1, 2, "null")], now), [1]);
        assert_eq!(here.entries(), []);
        assert_eq!(here.apply(&[entry(1, 3, "{}")], now), [1]);
    }

    #[test]
    fn the_gone_and_the_silent_are_told_of_once() {
        let mut here = Presences::default();
        here.apply(&[entry(1, 5, "{}"), entry(2, 1, "{}")], Duration::ZERO);
        assert_eq!(here.remove(1), Some(entry(1, 6, "null")));
        assert_eq!(here.remove(1), None);
        assert_eq!(here.expire(Duration::from_secs(29)), []);
        assert_eq!(here.expire(Duration::from_secs(30)), [entry(2, 2, "null")]);
        assert_eq!(here.entries(), []);
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
