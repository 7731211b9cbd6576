//! What becomes of an update that a connection sent: judged, refused, asked about, or applied, and when it
//! is called saved.

use std::time::Instant;

use bytes::Bytes;
use samsyn_shared::WriteNumber;
use samsyn_shared::protocol::{CloseCode, Message, refusal};
use samsyn_shared::scan::ScanError;

use super::{ConnectionId, Dialect, Effect, RoomState};
use crate::room::document::{DocumentError, Judgement};

/// Numbered updates with a gap that are remembered for one connection, in bytes. Beyond it the connection
/// is closed and starts over.
const GAP_BYTES: usize = 1024 * 1024;

impl RoomState {
    /// An update came, with the sender's number if it is a write of our own client's.
    pub(super) fn written(
        &mut self,
        now: Instant,
        from: ConnectionId,
        number: Option<WriteNumber>,
        update: &Bytes,
        effects: &mut Vec<Effect>,
    ) {
        metrics::counter!("samsyn_updates_received_total").increment(1);
        let may_write = self.connections.get(&from).is_some_and(|c| c.role.may_write_content());
        let judgement = match self.document.judge(update) {
            Ok(judgement) => judgement,
            Err(error) => return self.not_applied(now, from, number, error, effects),
        };
        match judgement {
            Judgement::Nothing => {}
            Judgement::Change | Judgement::Gap if !may_write => {
                return self.refuse(now, from, number, refusal::ROLE, effects);
            }
            Judgement::Gap => return self.missed(now, from, number, update, effects),
            Judgement::Change => match self.document.apply(update) {
                Ok(None) => {}
                Ok(Some(own)) => self.accept(now, from, own, effects),
                Err(error) => return self.not_applied(now, from, number, error, effects),
            },
        }
        if let Some(number) = number {
            self.withhold(from, number);
            self.release(now, from, effects);
        }
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
        if let Some(number) = number
            && let Some(connection) = self.connections.get_mut(&from)
        {
            connection.gaps.push(update.clone());
            if connection.gaps.iter().map(Bytes::len).sum::<usize>() > GAP_BYTES {
                return self.close(now, from, CloseCode::Slow, effects);
            }
            self.withhold(from, number);
        }
        self.ask(now, from, effects);
    }

    fn withhold(&mut self, from: ConnectionId, number: WriteNumber) {
        if let Some(connection) = self.connections.get_mut(&from) {
            connection.withheld = connection.withheld.max(Some(number));
        }
    }

    /// Says `Saved` for what was withheld, if all that had a gap is in the document by now.
    fn release(&mut self, now: Instant, from: ConnectionId, effects: &mut Vec<Effect>) {
        let Some(connection) = self.connections.get_mut(&from) else { return };
        let mut left = Vec::new();
        for update in std::mem::take(&mut connection.gaps) {
            match self.document.judge(&update) {
                Ok(Judgement::Nothing) => {}
                Ok(Judgement::Gap) => left.push(update),
                Ok(Judgement::Change) => match self.document.apply(&update) {
                    Ok(None) => {}
                    Ok(Some(own)) => self.accept(now, from, own, effects),
                    Err(error) => return self.not_applied(now, from, None, error, effects),
                },
                Err(error) => return self.not_applied(now, from, None, error, effects),
            }
        }
        let Some(connection) = self.connections.get_mut(&from) else { return };
        connection.gaps = left;
        if connection.gaps.is_empty()
            && let Some(number) = connection.withheld.take()
        {
            self.send_when_stored(now, from, &Message::Saved(number), effects);
        }
    }

    fn accept(&mut self, now: Instant, from: ConnectionId, update: Bytes, effects: &mut Vec<Effect>) {
        let frame = Message::Update(update.clone()).encode();
        self.broadcast(now, &frame, effects, |id, c| c.dialect == Dialect::Own && id != from);
        self.accepted += 1;
        self.waiting.push(update);
    }

    fn not_applied(
        &mut self,
        now: Instant,
        from: ConnectionId,
        number: Option<WriteNumber>,
        error: DocumentError,
        effects: &mut Vec<Effect>,
    ) {
        match error {
            DocumentError::Gate(error @ ScanError::Malformed(_)) => {
                self.undecodable(now, from, &error, effects);
            }
            DocumentError::Gate(ScanError::Forbidden(what)) => {
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
