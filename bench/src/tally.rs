//! What one thread of the generator has counted, and the sum over threads.

use crate::spread::Spread;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// Counts and times. Each thread has its own, and they are added up at the end.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Measured updates that reached somebody other than their writer, once each.
    pub(crate) delivered: u64,
    /// Updates, measured or not, that reached somebody within the measured window.
    pub(crate) in_window: u64,
    /// The same once more: a server may send an update twice, and nobody is the worse for it.
    pub(crate) duplicates: u64,
    /// Marks that nobody can have written.
    pub(crate) strays: u64,
    /// Frames with updates in them within the measured window.
    pub(crate) frames: u64,
    /// Bytes of those frames.
    pub(crate) bytes: u64,
    /// Writes that a server did not take.
    pub(crate) refused: u64,
    /// How often a server asked for what it lacks after the first time.
    pub(crate) asked_again: u64,
    /// Why connections ended before they should have, and how many.
    pub(crate) ended: BTreeMap<String, usize>,
    /// From sent to seen, of measured updates.
    pub(crate) latency: Histogram<u64>,
    /// From sent to said to be on disk, of measured updates.
    pub(crate) saved: Histogram<u64>,
    /// From due to sent, of all updates: how late the generator itself was.
    pub(crate) late: Histogram<u64>,
    /// From opening a connection to having received all.
    pub(crate) whole: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            delivered: 0,
            in_window: 0,
            duplicates: 0,
            strays: 0,
            frames: 0,
            bytes: 0,
            refused: 0,
            asked_again: 0,
            ended: BTreeMap::new(),
            latency: Spread::histogram(),
            saved: Spread::histogram(),
            late: Spread::histogram(),
            whole: Spread::histogram(),
        }
    }
}

impl Tally {
    /// Adds what another thread has counted.
    pub(crate) fn add(&mut self, other: &Tally) {
        self.delivered += other.delivered;
        self.in_window += other.in_window;
        self.duplicates += other.duplicates;
        self.strays += other.strays;
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.refused += other.refused;
        self.asked_again += other.asked_again;
        for (reason, count) in &other.ended {
            *self.ended.entry(reason.clone()).or_default() += count;
        }
        for (all, more) in [
            (&mut self.latency, &other.latency),
            (&mut self.saved, &other.saved),
            (&mut self.late, &other.late),
            (&mut self.whole, &other.whole),
        ] {
            all.add(more).expect("all histograms have the same bounds");
        }
    }
}
