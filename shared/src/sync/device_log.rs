//! What of a målbild is written on this device, in which order, and what may go again. There are two lists: the
//! queue of edits that are not known to be on the server's disk, and the log of everything else, which one
//! record with the whole document replaces when it gets long. It knows no database (the driver performs each [`Batch`] as one transaction),
//! no document and no clock.
//!
//! An edit never stands there without what it stands on, so what is found makes a document: the page opens from it at once,
//! asks the server beside it, and what was found in the queue is offered again until it is saved, whoever wrote it: an
//! earlier page load, or a tab that was closed. A record that is damaged, and a document that lacks something, is set
//! aside, as is what the server refuses or what belongs to a history that was replaced: read, copied from, never merged.
//! Where the database is missing, full or dead, edits are sent all the same, and the page says that they are only in memory.
//!
//! What the device has leaves it only when a person removes it, or when it is set aside. Removing the queue's records at
//! once would have cost a transaction more for each key; they go with the log, every 2 s, and a page that ends before that
//! offers them once more.
//!
//! ```
//! use samsyn_shared::WriteNumber;
//! use samsyn_shared::sync::device_log::{Due, Key, DeviceLog, Record, Written};
//!
//! let mut log = DeviceLog::of(7);
//! log.edited(WriteNumber(1), b"edit".as_slice().into());
//! let batch = log.next(Due::Edits, || None).expect("an edit is kept at once");
//! assert_eq!(Record::decode(&batch.edits.unwrap()).unwrap().updates, [b"edit".as_slice()]);
//! let kept = log.written(Written { edits: Some(Key(1)), log: None });
//! assert_eq!(kept, WriteNumber(1));
//! // The server has it on disk: it leaves the queue for the log, in one transaction.
//! log.saved(WriteNumber(1));
//! let batch = log.next(Due::All, || None).expect("the log is due");
//! assert_eq!(batch.remove_edits, [Key(1)]);
//! assert_eq!(Record::decode(&batch.log.unwrap()).unwrap().updates, [b"edit".as_slice()]);
//! ```

mod record;

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::record::{Key, Record, RecordError};
use crate::domain::limits;
use crate::{Epoch, Role, WriteNumber};

/// What is to be written on the device as one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// A record to put at the end of the queue.
    pub edits: Option<Bytes>,
    /// A record to put at the end of the log.
    pub log: Option<Bytes>,
    /// Records of the queue to remove.
    pub remove_edits: Vec<Key>,
    /// Records of the log to remove.
    pub remove_log: Vec<Key>,
}

/// What a page must know of a målbild to show it without the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// `name@version`.
    pub template: String,
    /// What this browser could do in it.
    pub role: Role,
    /// Which history the two lists belong to.
    pub epoch: Epoch,
}

/// What was found, up to where that is.
#[derive(Debug, Default)]
pub struct StoredRecords {
    /// The log from some key on.
    pub log: Vec<(Key, usize, Record)>,
    /// The queue from some key on.
    pub edits: Vec<(Key, usize, Record)>,
    /// Whether some of it was damaged.
    pub is_damaged: bool,
}

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Edits, and what they stand on.
    Edits,
    /// The log as well.
    All,
    /// All, also while another batch is under way: the page may end before that is told. A device writes batches in
    /// the order in which it gets them.
    Leaving,
}

/// The keys that the device gave the records of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Of the record in the queue.
    pub edits: Option<Key>,
    /// Of the record in the log.
    pub log: Option<Key>,
}

/// The log of what this page keeps on the device: its queue of unsaved edits and its log of everything else.
#[derive(Debug)]
pub struct DeviceLog {
    tab: u64,
    /// Edits that are not on the device yet.
    due: Vec<(WriteNumber, Bytes)>,
    /// Records of the queue, oldest first.
    queued: VecDeque<Queued>,
    /// What is to go into the log next, and the records of the queue that it replaces.
    log_due: Vec<Bytes>,
    replaced: Vec<Key>,
    /// The records of the log whose content this page has, and what they weigh since the last whole one.
    log: Vec<Key>,
    weight: usize,
    whole: usize,
    /// Set when a failed write made us drop log entries. The next log record must then be a full snapshot.
    lacks: bool,
    /// Whether the device could not write the last batch.
    is_failing: bool,
    /// How far edits are known to be on the server's disk.
    saved: WriteNumber,
    under_way: VecDeque<UnderWay>,
}

/// A record of the queue.
#[derive(Debug)]
struct Queued {
    key: Key,
    /// The number of its last edit.
    number: WriteNumber,
    updates: Vec<Bytes>,
}

/// What a batch that is being written holds, to be due again if that fails.
#[derive(Debug, Default)]
struct UnderWay {
    edits: Vec<(WriteNumber, Bytes)>,
    log: Vec<Bytes>,
    replaced: Vec<Key>,
    /// The log's records that the batch removes, its new one's weight, and whether that is the whole document.
    compacted: Vec<Key>,
    weight: usize,
    is_whole: bool,
}

impl DeviceLog {
    /// Of a page that has read nothing from the device yet. `tab` is drawn at random for each page load.
    #[must_use]
    pub const fn of(tab: u64) -> Self {
        Self {
            tab,
            due: Vec::new(),
            queued: VecDeque::new(),
            log_due: Vec::new(),
            replaced: Vec::new(),
            log: Vec::new(),
            weight: 0,
            whole: 0,
            lacks: false,
            is_failing: false,
            saved: WriteNumber(0),
            under_way: VecDeque::new(),
        }
    }

    /// Whether a record was written by this page.
    #[must_use]
    pub const fn is_own(&self, record: &Record) -> bool {
        record.tab == self.tab
    }

    /// This page made an edit: it is to be kept at once.
    pub fn edited(&mut self, number: WriteNumber, update: Bytes) {
        self.due.push((number, update));
    }

    /// The queue holds a record of an earlier page load or another tab; `number` is what its last edit is called
    /// here.
    pub fn found(&mut self, key: Key, number: WriteNumber, record: Record) {
        self.queued.push_back(Queued { key, number, updates: record.updates });
    }

    /// A record of the log was read, and the document has what it holds.
    pub fn read(&mut self, key: Key, weight: usize) {
        self.log.push(key);
        self.weight += weight;
    }

    /// The document has something from the server: it is to be kept soon.
    pub fn integrated(&mut self, update: Bytes) {
        self.log_due.push(update);
    }

    /// The edits up to this number are on the server's disk.
    pub fn saved(&mut self, number: WriteNumber) {
        self.saved = self.saved.max(number);
        self.release();
    }

    /// What is on the server's disk leaves the queue for the log. What could not be kept in time goes through the
    /// queue as well: the edits after it stand on it.
    fn release(&mut self) {
        let saved = self.saved;
        let is_saved = |queued: &Queued| queued.number <= saved;
        while let Some(queued) = self.queued.pop_front_if(|queued| is_saved(queued)) {
            self.log_due.extend(queued.updates);
            self.replaced.push(queued.key);
        }
    }

    /// Whether the device could not write the last batch. Then edits do not wait for it before they are sent, and it
    /// is not asked again at each.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// What is to be written now, if anything is and no other batch is under way: edits, and with them what they may
    /// stand on. `whole` gives all that the document has as one update, if it is to be had.
    pub fn next(&mut self, due: Due, whole: impl FnOnce() -> Option<Bytes>) -> Option<Batch> {
        let has_edits = !self.due.is_empty();
        let has_log = self.lacks || !(self.log_due.is_empty() && self.replaced.is_empty());
        let has_log = has_log && (due != Due::Edits || has_edits);
        let must_wait =
            due != Due::Leaving && !self.under_way.is_empty() || due == Due::Edits && self.is_failing;
        if must_wait || !(has_edits || has_log) {
            return None;
        }
        let is_long = self.log.len() >= limits::DEVICE_LOG_RECORDS
            || self.weight > self.whole.max(limits::DEVICE_LOG_BYTES);
        let whole = if has_log && (self.lacks || (is_long && due != Due::Edits)) { whole() } else { None };
        if self.lacks && whole.is_none() {
            // An edit must not be there without what it stands on.
            return None;
        }
        let mut batch = Batch::default();
        let mut under_way = UnderWay {
            edits: std::mem::take(&mut self.due),
            is_whole: whole.is_some(),
            ..UnderWay::default()
        };
        if has_edits {
            let updates = under_way.edits.iter().map(|(_, update)| update.clone()).collect();
            batch.edits = Some(Record { tab: self.tab, updates }.encode());
        }
        if has_log {
            under_way.log = std::mem::take(&mut self.log_due);
            under_way.replaced = std::mem::take(&mut self.replaced);
            if under_way.is_whole {
                under_way.compacted = std::mem::take(&mut self.log);
            }
            let updates = whole.map_or_else(|| under_way.log.clone(), |whole| vec![whole]);
            let record = Record { tab: self.tab, updates }.encode();
            under_way.weight = record.len();
            batch.log = Some(record);
            batch.remove_edits.clone_from(&under_way.replaced);
            batch.remove_log.clone_from(&under_way.compacted);
        }
        self.under_way.push_back(under_way);
        Some(batch)
    }

    /// The oldest batch under way was written. Gives the number up to which edits are kept now.
    pub fn written(&mut self, keys: Written) -> WriteNumber {
        let Some(under_way) = self.under_way.pop_front() else { return WriteNumber(0) };
        self.is_failing = false;
        if let Some(key) = keys.log {
            if under_way.is_whole {
                (self.weight, self.whole, self.lacks) = (0, under_way.weight, false);
            } else {
                self.weight += under_way.weight;
            }
            self.log.push(key);
        }
        let last = under_way.edits.last().map_or(WriteNumber(0), |(number, _)| *number);
        if let Some(key) = keys.edits {
            let updates = under_way.edits.into_iter().map(|(_, update)| update).collect();
            self.queued.push_back(Queued { key, number: last, updates });
        }
        self.release();
        last
    }

    /// The oldest batch under way could not be written: what was in it is due again. Gives the number up to which
    /// edits are only in memory, and may be sent all the same. What the server has is not kept in memory for ever:
    /// beyond [`limits::DEVICE_LOG_BYTES`] it is forgotten, until the device takes the whole document.
    pub fn failed(&mut self) -> WriteNumber {
        let Some(under_way) = self.under_way.pop_front() else { return WriteNumber(0) };
        self.is_failing = true;
        let last = under_way.edits.last().map_or(WriteNumber(0), |(number, _)| *number);
        self.due.splice(0..0, under_way.edits);
        self.log_due.splice(0..0, under_way.log);
        self.replaced.splice(0..0, under_way.replaced);
        self.log.splice(0..0, under_way.compacted);
        if self.log_due.iter().map(Bytes::len).sum::<usize>() > limits::DEVICE_LOG_BYTES {
            self.lacks = true;
            self.log_due.clear();
            let saved = self.saved;
            self.due.retain(|(number, _)| *number > saved);
        }
        last
    }
}

#[cfg(test)]
mod tests;
