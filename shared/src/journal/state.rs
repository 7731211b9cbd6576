//! What the entries of a journal make together: what acts are judged by, and what views show. The words that were said are
//! not here: a view has them from the entries.

use std::collections::{BTreeMap, BTreeSet};

use super::hash::Hash;
use crate::domain::malbild_kind::MalbildKind;
use crate::domain::phase::Phase;
use crate::{ActId, ActorId, EntryNumber, Role, SeatId, ThreadId, Timestamp};

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub(super) kind: MalbildKind,
    pub(super) phase: Phase,
    pub(super) actors: BTreeMap<ActorId, Actor>,
    pub(super) seats: BTreeMap<SeatId, Seat>,
    pub(super) threads: BTreeMap<ThreadId, Thread>,
    acts: BTreeMap<ActId, Known>,
    /// Entries that were erased, each with the one that did it.
    erased: BTreeMap<EntryNumber, EntryNumber>,
    /// Hashes of the identifiers of acts that were erased: who asks for one again does not bring it back.
    erased_acts: BTreeSet<Hash>,
}

/// An act that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its entry.
    pub number: EntryNumber,
    /// When it was accepted.
    pub at: Timestamp,
    /// Who asked for it; nobody did if it is the server's.
    pub seat: Option<SeatId>,
    /// What tells it from another with the same identifier.
    pub(super) digest: u64,
    /// Whether its words may be erased.
    pub(super) is_erasable: bool,
}

/// An organisation that takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// Its name.
    pub name: String,
    /// On which level it works.
    pub level: Option<String>,
    /// What it is.
    pub kind: Option<String>,
    /// With whom it is listed.
    pub group: Option<String>,
    /// Its units and functions.
    pub units: Vec<String>,
}

/// Who somebody is in the målbild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// What it may do.
    pub role: Role,
    /// For whom it speaks.
    pub actor: Option<ActorId>,
    /// For whom its link is meant.
    pub label: Option<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// The entry by which it was taken away.
    pub revoked: Option<EntryNumber>,
}

/// What was said of some words, with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its first entry.
    pub number: EntryNumber,
    /// Who began it.
    pub seat: Option<SeatId>,
    /// How far it has come.
    pub state: ThreadState,
    /// The entries of its answers, and of what was done with it, in order.
    pub replies: Vec<EntryNumber>,
}

/// How far a thread has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadState {
    /// Nobody has called it done.
    Open,
    /// Somebody has.
    Resolved,
    /// Who began it has taken it back.
    Withdrawn,
}

impl Seat {
    /// A seat of a role, of nobody in particular.
    pub(super) const fn of(role: Role) -> Self {
        Self { role, actor: None, label: None, expires: None, revoked: None }
    }
}

impl State {
    /// An exercise's, or a real one.
    #[must_use]
    pub const fn kind(&self) -> MalbildKind {
        self.kind
    }

    /// Who may write now.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// All actors.
    #[must_use]
    pub const fn actors(&self) -> &BTreeMap<ActorId, Actor> {
        &self.actors
    }

    /// An actor.
    #[must_use]
    pub fn actor(&self, id: &ActorId) -> Option<&Actor> {
        self.actors.get(id)
    }

    /// All seats, those that were taken away too.
    #[must_use]
    pub const fn seats(&self) -> &BTreeMap<SeatId, Seat> {
        &self.seats
    }

    /// A thread.
    #[must_use]
    pub fn thread(&self, id: &ThreadId) -> Option<&Thread> {
        self.threads.get(id)
    }

    /// The entry of the act with this identifier.
    #[must_use]
    pub fn known(&self, id: &ActId) -> Option<&Known> {
        self.acts.get(id)
    }

    /// The entries that were erased.
    pub fn erased(&self) -> impl Iterator<Item = EntryNumber> {
        self.erased.keys().copied()
    }

    /// Whether an act with this identifier was erased.
    pub(super) fn was_erased(&self, id: &ActId) -> bool {
        self.erased_acts.contains(&Hash::of_act(id))
    }

    /// The act of an entry whose words may be erased.
    pub(super) fn erasable(&self, number: EntryNumber) -> Option<&ActId> {
        let said = |known: &&Known| known.number == number && known.is_erasable;
        self.acts.iter().find(|(_, known)| said(known)).map(|(id, _)| id)
    }

    /// An entry is erased by another: nothing is left that its body said.
    pub(super) fn erase(&mut self, number: EntryNumber, by: EntryNumber) {
        self.erased.insert(number, by);
        let Some(id) = self.erasable(number).cloned() else { return };
        self.erased_acts.insert(Hash::of_act(&id));
        self.acts.remove(&id);
        self.threads.retain(|_, thread| thread.number != number);
        self.threads.values_mut().for_each(|thread| thread.replies.retain(|reply| *reply != number));
    }

    pub(super) fn reply(&mut self, thread: &ThreadId, number: EntryNumber) {
        if let Some(thread) = self.threads.get_mut(thread) {
            thread.replies.push(number);
        }
    }

    pub(super) fn set_thread(&mut self, thread: &ThreadId, state: ThreadState, number: EntryNumber) {
        if let Some(thread) = self.threads.get_mut(thread) {
            thread.state = state;
            thread.replies.push(number);
        }
    }

    /// An act was entered.
    pub(super) fn enter(&mut self, id: ActId, known: Known) {
        self.acts.insert(id, known);
    }

    /// An act was erased before the entries were read, as the hash of its identifier says.
    pub(super) fn was_erased_before(&mut self, act: Hash) {
        self.erased_acts.insert(act);
    }
}
