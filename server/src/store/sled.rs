//! The default engine: sled 0.34.7, used with the care that measuring it showed it to need.
//!
//! It doesn't know that commits come from a queue, nor what is in an update. All lives in sled's
//! default tree, so that one batch covers a snapshot, the removal of what it covers, and records;
//! `sled/chunk.rs` and `sled/pack.rs` have the bytes of what is stored,
//! `sled/key.rs` has the keys, `sled/batch.rs` makes a commit of writes, `sled/read.rs` reads and verifies,
//! `sled/space.rs` keeps room for all that on the disk. `sled/log.rs` reads and judges sled's own file before sled
//! does, `sled/opening.rs` opens only what is whole, `sled/commits.rs` counts what was acked.
//!
//! Invariant: Nothing acked lies in a file that sled does not sync: no record is over 4 KiB, so that no leaf grows
//! into a blob file (`no_leaf_grows_into_a_file_that_is_never_synced`, `durability_power`).

mod batch;
mod chunk;
mod commits;
mod heal;
mod key;
mod log;
mod opening;
mod pack;
mod read;
mod reader;
mod salvage;
mod space;

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, RwLock, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use samsyn_shared::Seq;

use self::batch::{Changes, Commit};
use self::commits::{Commits, Last};
use self::log::tree::Standing;
use self::opening::Prepared;
use self::read::Reading as _;
use self::space::Space;
use super::{DocumentId, Loaded, RawRecord, ReadStore, RestorePoint, Store, StoreError, Table, Time, Write};

const FORMAT: &str = "samsyn-4";
/// The formats before commits had numbers, and before there were journals. They are read, and go on as this one: a program
/// that knows only them refuses it from then on.
const OLD_FORMATS: [&str; 2] = ["samsyn-2", "samsyn-3"];
/// sled's page cache, in bytes: enough for the records and the ends of logs of a busy day.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Documents whose last number is remembered between commits; beyond it all are forgotten and read again.
const REMEMBERED: usize = 10_000;
/// How long sled may take to close, and the threads of one that was closed to end.
const CLOSING: Duration = Duration::from_secs(10);

pub(super) use self::reader::{StoreReader, salvage_to};
pub use self::salvage::SalvageReport;

/// One sled database in a directory, held by this process alone.
#[derive(Debug)]
pub(super) struct SledStore {
    dir: PathBuf,
    /// `None` while it is closed for want of room. Readers hold the lock for as long as they read.
    open: RwLock<Option<Open>>,
    /// sled itself has met a full disk: it must be closed and opened again.
    broken: AtomicBool,
    last: Mutex<HashMap<DocumentId, Seq>>,
    /// No other process appends, so nobody is ever told of it.
    /// Held locked for as long as the store is open.
    _lock: File,
}

/// sled, and what stands beside it.
#[derive(Debug)]
struct Open {
    db: sled::Db,
    /// An own handle to sled's file: its `flush()` calls `sync_file_range`, which is no fsync.
    file: File,
    space: Space,
    count: Mutex<Count>,
}

/// How many commits there are: in the store, and beside it.
#[derive(Debug)]
struct Count {
    standing: Standing,
    commits: Commits,
}

impl SledStore {
    /// Opens the store in `dir`, making it if it isn't there. A damaged one of which nothing is missing is written
    /// anew.
    ///
    /// # Errors
    /// [`StoreError::Directory`], [`StoreError::InUse`] when another process has it open, [`StoreError::Unread`],
    /// [`StoreError::Damaged`], [`StoreError::Shortened`], [`StoreError::Format`], [`StoreError::Full`],
    /// [`StoreError::Io`].
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        make_directory(dir)
            .map_err(|error| StoreError::Directory { path: dir.to_owned(), error: error.into() })?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse(dir.to_owned()),
            TryLockError::Error(error) => error.into(),
        })?;
        if !Space::has_room(&File::open(dir)?)? {
            return Err(StoreError::Full);
        }
        heal::finish(dir)?;
        let open = match Open::in_dir(dir) {
            Err(damaged @ StoreError::Damaged { .. }) => {
                if !heal::heal(dir)? {
                    return Err(damaged);
                }
                tracing::error!(%damaged, "all that was acked is there; it was written anew");
                Open::in_dir(dir)?
            }
            opened => opened?,
        };
        open.check_format()?;
        // The names of new files are in their directories, which need a sync of their own.
        // sled does not sync its settings either, and does not open without them.
        for new in [dir.join("sled/conf").as_path(), dir.join("sled").as_path(), dir] {
            File::open(new)?.sync_all()?;
        }
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            open: RwLock::new(Some(open)),
            broken: AtomicBool::new(false),
            last: Mutex::default(),
            _lock: lock,
        })
    }

    /// Makes changes as they are, for a store that is made of another's records.
    fn put_all(&self, changes: Changes) -> Result<(), StoreError> {
        self.with(|open| open.make(changes))
    }

    /// Says beside the store how far Documents once were.
    fn know(&self, last: &BTreeMap<DocumentId, Last>) -> Result<(), StoreError> {
        self.with(|open| {
            let mut count = open.count.lock().expect("no code panics while it holds this lock");
            let commit = count.standing.commit;
            Ok(count.commits.ack(commit, last)?)
        })
    }

    /// Whether a store was ever made in `dir`.
    pub(super) fn is_in(dir: &Path) -> bool {
        dir.join("sled/db").exists()
    }

    fn with<T>(&self, work: impl FnOnce(&Open) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let open = self.open.read().expect("no code panics while it changes what is open");
        let outcome = work(open.as_ref().ok_or(StoreError::Full)?);
        if matches!(outcome, Err(StoreError::Full)) {
            self.broken.store(true, Ordering::Release);
        }
        outcome
    }

    /// The last number of a Document, from memory or from its last key.
    fn last(&self, open: &Open, document: DocumentId) -> Result<Seq, StoreError> {
        let known = self.remembered().get(&document).copied();
        known.map_or_else(|| open.last(document), Ok)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<DocumentId, Seq>> {
        self.last.lock().expect("no code panics while it holds this lock")
    }

    /// Closes sled and opens it again, which reads what is truly there. A sled that met a full disk may
    /// wait for ever when it is dropped: then only a new process helps.
    fn reopen(&self) -> Result<(), StoreError> {
        let mut place = self.open.write().expect("no code panics while it changes what is open");
        if let Some(Open { db, file, .. }) = place.take() {
            let (ended, end) = mpsc::channel();
            std::thread::spawn(move || {
                drop(db);
                // If nobody waits any more, it was too late.
                ended.send(()).ok();
            });
            if end.recv_timeout(CLOSING).is_err() {
                return Err(io::Error::other("sled met a full disk and does not close").into());
            }
            // If what was written before did not reach the disk, this says so, once; and what is in the
            // page cache must not be taken for what is on the disk.
            file.sync_all().map_err(failed_sync)?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).map_err(io::Error::from)?;
        }
        self.remembered().clear();
        let open = Open::in_dir(&self.dir)?;
        *place = Some(open);
        Ok(())
    }
}

impl Open {
    fn in_dir(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("sled");
        let quiet = wait_for_quiet(&path.join("db"))?;
        let Prepared { standing, counted, last } = opening::prepare(dir)?;
        drop(quiet);
        let db = open_sled(&path).map_err(from_sled)?;
        let file = OpenOptions::new().read(true).write(true).open(path.join("db"))?;
        let space = Space::of(&file)?;
        let commits = Commits::open(dir, &counted, standing.commit, &last)?;
        Ok(Self { db, file, space, count: Mutex::new(Count { standing, commits }) })
    }

    fn check_format(&self) -> Result<(), StoreError> {
        match self.db.get(key::FORMAT).map_err(from_sled)? {
            Some(found) if found == FORMAT.as_bytes() => Ok(()),
            Some(found) if OLD_FORMATS.iter().any(|old| found == old.as_bytes()) => self.put_format(),
            Some(found) => {
                let found = String::from_utf8_lossy(&found).into_owned();
                Err(StoreError::Format { found, known: FORMAT })
            }
            None => self.put_format(),
        }
    }

    fn put_format(&self) -> Result<(), StoreError> {
        self.db.insert(key::FORMAT, FORMAT.as_bytes()).map_err(from_sled)?;
        self.sync()
    }

    /// Makes changes, which are on disk and counted when this returns.
    fn make(&self, changes: Changes) -> Result<(), StoreError> {
        let ends = changes.ends();
        let mut count = self.count.lock().expect("no code panics while it holds this lock");
        let standing = changes.make(&self.db, count.standing).map_err(from_sled)?;
        self.sync()?;
        count.commits.ack(standing.commit, &ends)?;
        count.standing = standing;
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let begun = Instant::now();
        self.db.flush().map_err(from_sled)?;
        self.file.sync_all().map_err(failed_sync)?;
        metrics::histogram!("samsyn_flush_seconds").record(begun.elapsed());
        Ok(())
    }
}

impl Store for SledStore {
    fn commit(&self, writes: &[Write], at: Time) -> Result<Vec<Option<Seq>>, StoreError> {
        let bytes: usize = writes.iter().map(Write::size).sum();
        let open = self.open.read().expect("no code panics while it changes what is open");
        let open = open.as_ref().ok_or(StoreError::Full)?;
        // Refused here, sled has not been touched.
        open.space.assure(&open.file, bytes as u64)?;
        let mut commit = Commit::new(open, at);
        let mut given = Vec::with_capacity(writes.len());
        for write in writes {
            given.push(commit.add(write, |document| self.last(open, document))?);
        }
        let (batch, ends) = commit.finish();
        let written = open.make(batch);
        if matches!(written, Err(StoreError::Full)) {
            self.broken.store(true, Ordering::Release);
        }
        written?;
        let mut remembered = self.remembered();
        if remembered.len() > REMEMBERED {
            remembered.clear();
        }
        remembered.extend(ends);
        Ok(given)
    }

    fn recover(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Acquire) {
            if !Space::has_room(&File::open(&self.dir)?)? {
                return Err(StoreError::Full);
            }
            self.reopen()?;
            self.broken.store(false, Ordering::Release);
        }
        let open = self.open.read().expect("no code panics while it changes what is open");
        let open = open.as_ref().ok_or(StoreError::Full)?;
        open.space.assure(&open.file, 0)?;
        let probed = open.db.insert(key::PROBE, &[]).map_err(from_sled).and_then(|_| open.sync());
        self.broken.store(probed.is_err(), Ordering::Release);
        probed
    }
}

impl ReadStore for SledStore {
    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        self.with(|open| open.steadily(document, |newest| open.load(document, newest)))
    }

    fn load_at(&self, document: DocumentId, at: Time) -> Result<Option<Loaded>, StoreError> {
        self.with(|open| open.steadily(document, |newest| open.load_at(document, newest, at)))
    }

    fn restore_points(&self, document: DocumentId) -> Result<Vec<RestorePoint>, StoreError> {
        self.with(|open| {
            let points = open.points(document)?;
            Ok(points.into_iter().map(|point| RestorePoint { seq: point.seq, at: point.at }).collect())
        })
    }

    fn records(&self, document: DocumentId) -> Result<Vec<RawRecord>, StoreError> {
        self.with(|open| open.records(document))
    }

    fn documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        self.with(Open::documents)
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.with(|open| open.get(table, key))
    }

    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.with(|open| open.keys(table, prefix))
    }
}

/// Makes the data directory, or takes from others what they may do in it: what people write is nobody's business
/// but the server's.
fn make_directory(dir: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let permissions = std::fs::metadata(dir)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        std::fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Waits until nobody writes into sled's file any more, and holds it. Whoever gets here holds our lock, so if sled's is
/// taken, then by threads of a store that this process has just closed: sled 0.34 lets them end in their own time.
fn wait_for_quiet(db: &Path) -> Result<Option<File>, StoreError> {
    let file = match File::open(db) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::Unread { path: db.to_owned(), error: error.into() }),
    };
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < CLOSING => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse(db.to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

fn open_sled(path: &Path) -> sled::Result<sled::Db> {
    sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None).open()
}

fn from_sled(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => error.into(),
        other => io::Error::other(other.to_string()).into(),
    }
}

/// An fsync that failed is final, whatever its reason: what it should have written may be gone from
/// the cache, and a later one that succeeds says nothing about it.
fn failed_sync(error: io::Error) -> StoreError {
    StoreError::Io(error.into())
}

#[cfg(test)]
mod tests;
