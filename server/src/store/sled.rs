//! The default engine: sled 0.34.7, used with the care that DESIGN.md measured it to need.
//!
//! It doesn't know that commits come from a queue, nor what is in an update. All lives in sled's
//! default tree, so that one batch covers a snapshot, the removal of what it covers, and records:
//!
//! | key | holds |
//! | --- | --- |
//! | `d` part id `s` number chunk | a snapshot that covers the log up to and with number |
//! | `d` part id `u` number chunk | the update with this number |
//! | `r` table NUL key NUL chunk | a record |
//! | `format` | the version of this table |
//!
//! Numbers and chunk indices are big-endian, so a scan meets the snapshot first and then the updates
//! in order.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use samsyn_shared::Seq;

use super::record::{self, Assembler};
use super::{DocumentId, Loaded, Part, Store, StoreError, Table, Write};

const FORMAT: &str = "samsyn-1";
/// sled's page cache, in bytes: enough for the records and the ends of logs of a busy day.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Documents whose last number is remembered between commits; beyond it all are forgotten and read again.
const REMEMBERED: usize = 10_000;

/// One sled database in a directory, held by this process alone.
#[derive(Debug)]
pub struct SledStore {
    db: sled::Db,
    /// An own handle to sled's file: its `flush()` calls `sync_file_range`, which is no fsync.
    file: File,
    last: Mutex<HashMap<DocumentId, Seq>>,
    /// Held locked for as long as the store is open.
    _lock: File,
}

/// How long the threads of a store that was closed may take to end.
const CLOSING: Duration = Duration::from_secs(10);

impl SledStore {
    /// Opens the store in `dir`, making it if it isn't there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it open, [`StoreError::Format`], [`StoreError::Io`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir)?;
        let lock = File::create(dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse(dir.display().to_string()),
            TryLockError::Error(error) => error.into(),
        })?;
        let path = dir.join("sled");
        let db = open_sled(&path).map_err(from_sled)?;
        let file = File::open(path.join("db"))?;
        let store = Self { db, file, last: Mutex::default(), _lock: lock };
        store.check_format()?;
        // The names of new files are in their directories, which need a sync of their own.
        for new in [path.as_path(), dir] {
            File::open(new)?.sync_all()?;
        }
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(store)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        match self.db.get("format").map_err(from_sled)? {
            Some(found) if found == FORMAT.as_bytes() => Ok(()),
            Some(found) => {
                let found = String::from_utf8_lossy(&found).into_owned();
                Err(StoreError::Format { found, known: FORMAT })
            }
            None => {
                self.db.insert("format", FORMAT.as_bytes()).map_err(from_sled)?;
                self.sync()
            }
        }
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(from_sled)?;
        self.file.sync_all()?;
        Ok(())
    }

    /// The last number of a Document, from memory or from its last key.
    fn last(&self, document: DocumentId) -> Result<Seq, StoreError> {
        let known = self.remembered().get(&document).copied();
        if let Some(seq) = known {
            return Ok(seq);
        }
        let prefix = document_prefix(document);
        match self.db.scan_prefix(&prefix).next_back() {
            None => Ok(Seq(0)),
            Some(entry) => {
                let (key, value) = entry.map_err(from_sled)?;
                let chunk = record::decode(&key, &value).map_err(|what| StoreError::Corrupt {
                    document,
                    at: Seq(0),
                    what,
                })?;
                Ok(Seq(chunk.seq))
            }
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<DocumentId, Seq>> {
        self.last.lock().expect("no code panics while it holds this lock")
    }

    /// The number that the Document's snapshot covers, from its key alone.
    fn covered(&self, document: DocumentId) -> Result<Option<Seq>, StoreError> {
        let prefix = kind_prefix(document, SNAPSHOT);
        let newest = self.db.scan_prefix(&prefix).keys().next_back().transpose().map_err(from_sled)?;
        Ok(newest.map(|key| seq_in(&key, prefix.len())))
    }

    fn compact(
        &self,
        batch: &mut sled::Batch,
        document: DocumentId,
        snapshot: &[u8],
        up_to: Seq,
    ) -> Result<(), StoreError> {
        if self.covered(document)?.is_some_and(|covered| covered >= up_to) {
            return Ok(());
        }
        for kind in [SNAPSHOT, UPDATE] {
            let prefix = kind_prefix(document, kind);
            for key in self.db.scan_prefix(&prefix).keys() {
                let key = key.map_err(from_sled)?;
                if seq_in(&key, prefix.len()) > up_to {
                    break;
                }
                batch.remove(key);
            }
        }
        put_value(batch, document, SNAPSHOT, up_to, snapshot);
        Ok(())
    }
}

impl Store for SledStore {
    fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Seq>>, StoreError> {
        let mut batch = sled::Batch::default();
        let mut given = Vec::with_capacity(writes.len());
        let mut ends: HashMap<DocumentId, Seq> = HashMap::new();
        for write in writes {
            let mut seq = None;
            match write {
                Write::Append { document, update } => {
                    let next = match ends.get(document) {
                        Some(end) => end.next(),
                        None => self.last(*document)?.next(),
                    };
                    put_value(&mut batch, *document, UPDATE, next, update);
                    ends.insert(*document, next);
                    seq = Some(next);
                }
                Write::Compact { document, snapshot, up_to } => {
                    self.compact(&mut batch, *document, snapshot, *up_to)?;
                }
                Write::Put { table, key, value } => {
                    // A shorter value must not leave the end of a longer one behind.
                    for old in self.db.scan_prefix(record_prefix(*table, key)).keys() {
                        batch.remove(old.map_err(from_sled)?);
                    }
                    let key_of = |index| record_key(*table, key, index);
                    record::encode(0, value, key_of, |key, bytes| batch.insert(key, bytes));
                }
                Write::Delete { table, key } => {
                    for old in self.db.scan_prefix(record_prefix(*table, key)).keys() {
                        batch.remove(old.map_err(from_sled)?);
                    }
                }
            }
            given.push(seq);
        }
        self.db.apply_batch(batch).map_err(from_sled)?;
        self.sync()?;
        let mut remembered = self.remembered();
        if remembered.len() > REMEMBERED {
            remembered.clear();
        }
        remembered.extend(ends);
        Ok(given)
    }

    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        let corrupt = |at: Seq, what| StoreError::Corrupt { document, at, what };
        let prefix = document_prefix(document);
        let mut assembler = Assembler::default();
        let mut loaded: Option<Loaded> = None;
        for entry in self.db.scan_prefix(&prefix) {
            let (key, value) = entry.map_err(from_sled)?;
            let at = loaded.as_ref().map_or(Seq(0), |loaded| loaded.last);
            let chunk = record::decode(&key, &value).map_err(|what| corrupt(at, what))?;
            let kind = key[prefix.len()];
            let Some((seq, whole)) = assembler.push(&chunk).map_err(|what| corrupt(at, what))? else {
                continue;
            };
            match (kind, &mut loaded) {
                (SNAPSHOT, None) => {
                    loaded = Some(Loaded { snapshot: Some(whole), updates: Vec::new(), last: Seq(seq) });
                }
                (SNAPSHOT, Some(_)) => return Err(corrupt(at, "a second snapshot")),
                (UPDATE, _) if seq != at.0 + 1 => return Err(corrupt(at, "a number is missing")),
                (UPDATE, loaded) => {
                    let loaded =
                        loaded.get_or_insert(Loaded { snapshot: None, updates: Vec::new(), last: Seq(0) });
                    loaded.updates.push(whole);
                    loaded.last = Seq(seq);
                }
                _ => return Err(corrupt(at, "an unknown kind of key")),
            }
        }
        let at = loaded.as_ref().map_or(Seq(0), |loaded| loaded.last);
        assembler.finish().map_err(|what| corrupt(at, what))?;
        Ok(loaded)
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError> {
        let corrupt = |what| StoreError::CorruptRecord { table, what };
        let mut assembler = Assembler::default();
        let mut whole = None;
        for entry in self.db.scan_prefix(record_prefix(table, key)) {
            let (key, value) = entry.map_err(from_sled)?;
            let chunk = record::decode(&key, &value).map_err(corrupt)?;
            whole = assembler.push(&chunk).map_err(corrupt)?.map(|(_, value)| value);
        }
        assembler.finish().map_err(corrupt)?;
        Ok(whole)
    }

    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        let start = table_prefix(table);
        let mut scan = start.clone();
        scan.extend_from_slice(prefix.as_bytes());
        let mut keys: Vec<String> = Vec::new();
        for key in self.db.scan_prefix(&scan).keys() {
            let key = key.map_err(from_sled)?;
            // Behind the name stand NUL and the chunk's index.
            let name = &key[start.len()..key.len() - 5];
            let name = String::from_utf8_lossy(name).into_owned();
            if keys.last() != Some(&name) {
                keys.push(name);
            }
        }
        Ok(keys)
    }
}

const SNAPSHOT: u8 = b's';
const UPDATE: u8 = b'u';

fn document_prefix(document: DocumentId) -> Vec<u8> {
    let part = match document.part {
        Part::Content => b'c',
        Part::Discussion => b'd',
    };
    let mut key = vec![b'd', part];
    key.extend_from_slice(document.malbild.as_bytes());
    key
}

fn kind_prefix(document: DocumentId, kind: u8) -> Vec<u8> {
    let mut key = document_prefix(document);
    key.push(kind);
    key
}

fn seq_in(key: &[u8], prefix: usize) -> Seq {
    let bytes = key[prefix..prefix + 8].try_into().expect("eight bytes of a number follow the prefix");
    Seq(u64::from_be_bytes(bytes))
}

fn put_value(batch: &mut sled::Batch, document: DocumentId, kind: u8, seq: Seq, value: &[u8]) {
    let key_of = |index: u32| {
        let mut key = kind_prefix(document, kind);
        key.extend_from_slice(&seq.0.to_be_bytes());
        key.extend_from_slice(&index.to_be_bytes());
        key
    };
    record::encode(seq.0, value, key_of, |key, bytes| batch.insert(key, bytes));
}

fn table_prefix(table: Table) -> Vec<u8> {
    let mut key = vec![b'r'];
    key.extend_from_slice(table.as_str().as_bytes());
    key.push(0);
    key
}

fn record_prefix(table: Table, name: &str) -> Vec<u8> {
    let mut key = table_prefix(table);
    key.extend_from_slice(name.as_bytes());
    key.push(0);
    key
}

fn record_key(table: Table, name: &str, index: u32) -> Vec<u8> {
    let mut key = record_prefix(table, name);
    key.extend_from_slice(&index.to_be_bytes());
    key
}

/// Opens sled's own files. Whoever gets here holds our lock, so if sled's is taken, then by threads of a
/// store that this process has just closed: sled 0.34 lets them end in their own time. They are
/// waited for.
fn open_sled(path: &Path) -> sled::Result<sled::Db> {
    let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    let begun = Instant::now();
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if is_locked(&error) && begun.elapsed() < CLOSING => {
                std::thread::sleep(Duration::from_millis(5));
            }
            outcome => return outcome,
        }
    }
}

/// sled wraps the operating system's error into one with a text.
fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn from_sled(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => error.into(),
        other => io::Error::other(other.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract;
    use super::*;

    #[test]
    fn sled_keeps_the_contract() {
        contract::check(|| {
            let dir = tempfile::tempdir().unwrap();
            (SledStore::open(&dir.path().join("data")).unwrap(), dir)
        });
    }

    #[test]
    fn everything_is_there_after_a_restart_and_numbers_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let document = contract::document(1);
        {
            let store = SledStore::open(dir.path()).unwrap();
            contract::append(&store, document, &[b"a", &vec![7; 300_000]]);
            store.commit(&[contract::put("key", b"value")]).unwrap();
        }
        let store = SledStore::open(dir.path()).unwrap();
        let loaded = store.load(document).unwrap().unwrap();
        assert_eq!(loaded.updates, [Bytes::from_static(b"a"), Bytes::from(vec![7; 300_000])]);
        assert_eq!(store.get(Table::Token, "key").unwrap(), Some(Bytes::from_static(b"value")));
        assert_eq!(contract::append(&store, document, &[b"c"]), [Some(Seq(3))]);
        assert!(!dir.path().join("sled/blobs").read_dir().is_ok_and(|mut blobs| blobs.next().is_some()));
    }

    /// sled's threads outlive a closed store by a moment, and hold its lock.
    #[test]
    fn a_store_that_was_just_closed_opens_again() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..30 {
            let store = SledStore::open(dir.path()).unwrap_or_else(|error| panic!("{round}: {error}"));
            contract::append(&store, contract::document(1), &[&[7; 100_000]]);
        }
    }

    #[test]
    fn a_second_opener_is_refused_and_told_why() {
        let dir = tempfile::tempdir().unwrap();
        let _first = SledStore::open(dir.path()).unwrap();
        let second = SledStore::open(dir.path()).unwrap_err();
        assert!(matches!(second, StoreError::InUse(_)));
        assert!(second.to_string().starts_with("store-in-use: "), "{second}");
    }

    #[test]
    fn a_damaged_document_is_an_error_for_itself_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(dir.path()).unwrap();
        for n in 1..=3 {
            contract::append(&store, contract::document(n), &[b"a", b"b", b"c"]);
        }
        // A flipped byte in one document, a lost record in the next.
        let key =
            store.db.scan_prefix(document_prefix(contract::document(1))).keys().nth(1).unwrap().unwrap();
        let mut value = store.db.get(&key).unwrap().unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        store.db.insert(key, value).unwrap();
        let key =
            store.db.scan_prefix(document_prefix(contract::document(2))).keys().nth(1).unwrap().unwrap();
        store.db.remove(key).unwrap();

        let corrupt = |n| matches!(store.load(contract::document(n)), Err(StoreError::Corrupt { .. }));
        assert!(corrupt(1) && corrupt(2) && !corrupt(3));
        assert_eq!(store.load(contract::document(3)).unwrap().unwrap().updates.len(), 3);
    }

    #[test]
    fn a_directory_of_another_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        {
            let store = SledStore::open(dir.path()).unwrap();
            store.db.insert("format", "samsyn-9").unwrap();
            store.db.flush().unwrap();
        }
        assert!(matches!(SledStore::open(dir.path()), Err(StoreError::Format { .. })));
    }
}
