//! The way of an incoming update: it is scanned, checked against the sender's role and the document's limits, and then
//! queued, refused, or postponed; and once it is stored, acknowledged with `Saved`. How it is applied is in `turn`; how a
//! document's time to open is estimated and measured (it is *weighed*) is in `weighing`.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::document::scan::{self, Pieces, ScanError, UpdateScan};
use crate::domain::limits;
use crate::sync::protocol::{CloseCode, Message, refusal};
use crate::sync::server_session::Dialect;
use crate::{Permission, Seq, WriteNumber};

use super::turn::{Heavy, Queued};
use super::{ConnectionId, Effect, Notice, Reaction, RoomState, pace};
use crate::room::Urgency;
use crate::room::document::DocumentError;
use crate::room::size::Size;

/// A deletion-only update with more ranges than this is searched for new deletions before it is applied: a step 2
/// carries the document's whole delete set, so most bring none.
const CHECK_DELETIONS_ABOVE: usize = 64;

/// What to do with a write that has no gap.
enum Judgement {
    /// It changes nothing: acknowledge its number.
    Nothing,
    /// Accept it; with its pieces, where they were needed to judge.
    Change(Option<Pieces>),
    /// Judge again once all accepted writes are applied.
    Later,
    /// Refuse it with this code.
    Refused(&'static str),
}

impl RoomState {
    /// Handles an update from a connection; `number` is the sender's, if it is a write of our own client.
    pub(super) fn wrote(
        &mut self,
        from: ConnectionId,
        number: Option<WriteNumber>,
        update: Bytes,
        reaction: &mut Reaction,
    ) {
        reaction.counters.received += 1;
        let may_write = self.sessions.get(&from).is_some_and(|s| s.role().may(Permission::WriteContent));
        // A reader's step 2 can hold only the delete set, about 12 bytes a range: a larger update is refused unread.
        if !may_write && update.len() > limits::READER_BYTES + 12 * self.document.size().ranges {
            return self.refuse(from, number, refusal::ROLE, reaction);
        }
        let scan = match scan::update(&update) {
            Ok(scan) => scan,
            Err(error) => return self.not_taken(from, number, error.into(), reaction),
        };
        if self.is_of_another_epoch(scan.blocks.iter().map(|(client, _)| *client)) {
            return self.of_another_epoch(from, reaction);
        }
        let (gap, extends) = (self.document.gap_of(&scan), self.document.has_new_blocks(&scan));
        if !may_write && (gap.is_some() || extends) {
            return self.refuse(from, number, refusal::ROLE, reaction);
        }
        if self.document.foreign_root(&scan, self.config.template).is_some() {
            let error = ScanError::Forbidden("a root that this målbild does not have");
            return self.not_taken(from, number, error.into(), reaction);
        }
        if let Some(gap) = gap {
            return self.missed(from, (number, &update), gap, reaction);
        }
        let judged = match (may_write, extends, scan.deletes.is_empty()) {
            (_, false, true) => Ok(Judgement::Nothing),
            (true, ..) => self.judge_size(&scan, &update, extends),
            (false, ..) => self.judge_deletions(&scan),
        };
        match judged {
            Ok(Judgement::Nothing) => {
                if number.is_some() {
                    self.queue(reaction.now, Queued { from: Some(from), number, update: None });
                }
            }
            Ok(Judgement::Later) => self.later.push((from, number, update)),
            Ok(Judgement::Refused(code)) => self.refuse(from, number, code, reaction),
            Ok(Judgement::Change(pieces)) => {
                let queued = Queued { from: Some(from), number, update: Some(update) };
                if let Err(error) = self.take(reaction.now, queued, &scan, pieces) {
                    self.not_taken(from, number, error.into(), reaction);
                }
            }
            Err(error) => self.not_taken(from, number, error, reaction),
        }
    }

    /// Accepts an update: queues it to be applied with others', or, if it may cost much, to be applied piece by piece.
    /// `pieces` are its pieces, if they are known already.
    pub(super) fn take(
        &mut self,
        now: Duration,
        queued: Queued,
        scan: &UpdateScan,
        pieces: Option<Pieces>,
    ) -> Result<(), ScanError> {
        let cost = self.document.size().cost_of(scan);
        let ends = [scan.blocks.first(), scan.blocks.last()].map(|block| block.map(|(client, _)| *client));
        if self.is_light_write(now, queued.from, cost) && !(scan.items > 0 && self.is_overdue()) {
            if ends[0] != ends[1] && pieces.is_none() {
                // Blocks of several clients may depend on each other; cutting into pieces checks that they can be ordered.
                self.pieces(&queued.update.clone().unwrap_or_default())?;
            }
            self.document.expect(scan);
            self.dues.owe(queued.from, cost);
            self.queue(now, queued);
            return Ok(());
        }
        let pieces = match pieces {
            Some(pieces) => pieces,
            None => self.pieces(&queued.update.clone().unwrap_or_default())?,
        };
        self.heavy.push_back(Heavy::new(queued, pieces));
        Ok(())
    }

    /// Whether light writes must wait too, until the document is weighed. The estimate counts several times too much, so
    /// an exact measurement follows before this says yes.
    fn is_overdue(&mut self) -> bool {
        let is_overdue = |room: &Self| room.weighing.is_overdue(&room.document.size());
        // If it can't be measured, the estimate stands.
        is_overdue(self) && (self.document.measure().is_err() || is_overdue(self))
    }

    /// Cuts an update into pieces.
    fn pieces(&self, update: &Bytes) -> Result<Pieces, ScanError> {
        Pieces::of(update.clone(), |client| self.document.end_of(client))
    }

    /// Judges a write by the document's limits. `extends` says whether it brings blocks; updates that only delete are
    /// accepted up to twice the limit, so that a full document can be cleaned up.
    fn judge_size(
        &mut self,
        scan: &UpdateScan,
        update: &Bytes,
        extends: bool,
    ) -> Result<Judgement, DocumentError> {
        let mut more = Size::brought_by(scan, update.len());
        let limit = self.config.document_bytes * if extends { 1 } else { 2 };
        let is_full = |size: Size, more: &Size| {
            if extends { size.is_full(more, limit) } else { size.is_overfull(more, limit) }
        };
        if !extends && scan.deletes.len() > CHECK_DELETIONS_ABOVE && self.is_settled() {
            // Most likely it deletes nothing new, and searching costs less than applying it.
            let lost = self.document.has_new_deletions(scan)?;
            if lost == 0 {
                return Ok(Judgement::Nothing);
            }
        }
        // A resent whole document may hold twice the limit's blocks; anything larger is refused without a closer look.
        let is_hopeless = scan.items > 2 * limits::DOCUMENT_BLOCKS;
        if extends && (is_hopeless || self.weighing.is_slow()) {
            return Ok(Judgement::Refused(refusal::DOCUMENT_FULL));
        }
        if !is_full(self.document.size() + self.waiting_size(), &more) {
            return Ok(Judgement::Change(None));
        }
        // Only what the document does not have yet counts: a step 2 repeats the whole delete set.
        let mut clients: Vec<u64> = scan.blocks.iter().map(|(client, _)| *client).collect();
        clients.dedup();
        more.clients = clients.iter().filter(|client| self.document.end_of(**client) == 0).count();
        if extends && self.document.size().clients + more.clients > limits::DOCUMENT_CLIENTS {
            return Ok(Judgement::Refused(refusal::DOCUMENT_FULL));
        }
        self.document.measure()?;
        more.ranges = self.document.has_new_deletions(scan)?;
        let pieces = if extends { Some(self.pieces(update)?) } else { None };
        more.blocks = pieces.as_ref().map_or(0, Pieces::blocks);
        more.bytes = if extends { more.bytes } else { 12 * more.ranges };
        let is_full = is_full(self.document.size() + self.waiting_size(), &more);
        Ok(if is_full { Judgement::Refused(refusal::DOCUMENT_FULL) } else { Judgement::Change(pieces) })
    }

    /// The size of accepted writes that are not applied yet.
    fn waiting_size(&self) -> Size {
        let queued = self.queue.iter().chain(self.heavy.iter().map(|heavy| &heavy.queued));
        let bytes = queued.filter_map(|queued| queued.update.as_ref()).map(Bytes::len).sum();
        Size { bytes, blocks: self.heavy.iter().map(|heavy| heavy.pieces.blocks()).sum(), ..Size::default() }
    }

    /// Judges the deletions of a reader. A step 2 repeats every known deletion, so only a new one is a write.
    fn judge_deletions(&mut self, scan: &UpdateScan) -> Result<Judgement, DocumentError> {
        let is_new = self.document.has_new_deletions(scan)? > 0;
        Ok(match is_new {
            false => Judgement::Nothing,
            true if self.is_settled() => Judgement::Refused(refusal::ROLE),
            true => Judgement::Later,
        })
    }

    pub(super) fn queue(&mut self, now: Duration, queued: Queued) {
        self.queue.push_back(queued);
        self.frames.wanted(now, pace::of_frames(self.sessions.len()));
    }

    /// Handles an update with a gap: holds it back and asks the sender for what is missing. No number from this one on is
    /// acknowledged until that has come.
    fn missed(
        &mut self,
        from: ConnectionId,
        (number, update): (Option<WriteNumber>, &Bytes),
        gap: (u64, u32),
        reaction: &mut Reaction,
    ) {
        let Some(session) = self.sessions.get_mut(&from) else { return };
        match session.missed(number, update, gap) {
            Ok(()) => self.ask(from, reaction),
            Err(offence) => self.offended(from, &offence, reaction),
        }
    }

    /// Handles writes that were applied in one transaction: stores and broadcasts the update that it made (`own`), and
    /// prepares their acknowledgements.
    pub(super) fn applied(&mut self, queue: &[Queued], own: Option<Bytes>, reaction: &mut Reaction) {
        let mut handled: BTreeMap<ConnectionId, Option<WriteNumber>> = BTreeMap::new();
        for Queued { from, number, .. } in queue {
            if let Some(from) = from {
                let highest = handled.entry(*from).or_default();
                *highest = (*highest).max(*number);
            }
        }
        if let Some(own) = own {
            // The append starts before the frames are written, so that disk and network work side by side.
            self.accepted += 1;
            self.waiting.push(own.clone());
            self.append_if_idle(reaction);
            let mut authors = queue.iter().filter(|queued| queued.update.is_some()).map(|queued| queued.from);
            let first = authors.next().flatten();
            // A sole author has its own update already; an update merged from several authors goes to all.
            let sole = first.filter(|_| authors.all(|author| author == first));
            let message = Message::Update(own);
            let merged = queue.iter().filter(|queued| queued.update.is_some()).count() as u64;
            let receivers =
                self.broadcast(&message, reaction, |id, s| s.dialect() == Dialect::Own && Some(id) != sole);
            reaction.counters.sent += merged * receivers;
        }
        for (id, highest) in handled {
            if let (Some(session), Some(number)) = (self.sessions.get_mut(&id), highest) {
                session.withhold(number);
            }
            self.release(id, reaction);
        }
        self.fill_gaps(reaction);
    }

    /// Accepts the held-back updates whose gaps are filled now.
    fn fill_gaps(&mut self, reaction: &mut Reaction) {
        let document = &self.document;
        let mut filled = Vec::new();
        for (id, session) in self.sessions.iter_mut().filter(|(_, session)| session.has_gaps()) {
            let updates = session.filled(
                |client| document.end_of(client),
                |update| scan::update(update).ok().and_then(|scan| document.gap_of(&scan)),
            );
            filled.extend(updates.into_iter().map(|update| (*id, update)));
        }
        for (id, update) in filled {
            if let Ok(scan) = scan::update(&update) {
                let queued = Queued { from: Some(id), number: None, update: Some(update) };
                if let Err(error) = self.take(reaction.now, queued, &scan, None) {
                    reaction.notices.push(Notice::NotFilled { connection: id, error });
                }
            }
        }
    }

    /// Sends the connection's withheld `Saved(n)` once write n is stored, unless an update of the connection still has a gap
    /// or is being applied.
    fn release(&mut self, id: ConnectionId, reaction: &mut Reaction) {
        // An update whose gap was filled belongs to an earlier number and may still be queued.
        let is_filling = |q: &Queued| q.from == Some(id) && q.number.is_none() && q.update.is_some();
        if self.is_busy(id) || self.queue.iter().any(is_filling) {
            return;
        }
        if let Some(number) = self.sessions.get_mut(&id).and_then(|session| session.release()) {
            self.send_when_stored(id, Message::Saved(number), reaction);
        }
    }

    /// Handles the end of an append that began `at`: stock clients get its updates, and waiting acknowledgements go out.
    pub(super) fn appended(&mut self, at: u64, last: Seq, reaction: &mut Reaction) {
        let updates = std::mem::take(&mut self.in_flight);
        self.upkeep.appended(&updates, last);
        self.stored += updates.len() as u64;
        self.on_disk_at = at;
        reaction.counters.stored += updates.len() as u64;
        for update in updates {
            let message = Message::Update(update);
            let receivers = self.broadcast(&message, reaction, |_, s| s.dialect() == Dialect::Stock);
            reaction.counters.sent += receivers;
        }
        while self.after_stored.front().is_some_and(|(accepted, _, _)| *accepted <= self.stored) {
            if let Some((_, to, message)) = self.after_stored.pop_front() {
                self.send(to, &message, reaction);
            }
        }
    }

    /// Drops the heavy writes that are not applied when the room ends, and closes their senders' connections; those send
    /// them again. No acknowledgement may follow one: a later `Saved` would cover it.
    pub(super) fn leave_unmade(&mut self, reaction: &mut Reaction) {
        for heavy in std::mem::take(&mut self.heavy) {
            if let Some(from) = heavy.queued.from {
                self.close(from, CloseCode::GoingAway, reaction);
            }
        }
    }

    /// Starts an append if updates wait and none is under way.
    pub(super) fn append_if_idle(&mut self, reaction: &mut Reaction) {
        if self.in_flight.is_empty() && !self.waiting.is_empty() && !self.stopped {
            self.in_flight = std::mem::take(&mut self.waiting);
            let stock = self.sessions.values().any(|session| session.dialect() == Dialect::Stock);
            let urgency = if stock { Urgency::Now } else { Urgency::Batched };
            reaction.effects.push(Effect::Append { updates: self.in_flight.clone(), urgency });
        }
    }

    fn not_taken(
        &mut self,
        from: ConnectionId,
        number: Option<WriteNumber>,
        error: DocumentError,
        reaction: &mut Reaction,
    ) {
        match error {
            DocumentError::Scan(error @ ScanError::Malformed(_)) => {
                self.undecodable(from, &error, reaction);
            }
            DocumentError::Scan(ScanError::TooDeep) => {
                let why = Some("a value nested too deep");
                self.refuse_over(from, number, (refusal::INVALID, why), reaction);
            }
            DocumentError::Scan(ScanError::Forbidden(what)) => {
                self.refuse_over(from, number, (refusal::INVALID, Some(what)), reaction);
            }
            DocumentError::Broken(broken) => self.broken(from, broken, reaction),
        }
    }

    pub(super) fn refuse(
        &mut self,
        to: ConnectionId,
        number: Option<WriteNumber>,
        code: &'static str,
        reaction: &mut Reaction,
    ) {
        self.refuse_over(to, number, (code, None), reaction);
    }

    /// Refuses a write with a code. The operator's log gets `why`, a detail that the code does not carry.
    fn refuse_over(
        &mut self,
        to: ConnectionId,
        number: Option<WriteNumber>,
        (code, why): (&'static str, Option<&'static str>),
        reaction: &mut Reaction,
    ) {
        reaction.notices.push(Notice::Refused { connection: to, code, why });
        let message = match number {
            Some(number) => Message::Refused(number, code.into()),
            None => Message::Denied(if code == refusal::ROLE { "permission denied" } else { code }.into()),
        };
        self.send(to, &message, reaction);
    }
}
