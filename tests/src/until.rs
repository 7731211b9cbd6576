//! Waiting for what is meant to happen. The one place where tests wait at all.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, interval};

/// How long anything may take before it counts as never happening. A loaded machine with two cores
/// starts a browser in five seconds, and a page reconnects within its longest backoff.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// How often a condition is looked at: often enough to cost no time, seldom enough to cost no CPU.
const INTERVAL: Duration = Duration::from_millis(25);

/// What a look at a condition found.
#[derive(Debug)]
pub enum Look<T> {
    /// It holds.
    Yes(T),
    /// It does not hold yet; what there is instead, for whoever reads the failure.
    NotYet(String),
}

impl Look<()> {
    /// Whether it holds.
    pub fn at(holds: bool, instead: impl FnOnce() -> String) -> Self {
        if holds { Self::Yes(()) } else { Self::NotYet(instead()) }
    }
}

/// Looks until the condition holds.
///
/// # Errors
/// When it does not hold within [`PATIENCE`], with what the last look found, or when a look fails.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Look<T>>) -> Result<T> {
    let started = Instant::now();
    let mut ticks = interval(INTERVAL);
    loop {
        ticks.tick().await;
        match look().await? {
            Look::Yes(value) => return Ok(value),
            Look::NotYet(instead) if started.elapsed() > PATIENCE => {
                bail!("waited {} s for {what}, but there is {instead}", PATIENCE.as_secs())
            }
            Look::NotYet(_) => {}
        }
    }
}
