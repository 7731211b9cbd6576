//! How much a document holds, as sums that never say too little, and what a change of it may cost yrs at most.
//!
//! It doesn't know a document; its holder adds up and measures. The costs were measured on yrs 0.28.1, which is
//! quadratic in several ways: a block looks at all that stands between its neighbours, splitting a text copies or
//! reads it, and each new block moves those of its client that come after it.

use std::ops::{Add, AddAssign};
use std::time::Duration;

use crate::document::scan::UpdateScan;
use crate::domain::limits;

/// Looking at one block between a new one's neighbours, in nanoseconds.
const LOOK: u64 = 300;
/// The same at an opening, measured on a document of one long text that thousands of blocks reach over.
const LOOK_AT_OPENING: u64 = 100;
/// Moving one block of a client, when one is put before it, in nanoseconds.
const MOVE: u64 = 3;
/// A byte of a text that is split, in nanoseconds.
const BYTE: u64 = 3;
/// A block or a deleted range for itself, in nanoseconds.
const ITEM: u64 = 2_000;
/// Blocks and ranges of a piece at most, however small the document is: they look at each other.
const PIECE: u64 = 200;

/// Blocks by which a document of any size may grow before it is measured anew.
const GROWTH: usize = 500;

/// Sums of what a document holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes, encoded.
    pub(crate) bytes: usize,
    /// Client ids.
    pub(crate) clients: usize,
    /// Blocks.
    pub(crate) blocks: usize,
    /// Deleted ranges.
    pub(crate) ranges: usize,
    /// Bytes of the largest block, or of all texts that may have become one.
    pub(crate) largest: usize,
}

impl Size {
    /// That of a whole document with this scan.
    pub(crate) fn of(scan: &UpdateScan, bytes: usize) -> Self {
        let (clients, ranges) = (clients(scan), scan.deletes.len());
        Self { bytes, clients, blocks: scan.items, ranges, largest: scan.largest }
    }

    /// What an update with this scan adds at most: each block may split two others, and so may each range.
    pub(crate) fn brought_by(scan: &UpdateScan, bytes: usize) -> Self {
        let (clients, ranges) = (clients(scan), scan.deletes.len());
        // Neighbours of one client that were written one after the other become one.
        let largest = if scan.items == 0 { 0 } else { scan.largest };
        Self { bytes, clients, blocks: 3 * scan.items + 2 * ranges, ranges, largest }
    }

    /// Whether so much more would be more than a document may hold. `bytes` is what it may take, encoded.
    pub(crate) const fn is_full(&self, more: &Self, bytes: usize) -> bool {
        self.bytes + more.bytes > bytes
            || self.clients + more.clients > limits::DOCUMENT_CLIENTS
            || self.blocks + more.blocks > limits::DOCUMENT_BLOCKS
            || self.ranges + more.ranges > limits::DOCUMENT_RANGES
    }

    /// Whether so much more would be more than twice what a document may hold. `bytes` is what it may take then.
    pub(crate) const fn is_overfull(&self, more: &Self, bytes: usize) -> bool {
        self.bytes + more.bytes > bytes
            || self.blocks + more.blocks > 2 * limits::DOCUMENT_BLOCKS
            || self.ranges + more.ranges > 2 * limits::DOCUMENT_RANGES
    }

    /// Whether it may hold much more than when this was measured.
    pub(crate) const fn has_outgrown(&self, measured: &Self) -> bool {
        self.bytes > 2 * measured.bytes + 256 * 1024
            || self.has_grown_by_half_since(measured)
            || self.blocks > measured.blocks + limits::DOCUMENT_BLOCKS / 16
            || self.ranges > measured.ranges + limits::DOCUMENT_RANGES / 16
            || self.bytes > measured.bytes + limits::DOCUMENT_BYTES / 16
    }

    /// Whether it may hold half as many blocks again as before, and some hundred in any case: what yrs does with them may
    /// take more than twice as long.
    pub(crate) const fn has_grown_by_half_since(&self, before: &Self) -> bool {
        let more = before.blocks / 2;
        self.blocks > before.blocks + if more > GROWTH { more } else { GROWTH }
    }

    /// By how much longer it may take to open than before, if each block that is new looks at all others.
    pub(crate) const fn opens_later_than(&self, before: &Self) -> Duration {
        let new = self.blocks.saturating_sub(before.blocks) as u64;
        Duration::from_nanos(new.saturating_mul(self.blocks as u64).saturating_mul(LOOK_AT_OPENING))
    }

    /// Whether nothing that is done with the whole document takes long.
    pub(crate) const fn is_light(&self) -> bool {
        self.bytes <= limits::LIGHT_DOCUMENT_BYTES
            && self.blocks <= limits::LIGHT_DOCUMENT_BLOCKS
            && self.ranges <= limits::LIGHT_DOCUMENT_BLOCKS
    }

    /// What applying an update with this scan may cost, if it is applied as a whole.
    pub(crate) fn cost_of(&self, scan: &UpdateScan) -> Duration {
        let (items, ranges) = (scan.items as u64, scan.deletes.len() as u64);
        let blocks = items.saturating_mul(self.block_cost(items));
        Duration::from_nanos(blocks.saturating_add(ranges.saturating_mul(self.range_cost())))
    }

    /// Blocks of an update that cost no more than [`limits::TURN`] together.
    pub(crate) fn blocks_a_turn(&self) -> usize {
        a_turn(self.block_cost(PIECE))
    }

    /// Deleted ranges that cost no more than [`limits::TURN`] together.
    pub(crate) fn ranges_a_turn(&self) -> usize {
        a_turn(self.range_cost())
    }

    fn block_cost(&self, beside: u64) -> u64 {
        ITEM + LOOK * (self.blocks as u64 + beside) + self.split_cost()
    }

    fn range_cost(&self) -> u64 {
        ITEM + self.split_cost()
    }

    fn split_cost(&self) -> u64 {
        BYTE * self.largest as u64 + MOVE * self.blocks as u64
    }
}

impl Add for Size {
    type Output = Self;

    fn add(mut self, more: Self) -> Self {
        self += more;
        self
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.clients += more.clients;
        self.blocks += more.blocks;
        self.ranges += more.ranges;
        self.largest += more.largest;
    }
}

fn clients(scan: &UpdateScan) -> usize {
    // The blocks stand by client.
    scan.blocks.chunk_by(|(one, _), (other, _)| one == other).count()
}

fn a_turn(cost: u64) -> usize {
    let turn = u64::try_from(limits::TURN.as_nanos()).expect("a turn is far below 500 years");
    usize::try_from((turn / cost).clamp(1, PIECE)).expect("clamped to a few hundred")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(items: usize, deletes: usize) -> UpdateScan {
        let deletes = (0..deletes).map(|_| (7, 0..1)).collect();
        UpdateScan { blocks: vec![(7, 0..1)], items, deletes, ..UpdateScan::default() }
    }

    #[test]
    fn a_key_is_light_in_a_large_document_and_heavy_in_the_largest() {
        let large = Size { blocks: 2_000, largest: 20_000, ..Size::default() };
        assert!(large.cost_of(&scan(1, 0)) < limits::LIGHT_COST);
        let largest = Size { blocks: limits::DOCUMENT_BLOCKS, ..large };
        assert!(largest.cost_of(&scan(1, 0)) > limits::LIGHT_COST);
        assert_eq!(largest.blocks_a_turn(), 1);
    }

    #[test]
    fn what_many_blocks_cost_grows_with_their_square() {
        let empty = Size::default();
        assert!(empty.cost_of(&scan(10_000, 0)) > Duration::from_secs(30));
        assert!(empty.cost_of(&scan(20, 20)) < limits::LIGHT_COST);
        assert!(empty.blocks_a_turn() > 100);
    }

    #[test]
    fn the_larger_a_document_is_the_fewer_blocks_may_make_it_open_later() {
        let later = |blocks, new| {
            let before = Size { blocks, ..Size::default() };
            Size { blocks: blocks + new, ..before }.opens_later_than(&before)
        };
        assert!(later(0, 2_000) < limits::UNWEIGHED && later(0, 2_500) > limits::UNWEIGHED);
        assert!(later(15_000, 300) < limits::UNWEIGHED && later(15_000, 350) > limits::UNWEIGHED);
        assert!(later(100_000, 60) > limits::UNWEIGHED);
    }

    #[test]
    fn a_document_is_full_by_any_of_its_sums() {
        let bytes = limits::DOCUMENT_BYTES;
        let nothing = Size::default();
        let full = Size {
            bytes,
            clients: limits::DOCUMENT_CLIENTS,
            blocks: limits::DOCUMENT_BLOCKS,
            ranges: limits::DOCUMENT_RANGES,
            largest: 0,
        };
        assert!(!full.is_full(&nothing, bytes));
        for more in [
            Size { bytes: 1, ..nothing },
            Size { clients: 1, ..nothing },
            Size { blocks: 1, ..nothing },
            Size { ranges: 1, ..nothing },
        ] {
            assert!(full.is_full(&more, bytes) && !nothing.is_full(&more, bytes));
        }
    }
}
