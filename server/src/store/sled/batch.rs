//! One commit: writes become one batch of sled's, numbers are given, updates of one Document packed.
//!
//! It doesn't know threads, flushes or what is remembered between commits.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use samsyn_shared::Seq;

use super::super::{DocumentId, StoreError, Time, Write, retention};
use super::chunk::{self, Head};
use super::commits::Last;
use super::key::{self, DocumentKey, Kind};
use super::log::tree::Standing;
use super::opening::last_of;
use super::read::Reading as _;
use super::{Open, from_sled, pack};

/// A commit that is being put together.
pub(super) struct Commit<'a> {
    open: &'a Open,
    at: Time,
    batch: Changes,
    packs: HashMap<DocumentId, Pack>,
    ends: HashMap<DocumentId, Seq>,
}

/// What a commit changes in sled's tree, all of it or nothing.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Changes {
    pub(super) fn insert(&mut self, key: &[u8], value: &[u8]) {
        self.0.insert(key.to_vec(), Some(value.to_vec()));
    }

    fn remove(&mut self, key: impl AsRef<[u8]>) {
        self.0.insert(key.as_ref().to_vec(), None);
    }

    /// How far the changes bring each Document.
    pub(super) fn ends(&self) -> BTreeMap<DocumentId, Last> {
        last_of(self.0.iter().filter_map(|(key, value)| Some((&key[..], Head::read(value.as_deref()?)))))
    }

    /// Makes the changes; they are on disk once sled is flushed. Gives how the store stands then, which each of
    /// their records says too.
    pub(super) fn make(mut self, db: &sled::Db, before: Standing) -> sled::Result<Standing> {
        let mut after = Standing { commit: before.commit + 1, ..before };
        if self.0.values().all(Option::is_none) {
            chunk::encode(key::COMMIT.as_bytes(), (0, Time(0)), &[], |key, bytes| self.insert(key, bytes));
        }
        for (key, value) in self.0.iter().filter(|(key, _)| key::counts(key)) {
            if let Some(old) = db.get(key)?.and_then(|old| Head::read(&old)) {
                after.tally = after.tally.wrapping_sub(old.share(key));
            }
            if let Some(new) = value.as_deref().and_then(Head::read) {
                let new = Head { commit: after.commit, ..new };
                after.tally = after.tally.wrapping_add(new.share(key));
            }
        }
        for (key, value) in &mut self.0 {
            if let Some(value) = value {
                chunk::seal(key, value, after.commit, after.tally);
            }
        }
        // One record is all or nothing by itself. A batch costs sled a second write, with a wait for it.
        if self.0.len() == 1
            && let Some((key, Some(value))) = self.0.pop_first()
        {
            db.insert(key, value)?;
            return Ok(after);
        }
        let mut batch = sled::Batch::default();
        for (key, value) in self.0 {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        db.apply_batch(batch)?;
        Ok(after)
    }
}

/// Updates of one Document that will stand in one record.
struct Pack {
    first: Seq,
    last: Seq,
    bytes: Vec<u8>,
}

impl<'a> Commit<'a> {
    pub(super) fn new(open: &'a Open, at: Time) -> Self {
        let (batch, packs, ends) = (Changes::default(), HashMap::new(), HashMap::new());
        Self { open, at, batch, packs, ends }
    }

    /// Adds a write; gives the number of an append. `last` says a Document's last number on disk.
    pub(super) fn add(
        &mut self,
        write: &Write,
        last: impl FnOnce(DocumentId) -> Result<Seq, StoreError>,
    ) -> Result<Option<Seq>, StoreError> {
        match write {
            Write::Append { document, update } => {
                let end = match self.ends.entry(*document) {
                    Entry::Occupied(end) => end.into_mut(),
                    Entry::Vacant(place) => place.insert(last(*document)?),
                };
                *end = end.next();
                let seq = *end;
                self.append(*document, seq, update);
                return Ok(Some(seq));
            }
            Write::Compact { document, snapshot, up_to } => self.compact(*document, snapshot, *up_to)?,
            Write::Replace { document, snapshot } => self.replace(*document, snapshot)?,
            Write::Put { table, key, value } => {
                // A shorter value must not leave the end of a longer one behind.
                let prefix = key::record(*table, key);
                self.remove(&prefix)?;
                chunk::encode(&prefix, (0, self.at), value, |key, bytes| self.batch.insert(key, bytes));
            }
            Write::Delete { table, key } => self.remove(&key::record(*table, key))?,
        }
        Ok(None)
    }

    /// The batch, and the last numbers of the Documents that were appended to.
    pub(super) fn finish(mut self) -> (Changes, HashMap<DocumentId, Seq>) {
        for (document, pack) in std::mem::take(&mut self.packs) {
            self.put_pack(document, &pack);
        }
        (self.batch, self.ends)
    }

    fn append(&mut self, document: DocumentId, seq: Seq, update: &[u8]) {
        let size = pack::OVERHEAD + update.len();
        if let Entry::Occupied(mut open) = self.packs.entry(document) {
            if open.get().bytes.len() + size <= chunk::CHUNK {
                let open = open.get_mut();
                pack::push(&mut open.bytes, update);
                open.last = seq;
                return;
            }
            let full = open.remove();
            self.put_pack(document, &full);
        }
        let mut bytes = Vec::with_capacity(size);
        pack::push(&mut bytes, update);
        self.packs.insert(document, Pack { first: seq, last: seq, bytes });
    }

    fn put_pack(&mut self, document: DocumentId, pack: &Pack) {
        let prefix = key::numbered(document, Kind::Updates, pack.first);
        chunk::encode(&prefix, (pack.last.0, self.at), &pack.bytes, |key, bytes| {
            self.batch.insert(key, bytes)
        });
    }

    fn compact(&mut self, document: DocumentId, snapshot: &[u8], up_to: Seq) -> Result<(), StoreError> {
        if self.open.newest(document)?.is_some_and(|covered| covered >= up_to) {
            return Ok(());
        }
        self.thin(document, up_to)?;
        self.remove_log(document, up_to)?;
        self.put_snapshot(document, snapshot, up_to);
        Ok(())
    }

    /// Removes the restore points that are not kept once one more is made now.
    fn thin(&mut self, document: DocumentId, newest: Seq) -> Result<(), StoreError> {
        let points = self.open.points(document)?;
        let times: Vec<_> = points.iter().map(|point| point.at).chain([self.at]).collect();
        for (point, keep) in points.iter().zip(retention::kept(&times)) {
            if keep || point.seq == newest {
                continue;
            }
            for (kind, chunks) in [(Kind::Point, 1), (Kind::Snapshot, point.chunks)] {
                let mut key = key::numbered(document, kind, point.seq);
                let prefix = key.len();
                for index in 0..chunks {
                    key.truncate(prefix);
                    key.extend_from_slice(&index.to_be_bytes());
                    self.batch.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// Removes the records of the log that hold nothing beyond `up_to`.
    fn remove_log(&mut self, document: DocumentId, up_to: Seq) -> Result<(), StoreError> {
        let mut waiting: Vec<sled::IVec> = Vec::new();
        let mut end = None;
        for entry in self.open.db.scan_prefix(key::kind(document, Kind::Updates)) {
            let (key, value) = entry.map_err(from_sled)?;
            let corrupt = |what| StoreError::Corrupt { document, at: up_to, what };
            let DocumentKey { number, index, .. } = DocumentKey::parse(&key).map_err(corrupt)?;
            if number > up_to {
                end = None;
                // What waits ends right before this one.
                if number > up_to.next() {
                    waiting.clear();
                }
                break;
            }
            if index == 0 {
                waiting.drain(..).for_each(|key| self.batch.remove(key));
                end = Some(chunk::decode(&key, &value).map_err(corrupt)?.seq);
            }
            waiting.push(key);
        }
        if end.is_none_or(|end| end <= up_to.0) {
            waiting.into_iter().for_each(|key| self.batch.remove(key));
        }
        Ok(())
    }

    fn replace(&mut self, document: DocumentId, snapshot: &[u8]) -> Result<(), StoreError> {
        let mut highest = self.ends.get(&document).copied().unwrap_or_default();
        for entry in self.open.db.scan_prefix(key::document(document)) {
            let (key, value) = entry.map_err(from_sled)?;
            highest = highest.max(DocumentKey::parse(&key).map_or(highest, |key| key.number));
            highest = highest.max(chunk::decode(&key, &value).map_or(highest, |chunk| Seq(chunk.seq)));
            self.batch.remove(key);
        }
        self.packs.remove(&document);
        let up_to = highest.next();
        self.ends.insert(document, up_to);
        self.put_snapshot(document, snapshot, up_to);
        Ok(())
    }

    fn put_snapshot(&mut self, document: DocumentId, snapshot: &[u8], up_to: Seq) {
        let chunks = chunk::chunks(snapshot.len()).to_be_bytes();
        for (kind, value) in [(Kind::Point, &chunks[..]), (Kind::Snapshot, snapshot)] {
            let prefix = key::numbered(document, kind, up_to);
            chunk::encode(&prefix, (up_to.0, self.at), value, |key, bytes| self.batch.insert(key, bytes));
        }
    }

    /// Removes a record, also one that this commit has put.
    fn remove(&mut self, prefix: &[u8]) -> Result<(), StoreError> {
        let put = self.batch.0.range_mut(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        put.for_each(|(_, value)| *value = None);
        for old in self.open.db.scan_prefix(prefix).keys() {
            self.batch.remove(old.map_err(from_sled)?);
        }
        Ok(())
    }
}
