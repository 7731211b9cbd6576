//! How what was taken is applied: light writes together, in one transaction for a frame; heavy ones piece by piece,
//! each in turn. No turn is long, and who caused it is known.
//!
//! It doesn't know what may be written. CPU time is read from [`RoomConfig::cpu`](super::RoomConfig), which the room's holder
//! gives.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use yrs::Update;

use crate::WriteNumber;
use crate::document::scan::{self, Pieces};
use crate::domain::limits;
use crate::sync::protocol::{CloseCode, refusal};

use super::{ConnectionId, Effect, Notice, Reaction, RoomState};
use crate::room::document::{self, RoomDocument};

/// A write that lacks nothing and may be made.
#[derive(Debug, Clone)]
pub(super) struct Queued {
    /// Who wrote it; nobody when the room heals itself.
    pub(super) from: Option<ConnectionId>,
    pub(super) number: Option<WriteNumber>,
    /// The update; `None` if it brings nothing, and only its number is waited for.
    pub(super) update: Option<Bytes>,
}

/// A write that is made piece by piece. Nothing that is said after it on its connection is heard before it is made.
#[derive(Debug)]
pub(super) struct Heavy {
    pub(super) queued: Queued,
    pub(super) pieces: Pieces,
    /// CPU time that its blocks may take yet.
    pub(super) allowed: Duration,
    /// CPU time that they took beyond that.
    pub(super) over: Duration,
}

impl Heavy {
    pub(super) fn new(queued: Queued, pieces: Pieces) -> Self {
        let all = u32::try_from(pieces.blocks() + pieces.ranges()).unwrap_or(u32::MAX);
        Self { queued, pieces, allowed: limits::BLOCK_COST * all, over: Duration::ZERO }
    }
}

/// What each connection has cost of late, and what its queued writes may cost.
#[derive(Debug, Default)]
pub(super) struct Dues {
    owed: BTreeMap<Option<ConnectionId>, Duration>,
    /// CPU time since `since`, by who caused it.
    spent: BTreeMap<ConnectionId, Duration>,
    since: Option<Duration>,
    /// Until when each update is measured alone.
    close_look: Option<Duration>,
}

/// How long what a connection has cost is remembered.
const REMEMBERED: Duration = Duration::from_secs(1);
/// CPU time within [`REMEMBERED`] after which all that a connection writes is applied piece by piece.
const COSTLY: Duration = Duration::from_millis(10);
/// CPU time of a frame's transaction after which each update is measured alone for a while: reading the clock costs
/// a tenth of what an update does.
const CLOSE_LOOK: Duration = Duration::from_millis(4);
/// How many updates are applied between two looks at the clock otherwise.
const LOOKED_AFTER: usize = 16;

impl Dues {
    /// A light write may cost so much.
    pub(super) fn owe(&mut self, from: Option<ConnectionId>, cost: Duration) {
        *self.owed.entry(from).or_default() += cost;
    }

    fn charge(&mut self, from: Option<ConnectionId>, spent: Duration, reaction: &mut Reaction) {
        let now = reaction.now;
        if self.since.is_none_or(|since| now.saturating_sub(since) > REMEMBERED) {
            self.since = Some(now);
            self.spent.clear();
        }
        if let Some(from) = from {
            *self.spent.entry(from).or_default() += spent;
            reaction.charges.push((from, spent));
        }
    }
}

/// One transaction's work, under a budget of CPU time.
struct Turn {
    cpu: fn() -> Duration,
    began: Duration,
    /// When somebody looked at the clock last.
    last: Cell<Duration>,
    applied: Cell<usize>,
    /// How many updates are applied between two looks at the clock.
    every: usize,
    /// What updates took since the last look, with the place of the last of them.
    took: RefCell<Vec<(usize, Duration)>>,
}

impl Turn {
    fn new(cpu: fn() -> Duration, every: usize) -> Self {
        let began = cpu();
        let (last, applied, took) = (Cell::new(began), Cell::new(0), RefCell::default());
        Self { cpu, began, last, applied, every, took }
    }

    /// Before an update is applied: whether it is to wait for the next turn.
    fn is_over(&self) -> bool {
        let applied = self.applied.get();
        if applied > 0 && applied.is_multiple_of(self.every) {
            self.look();
        }
        applied >= limits::TURN_ITEMS || self.spent() >= limits::TURN
    }

    /// An update is being applied.
    fn goes_on(&self) {
        self.applied.set(self.applied.get() + 1);
    }

    fn look(&self) {
        let at = (self.cpu)();
        self.took.borrow_mut().push((self.applied.get(), at.saturating_sub(self.last.get())));
        self.last.set(at);
    }

    /// CPU time until the last look.
    fn spent(&self) -> Duration {
        self.last.get().saturating_sub(self.began)
    }
}

impl RoomState {
    /// Whether something waits that is applied piece by piece.
    #[must_use]
    pub fn has_heavy(&self) -> bool {
        !self.heavy.is_empty()
    }

    /// Whether [`Event::Turn`](super::Event::Turn) is due. It is not while all that waits brings blocks into a document
    /// that must be weighed first ([`Effect::Prove`]). Light writes wait for that much later: other rooms' documents may
    /// be weighed before this one, and who writes much of them is soon heavy.
    #[must_use]
    pub fn is_turn_due(&self) -> bool {
        self.heavy.iter().any(|heavy| self.may_go_on(heavy))
    }

    fn may_go_on(&self, heavy: &Heavy) -> bool {
        heavy.pieces.blocks() == 0 || !self.weighing.is_owed(&self.document.size())
    }

    /// Whether nothing that the room does now takes long: its document is small, and nothing waits that is heavy.
    #[must_use]
    pub fn is_light(&self) -> bool {
        self.heavy.is_empty() && self.document.size().is_light()
    }

    /// Whether a write of this connection's is being made piece by piece: what it says meanwhile waits.
    #[must_use]
    pub fn is_busy(&self, connection: ConnectionId) -> bool {
        self.heavy.iter().any(|heavy| heavy.queued.from == Some(connection))
    }

    /// Whether a write that may cost so much goes into the next frame.
    pub(super) fn is_light_write(&self, now: Duration, from: Option<ConnectionId>, cost: Duration) -> bool {
        let is_remembered = self.dues.since.is_some_and(|since| now.saturating_sub(since) <= REMEMBERED);
        let spent = from.filter(|_| is_remembered).and_then(|from| self.dues.spent.get(&from));
        let owed = self.dues.owed.get(&from).copied().unwrap_or_default();
        cost <= limits::LIGHT_COST
            && owed + cost <= limits::TURN
            && spent.is_none_or(|spent| *spent <= COSTLY)
    }

    /// Whether all that was taken is in the document.
    pub(super) fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.heavy.is_empty()
    }

    /// The room's own correction: a snapshot that was loaded again deletes more than the live document.
    pub(super) fn healed(&mut self, update: &Bytes, reaction: &mut Reaction) {
        if let Ok(scan) = scan::update(update)
            && self.document.gap_of(&scan).is_none()
        {
            let queued = Queued { from: None, number: None, update: Some(update.clone()) };
            if let Err(error) = self.take(reaction.now, queued, &scan, None) {
                reaction.notices.push(Notice::NotHealed(error));
            }
            self.flush(reaction);
        }
    }

    /// Applies what is queued in one transaction; what is left after a turn goes into the next.
    pub(super) fn flush(&mut self, reaction: &mut Reaction) {
        self.frames.told(reaction.now);
        if !self.queue.is_empty() {
            self.apply_queue(reaction);
        }
        if !self.queue.is_empty() {
            self.frames.wanted(reaction.now, Duration::ZERO);
        }
        self.settle(reaction);
    }

    /// Does what waited until all that was taken is applied.
    fn settle(&mut self, reaction: &mut Reaction) {
        if self.is_settled() {
            for (from, number, update) in std::mem::take(&mut self.later) {
                self.wrote(from, number, update, reaction);
            }
        }
        self.tell_what_is_held(reaction);
    }

    fn apply_queue(&mut self, reaction: &mut Reaction) {
        let is_slow = self.dues.close_look.is_some_and(|until| reaction.now < until);
        let turn = Turn::new(self.config.cpu, if is_slow { 1 } else { LOOKED_AFTER });
        let mut rest = std::mem::take(&mut self.queue);
        let (mut done, mut undecodable) = (Vec::with_capacity(rest.len()), None);
        let next = || {
            while let Some(first) = rest.front() {
                let Some(update) = &first.update else {
                    done.extend(rest.pop_front());
                    continue;
                };
                if turn.is_over() {
                    return None;
                }
                let Ok(update) = document::decode(update) else {
                    undecodable = Some(first.from);
                    return None;
                };
                done.extend(rest.pop_front());
                turn.goes_on();
                return Some(update);
            }
            None
        };
        let outcome = self.apply(next, &turn);
        self.queue = rest;
        match outcome {
            Ok(own) => {
                self.dues.owed.clear();
                self.charge(&done, &turn, reaction);
                self.applied(&done, own, reaction);
            }
            Err(broken) => {
                reaction.notices.push(Notice::Broke { over: None, broken });
                // Which of them it was shows when each is applied alone, over a document that is whole.
                for queued in done.into_iter().rev() {
                    self.queue.push_front(queued);
                }
                reaction.effects.push(Effect::Reload);
                return;
            }
        }
        if let Some(offender) = undecodable {
            self.exclude(offender, reaction);
        }
    }

    fn apply(
        &mut self,
        mut next: impl FnMut() -> Option<Update>,
        turn: &Turn,
    ) -> Result<Option<Bytes>, document::Broken> {
        let Some(first) = next() else { return Ok(None) };
        let mut first = Some(first);
        self.document.apply(|| first.take().or_else(&mut next), || turn.look())
    }

    /// Tells who caused the work of a turn, and closes who sent what took far too long.
    fn charge(&mut self, done: &[Queued], turn: &Turn, reaction: &mut Reaction) {
        let spent = turn.spent();
        self.weighing.spend(spent);
        if spent >= CLOSE_LOOK {
            self.dues.close_look = Some(reaction.now + REMEMBERED);
        }
        let updates: Vec<_> = done.iter().filter(|q| q.update.is_some()).map(|q| q.from).collect();
        let mut from = 0;
        for (to, took) in turn.took.take() {
            let to = to.min(updates.len());
            let share = took / u32::try_from((to - from).max(1)).unwrap_or(u32::MAX);
            for from in &updates[from..to] {
                self.dues.charge(*from, share, reaction);
            }
            if share > limits::SLOW_PIECE {
                updates[from..to].iter().flatten().for_each(|from| self.too_slow(*from, share, reaction));
            }
            from = to;
        }
    }

    fn too_slow(&mut self, from: ConnectionId, took: Duration, reaction: &mut Reaction) {
        reaction.notices.push(Notice::TooCostly { connection: from, took });
        self.heavy.retain(|heavy| heavy.queued.from != Some(from));
        self.close(from, CloseCode::Slow, reaction);
    }

    /// Applies pieces of heavy writes, of one after the other, until the turn is over.
    pub(super) fn turn(&mut self, reaction: &mut Reaction) {
        // What they may stand on is queued before them.
        self.flush(reaction);
        if self.weighing.is_owed(&self.document.size())
            && let Err(broken) = self.document.measure()
        {
            reaction.notices.push(Notice::Broke { over: None, broken });
            return reaction.effects.push(Effect::Reload);
        }
        let began = (self.config.cpu)();
        let mut count = self.heavy.len();
        while count > 0
            && self.queue.is_empty()
            && (self.config.cpu)().saturating_sub(began) < limits::TURN
            && let Some(heavy) = self.heavy.pop_front()
        {
            count -= 1;
            if !self.may_go_on(&heavy) {
                self.heavy.push_back(heavy);
            } else if heavy.pieces.blocks() > 0 && self.weighing.is_slow() {
                let from = heavy.queued.from;
                self.cut_off(&heavy.queued, reaction);
                self.hear_backlog(from, reaction);
            } else if !self.apply_pieces(heavy, reaction) {
                return;
            }
        }
        self.settle(reaction);
    }

    /// Applies some pieces of one write. False when the document broke.
    fn apply_pieces(&mut self, heavy: Heavy, reaction: &mut Reaction) -> bool {
        let Heavy { mut queued, mut pieces, allowed, over } = heavy;
        let turn = Turn::new(self.config.cpu, 1);
        let size = self.document.size();
        let (blocks, ranges) = (size.blocks_a_turn(), size.ranges_a_turn());
        let (mut taken, mut undecodable) = (0, false);
        let next = || {
            if turn.is_over() || taken >= limits::TURN_ITEMS {
                return None;
            }
            let update = document::decode(&pieces.take(blocks, ranges)?);
            undecodable = update.is_err();
            taken += blocks;
            turn.goes_on();
            update.ok()
        };
        let outcome = self.apply(next, &turn);
        let from = queued.from;
        match outcome {
            Ok(own) if !undecodable => {
                let spent = turn.spent();
                self.weighing.spend(spent);
                self.dues.charge(from, spent, reaction);
                let exceeded = spent.saturating_sub(allowed);
                self.weighing.exceed(exceeded);
                let (allowed, over) = (allowed.saturating_sub(spent), over + exceeded);
                let takes_too_long = over > limits::WRITE_EXCESS || self.weighing.may_be_slow();
                let is_cut_off = !pieces.is_done() && !exceeded.is_zero() && takes_too_long;
                let number = if pieces.is_done() { queued.number.take() } else { None };
                let part = Queued { from, number, update: own.clone() };
                let is_over = pieces.is_done() || is_cut_off;
                if is_cut_off {
                    self.cut_off(&queued, reaction);
                } else if !is_over {
                    self.heavy.push_back(Heavy { queued, pieces, allowed, over });
                }
                self.applied(&[part], own, reaction);
                let slowest = turn.took.take().iter().map(|(_, took)| *took).max().unwrap_or_default();
                if let Some(from) = from.filter(|_| slowest > limits::SLOW_PIECE) {
                    self.too_slow(from, slowest, reaction);
                }
                if is_over {
                    self.hear_backlog(from, reaction);
                }
                true
            }
            Ok(own) => {
                self.applied(&[Queued { from, number: None, update: own.clone() }], own, reaction);
                if let Some(from) = from {
                    self.undecodable(from, &"yrs does not read this update", reaction);
                }
                true
            }
            Err(broken) => {
                reaction.notices.push(Notice::Broke { over: from, broken });
                if let Some(from) = from {
                    self.close(from, CloseCode::Undecodable, reaction);
                }
                reaction.effects.push(Effect::Reload);
                false
            }
        }
    }

    /// Applies nothing more of a write, and refuses it; what was applied of it stays.
    fn cut_off(&mut self, write: &Queued, reaction: &mut Reaction) {
        if let Some(from) = write.from {
            self.refuse(from, write.number, refusal::DOCUMENT_FULL, reaction);
        }
    }

    /// Hears what a connection said while its write was made.
    fn hear_backlog(&mut self, from: Option<ConnectionId>, reaction: &mut Reaction) {
        let Some(from) = from else { return };
        let Some(mut backlog) = self.backlog.remove(&from) else { return };
        while let Some(frame) = backlog.pop_front() {
            self.heard(from, frame, reaction);
            if self.is_busy(from) {
                self.backlog.insert(from, backlog);
                return;
            }
        }
    }

    /// Closes the connection whose update yrs can't read although the scan let it through, and takes nothing
    /// of what it queued. What others sent can't build on it: nobody has seen it.
    fn exclude(&mut self, offender: Option<ConnectionId>, reaction: &mut Reaction) {
        self.queue.retain(|queued| queued.from != offender);
        if let Some(offender) = offender {
            self.undecodable(offender, &"yrs does not read this update", reaction);
        }
        let expected: Vec<Bytes> = self.queue.iter().filter_map(|queued| queued.update.clone()).collect();
        if let Err(broken) = self.document.expect_only(&expected) {
            reaction.notices.push(Notice::Broke { over: None, broken });
            reaction.effects.push(Effect::Reload);
        }
    }

    /// The store may or may not hold the append in flight; applying an update twice changes nothing. What
    /// was queued is applied one by one: who sent what breaks the document is closed.
    pub(super) fn reloaded(&mut self, stored: &[Bytes], client_id: u64, reaction: &mut Reaction) {
        let queue = std::mem::take(&mut self.queue);
        if !self.rebuild(stored, client_id, reaction) {
            return;
        }
        self.dues.owed.clear();
        for queued in queue {
            let from = queued.from;
            if from.is_some_and(|from| !self.sessions.contains_key(&from)) {
                continue;
            }
            let update = queued.update.as_ref().map(|update| document::decode(update)).transpose();
            let applied = update.map_err(|_| document::Broken("an update does not decode"));
            match applied.and_then(|mut update| self.apply(|| update.take(), &Turn::new(self.config.cpu, 1)))
            {
                Ok(own) => self.applied(&[queued], own, reaction),
                Err(broken) => {
                    reaction.notices.push(Notice::Broke { over: from, broken });
                    if let Some(from) = from {
                        self.close(from, CloseCode::Undecodable, reaction);
                    }
                    if !self.rebuild(stored, client_id, reaction) {
                        return;
                    }
                }
            }
        }
    }

    fn rebuild(&mut self, stored: &[Bytes], client_id: u64, reaction: &mut Reaction) -> bool {
        let parts = stored.iter().chain(&self.in_flight).chain(&self.waiting);
        match RoomDocument::build(parts, client_id) {
            Ok(document) => {
                self.document = document;
                true
            }
            Err(broken) => {
                reaction.notices.push(Notice::DoesNotLoad(broken));
                self.stop(reaction);
                false
            }
        }
    }
}
