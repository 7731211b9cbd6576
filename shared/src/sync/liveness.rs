//! Detection of a dead link: how long nothing came over a connection, by a clock that runs only now and then. A browser
//! stops the timers of a page in the background, and all of them while the machine sleeps, and what came meanwhile is
//! read after the timer. It knows no connection and no clock.

use std::time::Duration;

use crate::domain::limits;

/// The time in which something could have been heard over a connection and was not.
///
/// ```
/// use samsyn_shared::sync::liveness::Liveness;
/// use std::time::Duration;
///
/// let mut liveness = Liveness::default();
/// assert!(!liveness.is_dead_at(Duration::from_secs(100)));
/// // The machine slept for an hour: that nothing was heard says nothing.
/// assert!(!liveness.is_dead_at(Duration::from_secs(3700)));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Liveness {
    lasted: Duration,
    looked: Option<Duration>,
}

impl Liveness {
    /// Something came.
    pub fn heard(&mut self) {
        self.lasted = Duration::ZERO;
    }

    /// There is reason to doubt that the other side is there still, and it was asked to answer: it has
    /// [`limits::ANSWER`] left.
    pub fn doubted(&mut self) {
        self.lasted = self.lasted.max(limits::DEAD_AFTER - limits::ANSWER);
    }

    /// Whether the connection is dead, asked every [`limits::LOOK_EVERY`]. `now` is time since any moment; it may
    /// jump in either direction.
    pub fn is_dead_at(&mut self, now: Duration) -> bool {
        let since = self.looked.replace(now).map_or(Duration::ZERO, |looked| now.saturating_sub(looked));
        self.lasted += since.min(limits::LOOK_EVERY);
        self.lasted >= limits::DEAD_AFTER
    }

    /// Whether the clock stopped since it was looked at last: the machine slept, or the page lay in the
    /// background.
    #[must_use]
    pub fn was_away_at(&self, now: Duration) -> bool {
        self.looked.is_some_and(|looked| now.saturating_sub(looked) > 5 * limits::LOOK_EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks_until_dead(liveness: &mut Liveness, from: u64) -> u64 {
        let is_dead = |second: &u64| liveness.is_dead_at(Duration::from_secs(*second));
        let second = (from..from + 1000).find(is_dead).expect("silence ends in death");
        second - from
    }

    #[test]
    fn a_dead_link_is_found_within_ten_seconds() {
        let mut liveness = Liveness::default();
        assert!((1..=10).contains(&looks_until_dead(&mut liveness, 50)));
        liveness.heard();
        assert!(!liveness.is_dead_at(Duration::from_secs(70)));
    }

    #[test]
    fn time_in_which_no_timer_ran_is_no_silence_and_a_clock_may_jump() {
        let mut liveness = Liveness::default();
        assert!(!liveness.is_dead_at(Duration::from_secs(100)));
        assert!(liveness.was_away_at(Duration::from_secs(86_500)));
        assert!(!liveness.is_dead_at(Duration::from_secs(86_500)));
        assert!(!liveness.is_dead_at(Duration::from_secs(5)), "the clock was set back");
        assert!(looks_until_dead(&mut liveness, 6) >= 6);
    }

    #[test]
    fn who_is_doubted_has_a_moment_to_answer() {
        let mut liveness = Liveness::default();
        assert!(!liveness.is_dead_at(Duration::from_secs(1)));
        liveness.doubted();
        assert!(looks_until_dead(&mut liveness, 2) <= limits::ANSWER.as_secs());
        liveness.heard();
        assert!(!liveness.is_dead_at(Duration::from_secs(10)));
    }
}
