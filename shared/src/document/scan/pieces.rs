//! An update cut into small updates that can be applied one after the other: in each, and in those before it, is
//! all that it stands on. So whoever applies a large update can stop between two pieces and let others go first.
//!
//! It knows the bytes and which clocks its holder has; it doesn't know how large a piece should be.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;

use super::ScanError::{self, Forbidden};
use super::placed::PlacedClient;
use super::{UpdateScan, update};
use crate::lib0::Writer;

/// What is left of an update that is taken piece by piece: its blocks in an order in which each stands on what
/// came before, then its deletions by client and clock.
#[derive(Debug)]
pub struct Pieces {
    bytes: Bytes,
    clients: Vec<PlacedClient>,
    /// Runs of blocks in their order: the client's place in `clients`, and which of its blocks.
    runs: Vec<(usize, Range<usize>)>,
    next_run: usize,
    left: usize,
    deletes: Vec<(u64, Range<u32>)>,
    next_delete: usize,
}

impl Pieces {
    /// Cuts an update. Blocks that are here already are left out; `here` says up to which clock a client's blocks
    /// are here (exclusive). What the update lacks beside that ([`UpdateScan::has_gap`]) must have been looked at.
    /// Linear in the update's bytes.
    ///
    /// # Errors
    /// [`ScanError`] as [`update`](super::update) has it, and when blocks wait for each other, so that none of
    /// them can ever be applied.
    pub fn of(bytes: Bytes, here: impl Fn(u64) -> u32) -> Result<Self, ScanError> {
        let (scan, clients) = update::placed(&bytes)?;
        let runs = Order::of(&scan, &clients, here).runs()?;
        let mut deletes = scan.deletes;
        // Splitting a text from its start costs less than from its end.
        deletes.sort_unstable_by_key(|(client, clocks)| (*client, clocks.start));
        let left = runs.iter().map(|(_, run)| run.end - run.start).sum();
        Ok(Self { bytes, clients, runs, next_run: 0, left, deletes, next_delete: 0 })
    }

    /// The next piece, of so many blocks or deleted ranges at most, but one at least; none when all were taken.
    pub fn take(&mut self, blocks: usize, ranges: usize) -> Option<Bytes> {
        if self.next_run < self.runs.len() {
            Some(self.take_blocks(blocks.max(1)))
        } else if self.next_delete < self.deletes.len() {
            Some(self.take_deletes(ranges.max(1)))
        } else {
            None
        }
    }

    /// How many blocks are left.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.left
    }

    /// How many deleted ranges are left.
    #[must_use]
    pub const fn ranges(&self) -> usize {
        self.deletes.len() - self.next_delete
    }

    /// Whether all was taken.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.next_run == self.runs.len() && self.next_delete == self.deletes.len()
    }

    fn take_blocks(&mut self, mut left: usize) -> Bytes {
        // Of each client one run: what is between two of its runs here comes before the second.
        let mut taken: Vec<(usize, Range<usize>)> = Vec::new();
        let mut at: HashMap<usize, usize> = HashMap::new();
        while left > 0
            && let Some((client, run)) = self.runs.get_mut(self.next_run)
        {
            let end = run.end.min(run.start + left);
            left -= end - run.start;
            self.left -= end - run.start;
            match at.get(client) {
                Some(place) => taken[*place].1.end = end,
                None => {
                    at.insert(*client, taken.len());
                    taken.push((*client, run.start..end));
                }
            }
            run.start = end;
            if run.start == run.end {
                self.next_run += 1;
            }
        }
        let mut piece = Writer::default();
        piece.number(taken.len() as u64);
        for (client, run) in taken {
            let PlacedClient { client, start, blocks } = &self.clients[client];
            let start = if run.start == 0 { *start } else { blocks[run.start - 1].end };
            piece.number(run.len() as u64).number(*client).number(start.into());
            piece.raw(&self.bytes[blocks[run.start].bytes.start..blocks[run.end - 1].bytes.end]);
        }
        piece.number(0);
        piece.finish()
    }

    fn take_deletes(&mut self, ranges: usize) -> Bytes {
        let end = self.deletes.len().min(self.next_delete + ranges);
        let taken = &self.deletes[self.next_delete..end];
        self.next_delete = end;
        let by_client = || taken.chunk_by(|(one, _), (other, _)| one == other);
        let mut piece = Writer::default();
        piece.number(0).number(by_client().count() as u64);
        for ranges in by_client() {
            piece.number(ranges[0].0).number(ranges.len() as u64);
            for (_, clocks) in ranges {
                piece.number(clocks.start.into()).number(clocks.len() as u64);
            }
        }
        piece.finish()
    }
}

/// Finds an order of blocks in which each comes after what it stands on.
struct Order<'a> {
    scan: &'a UpdateScan,
    clients: &'a [PlacedClient],
    /// Where in `clients` a client stands.
    place: HashMap<u64, usize>,
    /// Of each in `clients`: the next block, the clock up to which its blocks are here or ordered, and whether
    /// somebody waits for it.
    next: Vec<usize>,
    end: Vec<u32>,
    is_waited_for: Vec<bool>,
    runs: Vec<(usize, Range<usize>)>,
}

impl<'a> Order<'a> {
    fn of(scan: &'a UpdateScan, clients: &'a [PlacedClient], here: impl Fn(u64) -> u32) -> Self {
        let place = clients.iter().enumerate().map(|(place, client)| (client.client, place)).collect();
        let end: Vec<u32> = clients.iter().map(|client| here(client.client)).collect();
        let known = |(client, end): (&PlacedClient, &u32)| client.blocks.partition_point(|b| b.end <= *end);
        let next = clients.iter().zip(&end).map(known).collect();
        Self { scan, clients, place, next, end, is_waited_for: vec![false; clients.len()], runs: Vec::new() }
    }

    fn runs(mut self) -> Result<Vec<(usize, Range<usize>)>, ScanError> {
        for first in 0..self.clients.len() {
            // Clients whose next block waits for that of the one after it, up to a clock.
            let mut waiting = vec![(first, u32::MAX)];
            while let Some((client, until)) = waiting.last().copied() {
                if self.end[client] > until || self.next[client] == self.clients[client].blocks.len() {
                    self.is_waited_for[client] = false;
                    waiting.pop();
                    continue;
                }
                match self.lacks(client) {
                    None => self.add(client),
                    Some((other, _)) if other == client || self.is_waited_for[other] => {
                        return Err(Forbidden("blocks that wait for each other"));
                    }
                    Some((other, clock)) => {
                        self.is_waited_for[client] = true;
                        waiting.push((other, clock));
                    }
                }
            }
        }
        Ok(self.runs)
    }

    /// What the next block of a client stands on and that has not come: in this update, or it would be a gap.
    fn lacks(&self, client: usize) -> Option<(usize, u32)> {
        let block = &self.clients[client].blocks[self.next[client]];
        self.scan.needs[block.needs.clone()].iter().find_map(|(needed, clock)| {
            let other = *self.place.get(needed)?;
            let is_to_come = self.next[other] < self.clients[other].blocks.len();
            (*clock >= self.end[other] && is_to_come).then_some((other, *clock))
        })
    }

    fn add(&mut self, client: usize) {
        let next = self.next[client];
        self.next[client] += 1;
        self.end[client] = self.end[client].max(self.clients[client].blocks[next].end);
        match self.runs.last_mut() {
            Some((last, run)) if *last == client && run.end == next => run.end += 1,
            _ => self.runs.push((client, next..next + 1)),
        }
    }
}

#[cfg(test)]
mod tests;
