//! What one measured run of one editor showed.

use crate::editor::scenario::Scenario;
use serde::{Deserialize, Serialize};

/// The result of one run. What a scenario does not measure is empty or absent; all times are in ms.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The editor's name.
    pub subject: String,
    /// What was done.
    pub scenario: Scenario,
    /// Why it counts for nothing, if it does: something was lost, or replicas differed, or it did not run.
    pub void: Option<String>,
    /// From each key's press to the paint that shows it.
    pub key: Vec<f64>,
    /// The same without the time in which the page was done and only the screen's next frame was waited for.
    pub key_work: Vec<f64>,
    /// From when the page hears each remote word to the paint that shows it.
    pub remote: Vec<f64>,
    /// The same without the wait for the screen's frame.
    pub remote_work: Vec<f64>,
    /// Whether the page did not keep up: times of what it had not shown when it was cut off are how long that had
    /// waited by then, so all of them are lower bounds.
    pub behind: bool,
    /// From the navigation's beginning to text that is painted and can be written into.
    pub opened: Option<f64>,
    /// Shares of the time that the main thread spent in tasks, in scripts, and in layout and styles.
    pub busy: Option<[f64; 3]>,
    /// Bytes of JavaScript's heap, of WebAssembly's memory, and resident in the page's process.
    pub memory: Option<[u64; 3]>,
    /// Edits that the remote writers made.
    pub edits: u64,
}

impl Outcome {
    /// A result with nothing in it yet.
    #[must_use]
    pub fn of(subject: &str, scenario: Scenario) -> Outcome {
        Outcome {
            subject: subject.to_string(),
            scenario,
            void: None,
            key: Vec::new(),
            key_work: Vec::new(),
            remote: Vec::new(),
            remote_work: Vec::new(),
            behind: false,
            opened: None,
            busy: None,
            memory: None,
            edits: 0,
        }
    }
}

/// The value that this share of some values is at most; nothing when there are none.
#[must_use]
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let of = |share| quantile(&values, share);
        assert_eq!([of(0.5), of(0.95), of(1.0)], [Some(50.0), Some(95.0), Some(100.0)]);
        assert_eq!(quantile(&[7.0], 0.01), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
