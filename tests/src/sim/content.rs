//! What an update brings, as ranges of clocks: what must be in the store once it was called saved. It
//! doesn't know what the text says.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use samsyn_shared::document;
use samsyn_shared::document::scan;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{Doc, ID, IdSet, ReadTxn, Transact, Update};

/// What one update, or several, brought.
#[derive(Debug, Default, Clone)]
pub(super) struct Content {
    /// The blocks: client, and clocks from and to (exclusive).
    pub(super) blocks: Vec<(u64, Range<u32>)>,
    deletes: Vec<(u64, Range<u32>)>,
}

impl Content {
    pub(super) fn of(update: &[u8]) -> Result<Self> {
        let scan = scan::update(update).context("an honest update does not pass the scanner")?;
        Ok(Self { blocks: scan.blocks, deletes: scan.deletes })
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.deletes.extend(other.deletes);
    }
}

/// A document that is made from what is on disk, as whoever starts there would make it.
#[derive(Debug)]
pub(super) struct Durable {
    doc: Doc,
    clocks: HashMap<u64, u32>,
    deleted: IdSet,
}

impl Durable {
    /// # Errors
    /// When something stored doesn't apply, or lacks what isn't stored.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a Bytes>) -> Result<Self> {
        // Never used to write: the client id is no one's.
        let empty = Self { doc: document::replica(0), clocks: HashMap::new(), deleted: IdSet::default() };
        let mut durable = empty;
        durable.add(parts)?;
        Ok(durable)
    }

    /// More came to the disk.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(super) fn add<'a>(&mut self, parts: impl IntoIterator<Item = &'a Bytes>) -> Result<()> {
        let mut txn = self.doc.try_transact_mut()?;
        for part in parts {
            txn.apply_update(Update::decode_v1(part)?)?;
        }
        ensure!(!txn.has_missing_updates(), "what is stored lacks something that is not");
        drop(txn);
        let snapshot = self.doc.try_transact()?.snapshot();
        self.clocks = snapshot.state_map.iter().map(|(client, clock)| (client.get(), *clock)).collect();
        self.deleted = snapshot.delete_set;
        Ok(())
    }

    /// Up to which clock a client's blocks are there.
    pub(super) fn end_of(&self, client: u64) -> u32 {
        self.clocks.get(&client).copied().unwrap_or(0)
    }

    /// # Errors
    /// What of it is not there.
    pub(super) fn holds(&self, content: &Content) -> Result<()> {
        for (client, clocks) in &content.blocks {
            ensure!(
                clocks.end <= self.end_of(*client),
                "blocks {clocks:?} of client {client:x} are not on disk, only those to {}",
                self.end_of(*client)
            );
        }
        for (client, clocks) in &content.deletes {
            let mut each = clocks.clone();
            let there = |clock| self.deleted.contains(&ID::new(ClientID::new(*client), clock));
            ensure!(each.all(there), "the deletion of {clocks:?} of client {client:x} is not on disk");
        }
        Ok(())
    }
}
