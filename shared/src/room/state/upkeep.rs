//! What a room does of its own accord: it has its log replaced by a snapshot that was proven to load to the same, which
//! tells how long loading takes; and it ends when nobody has been there for a while, or when it is asked to.
//!
//! It doesn't know where the log is, nor on which thread a snapshot is proven.
//!
//! Invariant: A server that is told to end ends, and calls nothing saved that is not
//! (`a_room_that_ends_leaves_what_is_not_made_to_its_writer_and_calls_nothing_after_it_saved`).

use std::time::Duration;

use bytes::Bytes;

use super::{Effect, Notice, Reaction, RoomState};
use crate::Seq;
use crate::domain::limits;
use crate::room::{Broken, Proven, Unproven};
use crate::sync::protocol::CloseCode;

/// When a room makes snapshots, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepLimits {
    /// Updates in the log at which a snapshot replaces them.
    pub log_long: u64,
    /// Updates in the log at which a room that ends replaces them.
    pub log_short: u64,
    /// The longest that a room which is written in goes without a snapshot.
    pub snapshot_every: Duration,
    /// How long a room without connections lives.
    pub idle: Duration,
}

impl Default for UpkeepLimits {
    fn default() -> Self {
        let (log_long, log_short) = (limits::LOG_LONG, limits::LOG_SHORT);
        Self { log_long, log_short, snapshot_every: limits::SNAPSHOT_EVERY, idle: limits::ROOM_IDLE }
    }
}

/// What the store holds of a Document.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LogReading {
    /// Updates since the last snapshot was begun.
    pub updates: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the snapshot.
    pub snapshot_bytes: u64,
}

#[derive(Debug)]
pub(super) struct Upkeep {
    log: LogReading,
    /// The log position of the last update on disk.
    last: Seq,
    /// When a snapshot was begun last, or the room.
    snapshot_at: Duration,
    /// Up to which log position the snapshot that is being made reaches, and its bytes once they are known.
    making: Option<(Seq, u64)>,
    /// Whether the document took so long to open that a snapshot must tell whether it still does.
    opened_slowly: bool,
    idle_since: Duration,
    is_ended: bool,
}

impl Upkeep {
    pub(super) const fn new(now: Duration, log: LogReading, last: Seq, opened_slowly: bool) -> Self {
        let (snapshot_at, idle_since) = (now, now);
        Self { log, last, snapshot_at, making: None, opened_slowly, idle_since, is_ended: false }
    }

    /// So many updates are on disk, the last of them at this position.
    pub(super) fn appended(&mut self, updates: &[Bytes], last: Seq) {
        self.log.updates += updates.len() as u64;
        self.log.bytes += updates.iter().map(|update| update.len() as u64).sum::<u64>();
        self.last = last;
    }
}

impl RoomState {
    /// What the store holds.
    #[must_use]
    pub const fn log(&self) -> LogReading {
        self.upkeep.log
    }

    /// Whether the room has ended, and nothing is under way any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.stopped || (self.upkeep.is_ended && self.upkeep.making.is_none())
    }

    pub(super) const fn is_ended(&self) -> bool {
        self.upkeep.is_ended
    }

    /// After each event: makes a snapshot if one is due, and ends if nobody has been here for long.
    pub(super) fn look_after(&mut self, reaction: &mut Reaction) {
        let now = reaction.now;
        if !self.sessions.is_empty() || !self.is_stored() {
            self.upkeep.idle_since = now;
        } else if now.saturating_sub(self.upkeep.idle_since) >= self.config.upkeep.idle {
            return self.end(reaction);
        }
        if self.is_snapshot_due(now) {
            self.make_snapshot(reaction);
        }
    }

    fn is_snapshot_due(&self, now: Duration) -> bool {
        let Upkeep { log, snapshot_at, opened_slowly, ref making, .. } = self.upkeep;
        let limits = &self.config.upkeep;
        let is_old = || now.saturating_sub(snapshot_at) >= limits.snapshot_every;
        making.is_none()
            && (opened_slowly
                || log.updates >= limits.log_long
                || self.is_to_be_weighed()
                || (log.updates > 0 && is_old()))
    }

    /// Begins a snapshot. It holds all that is in the log by now, and perhaps more: what comes twice changes nothing.
    fn make_snapshot(&mut self, reaction: &mut Reaction) {
        let upkeep = &mut self.upkeep;
        (upkeep.log.updates, upkeep.log.bytes, upkeep.opened_slowly) = (0, 0, false);
        upkeep.snapshot_at = reaction.now;
        match self.snapshot() {
            Ok(unproven) => {
                self.upkeep.making = Some((self.upkeep.last, 0));
                reaction.effects.push(Effect::Prove(unproven));
            }
            Err(broken) => reaction.notices.push(Notice::NoSnapshot(broken)),
        }
    }

    fn is_to_be_weighed(&self) -> bool {
        let is_waited_for = self.heavy.iter().any(|heavy| heavy.pieces.blocks() > 0);
        self.weighing.is_due(&self.document.size(), is_waited_for)
    }

    fn snapshot(&mut self) -> Result<Unproven, Broken> {
        self.weighing.begin(self.document.size());
        let whole = self.whole();
        if whole.is_err() {
            self.weighing.end(None);
        }
        whole
    }

    /// A snapshot was loaded, or could not be, in so much CPU time.
    pub(super) fn proven(
        &mut self,
        proven: Option<Result<Proven, Broken>>,
        opening: Option<Duration>,
        reaction: &mut Reaction,
    ) {
        self.weighing.end(opening);
        let Some((up_to, _)) = self.upkeep.making.take() else { return };
        match proven {
            Some(Ok(Proven::Same(snapshot))) => {
                self.upkeep.making = Some((up_to, snapshot.len() as u64));
                reaction.effects.push(Effect::Compact { snapshot, up_to });
            }
            Some(Ok(Proven::DeletesMore(update))) if !self.is_ended() => self.healed(&update, reaction),
            Some(Err(broken)) => reaction.notices.push(Notice::NoSnapshot(broken)),
            Some(Ok(Proven::DeletesMore(_))) | None => {}
        }
    }

    /// The snapshot that was proven stands in place of the log, or was not stored.
    pub(super) fn compacted(&mut self, is_stored: bool, reaction: &mut Reaction) {
        if let Some((_, bytes)) = self.upkeep.making.take().filter(|_| is_stored) {
            self.upkeep.log.snapshot_bytes = bytes;
            reaction.counters.snapshots += 1;
        }
    }

    /// The room is to end. What is not made yet is not waited for; once all that was said is heard and on disk, it ends.
    pub(super) fn drain(&mut self, is_quiet: bool, reaction: &mut Reaction) {
        self.leave_unmade(reaction);
        self.woke(reaction);
        if is_quiet && self.is_stored() {
            self.end(reaction);
        }
    }

    /// Sends everyone away, hears nobody any more, and leaves a short log.
    fn end(&mut self, reaction: &mut Reaction) {
        for connection in std::mem::take(&mut self.sessions).into_keys() {
            reaction.effects.push(Effect::Close { connection, code: CloseCode::GoingAway });
        }
        self.upkeep.is_ended = true;
        reaction.effects.push(Effect::End);
        if self.upkeep.log.updates >= self.config.upkeep.log_short && self.upkeep.making.is_none() {
            self.make_snapshot(reaction);
        }
    }
}
