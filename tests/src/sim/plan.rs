//! What a run is like: how many take part and how bad the world is, all drawn from the seed.

use std::time::Duration;

use rand::Rng;
use rand::rngs::SmallRng;

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) writers: usize,
    pub(super) readers: usize,
    pub(super) stocks: usize,
    pub(super) hostiles: usize,
    /// Whether the second writer is another tab of the first one's browser.
    pub(super) second_tab: bool,
    /// How long the world is bad.
    pub(super) span: Duration,
    /// The longest that somebody thinks between two edits.
    pub(super) thought: Duration,
    /// The longest that a message usually takes.
    pub(super) latency: Duration,
    /// The longest that a commit takes.
    pub(super) commit: Duration,
    /// The longest between two misfortunes.
    pub(super) peace: Duration,
    /// How likely the server dies before each effect.
    pub(super) crash: f64,
    /// How likely a commit fails.
    pub(super) failure: f64,
    /// How likely the document breaks over a frame.
    pub(super) breakage: f64,
    /// Updates in the log that bring about a snapshot, and those that do when the room ends.
    pub(super) log: (u64, u64),
    /// The longest that a room which is written in goes without a snapshot.
    pub(super) snapshots: Duration,
    /// How long a room without connections stays.
    pub(super) idle: Duration,
}

impl Plan {
    pub(super) fn draw(rng: &mut SmallRng) -> Self {
        let millis = |rng: &mut SmallRng, choices: &[u64]| {
            Duration::from_millis(choices[rng.random_range(0..choices.len())])
        };
        Self {
            writers: rng.random_range(1..=4),
            readers: rng.random_range(0..=2),
            stocks: rng.random_range(0..=2),
            hostiles: usize::from(rng.random_bool(0.3)),
            second_tab: rng.random_bool(0.5),
            span: millis(rng, &[3_000, 6_000, 12_000]),
            thought: millis(rng, &[150, 400, 1_000]),
            latency: millis(rng, &[2, 40, 300, 1_500]),
            commit: millis(rng, &[2, 30, 500]),
            peace: millis(rng, &[300, 1_000, 4_000]),
            crash: [0.0, 0.001, 0.01][rng.random_range(0..3)],
            failure: [0.0, 0.0, 0.05][rng.random_range(0..3)],
            breakage: [0.0, 0.0, 0.03][rng.random_range(0..3)],
            log: (rng.random_range(2..40), rng.random_range(1..10)),
            snapshots: millis(rng, &[1_000, 600_000]),
            idle: millis(rng, &[0, 1_000, 60_000]),
        }
    }
}
