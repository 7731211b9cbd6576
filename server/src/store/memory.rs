//! An engine without a disk, for tests, with faults on demand. It keeps the contract's words except
//! that nothing outlives the last handle to it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use bytes::Bytes;
use samsyn_shared::Seq;

use super::{
    DocumentId, Loaded, RawRecord, ReadStore, RestorePoint, Store, StoreError, Table, Time, Verified, Write,
    retention,
};

/// Keeps everything in maps behind one lock.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // A plain lock: it is never held across an await, and each call is short.
    inner: Arc<Mutex<Inner>>,
    hanging: Arc<Hanging>,
}

/// Commits that don't return, on demand.
#[derive(Debug, Default)]
struct Hanging {
    hang: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Hanging {
    fn change(&self, change: impl FnOnce(&mut (bool, usize))) {
        change(&mut self.hang.lock().expect("no code panics while it holds this lock"));
        self.changed.notify_all();
    }

    fn wait_while(&self, is_so: impl FnMut(&mut (bool, usize)) -> bool) {
        let hang = self.hang.lock().expect("no code panics while it holds this lock");
        drop(self.changed.wait_while(hang, is_so).expect("no code panics while it holds this lock"));
    }
}

#[derive(Debug, Default)]
struct Inner {
    data: Data,
    commits: u64,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Faults {
    io: bool,
    full: bool,
    /// Writes that the next commit gets done before it fails.
    after: Option<usize>,
    corrupt: Option<DocumentId>,
}

#[derive(Debug, Default, Clone)]
struct Data {
    documents: BTreeMap<DocumentId, Log>,
    records: BTreeMap<(Table, String), Bytes>,
}

#[derive(Debug, Default, Clone)]
struct Log {
    snapshots: Vec<(RestorePoint, Bytes)>,
    updates: Vec<(Time, Bytes)>,
}

impl MemoryStore {
    /// Another handle to the same data, as another process would have it.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), hanging: Arc::clone(&self.hanging) }
    }

    /// From now on every commit fails with an I/O error and stores nothing (or works again).
    pub fn fail_commits(&self, fail: bool) {
        self.lock().faults.io = fail;
    }

    /// From now on the disk is full (or has room again).
    pub fn fill(&self, full: bool) {
        self.lock().faults.full = full;
    }

    /// From now on commits don't return (or do, also those that hang).
    pub fn hang(&self, hang: bool) {
        self.hanging.change(|(hangs, _)| *hangs = hang);
    }

    /// Waits until a commit hangs. Blocks.
    pub fn wait_until_one_hangs(&self) {
        self.hanging.wait_while(|(_, hanging)| *hanging == 0);
    }

    /// The next commit fails with an I/O error once it has done `writes` of its writes.
    pub fn fail_after(&self, writes: usize) {
        self.lock().faults.after = Some(writes);
    }

    /// From now on this Document loads as damaged, until it is replaced.
    pub fn corrupt(&self, document: DocumentId) {
        self.lock().faults.corrupt = Some(document);
    }

    /// How often something was committed.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.lock().commits
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics while it holds this lock")
    }

    fn read<T>(&self, document: DocumentId, read: impl FnOnce(&Log) -> T) -> Result<Option<T>, StoreError> {
        let inner = self.lock();
        if inner.faults.corrupt == Some(document) {
            return Err(StoreError::Corrupt { document, at: Seq(1), what: "damaged on demand" });
        }
        Ok(inner.data.documents.get(&document).map(read))
    }
}

impl Store for MemoryStore {
    fn commit(&self, writes: &[Write], at: Time) -> Result<Vec<Option<Seq>>, StoreError> {
        self.hanging.change(|(_, hanging)| *hanging += 1);
        self.hanging.wait_while(|(hangs, _)| *hangs);
        self.hanging.change(|(_, hanging)| *hanging -= 1);
        let mut inner = self.lock();
        inner.commits += 1;
        if inner.faults.full {
            return Err(StoreError::Full);
        }
        if inner.faults.io {
            return Err(io::Error::other("on demand").into());
        }
        let before = inner.faults.after.take().map(|after| (after, inner.data.clone()));
        let mut given = Vec::with_capacity(writes.len());
        for (index, write) in writes.iter().enumerate() {
            if let Some((after, before)) = &before
                && *after == index
            {
                inner.data = before.clone();
                return Err(io::Error::other("on demand, half-way").into());
            }
            if let Write::Replace { document, .. } = write {
                inner.faults.corrupt.take_if(|corrupt| corrupt == document);
            }
            given.push(inner.data.apply(write, at));
        }
        Ok(given)
    }

    fn recover(&self) -> Result<(), StoreError> {
        if self.lock().faults.full { Err(StoreError::Full) } else { Ok(()) }
    }
}

impl ReadStore for MemoryStore {
    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        self.read(document, |log| log.loaded(log.snapshots.len(), |_| true))
    }

    fn load_at(&self, document: DocumentId, at: Time) -> Result<Option<Loaded>, StoreError> {
        let loaded = self.read(document, |log| {
            let count = log.snapshots.iter().rposition(|(point, _)| point.at <= at)? + 1;
            let follows = count == log.snapshots.len();
            Some(log.loaded(count, |time| follows && time <= at))
        })?;
        Ok(loaded.flatten())
    }

    fn restore_points(&self, document: DocumentId) -> Result<Vec<RestorePoint>, StoreError> {
        let points = self.read(document, |log| log.snapshots.iter().map(|(point, _)| *point).collect())?;
        Ok(points.unwrap_or_default())
    }

    fn records(&self, document: DocumentId) -> Result<Vec<RawRecord>, StoreError> {
        let inner = self.lock();
        let Some(log) = inner.data.documents.get(&document) else { return Ok(Vec::new()) };
        let mut records = Vec::new();
        let mut add = |kind, seq: Seq, payload: &Bytes| {
            let key = Bytes::from(format!("{document} {kind} {}", seq.0));
            let verified = if inner.faults.corrupt == Some(document) && kind == "updates" {
                Err("damaged on demand")
            } else {
                Ok(Verified { kind, seq, index: 0, payload: payload.clone() })
            };
            records.push(RawRecord { key, bytes: payload.clone(), verified });
        };
        for (point, snapshot) in &log.snapshots {
            add("snapshot", point.seq, snapshot);
        }
        for ((_, update), seq) in log.updates.iter().zip(log.covered().0 + 1..) {
            add("updates", Seq(seq), update);
        }
        Ok(records)
    }

    fn documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        Ok(self.lock().data.documents.keys().copied().collect())
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock().data.records.get(&(table, key.to_owned())).cloned())
    }

    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        let inner = self.lock();
        let from = (table, prefix.to_owned());
        let all = inner.data.records.range(from..).map(|((t, key), _)| (*t, key));
        Ok(all
            .take_while(|(t, key)| *t == table && key.starts_with(prefix))
            .map(|(_, k)| k.clone())
            .collect())
    }
}

impl Data {
    fn apply(&mut self, write: &Write, at: Time) -> Option<Seq> {
        match write {
            Write::Append { document, update } => {
                let log = self.documents.entry(*document).or_default();
                log.updates.push((at, update.clone()));
                return Some(log.last());
            }
            Write::Compact { document, snapshot, up_to } => {
                let log = self.documents.entry(*document).or_default();
                if log.snapshots.is_empty() || *up_to > log.covered() {
                    let gone = usize::try_from(up_to.0 - log.covered().0).unwrap_or(usize::MAX);
                    log.updates.drain(..gone.min(log.updates.len()));
                    log.snapshots.push((RestorePoint { seq: *up_to, at }, snapshot.clone()));
                    let times: Vec<_> = log.snapshots.iter().map(|(point, _)| point.at).collect();
                    let mut kept = retention::kept(&times).into_iter();
                    log.snapshots.retain(|_| kept.next().unwrap_or(true));
                }
            }
            Write::Replace { document, snapshot } => {
                let seq = self.documents.get(document).map_or(Seq(0), |log| log.last().next());
                let snapshots = vec![(RestorePoint { seq, at }, snapshot.clone())];
                self.documents.insert(*document, Log { snapshots, updates: Vec::new() });
            }
            Write::Put { table, key, value } => {
                self.records.insert((*table, key.clone()), value.clone());
            }
            Write::Delete { table, key } => {
                self.records.remove(&(*table, key.clone()));
            }
        }
        None
    }
}

impl Log {
    fn covered(&self) -> Seq {
        self.snapshots.last().map_or(Seq(0), |(point, _)| point.seq)
    }

    fn last(&self) -> Seq {
        Seq(self.covered().0 + self.updates.len() as u64)
    }

    /// As of the last of the first `count` snapshots, with the updates of those times.
    fn loaded(&self, count: usize, holds: impl Fn(Time) -> bool) -> Loaded {
        let base = count.checked_sub(1).map(|index| &self.snapshots[index]);
        let updates: Vec<_> = self
            .updates
            .iter()
            .take_while(|(time, _)| holds(*time))
            .map(|(_, update)| update.clone())
            .collect();
        let covered = base.map_or(0, |(point, _)| point.seq.0);
        let last = Seq(covered + updates.len() as u64);
        Loaded { snapshot: base.map(|(_, snapshot)| snapshot.clone()), updates, last }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract;
    use super::*;

    #[test]
    fn memory_keeps_the_contract() {
        contract::check(|| (MemoryStore::default(), ()));
    }

    #[test]
    fn a_commit_that_fails_half_way_has_done_nothing() {
        let store = MemoryStore::default();
        let document = contract::document(1);
        contract::append(&store, document, &[b"a", b"b"]);
        let before = store.load(document).unwrap();
        let compact = Write::Compact { document, snapshot: Bytes::from_static(b"AB"), up_to: Seq(2) };
        for writes in 0..2 {
            store.fail_after(writes);
            let outcome = store.commit(&[compact.clone(), contract::put("k", b"v")], Time(1));
            assert!(matches!(outcome, Err(StoreError::Io(_))));
            assert_eq!(store.load(document).unwrap(), before);
            assert_eq!(store.get(Table::Token, "k").unwrap(), None);
        }
        assert!(store.commit(&[compact], Time(1)).is_ok());
    }
}
