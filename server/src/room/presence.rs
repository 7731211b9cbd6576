//! Who is here: the latest presence of each client, for newcomers, and what to tell the others.
//!
//! It doesn't know sockets or documents, and stores nothing. A connection speaks for one client id alone,
//! the first that it announces; entries for others (stock clients reflect them) are ignored.

use std::collections::BTreeMap;
use std::time::Instant;

use samsyn_shared::limits;
use samsyn_shared::protocol::PresenceEntry;
use serde::de::IgnoredAny;

use super::connection::ConnectionId;

/// All presence in a room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    by_client: BTreeMap<u64, Known>,
}

#[derive(Debug)]
struct Known {
    clock: u64,
    state: String,
    owner: ConnectionId,
    heard: Instant,
}

impl Presence {
    /// Takes what a connection announced. `own` is the client id it speaks for, set by its first entry
    /// that counts. Gives what is new and must be relayed to all, the sender included.
    pub(crate) fn announced(
        &mut self,
        now: Instant,
        from: ConnectionId,
        own: &mut Option<u64>,
        entries: Vec<PresenceEntry>,
    ) -> Vec<PresenceEntry> {
        let mut news = Vec::new();
        for entry in entries {
            if own.is_some_and(|own| own != entry.client)
                || entry.client >= limits::CLIENT_ID_END
                || entry.state.len() > limits::PRESENCE_BYTES
                || serde_json::from_str::<IgnoredAny>(&entry.state).is_err()
            {
                continue;
            }
            let gone = entry.state == "null";
            let is_new = match self.by_client.get(&entry.client) {
                Some(known) => entry.clock > known.clock || (entry.clock == known.clock && gone),
                None => !gone,
            };
            if !is_new {
                continue;
            }
            *own = Some(entry.client);
            if gone {
                self.by_client.remove(&entry.client);
            } else {
                let (clock, state) = (entry.clock, entry.state.clone());
                self.by_client.insert(entry.client, Known { clock, state, owner: from, heard: now });
            }
            news.push(entry);
        }
        news
    }

    /// A connection ended: what it spoke for is gone, unless a newer connection took it over.
    pub(crate) fn left(&mut self, from: ConnectionId) -> Vec<PresenceEntry> {
        self.remove_where(|known| known.owner == from)
    }

    /// Removes what has not been renewed in time.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<PresenceEntry> {
        self.remove_where(|known| now.duration_since(known.heard) > limits::PRESENCE_EXPIRY)
    }

    /// Everyone, for a newcomer.
    pub(crate) fn all(&self) -> Vec<PresenceEntry> {
        let entry = |(client, known): (&u64, &Known)| PresenceEntry {
            client: *client,
            clock: known.clock,
            state: known.state.clone(),
        };
        self.by_client.iter().map(entry).collect()
    }

    fn remove_where(&mut self, gone: impl Fn(&Known) -> bool) -> Vec<PresenceEntry> {
        let mut news = Vec::new();
        self.by_client.retain(|client, known| {
            let gone = gone(known);
            if gone {
                let clock = known.clock.saturating_add(1);
                news.push(PresenceEntry { client: *client, clock, state: "null".into() });
            }
            !gone
        });
        news
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: ConnectionId = ConnectionId(1);
    const B: ConnectionId = ConnectionId(2);

    fn entry(client: u64, clock: u64, state: &str) -> PresenceEntry {
        PresenceEntry { client, clock, state: state.into() }
    }

    #[test]
    fn a_connection_speaks_for_the_first_id_it_announces_and_no_other() {
        let (mut presence, now, mut own) = (Presence::default(), Instant::now(), None);
        let news = presence.announced(now, A, &mut own, vec![entry(7, 1, "{}"), entry(8, 1, "{}")]);
        assert_eq!((news, own), (vec![entry(7, 1, "{}")], Some(7)));
        assert_eq!(presence.announced(now, A, &mut own, vec![entry(8, 9, "null")]), []);
    }

    #[test]
    fn only_what_is_newer_is_relayed() {
        let (mut presence, now, mut own) = (Presence::default(), Instant::now(), None);
        presence.announced(now, A, &mut own, vec![entry(7, 5, "{}")]);
        assert_eq!(presence.announced(now, A, &mut own, vec![entry(7, 5, "{}")]), []);
        assert_eq!(presence.announced(now, A, &mut own, vec![entry(7, 4, "1")]), []);
        assert_eq!(presence.announced(now, A, &mut own, vec![entry(7, 5, "null")]).len(), 1);
        assert_eq!(presence.all(), []);
    }

    #[test]
    fn what_is_too_large_or_no_json_is_ignored() {
        let (mut presence, now, mut own) = (Presence::default(), Instant::now(), None);
        let large = format!("\"{}\"", "x".repeat(limits::PRESENCE_BYTES));
        assert_eq!(presence.announced(now, A, &mut own, vec![entry(7, 1, &large), entry(7, 1, "{")]), []);
        assert_eq!(own, None);
    }

    #[test]
    fn a_lost_connection_takes_its_presence_along_unless_a_newer_one_took_over() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.announced(now, A, &mut None, vec![entry(7, 1, "{}")]);
        presence.announced(now, B, &mut None, vec![entry(7, 2, "{}")]);
        assert_eq!(presence.left(A), []);
        assert_eq!(presence.left(B), [entry(7, 3, "null")]);
    }

    #[test]
    fn presence_that_is_not_renewed_expires() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.announced(now, A, &mut None, vec![entry(7, 1, "{}")]);
        assert_eq!(presence.expire(now + Duration::from_secs(29)), []);
        assert_eq!(presence.expire(now + Duration::from_secs(31)), [entry(7, 2, "null")]);
    }
}
