//! Who has a connection to this process, and who of them may keep it. Those who have shown no link yet are *strangers*:
//! they are bounded together, and when there are too many the oldest that has not even sent a whole request goes.
//! They are never told apart by address: a whole hall may have one.
//!
//! It doesn't know sockets, nor what is asked for.
//!
//! Invariant: Nobody holds what he does not use: whoever does not get on is cut, and who has a link gets in
//! (`who_has_a_link_gets_in_within_a_second_while_everybody_else_is_half_open`,
//! `who_does_not_get_on_is_cut_in_time`, `two_thousand_half_request_lines_keep_nobody_out_and_are_let_go`); what is
//! unfinished is bounded over the process (`unfinished_messages_are_bounded_together_and_a_small_one_always_fits`),
//! what nobody reads is one for all who asked for it and bounded too
//! (`those_who_ask_for_all_and_read_nothing_share_it_and_who_reads_gets_it`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll};

use samsyn_shared::domain::limits;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::unfinished::{Crowded, Held, Unfinished};

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// All of them.
    pub connections: usize,
    /// Those that have shown no link.
    pub strangers: usize,
}

impl Bounds {
    /// For a process that may have so many file descriptors.
    #[must_use]
    pub fn of(descriptors: u64) -> Self {
        let own = limits::OWN_DESCRIPTORS.min(descriptors / 2);
        let connections = usize::try_from(descriptors - own).unwrap_or(usize::MAX).max(2);
        Self { connections, strangers: (connections / 4).clamp(1, limits::STRANGERS) }
    }
}

/// All connections of a process.
#[derive(Debug, Clone)]
pub struct Visitors(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bounds: Bounds,
    unfinished: Unfinished,
    /// Long answers that are not read yet.
    unread: Unfinished,
    all: Mutex<All>,
    left: Notify,
}

#[derive(Debug, Default)]
struct All {
    open: usize,
    next: u64,
    /// Strangers whose request is not whole, or who have none, by their age.
    waiting: BTreeMap<u64, Weak<Visitor>>,
    /// Strangers who are being answered.
    answered: BTreeMap<u64, Weak<Visitor>>,
}

/// The place that one connection takes; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    visitors: Visitors,
    number: u64,
}

/// One connection, as long as it speaks HTTP.
#[derive(Debug)]
pub(super) struct Visitor {
    place: Arc<Place>,
    is_stranger: AtomicBool,
    phase: Mutex<Phase>,
    /// The body of its request, as far as it has come.
    held: Mutex<Held>,
    /// Its answer, as long as not all of it is written.
    unread: Mutex<Held>,
    must_leave: Notify,
}

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing of the next request has come.
    Idle { since: Instant },
    /// Some of a request's head has come, or nothing at all of the first.
    Head { since: Instant },
    /// The body comes: so many bytes since then.
    Body { since: Instant, bytes: usize },
    /// The answer is made.
    Answer,
    /// The answer is made, and not all of it is written.
    Flush,
}

impl Visitors {
    /// Nobody yet, and these bounds.
    #[must_use]
    pub fn new(bounds: Bounds, unfinished: Unfinished) -> Self {
        let unread = Unfinished::new(limits::UNREAD_BYTES);
        Self(Arc::new(Shared { bounds, unfinished, unread, all: Mutex::default(), left: Notify::new() }))
    }

    /// How many connections there are, and how many of them are strangers'.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let all = self.lock();
        (all.open, all.waiting.len() + all.answered.len())
    }

    /// The bytes that are unfinished.
    #[must_use]
    pub fn unfinished(&self) -> &Unfinished {
        &self.0.unfinished
    }

    /// Waits until one more may come.
    pub(super) async fn vacancy(&self) {
        let bound = self.0.bounds.connections;
        if self.lock().open >= bound {
            self.send_away();
        }
        while self.lock().open >= bound {
            self.0.left.notified().await;
        }
    }

    /// Takes in one more. If that makes too many strangers, another has to leave first.
    pub(super) fn enter(&self) -> Arc<Visitor> {
        if self.count().1 >= self.0.bounds.strangers {
            self.send_away();
        }
        let mut all = self.lock();
        all.open += 1;
        all.next += 1;
        let place = Place { visitors: self.clone(), number: all.next };
        let visitor = Arc::new(Visitor {
            place: Arc::new(place),
            is_stranger: AtomicBool::new(true),
            phase: Mutex::new(Phase::Head { since: Instant::now() }),
            held: Mutex::new(self.0.unfinished.holder()),
            unread: Mutex::new(self.0.unread.holder()),
            must_leave: Notify::new(),
        });
        all.waiting.insert(visitor.place.number, Arc::downgrade(&visitor));
        visitor
    }

    /// Sends the oldest stranger away: one without a whole request, if there is one.
    pub(super) fn send_away(&self) {
        let leaving = {
            let mut all = self.lock();
            all.waiting.pop_first().or_else(|| all.answered.pop_first())
        };
        if let Some(visitor) = leaving.and_then(|(_, visitor)| visitor.upgrade()) {
            visitor.must_leave.notify_one();
            metrics::counter!("samsyn_strangers_sent_away_total").increment(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.all.lock().expect("no code panics while it holds this lock")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut all = self.visitors.lock();
            all.open -= 1;
            all.waiting.remove(&self.number);
            all.answered.remove(&self.number);
        }
        self.visitors.0.left.notify_one();
    }
}

impl Place {
    /// A holder of what is unfinished over this connection.
    pub(super) fn holder(&self) -> Held {
        self.visitors.unfinished().holder()
    }
}

impl Visitor {
    /// Its place, for who has the socket when HTTP is over.
    pub(super) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// It has shown a link that opens something: it is no stranger any more.
    pub(super) fn welcome(&self) {
        if self.is_stranger.swap(false, Ordering::Relaxed) {
            let mut all = self.place.visitors.lock();
            all.waiting.remove(&self.place.number);
            all.answered.remove(&self.place.number);
        }
    }

    /// So many bytes were read.
    pub(super) fn read(&self, count: usize) {
        let mut phase = self.phase();
        *phase = match *phase {
            Phase::Idle { .. } => Phase::Head { since: Instant::now() },
            Phase::Body { since, bytes } if bytes + count < limits::BODY_PACE_BYTES => {
                Phase::Body { since, bytes: bytes + count }
            }
            Phase::Body { .. } => Phase::Body { since: Instant::now(), bytes: 0 },
            other => other,
        };
    }

    /// A whole head was read.
    pub(super) fn asked(self: &Arc<Self>, has_body: bool) {
        if has_body {
            *self.phase() = Phase::Body { since: Instant::now(), bytes: 0 };
        } else {
            *self.phase() = Phase::Answer;
            self.classify(false);
        }
    }

    /// The body is whole, or not wanted.
    pub(super) fn heard(self: &Arc<Self>) {
        let mut phase = self.phase();
        if matches!(*phase, Phase::Body { .. }) {
            *phase = Phase::Answer;
            drop(phase);
            self.classify(false);
        }
    }

    /// The answer is made.
    pub(super) fn answered(&self) {
        *self.phase() = Phase::Flush;
    }

    /// All that was made is written.
    pub(super) fn flushed(self: &Arc<Self>) {
        let mut phase = self.phase();
        if *phase == Phase::Flush {
            *phase = Phase::Idle { since: Instant::now() };
            drop(phase);
            self.unread().release();
            self.classify(true);
        }
    }

    /// An answer of so many bytes is about to be written.
    ///
    /// # Errors
    /// [`Crowded`]: too many are, and this one is the largest.
    pub(super) fn owe(&self, bytes: usize) -> Result<(), Crowded> {
        self.unread().set(bytes)
    }

    /// Becomes ready once its answer may not wait any longer.
    pub(super) fn poll_overdue(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.unread().poll_crowded(cx)
    }

    /// When it has to have got further.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Idle { since } => Some(since + limits::KEEP_ALIVE),
            Phase::Head { since } => Some(since + limits::HEAD_TIME),
            Phase::Body { since, .. } => Some(since + limits::BODY_PACE),
            Phase::Answer | Phase::Flush => None,
        }
    }

    /// Whether no request is being answered.
    pub(super) fn is_between(&self) -> bool {
        matches!(*self.phase(), Phase::Idle { .. } | Phase::Head { .. })
    }

    /// Waits until it is sent away.
    pub(super) async fn sent_away(&self) {
        self.must_leave.notified().await;
    }

    /// So many bytes of a body are held now.
    ///
    /// # Errors
    /// [`Crowded`]: they may not be.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Crowded> {
        self.held().set(bytes)
    }

    /// Nothing of a body is held any more.
    pub(super) fn let_go(&self) {
        self.held().release();
    }

    /// Becomes ready once nothing may be held.
    pub(super) fn poll_crowded(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.held().poll_crowded(cx)
    }

    fn classify(self: &Arc<Self>, waits: bool) {
        if self.is_stranger.load(Ordering::Relaxed) {
            let mut all = self.place.visitors.lock();
            let all = &mut *all;
            let (from, to) = if waits {
                (&mut all.answered, &mut all.waiting)
            } else {
                (&mut all.waiting, &mut all.answered)
            };
            // Whoever is in neither was sent away.
            if let Some(visitor) = from.remove(&self.place.number) {
                to.insert(self.place.number, visitor);
            }
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().expect("no code panics while it holds this lock")
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("no code panics while it holds this lock")
    }

    fn unread(&self) -> MutexGuard<'_, Held> {
        self.unread.lock().expect("no code panics while it holds this lock")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn visitors(connections: usize, strangers: usize) -> Visitors {
        Visitors::new(Bounds { connections, strangers }, Unfinished::new(1000))
    }

    fn must_leave(visitor: &Visitor) -> bool {
        visitor.sent_away().now_or_never().is_some()
    }

    #[test]
    fn there_is_always_room_for_the_stores_own_files() {
        for descriptors in [4, 64, 256, 1024, 4096, 20_000, 1 << 20] {
            let Bounds { connections, strangers } = Bounds::of(descriptors);
            assert!(connections as u64 + limits::OWN_DESCRIPTORS.min(descriptors / 2) <= descriptors);
            assert!(strangers >= 1 && strangers <= connections / 2, "{descriptors}");
        }
        assert_eq!(Bounds::of(1024), Bounds { connections: 768, strangers: 192 });
    }

    #[tokio::test]
    async fn the_oldest_stranger_without_a_whole_request_leaves_and_no_guest_does() {
        let visitors = visitors(100, 3);
        let (guest, asking, half) = (visitors.enter(), visitors.enter(), visitors.enter());
        guest.welcome();
        asking.asked(false);
        let body = visitors.enter();
        body.asked(true);
        let (late, later) = (visitors.enter(), visitors.enter());
        assert!(must_leave(&half) && must_leave(&body), "a request without its body is not whole");
        assert!(!must_leave(&guest) && !must_leave(&asking) && !must_leave(&late) && !must_leave(&later));
        late.asked(false);
        later.asked(false);
        visitors.enter().welcome();
        assert!(must_leave(&asking), "when all are being answered, the oldest leaves");
        assert_eq!(visitors.count(), (6, 2));
    }

    #[tokio::test]
    async fn one_more_comes_when_one_has_left() {
        let visitors = visitors(2, 2);
        let (one, two) = (visitors.enter(), visitors.enter());
        one.welcome();
        two.welcome();
        assert!(visitors.vacancy().now_or_never().is_none());
        let place = two.place();
        drop(two);
        assert!(visitors.vacancy().now_or_never().is_none(), "its socket lives on");
        drop(place);
        visitors.vacancy().await;
        assert_eq!(visitors.count(), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_time() {
        let visitor = visitors(2, 2).enter();
        let left = || visitor.deadline().map(|deadline| deadline - Instant::now());
        assert_eq!(left(), Some(limits::HEAD_TIME), "the first request must begin in time, too");
        tokio::time::advance(limits::HEAD_TIME / 2).await;
        visitor.read(1);
        assert_eq!(left(), Some(limits::HEAD_TIME / 2), "another byte gives no more time");
        visitor.asked(true);
        assert_eq!(left(), Some(limits::BODY_PACE));
        tokio::time::advance(limits::BODY_PACE / 2).await;
        visitor.read(limits::BODY_PACE_BYTES - 1);
        assert_eq!(left(), Some(limits::BODY_PACE / 2), "a dribble gives no more time");
        visitor.read(1);
        assert_eq!(left(), Some(limits::BODY_PACE));
        visitor.heard();
        assert_eq!(left(), None);
        visitor.answered();
        assert_eq!(left(), None, "a slow reader is the kernel's to cut");
        visitor.flushed();
        assert_eq!(left(), Some(limits::KEEP_ALIVE));
        assert!(visitor.is_between());
        visitor.read(1);
        assert_eq!(left(), Some(limits::HEAD_TIME));
    }
}
