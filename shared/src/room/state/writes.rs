//! What becomes of an update that a connection sent: scanned, refused, asked about, or queued; and when it is
//! called saved. How it is applied is in `turn`.

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

/// Deleted ranges in an update without blocks beyond which it is looked at before it is applied: a step 2 says all
/// that is deleted in the document.
const KNOWN: usize = 64;

/// What is done about a write that lacks nothing.
enum Judgement {
    /// It brings nothing; its number is answered.
    Nothing,
    /// It is taken, and may bring something; its pieces, where they were needed to know.
    Change(Option<Pieces>),
    /// Whether it brings something shows once all that was taken is applied.
    Later,
    /// It is not taken, with this code.
    Refused(&'static str),
}

impl RoomState {
    /// An update came, with the sender's number if it is a write of our own client's.
    pub(super) fn wrote(
        &mut self,
        from: ConnectionId,
        number: Option<WriteNumber>,
        update: Bytes,
        reaction: &mut Reaction,
    ) {
        reaction.counters.received += 1;
        let may_write = self.sessions.get(&from).is_some_and(|s| s.role().may(Permission::WriteContent));
        // A step 2 of a reader's says what is deleted, and nothing else that anybody could use.
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
            return self.missed(from, number, &update, gap, reaction);
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

    /// Queues an update to be applied with those of others, or if it may cost much, to be applied piece by piece.
    /// `pieces` are its own, if they are known.
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
                // Blocks of several clients may wait for each other.
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

    /// Whether even light writes wait until the document is weighed. The sums say several times as much as there is.
    fn is_overdue(&mut self) -> bool {
        let is_overdue = |room: &Self| room.weighing.is_overdue(&room.document.size());
        // What can't be measured is as large as the sums say.
        is_overdue(self) && (self.document.measure().is_err() || is_overdue(self))
    }

    /// An update, to be applied piece by piece.
    fn pieces(&self, update: &Bytes) -> Result<Pieces, ScanError> {
        Pieces::of(update.clone(), |client| self.document.end_of(client))
    }

    /// Whether there is room for more. Deletions may go on in a document that is full, as far as they can make it
    /// no more than twice as large as one may be.
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
        if !extends && scan.deletes.len() > KNOWN && self.is_settled() {
            // It brings nothing, most likely, and looking costs less than applying it.
            let lost = self.document.has_new_deletions(scan)?;
            if lost == 0 {
                return Ok(Judgement::Nothing);
            }
        }
        // What brings all that is here once more may have as much again; the rest would be looked at for nothing.
        let is_hopeless = scan.items > 2 * limits::DOCUMENT_BLOCKS;
        if extends && (is_hopeless || self.weighing.is_slow()) {
            return Ok(Judgement::Refused(refusal::DOCUMENT_FULL));
        }
        if !is_full(self.document.size() + self.waiting_size(), &more) {
            return Ok(Judgement::Change(None));
        }
        // What is here already counts for nothing: a step 2 always says all that is deleted.
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

    /// What was taken and is not in the document yet.
    fn waiting_size(&self) -> Size {
        let queued = self.queue.iter().chain(self.heavy.iter().map(|heavy| &heavy.queued));
        let bytes = queued.filter_map(|queued| queued.update.as_ref()).map(Bytes::len).sum();
        Size { bytes, blocks: self.heavy.iter().map(|heavy| heavy.pieces.blocks()).sum(), ..Size::default() }
    }

    /// What deletions of one who may not write are: a step 2 carries every deletion there is, so only one
    /// that is new is a write.
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

    /// An update depends on what is not here: it is asked for, and no number from this one on is called
    /// saved until it has come.
    fn missed(
        &mut self,
        from: ConnectionId,
        number: Option<WriteNumber>,
        update: &Bytes,
        gap: (u64, u32),
        reaction: &mut Reaction,
    ) {
        let Some(session) = self.sessions.get_mut(&from) else { return };
        match session.missed(number, update, gap) {
            Ok(()) => self.ask(from, reaction),
            Err(offence) => self.offended(from, &offence, reaction),
        }
    }

    pub(super) fn applied(&mut self, queue: &[Queued], own: Option<Bytes>, reaction: &mut Reaction) {
        let mut handled: BTreeMap<ConnectionId, Option<WriteNumber>> = BTreeMap::new();
        for Queued { from, number, .. } in queue {
            if let Some(from) = from {
                let highest = handled.entry(*from).or_default();
                *highest = (*highest).max(*number);
            }
        }
        if let Some(own) = own {
            // The disk begins while the frames are being written.
            self.accepted += 1;
            self.waiting.push(own.clone());
            self.append_if_idle(reaction);
            let mut authors = queue.iter().filter(|queued| queued.update.is_some()).map(|queued| queued.from);
            let first = authors.next().flatten();
            // What one alone wrote it has already; a frame with others' words in it goes to all.
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

    /// Queues what has no gap any more.
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

    /// Says `Saved` once all is on disk that was withheld from this connection, if nothing of it has a gap.
    fn release(&mut self, id: ConnectionId, reaction: &mut Reaction) {
        // What once had a gap is of an earlier number, and may not be applied yet.
        let is_filling = |q: &Queued| q.from == Some(id) && q.number.is_none() && q.update.is_some();
        if self.is_busy(id) || self.queue.iter().any(is_filling) {
            return;
        }
        if let Some(number) = self.sessions.get_mut(&id).and_then(|session| session.release()) {
            self.send_when_stored(id, Message::Saved(number), reaction);
        }
    }

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

    /// Leaves heavy writes to who wrote them, without an answer and without a connection: nothing that was said after one
    /// may be answered, or it would be taken for saved.
    pub(super) fn leave_unmade(&mut self, reaction: &mut Reaction) {
        for heavy in std::mem::take(&mut self.heavy) {
            if let Some(from) = heavy.queued.from {
                self.close(from, CloseCode::GoingAway, reaction);
            }
        }
    }

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

    /// Refuses a write with a code, over something that the code does not say.
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
