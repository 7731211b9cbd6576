//! Reading: every record is verified by checksum, number and key before anything of it is given.
//!
//! It doesn't know who writes meanwhile, only that a compaction may come between two of its steps.

use bytes::Bytes;
use samsyn_shared::Seq;

use super::super::record::{self, Assembler, Whole};
use super::super::{DocumentId, Loaded, RawRecord, StoreError, Table, Time, Verified, pack};
use super::key::{self, DocumentKey, Kind};
use super::{Open, from_sled};

/// A restore point, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) seq: Seq,
    pub(super) at: Time,
    /// The chunks of its snapshot.
    pub(super) chunks: u32,
}

impl Open {
    /// The last number of a Document, from its last key.
    pub(super) fn last(&self, document: DocumentId) -> Result<Seq, StoreError> {
        let Some(entry) = self.db.scan_prefix(key::document(document)).next_back() else { return Ok(Seq(0)) };
        let (key, value) = entry.map_err(from_sled)?;
        let chunk = record::decode(&key, &value).map_err(|what| corrupt(document, Seq(0), what))?;
        Ok(Seq(chunk.seq))
    }

    /// The number that the Document's newest snapshot covers, from its key alone.
    pub(super) fn newest(&self, document: DocumentId) -> Result<Option<Seq>, StoreError> {
        let last = self.db.scan_prefix(key::kind(document, Kind::Snapshot)).keys().next_back();
        let Some(key) = last.transpose().map_err(from_sled)? else { return Ok(None) };
        let key = DocumentKey::parse(&key).map_err(|what| corrupt(document, Seq(0), what))?;
        Ok(Some(key.number))
    }

    pub(super) fn points(&self, document: DocumentId) -> Result<Vec<Point>, StoreError> {
        let mut points: Vec<Point> = Vec::new();
        for entry in self.db.scan_prefix(key::kind(document, Kind::Point)) {
            let (key, value) = entry.map_err(from_sled)?;
            let at = points.last().map_or(Seq(0), |point| point.seq);
            let chunk = record::decode(&key, &value).map_err(|what| corrupt(document, at, what))?;
            let chunks =
                chunk.payload.try_into().map_err(|_| corrupt(document, at, "not a restore point"))?;
            let (seq, at, chunks) = (Seq(chunk.seq), chunk.time, u32::from_be_bytes(chunks));
            points.push(Point { seq, at, chunks });
        }
        Ok(points)
    }

    /// Reads until no compaction came between: a scan does not hold still.
    pub(super) fn steadily<T>(
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

    pub(super) fn load(
        &self,
        document: DocumentId,
        newest: Option<Seq>,
    ) -> Result<Option<Loaded>, StoreError> {
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

    pub(super) fn load_at(
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
        for entry in self.db.scan_prefix(key::numbered(document, Kind::Snapshot, number)) {
            let (key, value) = entry.map_err(from_sled)?;
            let chunk = record::decode(&key, &value).map_err(corrupt)?;
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
        for entry in self.db.scan_prefix(key::kind(document, Kind::Updates)) {
            let (key, value) = entry.map_err(from_sled)?;
            let corrupt = |what| corrupt(document, last, what);
            let first = DocumentKey::parse(&key).map_err(corrupt)?.number;
            let chunk = record::decode(&key, &value).map_err(corrupt)?;
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

    pub(super) fn records(&self, document: DocumentId) -> Result<Vec<RawRecord>, StoreError> {
        let raw = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, bytes) = entry.map_err(from_sled)?;
            let verified = DocumentKey::parse(&key).and_then(|DocumentKey { kind, index, .. }| {
                let chunk = record::decode(&key, &bytes)?;
                let payload = Bytes::copy_from_slice(chunk.payload);
                Ok(Verified { kind: kind.as_str(), seq: Seq(chunk.seq), index, payload })
            });
            Ok(RawRecord {
                key: Bytes::copy_from_slice(&key),
                bytes: Bytes::copy_from_slice(&bytes),
                verified,
            })
        };
        self.db.scan_prefix(key::document(document)).map(raw).collect()
    }

    pub(super) fn documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        let mut documents = Vec::new();
        let mut from = key::DOCUMENTS.to_vec();
        while let Some(entry) = self.db.range(from.as_slice()..).keys().next() {
            let key = entry.map_err(from_sled)?;
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

    pub(super) fn get(&self, table: Table, name: &str) -> Result<Option<Bytes>, StoreError> {
        let corrupt = |what| StoreError::CorruptRecord { table, what };
        let mut assembler = Assembler::default();
        let mut whole = None;
        for entry in self.db.scan_prefix(key::record(table, name)) {
            let (key, value) = entry.map_err(from_sled)?;
            let chunk = record::decode(&key, &value).map_err(corrupt)?;
            whole = assembler.push(&chunk).map_err(corrupt)?.map(|whole| whole.value);
        }
        assembler.finish().map_err(corrupt)?;
        Ok(whole)
    }

    pub(super) fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut scan = key::table(table);
        let start = scan.len();
        scan.extend_from_slice(prefix.as_bytes());
        let mut keys: Vec<String> = Vec::new();
        for key in self.db.scan_prefix(&scan).keys() {
            let name = key::name(&key.map_err(from_sled)?, start);
            if keys.last() != Some(&name) {
                keys.push(name);
            }
        }
        Ok(keys)
    }
}

fn corrupt(document: DocumentId, at: Seq, what: &'static str) -> StoreError {
    StoreError::Corrupt { document, at, what }
}
