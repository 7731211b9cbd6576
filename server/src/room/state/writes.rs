//! What becomes of an update that a connection sent: scanned, refused, asked about, or queued; applied with
//! all that came meanwhile; and when it is called saved.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use samsyn_shared::WriteNumber;
use samsyn_shared::protocol::{CloseCode, Message, refusal};
use samsyn_shared::scan::{self, ScanError};
use samsyn_shared::server_session::Dialect;

use super::{ConnectionId, Effect, RoomState, pace};
use crate::room::document::{self, Broken, DocumentError, RoomDocument};
use crate::store::Hurry;

/// A write that lacks nothing and may be made.
#[derive(Debug)]
pub(super) struct Queued {
    /// Who wrote it; nobody when the room heals itself.
    from: Option<ConnectionId>,
    number: Option<WriteNumber>,
    /// The update; `None` if it brings nothing, and only its number is waited for.
    update: Option<Bytes>,
}

/// What is done about a write that lacks nothing.
enum Judgement {
    /// It brings nothing; its number is answered.
    Nothing,
    /// It is taken, and may bring something.
    Change,
    /// It is not taken, with this code.
    Refused(&'static str),
}

impl RoomState {
    /// An update came, with the sender's number if it is a write of our own client's.
    pub(super) fn wrote(
        &mut self,
        now: Instant,
        from: ConnectionId,
        number: Option<WriteNumber>,
        update: Bytes,
        effects: &mut Vec<Effect>,
    ) {
        metrics::counter!("samsyn_updates_received_total").increment(1);
        let scan = match scan::update(&update) {
            Ok(scan) => scan,
            Err(error) => return self.not_taken(now, from, number, error.into(), effects),
        };
        if self.is_of_another_epoch(scan.blocks.iter().map(|(client, _)| *client)) {
            return self.of_another_epoch(now, from, effects);
        }
        let may_write = self.sessions.get(&from).is_some_and(|s| s.role().may_write_content());
        let (lacks, extends) = (self.document.lacks_for(&scan), self.document.is_extended_by(&scan));
        if !may_write && (lacks || extends) {
            return self.refuse(now, from, number, refusal::ROLE, effects);
        }
        if lacks {
            return self.missed(now, from, number, &update, effects);
        }
        let judged = match (may_write, extends, scan.deletes.is_empty()) {
            (_, false, true) => Ok(Judgement::Nothing),
            (true, true, _) => self.judge_extension(update.len()),
            (true, false, false) => Ok(Judgement::Change),
            (false, ..) => self.judge_deletions(now, &update, effects),
        };
        let update = match judged {
            Ok(Judgement::Nothing) => None,
            Ok(Judgement::Refused(code)) => return self.refuse(now, from, number, code, effects),
            Ok(Judgement::Change) => {
                self.document.expect(&scan);
                Some(update)
            }
            Err(error) => return self.not_taken(now, from, number, error, effects),
        };
        if update.is_some() || number.is_some() {
            self.queue(now, Queued { from: Some(from), number, update });
        }
    }

    /// Whether there is room for more blocks.
    fn judge_extension(&mut self, bytes: usize) -> Result<Judgement, DocumentError> {
        let queued: usize = self.queue.iter().filter_map(|q| q.update.as_ref()).map(Bytes::len).sum();
        let is_full = self.document.would_exceed(queued + bytes, self.terms.document_bytes)?;
        Ok(if is_full { Judgement::Refused(refusal::DOCUMENT_FULL) } else { Judgement::Change })
    }

    /// What deletions of one who may not write are: a step 2 carries every deletion there is, so only one
    /// that is new is a write.
    fn judge_deletions(
        &mut self,
        now: Instant,
        update: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<Judgement, DocumentError> {
        self.flush(now, effects);
        let is_new = self.document.loses_by(&document::decode(update)?)?;
        Ok(if is_new { Judgement::Refused(refusal::ROLE) } else { Judgement::Nothing })
    }

    fn queue(&mut self, now: Instant, queued: Queued) {
        self.queue.push(queued);
        self.frames.wanted(now, pace::of_frames(self.sessions.len()));
    }

    /// An update depends on what is not here: it is asked for, and no number from this one on is called
    /// saved until it has come.
    fn missed(
        &mut self,
        now: Instant,
        from: ConnectionId,
        number: Option<WriteNumber>,
        update: &Bytes,
        effects: &mut Vec<Effect>,
    ) {
        let Some(session) = self.sessions.get_mut(&from) else { return };
        match session.missed(number, update) {
            Ok(()) => self.ask(now, from, effects),
            Err(offence) => self.offended(now, from, &offence, effects),
        }
    }

    /// The room's own correction: see `Event::Healed`.
    pub(super) fn healed(&mut self, now: Instant, update: &Bytes, effects: &mut Vec<Effect>) {
        if scan::update(update).is_ok_and(|scan| !self.document.lacks_for(&scan)) {
            self.queue(now, Queued { from: None, number: None, update: Some(update.clone()) });
            self.flush(now, effects);
        }
    }

    /// Applies all that is queued in one transaction.
    pub(super) fn flush(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.frames.told(now);
        let queue = std::mem::take(&mut self.queue);
        if !queue.is_empty() {
            self.apply(now, queue, effects);
        }
        if self.queue.is_empty() {
            self.tell_what_is_held(now, effects);
        }
    }

    fn apply(&mut self, now: Instant, queue: Vec<Queued>, effects: &mut Vec<Effect>) {
        match apply(&mut self.document, &queue) {
            Ok(own) => self.applied(now, &queue, own, effects),
            Err(Unapplied::Undecodable(offender)) => {
                self.queue = queue;
                self.exclude(now, offender, effects);
                self.flush(now, effects);
            }
            Err(Unapplied::Broken(broken)) => {
                tracing::error!(%broken, updates = queue.len(), "the room's document is loaded anew");
                metrics::counter!("samsyn_frames_rejected_total", "reason" => "broken").increment(1);
                // Which of them it was shows when each is applied alone, over a document that is whole.
                self.queue = queue;
                effects.push(Effect::Reload);
            }
        }
    }

    /// Closes the connection whose update yrs can't read although the scan let it through, and takes nothing
    /// of what it queued. What others sent can't build on it: nobody has seen it.
    fn exclude(&mut self, now: Instant, offender: Option<ConnectionId>, effects: &mut Vec<Effect>) {
        self.queue.retain(|queued| queued.from != offender);
        if let Some(offender) = offender {
            self.undecodable(now, offender, &"yrs does not read this update", effects);
        }
        let expected: Vec<Bytes> = self.queue.iter().filter_map(|queued| queued.update.clone()).collect();
        if let Err(broken) = self.document.expect_only(&expected) {
            tracing::error!(%broken, "the room's document is loaded anew");
            effects.push(Effect::Reload);
        }
    }

    fn applied(&mut self, now: Instant, queue: &[Queued], own: Option<Bytes>, effects: &mut Vec<Effect>) {
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
            self.append_if_idle(effects);
            let mut authors = queue.iter().filter(|queued| queued.update.is_some()).map(|queued| queued.from);
            let first = authors.next().flatten();
            // What one alone wrote it has already; a frame with others' words in it goes to all.
            let sole = first.filter(|_| authors.all(|author| author == first));
            let message = Message::Update(own);
            let merged = queue.iter().filter(|queued| queued.update.is_some()).count() as u64;
            let receivers = self
                .broadcast(now, &message, effects, |id, s| s.dialect() == Dialect::Own && Some(id) != sole);
            metrics::counter!("samsyn_updates_sent_total").increment(merged * receivers);
        }
        for (id, highest) in handled {
            if let (Some(session), Some(number)) = (self.sessions.get_mut(&id), highest) {
                session.withhold(number);
            }
            self.release(now, id, effects);
        }
        self.fill_gaps(now);
    }

    /// Queues what has no gap any more.
    fn fill_gaps(&mut self, now: Instant) {
        let document = &mut self.document;
        let mut filled = Vec::new();
        for (id, session) in self.sessions.iter_mut().filter(|(_, session)| session.has_gaps()) {
            let lacks = |update: &Bytes| scan::update(update).is_ok_and(|scan| document.lacks_for(&scan));
            let updates = session.filled(lacks);
            filled.extend(updates.into_iter().map(|update| (*id, update)));
        }
        for (id, update) in filled {
            if let Ok(scan) = scan::update(&update) {
                self.document.expect(&scan);
                self.queue(now, Queued { from: Some(id), number: None, update: Some(update) });
            }
        }
    }

    /// Says `Saved` once all is on disk that was withheld from this connection, if nothing of it has a gap.
    fn release(&mut self, now: Instant, id: ConnectionId, effects: &mut Vec<Effect>) {
        if let Some(number) = self.sessions.get_mut(&id).and_then(|session| session.release()) {
            self.send_when_stored(now, id, Message::Saved(number), effects);
        }
    }

    /// The store may or may not hold the append in flight; applying an update twice changes nothing. What
    /// was queued is applied one by one: who sent what breaks the document is closed.
    pub(super) fn reloaded(
        &mut self,
        now: Instant,
        stored: &[Bytes],
        client_id: u64,
        effects: &mut Vec<Effect>,
    ) {
        let queue = std::mem::take(&mut self.queue);
        if !self.rebuild(stored, client_id, effects) {
            return;
        }
        for queued in queue {
            let from = queued.from;
            if from.is_some_and(|from| !self.sessions.contains_key(&from)) {
                continue;
            }
            let queue = [queued];
            match apply(&mut self.document, &queue) {
                Ok(own) => self.applied(now, &queue, own, effects),
                Err(unapplied) => {
                    tracing::error!(connection = from.map(|from| from.0), %unapplied, "it broke the document");
                    if let Some(from) = from {
                        self.close(now, from, CloseCode::Undecodable, effects);
                    }
                    if !self.rebuild(stored, client_id, effects) {
                        return;
                    }
                }
            }
        }
    }

    fn rebuild(&mut self, stored: &[Bytes], client_id: u64, effects: &mut Vec<Effect>) -> bool {
        let parts = stored.iter().chain(&self.in_flight).chain(&self.waiting);
        match RoomDocument::build(parts, client_id) {
            Ok(document) => {
                self.document = document;
                true
            }
            Err(broken) => {
                tracing::error!(%broken, "the room's document does not load again");
                self.stop(effects);
                false
            }
        }
    }

    pub(super) fn appended(&mut self, now: Instant, at: u64, effects: &mut Vec<Effect>) {
        let updates = std::mem::take(&mut self.in_flight);
        self.stored += updates.len() as u64;
        self.on_disk_at = at;
        metrics::counter!("samsyn_updates_stored_total").increment(updates.len() as u64);
        for update in updates {
            let message = Message::Update(update);
            let receivers = self.broadcast(now, &message, effects, |_, s| s.dialect() == Dialect::Stock);
            metrics::counter!("samsyn_updates_sent_total").increment(receivers);
        }
        while self.after_stored.front().is_some_and(|(accepted, _, _)| *accepted <= self.stored) {
            if let Some((_, to, message)) = self.after_stored.pop_front() {
                self.send(now, to, &message, effects);
            }
        }
    }

    pub(super) fn append_if_idle(&mut self, effects: &mut Vec<Effect>) {
        if self.in_flight.is_empty() && !self.waiting.is_empty() && !self.stopped {
            self.in_flight = std::mem::take(&mut self.waiting);
            let stock = self.sessions.values().any(|session| session.dialect() == Dialect::Stock);
            let hurry = if stock { Hurry::Yes } else { Hurry::No };
            effects.push(Effect::Append { updates: self.in_flight.clone(), hurry });
        }
    }

    fn not_taken(
        &mut self,
        now: Instant,
        from: ConnectionId,
        number: Option<WriteNumber>,
        error: DocumentError,
        effects: &mut Vec<Effect>,
    ) {
        match error {
            DocumentError::Scan(error @ ScanError::Malformed(_)) => {
                self.undecodable(now, from, &error, effects);
            }
            DocumentError::Scan(ScanError::Forbidden(what)) => {
                tracing::info!(connection = from.0, what, "an update was refused");
                self.refuse(now, from, number, refusal::INVALID, effects);
            }
            DocumentError::Broken(broken) => self.broken(now, from, broken, effects),
        }
    }

    pub(super) fn refuse(
        &mut self,
        now: Instant,
        to: ConnectionId,
        number: Option<WriteNumber>,
        code: &'static str,
        effects: &mut Vec<Effect>,
    ) {
        metrics::counter!("samsyn_updates_refused_total", "reason" => code).increment(1);
        let message = match number {
            Some(number) => Message::Refused(number, code.into()),
            None => Message::Denied(if code == refusal::ROLE { "permission denied" } else { code }.into()),
        };
        self.send(now, to, &message, effects);
    }
}

/// Why a queue was not applied.
#[derive(Debug, thiserror::Error)]
enum Unapplied {
    /// Nothing was done; this one's update can't be read.
    #[error("an update does not decode")]
    Undecodable(Option<ConnectionId>),
    #[error(transparent)]
    Broken(#[from] Broken),
}

fn apply(document: &mut RoomDocument, queue: &[Queued]) -> Result<Option<Bytes>, Unapplied> {
    let mut updates = Vec::with_capacity(queue.len());
    for queued in queue {
        if let Some(update) = &queued.update {
            updates.push(document::decode(update).map_err(|_| Unapplied::Undecodable(queued.from))?);
        }
    }
    if updates.is_empty() { Ok(None) } else { Ok(document.apply(updates)?) }
}
