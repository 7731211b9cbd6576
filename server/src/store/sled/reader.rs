//! A store that is only read, also a damaged one: its records where they stand in sled's file, or what could be saved
//! of them. Nothing in the data directory is changed, and sled is not opened.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::super::{DocumentId, Loaded, RawRecord, ReadStore, RestorePoint, StoreError, Table, Time};
use super::SledStore;
use super::batch::Changes;
use super::chunk;
use super::commits::{Counted, Last};
use super::log::salvage::{Gathered, gather};
use super::log::walk::Source as _;
use super::opening::{Judged, judge};
use super::read::{Entries, Reading};
use super::salvage::{Content, SalvageReport, Salvaged, salvage};

/// Bytes of records that are written to a new store as one commit.
const COMMIT: usize = 1024 * 1024;

/// A store that is only read.
#[derive(Debug)]
pub(crate) struct StoreReader {
    file: Option<File>,
    records: BTreeMap<Vec<u8>, Content>,
    last: BTreeMap<DocumentId, Last>,
    damage: Option<StoreError>,
    report: SalvageReport,
    /// Held while the store is read, so that nobody writes.
    _lock: Option<File>,
}

impl StoreReader {
    /// Reads the store of a data directory that no process is using.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Unread`].
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let lock = match File::open(dir.join("lock")) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(lock) = &lock {
            lock.try_lock_shared().map_err(|error| match error {
                TryLockError::WouldBlock => StoreError::InUse(dir.to_owned()),
                TryLockError::Error(error) => error.into(),
            })?;
        }
        let (salvaged, damage) = match judge(dir, false) {
            Ok(Judged { whole: None, .. }) => (Salvaged::default(), None),
            Ok(Judged { whole: Some((_, records, _)), .. }) => {
                let records = records.into_iter().map(|(key, place)| (key, Content::At(place))).collect();
                (Salvaged { records, ..Salvaged::default() }, None)
            }
            Err(damage @ (StoreError::Damaged { .. } | StoreError::Shortened { .. })) => {
                (salvaged(dir)?, Some(damage))
            }
            Err(error) => return Err(error),
        };
        Self::with(dir, salvaged, damage, lock)
    }

    fn with(
        dir: &Path,
        salvaged: Salvaged,
        damage: Option<StoreError>,
        lock: Option<File>,
    ) -> Result<Self, StoreError> {
        let path = dir.join("sled/db");
        let file = if path.exists() { Some(File::open(path)?) } else { None };
        let Salvaged { records, last, report } = salvaged;
        Ok(Self { file, records, last, damage, report, _lock: lock })
    }

    /// What is wrong with the store as a whole, if it is damaged.
    pub(crate) fn damage(&self) -> Option<&StoreError> {
        self.damage.as_ref()
    }

    /// What a damaged store lacks.
    pub(crate) fn report(&self) -> &SalvageReport {
        &self.report
    }

    /// Writes a new store with all that could be read, at a path where there is none.
    fn write_to(&self, to: &Path) -> Result<(), StoreError> {
        let store = SledStore::open(to)?;
        let (mut changes, mut bytes) = (Changes::default(), 0);
        for (key, content) in &self.records {
            let value = match content {
                Content::At(_) => chunk::renew(key, &self.bytes(content)?).map_err(io::Error::other)?,
                Content::Bytes(bytes) => bytes.clone(),
            };
            bytes += value.len();
            changes.insert(key, &value);
            if bytes > COMMIT {
                store.put_all(std::mem::take(&mut changes))?;
                bytes = 0;
            }
        }
        store.put_all(changes)?;
        store.know(&self.last)
    }

    fn bytes(&self, content: &Content) -> Result<Vec<u8>, StoreError> {
        Ok(match (content, &self.file) {
            (Content::Bytes(bytes), _) => bytes.clone(),
            (Content::At(place), Some(file)) => {
                let mut bytes = vec![0; place.length as usize];
                file.read(place.offset, &mut bytes)?;
                bytes
            }
            (Content::At(_), None) => Vec::new(),
        })
    }
}

/// Makes a new store of everything in a damaged one that verifies.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::Unread`]; what opening or writing the new one says.
pub(crate) fn salvage_to(dir: &Path, to: &Path) -> Result<SalvageReport, StoreError> {
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        let error = io::Error::from(io::ErrorKind::DirectoryNotEmpty);
        return Err(StoreError::Directory { path: to.to_owned(), error: error.into() });
    }
    let mut reader = StoreReader::open(dir)?;
    if reader.damage.is_none() {
        // Also what a healthy store's tree does not hold.
        reader = StoreReader::with(dir, salvaged(dir)?, None, reader._lock)?;
    }
    reader.write_to(to)?;
    Ok(reader.report)
}

/// Makes a new store of a damaged one whose lock the caller holds, if all that was acked is there. Gives whether it was.
pub(super) fn write_whole(dir: &Path, to: &Path) -> Result<bool, StoreError> {
    let salvaged = salvaged(dir)?;
    if !salvaged.report.is_whole() {
        return Ok(false);
    }
    StoreReader::with(dir, salvaged, None, None)?.write_to(to)?;
    Ok(true)
}

fn salvaged(dir: &Path) -> Result<Salvaged, StoreError> {
    let path = dir.join("sled/db");
    let unread = |error: io::Error| StoreError::Unread { path: path.clone(), error: error.into() };
    let counted = Counted::read(dir).map_err(unread)?;
    if !path.exists() {
        return Ok(salvage(&Gathered::default(), &counted));
    }
    let file = File::open(&path).map_err(unread)?;
    let gathered = gather(&file, counted.acked.unwrap_or(0)).map_err(unread)?;
    Ok(salvage(&gathered, &counted))
}

impl Reading for StoreReader {
    fn entries(&self, prefix: &[u8]) -> Entries<'_> {
        let mut end = prefix.to_vec();
        // The first key that does not begin so; a prefix of ours never consists of the highest byte alone.
        while end.pop_if(|byte| *byte == u8::MAX).is_some() {}
        if let Some(byte) = end.last_mut() {
            *byte += 1;
        }
        let found = self.records.range(prefix.to_vec()..end);
        Box::new(found.map(|(key, content)| Ok((key.as_slice().into(), self.bytes(content)?.into()))))
    }

    fn first_key(&self, from: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        Ok(self.records.range(from.to_vec()..).next().map(|(key, _)| key.as_slice().into()))
    }
}

impl ReadStore for StoreReader {
    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        self.steadily(document, |newest| Reading::load(self, document, newest))
    }

    fn load_at(&self, document: DocumentId, at: Time) -> Result<Option<Loaded>, StoreError> {
        self.steadily(document, |newest| Reading::load_at(self, document, newest, at))
    }

    fn restore_points(&self, document: DocumentId) -> Result<Vec<RestorePoint>, StoreError> {
        let points = self.points(document)?;
        Ok(points.into_iter().map(|point| RestorePoint { seq: point.seq, at: point.at }).collect())
    }

    fn records(&self, document: DocumentId) -> Result<Vec<RawRecord>, StoreError> {
        Reading::records(self, document)
    }

    fn documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        Reading::documents(self)
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError> {
        Reading::get(self, table, key)
    }

    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        Reading::keys(self, table, prefix)
    }
}
