//! What one scenario showed of one server: a line of JSON between the generator and the report.

use crate::spread::Spread;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The result of one scenario with one server. What a scenario does not measure is zero or absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measurement {
    /// The server's name in the report.
    pub server: String,
    /// The scenario's name.
    pub scenario: String,
    /// Connections that were to be opened.
    pub people: usize,
    /// Connections that got as far as having the document.
    pub joined: usize,
    /// Connections that received all that they were to receive.
    pub whole_count: usize,
    /// Updates times receivers, of the measured ones.
    pub expected: u64,
    /// How many of these arrived.
    pub delivered: u64,
    /// Updates that reached a receiver within the window.
    pub in_window: u64,
    /// Updates that came more than once.
    pub duplicates: u64,
    /// Marks that nobody wrote.
    pub strays: u64,
    /// Writes that were refused.
    pub refused: u64,
    /// How often a server asked again for what it lacks.
    pub asked_again: u64,
    /// Why connections ended too early.
    pub ended: BTreeMap<String, usize>,
    /// From sent to seen.
    pub latency: Spread,
    /// From sent to said to be on disk.
    pub saved: Spread,
    /// Writes that were never said to be on disk, where that is said at all.
    pub unsaved: usize,
    /// From a connection's beginning to having received all.
    pub whole: Spread,
    /// From the beginning until the last connection had received all, in seconds.
    pub whole_s: f64,
    /// Seconds over which CPU was measured.
    pub seconds: f64,
    /// CPU seconds of the server in that time.
    pub cpu_s: f64,
    /// CPU seconds of the generator in that time.
    pub generator_cpu_s: f64,
    /// How late the generator itself sent.
    pub late: Spread,
    /// Frames with updates that one receiver got in a second.
    pub frames_per_receiver: f64,
    /// Bytes of messages with updates that one receiver got in a second.
    pub bytes_per_receiver: f64,
    /// The server's resident memory before the first connection.
    pub resident_before: u64,
    /// The server's resident memory with all connections, at the end.
    pub resident: u64,
    /// What one synced write takes on the disk of the server's data.
    pub fsync: Option<Spread>,
    /// Why there is no result.
    pub failed: Option<String>,
}

/// Less than this share of what was expected, and a server counts as collapsed.
const COLLAPSED: f64 = 0.99;

impl Measurement {
    /// The server's CPU for each update that reached a receiver, in microseconds.
    #[must_use]
    pub fn cpu_per_delivered(&self) -> Option<f64> {
        let delivered = if self.in_window > 0 { self.in_window } else { self.delivered };
        (delivered > 0).then(|| self.cpu_s * 1e6 / delivered as f64)
    }

    /// The share of what was expected that arrived, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.expected == 0 { 1.0 } else { self.delivered as f64 / self.expected as f64 }
    }

    /// Whether too little arrived, or too few were let in.
    #[must_use]
    pub fn is_collapsed(&self) -> bool {
        self.failed.is_some()
            || self.share() < COLLAPSED
            || (self.joined as f64) < COLLAPSED * self.people as f64
    }

    /// Milliseconds from one frame to the next, as a receiver sees it.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        (self.frames_per_receiver > 0.0).then(|| 1000.0 / self.frames_per_receiver)
    }

    /// Memory that came with each connection (or room), in bytes; none if it shrank.
    #[must_use]
    pub fn resident_each(&self) -> Option<f64> {
        let grown = self.resident.saturating_sub(self.resident_before);
        (grown > 0 && self.joined > 0).then(|| grown as f64 / self.joined as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_shared_by_what_arrived_while_it_was_measured() {
        let one = Measurement { cpu_s: 2.0, in_window: 1_000_000, delivered: 5, ..Measurement::default() };
        assert_eq!(one.cpu_per_delivered(), Some(2.0));
        let storm = Measurement { cpu_s: 2.0, delivered: 500_000, ..Measurement::default() };
        assert_eq!(storm.cpu_per_delivered(), Some(4.0));
        assert_eq!(Measurement::default().cpu_per_delivered(), None);
    }

    #[test]
    fn a_server_that_lets_too_few_in_or_loses_too_much_has_collapsed() {
        let fine =
            Measurement { people: 100, joined: 100, expected: 100, delivered: 99, ..Default::default() };
        assert!(!fine.is_collapsed());
        assert!(Measurement { delivered: 98, ..fine.clone() }.is_collapsed());
        assert!(Measurement { joined: 70, ..fine }.is_collapsed());
    }
}
