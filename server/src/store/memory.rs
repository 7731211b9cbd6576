//! An engine without a disk, for tests, with faults on demand. It keeps the contract's words except
//! that nothing outlives the value itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use bytes::Bytes;
use samsyn_shared::Seq;

use super::{DocumentId, Loaded, Store, StoreError, Table, Write};

/// Keeps everything in maps behind one lock.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // A plain lock: it is never held across an await, and each call is short.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    documents: BTreeMap<DocumentId, Log>,
    records: BTreeMap<(Table, String), Bytes>,
    fail_commits: bool,
    corrupt: Option<DocumentId>,
}

#[derive(Debug, Default)]
struct Log {
    snapshot: Option<Bytes>,
    covered: Seq,
    updates: Vec<Bytes>,
}

impl MemoryStore {
    /// From now on every commit fails with an I/O error and stores nothing (or works again).
    pub fn fail_commits(&self, fail: bool) {
        self.lock().fail_commits = fail;
    }

    /// From now on this Document loads as damaged.
    pub fn corrupt(&self, document: DocumentId) {
        self.lock().corrupt = Some(document);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics while it holds this lock")
    }
}

impl Store for MemoryStore {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Seq>>, StoreError> {
        let mut inner = self.lock();
        if inner.fail_commits {
            return Err(io::Error::from(io::ErrorKind::StorageFull).into());
        }
        let mut given = Vec::with_capacity(writes.len());
        for write in writes {
            given.push(inner.apply(write));
        }
        Ok(given)
    }

    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        let inner = self.lock();
        if inner.corrupt == Some(document) {
            return Err(StoreError::Corrupt { document, at: Seq(1), what: "damaged on demand" });
        }
        Ok(inner.documents.get(&document).map(|log| Loaded {
            snapshot: log.snapshot.clone(),
            updates: log.updates.clone(),
            last: log.last(),
        }))
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock().records.get(&(table, key.to_owned())).cloned())
    }

    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        let inner = self.lock();
        let from = (table, prefix.to_owned());
        let all = inner.records.range(from..).map(|((t, key), _)| (*t, key));
        Ok(all
            .take_while(|(t, key)| *t == table && key.starts_with(prefix))
            .map(|(_, k)| k.clone())
            .collect())
    }
}

impl Inner {
    fn apply(&mut self, write: &Write) -> Option<Seq> {
        match write {
            Write::Append { document, update } => {
                let log = self.documents.entry(*document).or_default();
                log.updates.push(update.clone());
                Some(log.last())
            }
            Write::Compact { document, snapshot, up_to } => {
                let log = self.documents.entry(*document).or_default();
                if log.snapshot.is_none() || *up_to > log.covered {
                    let gone = usize::try_from(up_to.0 - log.covered.0).unwrap_or(usize::MAX);
                    log.updates.drain(..gone.min(log.updates.len()));
                    log.covered = *up_to;
                    log.snapshot = Some(snapshot.clone());
                }
                None
            }
            Write::Put { table, key, value } => {
                self.records.insert((*table, key.clone()), value.clone());
                None
            }
            Write::Delete { table, key } => {
                self.records.remove(&(*table, key.clone()));
                None
            }
        }
    }
}

impl Log {
    fn last(&self) -> Seq {
        Seq(self.covered.0 + self.updates.len() as u64)
    }
}
