//! Since when the engine has been at work on one commit: read by who asks for the server's health, while the
//! committer's thread waits for the disk and answers nobody.
//!
//! It doesn't know what is committed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// What is said while nothing is under way.
const NOTHING: u64 = u64::MAX;

/// Shared between the committer's thread and those who ask.
#[derive(Debug)]
pub(super) struct Stopwatch {
    base: Instant,
    /// When the commit under way was begun, in milliseconds after `base`.
    begun: AtomicU64,
}

impl Stopwatch {
    pub(super) fn new() -> Self {
        Self { base: Instant::now(), begun: AtomicU64::new(NOTHING) }
    }

    /// Does `work`, and is known to be doing it meanwhile. `work` doesn't panic.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.begun.store(self.now(), Ordering::Release);
        let done = work();
        self.begun.store(NOTHING, Ordering::Release);
        done
    }

    /// For how long the commit under way has been so; zero while there is none.
    pub(super) fn elapsed(&self) -> Duration {
        match self.begun.load(Ordering::Acquire) {
            NOTHING => Duration::ZERO,
            begun => Duration::from_millis(self.now().saturating_sub(begun)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_millis()).unwrap_or(NOTHING - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_is_counted_while_something_is_under_way_and_not_between() {
        let watch = Stopwatch::new();
        let advance = || {
            let clock = tokio::time::advance(Duration::from_secs(7));
            futures_util::FutureExt::now_or_never(clock)
        };
        advance();
        assert_eq!(watch.elapsed(), Duration::ZERO);
        watch.during(|| {
            advance();
            assert_eq!(watch.elapsed(), Duration::from_secs(7));
        });
        assert_eq!(watch.elapsed(), Duration::ZERO);
    }
}
