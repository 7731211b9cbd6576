//! Where the blocks of an update stand in its bytes: what cutting one into pieces needs of scanning it.

use std::ops::Range;

/// The blocks of one client, where they stand in the bytes.
#[derive(Debug, Clone)]
pub(super) struct PlacedClient {
    pub(super) client: u64,
    pub(super) start: u32,
    pub(super) blocks: Vec<PlacedBlock>,
}

/// One block: the clock after it, its bytes, and which of the scan's needs are its.
#[derive(Debug, Clone)]
pub(super) struct PlacedBlock {
    pub(super) end: u32,
    pub(super) bytes: Range<usize>,
    pub(super) needs: Range<usize>,
}
