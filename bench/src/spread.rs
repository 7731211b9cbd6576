//! How long things took: many times in one histogram, and what is told of them.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// What is told of many times. All in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many there were.
    pub count: u64,
    /// Half of them were at most this.
    pub p50: u64,
    /// 99 % of them were at most this.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

impl Spread {
    /// An empty histogram of microseconds, from 1 to two minutes, exact to three digits.
    #[must_use]
    pub fn histogram() -> Histogram<u64> {
        Histogram::new_with_bounds(1, 120_000_000, 3).expect("these bounds are within what it can hold")
    }

    /// What a histogram holds.
    #[must_use]
    pub fn of(times: &Histogram<u64>) -> Spread {
        Spread {
            count: times.len(),
            p50: times.value_at_quantile(0.5),
            p99: times.value_at_quantile(0.99),
            max: times.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_all_threads_together() {
        let (mut left, mut right) = (Spread::histogram(), Spread::histogram());
        for time in 1..=1000 {
            if time % 2 == 0 { left.record(time).unwrap() } else { right.record(time).unwrap() }
        }
        left.add(&right).unwrap();
        assert_eq!(Spread::of(&left), Spread { count: 1000, p50: 500, p99: 990, max: 1000 });
        assert_eq!(Spread::of(&Spread::histogram()), Spread::default());
    }

    #[test]
    fn a_time_beyond_the_bounds_counts_as_the_longest() {
        let mut times = Spread::histogram();
        times.saturating_record(u64::MAX);
        assert!(Spread::of(&times).max >= 120_000_000);
    }
}
