//! What a person's device keeps over page loads: the two lists of a målbild, as a browser's database holds them.
//! It doesn't know what is in a record.

use std::collections::BTreeMap;
use std::ops::Bound;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use samsyn_shared::sync::device_log::{Batch, Key, Record, StoredRecords, Written};

#[derive(Debug, Default)]
pub(super) struct Device {
    edits: BTreeMap<Key, Bytes>,
    log: BTreeMap<Key, Bytes>,
    last: Key,
}

impl Device {
    /// Writes a batch, all of it.
    pub(super) fn write(&mut self, batch: Batch) -> Written {
        let Batch { edits, log, remove_edits, remove_log } = batch;
        let mut put = |list: fn(&mut Self) -> &mut BTreeMap<Key, Bytes>, record: Option<Bytes>| {
            let record = record?;
            self.last = Key(self.last.0 + 1);
            let key = self.last;
            list(self).insert(key, record);
            Some(key)
        };
        let written = Written { edits: put(|d| &mut d.edits, edits), log: put(|d| &mut d.log, log) };
        self.edits.retain(|key, _| !remove_edits.contains(key));
        self.log.retain(|key, _| !remove_log.contains(key));
        written
    }

    /// What stands in the two lists after these keys.
    pub(super) fn find(&self, log: Key, edits: Key) -> Result<StoredRecords> {
        Ok(StoredRecords { log: read(&self.log, log)?, edits: read(&self.edits, edits)?, is_damaged: false })
    }

    /// Nothing is kept of it any more.
    pub(super) fn clear(&mut self) {
        self.edits.clear();
        self.log.clear();
    }
}

fn read(list: &BTreeMap<Key, Bytes>, after: Key) -> Result<Vec<(Key, usize, Record)>> {
    list.range((Bound::Excluded(after), Bound::Unbounded))
        .map(|(key, bytes)| Ok((*key, bytes.len(), Record::decode(bytes).context("a record on a device")?)))
        .collect()
}
