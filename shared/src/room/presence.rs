//! Who is here: the latest presence of each client, and what is to be told of it.
//!
//! It doesn't know sockets or documents, nor when it is told, and stores nothing. A connection speaks for
//! one client id alone, the first that it announces and that no living connection speaks for; entries for others
//! (stock clients reflect them) are ignored. Between two tellings only the latest state of each client is kept.
//!
//! Invariant: Nobody speaks for a living other (`nobody_speaks_for_a_client_for_which_a_living_connection_does`),
//! and no reader for an editor who was away
//! (`an_editor_who_comes_back_is_not_told_what_a_reader_said_in_her_name_before_she_says_who_she_is`,
//! `an_editor_who_comes_back_is_heard_though_a_reader_said_something_later_in_her_name`).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::Role;
use crate::domain::limits;
use crate::sync::protocol::PresenceEntry;

use super::ConnectionId;

/// All presence in a room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    by_client: BTreeMap<u64, Known>,
    /// Which client each connection speaks for.
    spoken_for: HashMap<ConnectionId, u64>,
    /// What connections last said of a client for which another speaks.
    claims: BTreeMap<ConnectionId, (Duration, Role, PresenceEntry)>,
    /// Clients whose state is to be told, the one that waits longest first. Each stands here once at most.
    news: VecDeque<u64>,
    /// Clients that are gone, to be told.
    parting: Vec<PresenceEntry>,
    /// Connections that are to be told of everyone.
    newcomers: BTreeSet<ConnectionId>,
    /// Clients for which somebody who may write spoke, and when last.
    writers: HashMap<u64, Duration>,
    /// Connections of those who may write that have not said yet for which client they speak. A reader may speak for it
    /// meanwhile, and a stock client takes what it is told of itself for its own words: so they are not told that.
    unnamed: BTreeSet<ConnectionId>,
    /// Connections that were unnamed and have been told of others since, and are to be told what was kept from them.
    named: BTreeSet<ConnectionId>,
}

/// What is to be told now, and to whom else than everyone.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) entries: Vec<PresenceEntry>,
    /// Connections that have been told nothing yet: they are told of everyone instead.
    pub(crate) newcomers: BTreeSet<ConnectionId>,
    /// Connections that are told of everyone as well: they hear for the first time of some, and must not miss that
    /// another is gone.
    pub(crate) named: BTreeSet<ConnectionId>,
}

#[derive(Debug)]
struct Known {
    clock: u64,
    /// How much this is ahead of its owner's own clock: others know a later one from who spoke for the client before.
    ahead: u64,
    state: String,
    owner: ConnectionId,
    role: Role,
    heard: Duration,
    is_news: bool,
}

impl Presence {
    /// Takes what a connection announced, scanned before. What it says of a client for which another living
    /// connection speaks waits until that one has ended: a page that comes back is heard once its old connection is
    /// known to be dead. Only a higher role need not wait: a reader who took an editor's place while she was away
    /// loses it to her.
    pub(crate) fn announced(
        &mut self,
        now: Duration,
        from: ConnectionId,
        role: Role,
        entries: Vec<PresenceEntry>,
    ) {
        for entry in entries {
            if !self.may_speak(from, &entry) {
                continue;
            }
            let known = self.by_client.get(&entry.client);
            if known.is_some_and(|known| known.owner != from && role <= known.role) {
                self.claims.insert(from, (now, role, entry));
                continue;
            }
            if let Some(taken) = known.filter(|known| known.owner != from) {
                let ahead = (taken.clock + 1).saturating_sub(entry.clock);
                self.take(now, (from, role), PresenceEntry { clock: entry.clock + ahead, ..entry }, ahead);
                continue;
            }
            let gone = entry.state == "null";
            // Once the owner has heard of the later clock, it goes on from there.
            let ahead = known.map_or(0, |known| if entry.clock > known.clock { 0 } else { known.ahead });
            let entry = PresenceEntry { clock: entry.clock + ahead, ..entry };
            let is_newer = known
                .map_or(!gone, |known| entry.clock > known.clock || (entry.clock == known.clock && gone));
            if is_newer {
                self.take(now, (from, role), entry, ahead);
            }
        }
    }

    fn take(&mut self, now: Duration, (from, role): (ConnectionId, Role), entry: PresenceEntry, ahead: u64) {
        self.spoken_for.insert(from, entry.client);
        if self.unnamed.remove(&from) && !self.newcomers.contains(&from) {
            self.named.insert(from);
        }
        if role > Role::Reader && (self.writers.len() as u64) < limits::PRESENCE_ENTRIES {
            self.writers.insert(entry.client, now);
        }
        if entry.state == "null" {
            self.by_client.remove(&entry.client);
            if !self.take_claim(entry.client, entry.clock) {
                self.parting.push(entry);
            }
            return;
        }
        let PresenceEntry { client, clock, state } = entry;
        if !self.by_client.get(&client).is_some_and(|known| known.is_news) {
            self.news.push_back(client);
        }
        let known = Known { clock, ahead, state, owner: from, role, heard: now, is_news: true };
        self.by_client.insert(client, known);
    }

    /// Whether a connection may speak for this client at all: for one alone, and not with a clock that leaps, since
    /// nobody could say anything newer after it.
    fn may_speak(&self, from: ConnectionId, entry: &PresenceEntry) -> bool {
        let is_other = |own: &u64| *own != entry.client;
        let known = self.by_client.get(&entry.client).map_or(0, |known| known.clock);
        !self.spoken_for.get(&from).is_some_and(is_other)
            && entry.clock <= known.saturating_add(limits::PRESENCE_LEAP)
    }

    /// A connection is to be told of everyone.
    pub(crate) fn joined(&mut self, connection: ConnectionId, role: Role) {
        self.newcomers.insert(connection);
        if role > Role::Reader {
            self.unnamed.insert(connection);
        }
    }

    /// A connection ended: what it spoke for is gone, unless another waited to speak for it.
    pub(crate) fn left(&mut self, from: ConnectionId) {
        for those in [&mut self.newcomers, &mut self.unnamed, &mut self.named] {
            those.remove(&from);
        }
        self.claims.remove(&from);
        let Some(client) = self.spoken_for.remove(&from) else { return };
        if self.by_client.get(&client).is_some_and(|known| known.owner == from) {
            self.part(client);
        }
    }

    /// Removes what has not been renewed in time.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.writers.retain(|_, spoke| now.saturating_sub(*spoke) <= limits::PRESENCE_KEPT);
        let expired = self
            .by_client
            .iter()
            .filter(|(_, known)| now.saturating_sub(known.heard) > limits::PRESENCE_EXPIRY);
        for client in expired.map(|(client, _)| *client).collect::<Vec<_>>() {
            self.part(client);
        }
    }

    /// Whether somebody's state is to be told.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// Whether it is to be told that somebody is gone.
    pub(crate) fn has_parting(&self) -> bool {
        !self.parting.is_empty()
    }

    /// Whether somebody is to be told of everyone.
    pub(crate) fn has_newcomers(&self) -> bool {
        !(self.newcomers.is_empty() && self.named.is_empty())
    }

    /// What is to be told now: everyone who is gone, and at most [`limits::PRESENCE_STATES`] others; the rest is
    /// taken next.
    pub(crate) fn take_news(&mut self) -> News {
        let mut told = std::mem::take(&mut self.parting);
        let end = told.len() + limits::PRESENCE_STATES;
        while told.len() < end
            && let Some(client) = self.news.pop_front()
        {
            // Who left meanwhile and came back stands here twice.
            if let Some(known) = self.by_client.get_mut(&client).filter(|known| known.is_news) {
                known.is_news = false;
                told.push(entry(client, known));
            }
        }
        News {
            entries: told,
            newcomers: std::mem::take(&mut self.newcomers),
            named: std::mem::take(&mut self.named),
        }
    }

    /// Of these connections, those that have not said yet who they are.
    pub(crate) fn unnamed(&self) -> &BTreeSet<ConnectionId> {
        &self.unnamed
    }

    /// What of this they are told: not what a reader says of a client for which somebody spoke who may write.
    pub(crate) fn for_unnamed(&self, entries: &[PresenceEntry]) -> Vec<PresenceEntry> {
        let is_told = |entry: &&PresenceEntry| {
            let known = self.by_client.get(&entry.client);
            !(known.is_some_and(|known| known.role == Role::Reader)
                && self.writers.contains_key(&entry.client))
        };
        entries.iter().filter(is_told).cloned().collect()
    }

    /// Everyone.
    pub(crate) fn all(&self) -> Vec<PresenceEntry> {
        self.by_client.iter().map(|(client, known)| entry(*client, known)).collect()
    }

    /// Takes what a connection said last that waited to speak for a client, if it is newer than `clock`.
    fn take_claim(&mut self, client: u64, clock: u64) -> bool {
        let claims =
            self.claims.iter().filter(|(_, (.., entry))| entry.client == client && entry.clock > clock);
        let newest = claims.max_by_key(|(_, (.., entry))| entry.clock).map(|(from, _)| *from);
        let Some((from, (heard, role, entry))) =
            newest.and_then(|from| self.claims.remove(&from).map(|claim| (from, claim)))
        else {
            return false;
        };
        self.take(heard, (from, role), entry, 0);
        true
    }

    fn part(&mut self, client: u64) {
        let Some(known) = self.by_client.remove(&client) else { return };
        if self.take_claim(client, known.clock) {
            return;
        }
        // By the clock that they know, the others tell who was lost from who left.
        if known.is_news {
            self.parting.push(entry(client, &known));
        }
        // The clock that it had: the next one is the client's own to use, when it comes back.
        let clock = known.clock;
        self.parting.push(PresenceEntry { client, clock, state: "null".into() });
    }
}

fn entry(client: u64, known: &Known) -> PresenceEntry {
    PresenceEntry { client, clock: known.clock, state: known.state.clone() }
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

    /// What is told after `from` announced `entries`.
    fn told(presence: &mut Presence, from: ConnectionId, entries: &[PresenceEntry]) -> Vec<PresenceEntry> {
        presence.announced(Duration::from_secs(1_000), from, Role::Editor, entries.to_vec());
        presence.take_news().entries
    }

    #[test]
    fn a_connection_speaks_for_the_first_id_it_announces_and_no_other() {
        let mut presence = Presence::default();
        assert_eq!(told(&mut presence, A, &[entry(7, 1, "{}"), entry(8, 1, "{}")]), [entry(7, 1, "{}")]);
        assert_eq!(told(&mut presence, A, &[entry(8, 9, "null")]), []);
    }

    #[test]
    fn only_what_is_newer_is_told() {
        let mut presence = Presence::default();
        told(&mut presence, A, &[entry(7, 5, "{}")]);
        assert_eq!(told(&mut presence, A, &[entry(7, 5, "{}")]), []);
        assert_eq!(told(&mut presence, A, &[entry(7, 4, "1")]), []);
        assert_eq!(told(&mut presence, A, &[entry(7, 5, "null")]), [entry(7, 5, "null")]);
        assert_eq!(presence.all(), []);
    }

    #[test]
    fn between_two_tellings_only_the_latest_state_counts() {
        let mut presence = Presence::default();
        presence.announced(
            Duration::from_secs(1_000),
            A,
            Role::Editor,
            vec![entry(7, 1, "1"), entry(7, 2, "2")],
        );
        assert_eq!(told(&mut presence, A, &[entry(7, 3, "3")]), [entry(7, 3, "3")]);
        // Who came and went is told to have gone, since somebody may have heard of it before.
        presence.announced(Duration::from_secs(1_000), A, Role::Editor, vec![entry(7, 4, "4")]);
        presence.left(A);
        assert_eq!(presence.take_news().entries, [entry(7, 4, "4"), entry(7, 4, "null")]);
    }

    #[test]
    fn others_tell_who_was_lost_from_who_left_also_when_it_had_just_moved() {
        let mut shown = crate::sync::presence::Presences::default();
        let mut presence = Presence::default();
        for (connection, client) in [(A, 7), (B, 8)] {
            assert_eq!(shown.apply(told(&mut presence, connection, &[entry(client, 1, "{}")])), []);
        }
        presence.announced(Duration::from_secs(1_000), A, Role::Editor, vec![entry(7, 2, "{}")]);
        presence.announced(
            Duration::from_secs(1_000),
            B,
            Role::Editor,
            vec![entry(8, 2, "{}"), entry(8, 3, "null")],
        );
        presence.left(A);
        presence.left(B);
        let lost: Vec<_> =
            shown.apply(presence.take_news().entries).into_iter().map(|(client, _)| client).collect();
        assert_eq!(lost, [7]);
    }

    #[test]
    fn a_crowd_is_told_of_in_parts_and_nobody_is_left_out() {
        let mut presence = Presence::default();
        let crowd = limits::PRESENCE_STATES as u64 * 2 + 5;
        for client in 0..crowd {
            presence.announced(
                Duration::from_secs(1_000),
                ConnectionId(client),
                Role::Editor,
                vec![entry(client, 1, "{}")],
            );
        }
        let mut heard = Vec::new();
        while presence.has_news() {
            let news = presence.take_news().entries;
            assert!(news.len() <= limits::PRESENCE_STATES);
            heard.extend(news.into_iter().map(|entry| entry.client));
        }
        assert_eq!(heard, (0..crowd).collect::<Vec<_>>());
    }

    #[test]
    fn a_lost_connection_takes_its_presence_along_unless_another_waits_to_take_it_over() {
        let mut presence = Presence::default();
        told(&mut presence, A, &[entry(7, 1, "{}")]);
        assert_eq!(told(&mut presence, B, &[entry(7, 2, "2")]), [], "A lives");
        presence.left(A);
        assert!(!presence.has_parting());
        assert_eq!(presence.take_news().entries, [entry(7, 2, "2")]);
        presence.left(B);
        assert_eq!(presence.take_news().entries, [entry(7, 2, "null")]);
    }

    #[test]
    fn nobody_speaks_for_a_client_for_which_a_living_connection_does() {
        let mut presence = Presence::default();
        told(&mut presence, A, &[entry(7, 1, "\"hers\"")]);
        for clock in [2, 3, limits::PRESENCE_LEAP] {
            assert_eq!(told(&mut presence, B, &[entry(7, clock, "\"his\""), entry(7, clock, "null")]), []);
        }
        assert_eq!(presence.all(), [entry(7, 1, "\"hers\"")]);
        assert_eq!(told(&mut presence, A, &[entry(7, 2, "\"hers\"")]), [entry(7, 2, "\"hers\"")]);
    }

    #[test]
    fn a_reader_who_took_an_editors_place_while_she_was_away_loses_it_to_her() {
        let mut presence = Presence::default();
        let said = |presence: &mut Presence, from, role, clock, state: &str| {
            presence.announced(Duration::from_secs(1_000), from, role, vec![entry(7, clock, state)]);
            presence.take_news().entries
        };
        assert_eq!(said(&mut presence, B, Role::Reader, 9, "\"his\""), [entry(7, 9, "\"his\"")]);
        assert_eq!(said(&mut presence, A, Role::Editor, 10, "\"hers\""), [entry(7, 10, "\"hers\"")]);
        assert_eq!(said(&mut presence, B, Role::Reader, 11, "\"his\""), []);
        presence.left(B);
        assert_eq!(presence.all(), [entry(7, 10, "\"hers\"")]);
    }

    #[test]
    fn an_editor_who_comes_back_is_heard_though_a_reader_said_something_later_in_her_name() {
        let mut presence = Presence::default();
        let said = |presence: &mut Presence, from, role, clock, state: &str| {
            presence.announced(Duration::from_secs(1_000), from, role, vec![entry(7, clock, state)]);
            presence.take_news().entries
        };
        said(&mut presence, B, Role::Reader, 1000, "\"his\"");
        assert_eq!(said(&mut presence, A, Role::Editor, 5, "\"hers\""), [entry(7, 1001, "\"hers\"")]);
        assert_eq!(said(&mut presence, A, Role::Editor, 6, "6"), [entry(7, 1002, "6")]);
        assert_eq!(said(&mut presence, A, Role::Editor, 6, "6"), [], "that is not newer");
        // Her own program has heard of 1002, and goes on from there.
        assert_eq!(said(&mut presence, A, Role::Editor, 1003, "7"), [entry(7, 1003, "7")]);
        assert_eq!(said(&mut presence, A, Role::Editor, 1004, "null"), [entry(7, 1004, "null")]);
    }

    #[test]
    fn an_editor_who_comes_back_is_not_told_what_a_reader_said_in_her_name_before_she_says_who_she_is() {
        // A stock client would take it for its own words.
        let (mut presence, now) = (Presence::default(), Duration::from_secs(1_000));
        told(&mut presence, A, &[entry(7, 5, "\"hers\"")]);
        presence.left(A);
        let his = [entry(7, 1000, "\"his\""), entry(8, 1, "\"another\"")];
        presence.announced(now, B, Role::Reader, his[..1].to_vec());
        presence.announced(now, ConnectionId(3), Role::Reader, his[1..].to_vec());
        presence.take_news();
        presence.joined(ConnectionId(4), Role::Editor);
        assert_eq!(presence.take_news().newcomers, BTreeSet::from([ConnectionId(4)]));
        assert_eq!((presence.unnamed().len(), presence.for_unnamed(&presence.all())), (1, his[1..].to_vec()));
        assert_eq!(told(&mut presence, ConnectionId(4), &[entry(7, 6, "6")]), [entry(7, 1001, "6")]);
        assert!(presence.unnamed().is_empty());
        presence.expire(now + limits::PRESENCE_KEPT + Duration::from_secs(1));
        assert!(presence.writers.is_empty());
    }

    #[test]
    fn who_says_who_they_are_after_they_were_told_of_others_hears_that_one_of_these_is_gone() {
        let mut presence = Presence::default();
        told(&mut presence, A, &[entry(7, 1, "{}")]);
        presence.joined(B, Role::Editor);
        assert_eq!(presence.take_news().newcomers, BTreeSet::from([B]));
        presence.announced(Duration::from_secs(1_000), B, Role::Editor, vec![entry(8, 1, "{}")]);
        presence.left(A);
        let news = presence.take_news();
        assert!(news.newcomers.is_empty(), "B would be told only who is here now");
        assert_eq!(news.named, BTreeSet::from([B]));
        assert_eq!(news.entries, [entry(7, 1, "null"), entry(8, 1, "{}")]);
    }

    #[test]
    fn a_clock_that_leaps_is_ignored() {
        let mut presence = Presence::default();
        assert_eq!(told(&mut presence, A, &[entry(7, limits::PRESENCE_LEAP + 1, "{}")]), []);
        told(&mut presence, A, &[entry(7, 5, "{}")]);
        assert_eq!(told(&mut presence, A, &[entry(7, (1 << 53) - 2, "{}")]), []);
        assert_eq!(told(&mut presence, A, &[entry(7, 6, "6")]), [entry(7, 6, "6")]);
    }

    #[test]
    fn who_is_told_to_have_gone_comes_back_with_its_own_next_clock() {
        let mut shown = crate::sync::presence::Presences::default();
        let mut presence = Presence::default();
        shown.apply(told(&mut presence, A, &[entry(7, 1, "{}")]));
        presence.left(A);
        shown.apply(presence.take_news().entries);
        assert_eq!(shown.states().count(), 0);
        shown.apply(told(&mut presence, B, &[entry(7, 2, "{}")]));
        assert_eq!(shown.states().count(), 1);
    }

    #[test]
    fn presence_that_is_not_renewed_expires() {
        let (mut presence, now) = (Presence::default(), Duration::from_secs(1_000));
        presence.announced(now, A, Role::Editor, vec![entry(7, 1, "{}")]);
        presence.take_news();
        presence.expire(now + Duration::from_secs(29));
        assert!(!presence.has_parting());
        presence.expire(now + Duration::from_secs(31));
        assert_eq!(presence.take_news().entries, [entry(7, 1, "null")]);
    }

    #[test]
    fn a_newcomer_is_told_of_everyone_once() {
        let mut presence = Presence::default();
        presence.joined(A, Role::Reader);
        presence.joined(B, Role::Reader);
        presence.left(B);
        assert_eq!(presence.take_news().newcomers, BTreeSet::from([A]));
        assert!(!presence.has_newcomers());
    }
}
