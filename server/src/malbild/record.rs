//! A målbild's record: what is stored of it beside its documents. It is read and written here alone.
//!
//! It doesn't know tokens, documents or rooms.

use bytes::Bytes;
use samsyn_shared::{Epoch, MalbildId, Template};
use serde::{Deserialize, Serialize};

use crate::store::{Record, Storage, StoreError, Table, Time};

/// What is stored of a målbild beside its documents.
#[derive(Debug, Clone)]
pub struct MalbildRecord {
    /// Its name.
    pub id: MalbildId,
    /// What it was made from.
    pub template: &'static Template,
    /// The birth mark of its content.
    pub epoch: Epoch,
    /// The birth marks that its content had before its history was replaced.
    pub past_epochs: Vec<Epoch>,
    /// When it was made, in seconds since 1970.
    pub made: u64,
}

/// Why a målbild's record isn't there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MalbildError {
    /// No such målbild.
    #[error("no such målbild")]
    Unknown,
    /// The record can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was made from a template that this server doesn't know.
    #[error("unknown template {0}")]
    Template(String),
}

/// The record as JSON.
#[derive(Serialize, Deserialize)]
struct Stored {
    template: String,
    epoch: Epoch,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    past_epochs: Vec<Epoch>,
    /// Seconds since 1970.
    made: u64,
}

impl MalbildRecord {
    /// The record of a målbild whose history begins now.
    #[must_use]
    pub fn new(id: MalbildId, template: &'static Template, epoch: Epoch, now: Time) -> Self {
        Self { id, template, epoch, past_epochs: Vec::new(), made: now.0 / 1000 }
    }

    /// The record of a målbild.
    ///
    /// # Errors
    /// [`MalbildError`].
    pub async fn find(storage: &Storage, id: MalbildId) -> Result<Self, MalbildError> {
        storage.read(move |store| store.find(&id)).await?.ok_or(MalbildError::Unknown)
    }
}

impl Record for MalbildRecord {
    const TABLE: Table = Table::Malbild;
    type Key = MalbildId;
    type Error = MalbildError;

    fn encode(&self) -> Bytes {
        let Self { template, epoch, ref past_epochs, made, .. } = *self;
        let stored =
            Stored { template: template.identifier(), epoch, past_epochs: past_epochs.clone(), made };
        serde_json::to_vec(&stored).expect("plain strings and numbers become JSON").into()
    }

    fn decode(id: &MalbildId, bytes: &[u8]) -> Result<Self, MalbildError> {
        let what = "not a målbild's record";
        let stored: Stored = serde_json::from_slice(bytes)
            .map_err(|_| StoreError::CorruptRecord { table: Self::TABLE, what })?;
        let Stored { template, epoch, past_epochs, made } = stored;
        let template = Template::find(&template).ok_or(MalbildError::Template(template))?;
        Ok(Self { id: *id, template, epoch, past_epochs, made })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(record: &MalbildRecord) -> String {
        String::from_utf8(record.encode().into()).unwrap()
    }

    #[test]
    fn a_record_is_written_as_it_always_was_and_reads_as_it_was() {
        let id: MalbildId = "AAAAAAAAAAAAAAAA".parse().unwrap();
        let mut record = MalbildRecord::new(id, Template::find("tom").unwrap(), Epoch(7), Time(5_999));
        assert_eq!(written(&record), r#"{"template":"tom@1","epoch":7,"made":5}"#);
        record.past_epochs = vec![Epoch(3)];
        let text = r#"{"template":"tom@1","epoch":7,"past_epochs":[3],"made":5}"#;
        assert_eq!(written(&record), text);
        assert_eq!(written(&MalbildRecord::decode(&id, text.as_bytes()).unwrap()), text);
    }

    #[test]
    fn what_is_no_record_or_of_a_newer_version_is_told_apart() {
        let id: MalbildId = "AAAAAAAAAAAAAAAA".parse().unwrap();
        let damaged = MalbildRecord::decode(&id, b"{}");
        assert!(matches!(damaged, Err(MalbildError::Store(StoreError::CorruptRecord { .. }))));
        let newer = MalbildRecord::decode(&id, br#"{"template":"later@9","epoch":7,"made":5}"#);
        assert!(matches!(newer, Err(MalbildError::Template(name)) if name == "later@9"));
    }
}
