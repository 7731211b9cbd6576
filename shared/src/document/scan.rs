//! Reads the raw bytes of updates and state vectors without recursion and without trusting a
//! declared count, and says what is in them. It decides what may reach yrs, whatever sent it.
//!
//! yrs must never see what this refuses: some of it aborts the process (deep values), some allocates a
//! gigabyte (declared counts). It doesn't know a document; whether something is missing there, or new, is
//! the holder's to say.

mod pieces;
mod placed;
mod update;
pub(crate) mod value;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::domain::limits;
use crate::lib0::{ReadError, Reader};

pub use pieces::Pieces;
pub use update::update;

/// What an update brings and needs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct UpdateScan {
    /// The blocks in it, in order: client, and clocks from and to (exclusive). What a skip leaves out is not
    /// there.
    pub blocks: Vec<(u64, Range<u32>)>,
    /// What its blocks stand beside: client and clock.
    pub needs: Vec<(u64, u32)>,
    /// The roots that it names, each with the blocks that stand first in it or under a key of it: client and clock. A
    /// block with a neighbour names none: it stands where its neighbour does.
    pub roots: BTreeMap<String, Vec<(u64, u32)>>,
    /// What it deletes: client, and clocks from and to (exclusive).
    pub deletes: Vec<(u64, Range<u32>)>,
    /// How many blocks are in it, holes not counted.
    pub items: usize,
    /// Bytes of its largest block.
    pub largest: usize,
}

impl UpdateScan {
    /// The first that it points at and that is neither here nor in itself: client and clock. `here` says up to
    /// which clock a client's blocks are here (exclusive).
    pub fn gap(&self, here: impl Fn(u64) -> u32) -> Option<(u64, u32)> {
        let mut covered: HashMap<u64, u32> = HashMap::new();
        for (client, clocks) in &self.blocks {
            let end = covered.entry(*client).or_insert_with(|| here(*client));
            if clocks.start > *end {
                return Some((*client, clocks.start - 1));
            }
            *end = clocks.end.max(*end);
        }
        let end_of = |client: u64| covered.get(&client).copied().unwrap_or_else(|| here(client));
        let needed = self.needs.iter().find(|(client, clock)| *clock >= end_of(*client)).copied();
        needed.or_else(|| {
            let lost = self.deletes.iter().find(|(client, clocks)| clocks.end > end_of(*client));
            lost.map(|(client, clocks)| (*client, clocks.end - 1))
        })
    }

    /// Whether it points at something that is neither here nor in itself.
    pub fn has_gap(&self, here: impl Fn(u64) -> u32) -> bool {
        self.gap(here).is_some()
    }

    /// The roots in which it puts something that is not here.
    pub fn written_roots(&self, here: impl Fn(u64) -> u32) -> impl Iterator<Item = &str> {
        let is_new = move |(client, clock): &(u64, u32)| *clock >= here(*client);
        let named = self.roots.iter();
        named.filter(move |(_, blocks)| blocks.iter().any(&is_new)).map(|(root, _)| root.as_str())
    }

    /// Whether it has a block that is not here. Deletions are not looked at.
    pub fn has_new_blocks(&self, here: impl Fn(u64) -> u32) -> bool {
        self.blocks.iter().any(|(client, clocks)| clocks.end > here(*client))
    }
}

/// Why bytes may not reach yrs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not what it should be at all: no decent client makes such bytes.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Well-formed, and with something that no målbild has.
    #[error("not allowed: {0}")]
    Forbidden(&'static str),
    /// A value nested deeper than [`limits::VALUE_DEPTH`]: decoding it would overflow yrs' stack, and end the process.
    #[error("not allowed: a value nested too deep")]
    TooDeep,
}

use ScanError::Malformed;

impl From<ReadError> for ScanError {
    fn from(error: ReadError) -> Self {
        Malformed(error.words())
    }
}

/// Clocks of blocks at or over this are refused: yrs computes with them as `i32`.
const CLOCK_END: u32 = 1 << 31;

/// Scans a state vector: each client and the clock up to which its blocks are known.
///
/// # Errors
/// [`ScanError::Malformed`] when it is none, names a client twice, or more than [`limits::UPDATE_ITEMS`].
pub fn vector(bytes: &[u8]) -> Result<Vec<(u64, u32)>, ScanError> {
    let mut r = Reader::new(bytes);
    let count = r.count(2)?;
    if count > limits::UPDATE_ITEMS as u64 {
        return Err(Malformed("too many clients"));
    }
    let mut clocks = Vec::new();
    for _ in 0..count {
        clocks.push((r.number()?, clock(&mut r)?));
    }
    r.end()?;
    let mut clients: Vec<u64> = clocks.iter().map(|(client, _)| *client).collect();
    clients.sort_unstable();
    if clients.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Malformed("a client twice"));
    }
    Ok(clocks)
}

fn clock(r: &mut Reader<'_>) -> Result<u32, ScanError> {
    let clock = u32::try_from(r.number()?).ok().filter(|clock| *clock < CLOCK_END);
    clock.ok_or(Malformed("a clock too large"))
}
