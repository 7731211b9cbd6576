//! How long to wait before the next attempt to connect. Who waits, and on what clock, is elsewhere.

use std::time::Duration;

use rand::{Rng, RngCore};

/// Exponential backoff with full jitter: each delay is drawn evenly from zero to a ceiling that
/// doubles, so that a room of people who lost one network do not come back in one moment
/// (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The ceiling of the first delay.
    pub const FIRST: Duration = Duration::from_millis(250);
    /// No delay is longer than this: whoever looks at the page sees it come back.
    pub const CEILING: Duration = Duration::from_secs(5);

    /// The delay before the next attempt.
    pub fn next(&mut self, rng: &mut impl RngCore) -> Duration {
        let ceiling = Self::FIRST.saturating_mul(1 << self.attempts.min(16)).min(Self::CEILING);
        self.attempts = self.attempts.saturating_add(1);
        ceiling.mul_f64(rng.random::<f64>())
    }

    /// An attempt succeeded, or a person asked for one: begin anew.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn delays_grow_and_stay_under_the_ceiling() {
        let mut rng = SmallRng::seed_from_u64(7);
        let mut longest = Duration::ZERO;
        for _ in 0..200 {
            let mut backoff = Backoff::default();
            assert!(backoff.next(&mut rng) <= Backoff::FIRST);
            for _ in 0..40 {
                let delay = backoff.next(&mut rng);
                assert!(delay <= Backoff::CEILING);
                longest = longest.max(delay);
            }
            backoff.reset();
            assert!(backoff.next(&mut rng) <= Backoff::FIRST);
        }
        assert!(longest > Backoff::CEILING / 2);
    }
}
