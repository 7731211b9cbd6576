//! What the generator's threads share: the clock, the plan of the writers, and how far all have come.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Who writes how often. A writer's updates are counted from 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    /// Writers in all rooms together.
    pub(crate) writers: u16,
    /// Nanoseconds from one update of a writer to its next.
    pub(crate) period: u64,
    /// The first update that is measured; those before it warm the server up.
    pub(crate) first: u16,
    /// How many updates each writer makes.
    pub(crate) end: u16,
}

/// The shared state. Times are nanoseconds since it was made.
#[derive(Debug)]
pub(crate) struct Stage {
    epoch: Instant,
    /// The plan.
    pub(crate) plan: Plan,
    start_at: AtomicU64,
    stopped: AtomicBool,
    /// Connections that have the document.
    pub(crate) joined: AtomicUsize,
    /// Connections that ended before they had the document.
    pub(crate) turned_away: AtomicUsize,
    /// Connections that ended before they had received all that they were to receive.
    pub(crate) lost: AtomicUsize,
    /// Connections that have received all that they were to receive.
    pub(crate) whole: AtomicUsize,
    /// Measured writes that were sent in a dialect that says when they are on disk, and have not
    /// been said to be.
    pub(crate) unsaved: AtomicUsize,
    sent: Vec<AtomicU64>,
}

const NEVER: u64 = u64::MAX;

impl Stage {
    /// A stage on which nothing has begun.
    #[must_use]
    pub(crate) fn new(plan: Plan) -> Stage {
        let updates = usize::from(plan.writers) * usize::from(plan.end);
        Stage {
            epoch: Instant::now(),
            plan,
            start_at: AtomicU64::new(NEVER),
            stopped: AtomicBool::new(false),
            joined: AtomicUsize::new(0),
            turned_away: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            whole: AtomicUsize::new(0),
            unsaved: AtomicUsize::new(0),
            sent: (0..updates).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The time now.
    #[must_use]
    pub(crate) fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    /// Lets the writers begin.
    pub(crate) fn start(&self) {
        self.start_at.store(self.now(), Ordering::Relaxed);
    }

    /// When the writers began, if they have.
    #[must_use]
    pub(crate) fn started(&self) -> Option<u64> {
        Some(self.start_at.load(Ordering::Relaxed)).filter(|at| *at != NEVER)
    }

    /// When update `counter` of a writer is due that begins `phase` after the start.
    #[must_use]
    pub(crate) fn due(&self, start: u64, phase: u64, counter: u16) -> u64 {
        start + phase + u64::from(counter) * self.plan.period
    }

    /// Whether a time lies within the measured window.
    #[must_use]
    pub(crate) fn measures(&self, now: u64) -> bool {
        self.started().is_some_and(|start| {
            (self.due(start, 0, self.plan.first)..self.due(start, 0, self.plan.end)).contains(&now)
        })
    }

    /// Sleeps until update `counter` of the first writer is due.
    pub(crate) fn sleep_until(&self, counter: u16) {
        let due = self.due(self.started().unwrap_or_default(), 0, counter);
        std::thread::sleep(Duration::from_nanos(due.saturating_sub(self.now())));
    }

    /// Whether so many have the document, as far as they are still there.
    pub(crate) fn all_joined(&self, people: usize) -> bool {
        self.joined.load(Ordering::Relaxed) + self.turned_away.load(Ordering::Relaxed) >= people
    }

    /// Whether so many have received everything, as far as they are still there.
    pub(crate) fn all_whole(&self, people: usize) -> bool {
        self.whole.load(Ordering::Relaxed) + self.lost.load(Ordering::Relaxed) >= people
    }

    /// Whether all that was written is on disk; so it is, too, where nothing is said about that.
    pub(crate) fn all_saved(&self) -> bool {
        self.unsaved.load(Ordering::Relaxed) == 0
    }

    /// Ends the threads.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the threads are to end.
    #[must_use]
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Notes when an update was sent.
    pub(crate) fn note_sent(&self, writer: u16, counter: u16, now: u64) {
        self.sent[self.index(writer, counter)].store(now, Ordering::Relaxed);
    }

    /// When an update was sent.
    #[must_use]
    pub(crate) fn sent(&self, writer: u16, counter: u16) -> u64 {
        self.sent[self.index(writer, counter)].load(Ordering::Relaxed)
    }

    fn index(&self, writer: u16, counter: u16) -> usize {
        usize::from(writer) * usize::from(self.plan.end) + usize::from(counter)
    }
}
