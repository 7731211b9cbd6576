//! Reading: every record is verified by checksum, number and key before anything of it is given.
//!
//! It doesn't know who writes meanwhile, only that a compaction may come between two of its steps; nor whether sled
//! gives the records or they come from a log that is only read.

use bytes::Bytes;
use samsyn_shared::Seq;

use super::super::{DocumentId, Loaded, RawRecord, StoreError, Table, Time, Verified};
use super::chunk::{self, Assembler, Whole};
use super::key::{self, DocumentKey, Kind};
use super::{Open, from_sled, pack};

/// A key and what stands under it.
pub(super) type Entry = Result<(sled::IVec, sled::IVec), StoreError>;
/// Entries in order, from both ends.
pub(super) type Entries<'a> = Box<dyn DoubleEndedIterator<Item = Entry> + 'a>;

/// A restore point, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) seq: Seq,
    pub(super) at: Time,
    /// The chunks of its snapshot.
    pub(super) chunks: u32,
}

/// Records that can be gone through in order, and what is read of them.
pub(super) trait Reading {
    /// The entries whose keys begin so.
    fn entries(&self, prefix: &[u8]) -> Entries<'_>;

    /// The first key from this one on.
    fn first_key(&self, from: &[u8]) -> Result<Option<sled::IVec>, StoreError>;

    /// The last number of a Document, from its last key.
    fn last(&self, document: DocumentId) -> Result<Seq, StoreError> {
        let Some(entry) = self.entries(&key::document(document)).next_back() else { return Ok(Seq(0)) };
        let (key, value) = entry?;
        let chunk = chunk::decode(&key, &value).map_err(|what| corrupt(document, Seq(0), what))?;
        Ok(Seq(chunk.seq))
    }

    /// The number that the Document's newest snapshot covers, from its key alone.
    fn newest(&self, document: DocumentId) -> Result<Option<Seq>, StoreError> {
        let last = self.entries(&key::kind(document, Kind::Snapshot)).next_back();
        let Some((key, _)) = last.transpose()? else { return Ok(None) };
        let key = DocumentKey::parse(&key).map_err(|what| corrupt(document, Seq(0), what))?;
        Ok(Some(key.number))
    }

    fn points(&self, document: DocumentId) -> Result<Vec<Point>, StoreError> {
        let mut points: Vec<Point> = Vec::new();
        for entry in self.entries(&key::kind(document, Kind::Point)) {
            let (key, value) = entry?;
            let at = points.last().map_or(Seq(0), |point| point.seq);
            let chunk = chunk::decode(&key, &value).map_err(|what| corrupt(document, at, what))?;
            let chunks =
                chunk.payload.try_into().map_err(|_| corrupt(document, at, "not a restore point"))?;
            let (seq, at, chunks) = (Seq(chunk.seq), chunk.time, u32::from_be_bytes(chunks));
            points.push(Point { seq, at, chunks });
        }
        Ok(points)
    }

    /// Reads until no compaction came between: a scan does not hold still.
    fn steadily<T>(
        &self,
        document: DocumentId,
        read: impl Fn(Option<Seq>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut newest = self.newest(document)?;
        loop {
            let outcome = read(newest);
            let now = self.newest(document)?;
            if now == newest {
                return outcome;
            }
            newest = now;
        }
    }

    fn load(&self, document: DocumentId, newest: Option<Seq>) -> Result<Option<Loaded>, StoreError> {
        if let Some(lost) = self.entries(&key::kind(document, Kind::Lost)).next() {
            let at = DocumentKey::parse(&lost?.0).map_or(Seq(0), |key| key.number);
            return Err(corrupt(document, at, "records were lost; restore it from a backup"));
        }
        let points = self.points(document)?;
        let listed = points.last().map(|point| point.seq);
        if listed != newest {
            let at = newest.max(listed).unwrap_or_default();
            return Err(corrupt(document, at, "its newest snapshot is missing, or not listed"));
        }
        let snapshot = newest.map(|newest| self.snapshot(document, newest)).transpose()?;
        let (updates, last) = self.updates(document, newest.unwrap_or_default(), |_| true)?;
        if snapshot.is_none() && updates.is_empty() {
            return Ok(None);
        }
        Ok(Some(Loaded { snapshot, updates, last }))
    }

    fn load_at(
        &self,
        document: DocumentId,
        newest: Option<Seq>,
        at: Time,
    ) -> Result<Option<Loaded>, StoreError> {
        let points = self.points(document)?;
        let Some(point) = points.iter().rfind(|point| point.at <= at) else { return Ok(None) };
        let snapshot = Some(self.snapshot(document, point.seq)?);
        // The log follows only the newest.
        if Some(point.seq) != newest {
            return Ok(Some(Loaded { snapshot, updates: Vec::new(), last: point.seq }));
        }
        let (updates, last) = self.updates(document, point.seq, |time| time <= at)?;
        Ok(Some(Loaded { snapshot, updates, last }))
    }

    fn snapshot(&self, document: DocumentId, number: Seq) -> Result<Bytes, StoreError> {
        let corrupt = |what| corrupt(document, number, what);
        let mut assembler = Assembler::default();
        let mut whole = None;
        for entry in self.entries(&key::numbered(document, Kind::Snapshot, number)) {
            let (key, value) = entry?;
            let chunk = chunk::decode(&key, &value).map_err(corrupt)?;
            whole = assembler.push(&chunk).map_err(corrupt)?;
        }
        assembler.finish().map_err(corrupt)?;
        match whole {
            Some(Whole { seq, value, .. }) if seq == number.0 => Ok(value),
            Some(_) => Err(corrupt("a snapshot with another number than its key")),
            None => Err(corrupt("a snapshot is missing")),
        }
    }

    /// The updates after `covered`, as long as they are from a time that `holds`, and the number of the
    /// last of them.
    fn updates(
        &self,
        document: DocumentId,
        covered: Seq,
        holds: impl Fn(Time) -> bool,
    ) -> Result<(Vec<Bytes>, Seq), StoreError> {
        let (mut updates, mut last) = (Vec::new(), covered);
        let mut assembler = Assembler::default();
        for entry in self.entries(&key::kind(document, Kind::Updates)) {
            let (key, value) = entry?;
            let corrupt = |what| corrupt(document, last, what);
            let first = DocumentKey::parse(&key).map_err(corrupt)?.number;
            let chunk = chunk::decode(&key, &value).map_err(corrupt)?;
            let Some(Whole { seq, time, value }) = assembler.push(&chunk).map_err(corrupt)? else { continue };
            if !holds(time) {
                return Ok((updates, last));
            }
            let pack = pack::open(value).map_err(corrupt)?;
            if first.0 > last.0 + 1 {
                return Err(corrupt("a number is missing"));
            }
            if first.0 + pack.len() as u64 != seq + 1 {
                return Err(corrupt("a record with another count of updates than it says"));
            }
            // A record that began before the snapshot may reach beyond it.
            for (update, number) in pack.into_iter().zip(first.0..) {
                if number == last.0 + 1 {
                    updates.push(update);
                    last = Seq(number);
                }
            }
        }
        assembler.finish().map_err(|what| corrupt(document, last, what))?;
        Ok((updates, last))
    }

    fn records(&self, document: DocumentId) -> Result<Vec<RawRecord>, StoreError> {
        let raw = |entry: Entry| {
            let (key, bytes) = entry?;
            let verified = DocumentKey::parse(&key).and_then(|DocumentKey { kind, index, .. }| {
                let chunk = chunk::decode(&key, &bytes)?;
                let payload = Bytes::copy_from_slice(chunk.payload);
                Ok(Verified { kind: kind.as_str(), seq: Seq(chunk.seq), index, payload })
            });
            Ok(RawRecord {
                key: Bytes::copy_from_slice(&key),
                bytes: Bytes::copy_from_slice(&bytes),
                verified,
            })
        };
        self.entries(&key::document(document)).map(raw).collect()
    }

    fn documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        let mut documents = Vec::new();
        let mut from = key::DOCUMENTS.to_vec();
        while let Some(key) = self.first_key(&from)? {
            if !key.starts_with(key::DOCUMENTS) {
                break;
            }
            from = match key::owner(&key) {
                Some((document, behind)) => {
                    documents.push(document);
                    behind
                }
                None => [&key[..], &[0]].concat(),
            };
        }
        Ok(documents)
    }

    fn get(&self, table: Table, name: &str) -> Result<Option<Bytes>, StoreError> {
        let corrupt = |what| StoreError::CorruptRecord { table, what };
        let mut assembler = Assembler::default();
        let mut whole = None;
        for entry in self.entries(&key::record(table, name)) {
            let (key, value) = entry?;
            let chunk = chunk::decode(&key, &value).map_err(corrupt)?;
            whole = assembler.push(&chunk).map_err(corrupt)?.map(|whole| whole.value);
        }
        assembler.finish().map_err(corrupt)?;
        Ok(whole)
    }

    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut scan = key::table(table);
        let start = scan.len();
        scan.extend_from_slice(prefix.as_bytes());
        let mut keys: Vec<String> = Vec::new();
        for entry in self.entries(&scan) {
            let name = key::name(&entry?.0, start);
            if keys.last() != Some(&name) {
                keys.push(name);
            }
        }
        Ok(keys)
    }
}

impl Reading for Open {
    fn entries(&self, prefix: &[u8]) -> Entries<'_> {
        Box::new(self.db.scan_prefix(prefix).map(|entry| entry.map_err(from_sled)))
    }

    fn first_key(&self, from: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.db.range(from..).keys().next().transpose().map_err(from_sled)
    }
}

fn corrupt(document: DocumentId, at: Seq, what: &'static str) -> StoreError {
    StoreError::Corrupt { document, at, what }
}
