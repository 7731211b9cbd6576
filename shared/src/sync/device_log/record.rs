//! A record on the device: some updates, and which page load wrote them. It is checked when it is read: a device
//! may lose its power while it writes.

use std::hash::Hasher as _;

use bytes::Bytes;
use fnv::FnvHasher;

use crate::lib0::{ReadError, Reader, Writer};

/// What the device calls a record. It counts upward for as long as the målbild is on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key(pub u64);

/// Some updates, in the order in which the document got them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Drawn at random for each page load, below 2^53.
    pub tab: u64,
    /// As Yjs encodes them.
    pub updates: Vec<Bytes>,
}

/// Bytes that are no record: damaged, or of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record on this device is damaged")]
pub struct RecordError;

impl From<ReadError> for RecordError {
    fn from(_: ReadError) -> Self {
        Self
    }
}

/// The first byte: how the rest is written.
const VERSION: u8 = 1;

/// How many bytes the sum at the end has.
const SUM: usize = 8;

impl Record {
    /// The version, the tab, how many updates, each with its length before it; then FNV-1a over all that, 64
    /// bits, the lowest octet first.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut writer = Writer::default();
        writer.number(VERSION.into()).number(self.tab).number(self.updates.len() as u64);
        for update in &self.updates {
            writer.bytes(update);
        }
        let mut bytes = Vec::from(writer.finish());
        let sum = sum(&bytes);
        bytes.extend_from_slice(&sum);
        bytes.into()
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let (content, end) = bytes.split_at_checked(bytes.len().wrapping_sub(SUM)).ok_or(RecordError)?;
        if sum(content) != end {
            return Err(RecordError);
        }
        let mut reader = Reader::new(content);
        if reader.byte()? != VERSION {
            return Err(RecordError);
        }
        let tab = reader.number()?;
        let count = reader.count(1)?;
        let updates = (0..count)
            .map(|_| Ok(Bytes::copy_from_slice(reader.bytes()?)))
            .collect::<Result<_, RecordError>>()?;
        reader.end()?;
        Ok(Self { tab, updates })
    }
}

fn sum(bytes: &[u8]) -> [u8; SUM] {
    let mut hash = FnvHasher::default();
    hash.write(bytes);
    hash.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_bytes_and_no_damaged_one_is_read() {
        let record = Record { tab: 77, updates: vec![b"one".as_slice().into(), Bytes::new()] };
        let bytes = record.encode();
        assert_eq!(Record::decode(&bytes), Ok(record));
        for cut in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..cut]), Err(RecordError), "cut to {cut}");
            let mut damaged = bytes.to_vec();
            damaged[cut] ^= 4;
            assert_eq!(Record::decode(&damaged), Err(RecordError), "bit {cut}");
        }
    }
}
