//! Time that only goes on, made of the stamps of a clock that may be set.

use std::time::Duration;

/// Time that only goes on: the clock that events are stamped with may be set.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Option<Duration>,
    passed: Duration,
}

impl Clock {
    /// The time of an event, since the first one.
    pub(super) fn at(&mut self, now: Duration) -> Duration {
        let before = self.last.replace(now).unwrap_or(now);
        self.passed += now.saturating_sub(before);
        self.passed
    }

    /// How long until a time of this clock.
    pub(super) fn until(&self, due: Duration, now: Duration) -> Duration {
        let since = now.saturating_sub(self.last.unwrap_or(now));
        due.saturating_sub(self.passed + since)
    }
}
