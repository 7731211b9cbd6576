//! What a backup says of itself.

use std::fs;
use std::path::Path;

use samsyn_shared::MalbildId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{BackupError, io_at};

const FORMAT: &str = "samsyn-backup-1";
const FILE: &str = "manifest.json";

/// The list of all that a backup holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the backup's form.
    format: String,
    /// When it was begun (RFC 3339): all that was stored by then is in it.
    pub made: String,
    /// The records' file.
    pub(super) records: FileEntry,
    /// The Documents' files.
    pub(super) documents: Vec<DocumentEntry>,
    /// What could not be backed up.
    pub damaged: Vec<Damage>,
}

/// One file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FileEntry {
    file: String,
    bytes: u64,
    sha256: String,
}

/// One Document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DocumentEntry {
    pub(super) malbild: MalbildId,
    pub(super) part: String,
    /// The number of the last update that is in it.
    pub(super) seq: u64,
    #[serde(flatten)]
    pub(super) file: FileEntry,
}

/// Something that is not in the backup, because it can't be read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Damage {
    /// A Document or record.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
}

/// A line of the records' file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordLine {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) value: String,
}

impl FileEntry {
    /// For a file with this content.
    pub(super) fn of(file: String, content: &[u8]) -> Self {
        Self { file, bytes: content.len() as u64, sha256: sha256(content) }
    }

    /// The file's name, with `/`.
    pub(super) fn name(&self) -> &str {
        &self.file
    }

    /// The file's content, as it was written.
    pub(super) fn read(&self, dir: &Path) -> Result<Vec<u8>, BackupError> {
        let path = dir.join(&self.file);
        let content = fs::read(&path).map_err(io_at(&path))?;
        if content.len() as u64 == self.bytes && sha256(&content) == self.sha256 {
            Ok(content)
        } else {
            Err(BackupError::Verify(path))
        }
    }
}

impl Manifest {
    pub(super) fn new(
        made: String,
        records: FileEntry,
        documents: Vec<DocumentEntry>,
        damaged: Vec<Damage>,
    ) -> Self {
        Self { format: FORMAT.to_owned(), made, records, documents, damaged }
    }

    /// The name of its file, and what stands in it.
    pub(super) fn to_file(&self) -> (&'static str, Vec<u8>) {
        (FILE, serde_json::to_vec_pretty(self).expect("plain strings and numbers become JSON"))
    }

    /// Reads that of a backup.
    ///
    /// # Errors
    /// [`BackupError::Io`], [`BackupError::Format`].
    pub fn read(dir: &Path) -> Result<Self, BackupError> {
        let path = dir.join(FILE);
        let bytes = fs::read(&path).map_err(io_at(&path))?;
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| BackupError::Format { path: path.clone(), what: error.to_string() })?;
        if manifest.format == FORMAT {
            return Ok(manifest);
        }
        let what = format!("it is in format {}, and this program reads {FORMAT}", manifest.format);
        Err(BackupError::Format { path, what })
    }

    /// How many Documents it holds.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.documents.len()
    }
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
