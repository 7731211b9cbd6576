//! What one participant is to receive, and what of it has come.

use crate::marker::{self, Marker};
use crate::stage::{Plan, Stage};
use crate::tally::Tally;
use std::ops::Range;

/// The marks that one participant has seen.
#[derive(Debug)]
pub(crate) struct Inbox {
    own: Option<u16>,
    writers: Range<u16>,
    updates: Bits,
    seed: Bits,
    missing: usize,
}

impl Inbox {
    /// For a participant that is writer `own` among `writers`, and lacks so many marks of the seed.
    pub(crate) fn new(own: Option<u16>, writers: Range<u16>, seed_marks: usize, plan: &Plan) -> Inbox {
        let others = writers.len() - usize::from(own.is_some());
        Inbox {
            own,
            updates: Bits::new(writers.len() * usize::from(plan.end)),
            writers,
            seed: Bits::new(seed_marks),
            missing: seed_marks + others * usize::from(plan.end - plan.first),
        }
    }

    /// How many marks have not come yet.
    pub(crate) fn missing(&self) -> usize {
        self.missing
    }

    /// Finds all marks in a message. Says whether it was the one that completed it.
    pub(crate) fn receive(&mut self, message: &[u8], now: u64, stage: &Stage, tally: &mut Tally) -> bool {
        let before = self.missing;
        let in_window = stage.measures(now);
        marker::scan(message, |marker| {
            if marker.writer == marker::SEED {
                if self.seed.set(usize::from(marker.counter)) == Some(true) {
                    self.missing -= 1;
                }
            } else if Some(marker.writer) != self.own {
                self.note(marker, now, in_window, stage, tally);
            }
        });
        before > 0 && self.missing == 0
    }

    fn note(&mut self, marker: Marker, now: u64, in_window: bool, stage: &Stage, tally: &mut Tally) {
        let plan = &stage.plan;
        if !self.writers.contains(&marker.writer) || marker.counter >= plan.end {
            tally.strays += 1;
            return;
        }
        let writer = usize::from(marker.writer - self.writers.start);
        let fresh = self.updates.set(writer * usize::from(plan.end) + usize::from(marker.counter));
        if fresh != Some(true) {
            tally.duplicates += 1;
            return;
        }
        tally.in_window += u64::from(in_window);
        if marker.counter >= plan.first {
            tally.delivered += 1;
            self.missing -= 1;
            let took = now.saturating_sub(stage.sent(marker.writer, marker.counter));
            tally.latency.saturating_record(took / 1000);
        }
    }
}

/// A set of small numbers.
#[derive(Debug)]
struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    fn new(count: usize) -> Bits {
        Bits { words: vec![0; count.div_ceil(64)], count }
    }

    /// Adds a number. Says whether it is new, or nothing when it is beyond the end.
    fn set(&mut self, index: usize) -> Option<bool> {
        if index >= self.count {
            return None;
        }
        let (word, bit) = (&mut self.words[index / 64], 1 << (index % 64));
        let fresh = *word & bit == 0;
        *word |= bit;
        Some(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { writers: 3, period: 1, first: 1, end: 3 };

    fn text(marks: &[(u16, u16)]) -> Vec<u8> {
        let marks = marks.iter().map(|&(writer, counter)| Marker { writer, counter }.text());
        marks.collect::<String>().into_bytes()
    }

    #[test]
    fn each_measured_update_of_the_others_counts_once_however_it_is_merged() {
        let (stage, mut tally) = (Stage::new(PLAN), Tally::default());
        let mut inbox = Inbox::new(Some(1), 0..3, 0, &PLAN);
        assert_eq!(inbox.missing(), 4);
        // Its own, one to warm up, and one that is measured.
        assert!(!inbox.receive(&text(&[(1, 1), (0, 0), (0, 1)]), 5, &stage, &mut tally));
        assert_eq!((tally.delivered, tally.duplicates, inbox.missing()), (1, 0, 3));
        assert!(!inbox.receive(&text(&[(0, 1), (2, 2), (2, 1)]), 6, &stage, &mut tally));
        assert!(inbox.receive(&text(&[(0, 2)]), 7, &stage, &mut tally));
        assert!(!inbox.receive(&text(&[(0, 2), (7, 0), (0, 9)]), 8, &stage, &mut tally));
        assert_eq!((tally.delivered, tally.duplicates, tally.strays), (4, 2, 2));
        assert_eq!(tally.latency.len(), 4);
    }

    #[test]
    fn a_seed_is_whole_with_its_last_mark() {
        let plan = Plan::default();
        let (stage, mut tally) = (Stage::new(plan), Tally::default());
        let mut inbox = Inbox::new(None, 0..0, 2, &plan);
        assert!(!inbox.receive(&text(&[(marker::SEED, 0), (marker::SEED, 0)]), 1, &stage, &mut tally));
        assert!(inbox.receive(&text(&[(marker::SEED, 1)]), 1, &stage, &mut tally));
        assert_eq!(tally.delivered, 0);
    }
}
