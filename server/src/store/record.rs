//! Records: small values beside the logs, each kind a type that knows its table, its key and its bytes.
//!
//! It doesn't know which kinds there are beyond their tables, nor how an engine keeps them.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::{ReadStore, StoreError, Table, Write};

/// One kind of record.
pub trait Record: Sized {
    /// Where records of this kind stand.
    const TABLE: Table;

    /// What a record is found by. Its text has at most 200 bytes and no NUL.
    type Key: fmt::Display + FromStr;

    /// Why a record can't be read: what the store says, or what this kind says of its bytes.
    type Error: From<StoreError>;

    /// Its bytes.
    fn encode(&self) -> Bytes;

    /// The record that these bytes under `key` are.
    ///
    /// # Errors
    /// If they are none: [`StoreError::CorruptRecord`], or what this kind says.
    fn decode(key: &Self::Key, bytes: &[u8]) -> Result<Self, Self::Error>;
}

impl Write {
    /// Puts a record, replacing one under the same key.
    #[must_use]
    pub fn put<R: Record>(key: &R::Key, record: &R) -> Self {
        Self::Put { table: R::TABLE, key: key.to_string(), value: record.encode() }
    }

    /// Removes a record; no error if there is none.
    #[must_use]
    pub fn delete<R: Record>(key: &R::Key) -> Self {
        Self::Delete { table: R::TABLE, key: key.to_string() }
    }
}

impl dyn ReadStore + '_ {
    /// The record under `key`, if there is one.
    ///
    /// # Errors
    /// As [`ReadStore::get`] and [`Record::decode`].
    pub fn find<R: Record>(&self, key: &R::Key) -> Result<Option<R>, R::Error> {
        let bytes = self.get(R::TABLE, &key.to_string())?;
        bytes.map(|bytes| R::decode(key, &bytes)).transpose()
    }
}
