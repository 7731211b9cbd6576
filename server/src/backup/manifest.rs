//! What a backup says of itself: the list of its files with their checksums, and beside it the list's own.

use std::fs;
use std::path::Path;

use samsyn_shared::MalbildId;
use serde::{Deserialize, Serialize};

use super::file::{self, sha256};
use super::{BackupError, FormatError, io_at};
use crate::store::{Part, Time};

pub(super) const FORMAT: &str = "samsyn-backup-2";
/// As the current one, but without a checksum of the manifest, and without [`Manifest::order`].
pub(super) const FORMAT_1: &str = "samsyn-backup-1";
pub(super) const FILE: &str = "manifest.json";
/// Holds the manifest's SHA-256, as `sha256sum` writes it.
pub(super) const SUM: &str = "manifest.sha256";
/// The records' file.
pub(super) const RECORDS: &str = "records.jsonl";
/// The directory of the Documents' files.
pub(super) const DOCUMENTS: &str = "documents";

/// The list of all that a backup holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the backup's form.
    format: String,
    /// When it was begun (RFC 3339): all that was stored by then is in it.
    pub made: String,
    /// Its place in the order of making: one more than the highest beside it when it was begun. What is newer
    /// is told by this and not by the time, because a clock may have been wrong. 0 in the first format.
    #[serde(default)]
    pub(super) order: u64,
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
    pub(super) bytes: u64,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// A Document or record.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
}

/// A line of the records' file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

    /// The file's content, as it was written. The name must have been checked.
    pub(super) fn read(&self, dir: &Path) -> Result<Vec<u8>, BackupError> {
        let path = dir.join(&self.file);
        let content = file::read(&path, Some(self.bytes))?;
        if content.len() as u64 == self.bytes && sha256(&content) == self.sha256 {
            Ok(content)
        } else {
            Err(BackupError::Verify(path))
        }
    }
}

impl Manifest {
    pub(super) fn new(
        (made, order): (Time, u64),
        records: FileEntry,
        documents: Vec<DocumentEntry>,
        damaged: Vec<Damage>,
    ) -> Self {
        Self { format: FORMAT.to_owned(), made: made.to_string(), order, records, documents, damaged }
    }

    /// Its files: their names, and what stands in them.
    pub(super) fn to_files(&self) -> [(&'static str, Vec<u8>); 2] {
        let content = serde_json::to_vec_pretty(self).expect("plain strings and numbers become JSON");
        let sum = sum_line(&content);
        [(FILE, content), (SUM, sum.into_bytes())]
    }

    /// Reads that of a backup, and verifies it.
    ///
    /// # Errors
    /// [`BackupError::Io`], [`BackupError::Format`], [`BackupError::Verify`] if it is not as it was written.
    pub fn read(dir: &Path) -> Result<Self, BackupError> {
        let path = dir.join(FILE);
        let bytes = file::read(&path, None)?;
        let sum = dir.join(SUM);
        // Also beside a manifest of the first format: a changed byte may have made it one.
        let summed = fs::symlink_metadata(&sum).is_ok();
        if summed && file::read(&sum, None)? != sum_line(&bytes).into_bytes() {
            return Err(BackupError::Verify(path));
        }
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| BackupError::Format { path: path.clone(), what: error.into() })?;
        match (manifest.format.as_str(), summed) {
            (FORMAT, true) | (FORMAT_1, _) => Ok(manifest),
            (FORMAT, false) => {
                let what = "the manifest's checksum is missing".into();
                Err(BackupError::Format { path: sum, what })
            }
            _ => Err(BackupError::Format { path, what: FormatError::Version { found: manifest.format } }),
        }
    }

    /// How many of this part it holds.
    #[must_use]
    pub fn count(&self, part: Part) -> usize {
        self.documents.iter().filter(|entry| entry.part == part.as_str()).count()
    }

    /// Whether nothing says that the manifest itself is as it was written: it is of the first format.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        self.format == FORMAT_1
    }

    /// When it was begun.
    pub(super) fn made_at(&self) -> Option<Time> {
        self.made.parse().ok()
    }
}

fn sum_line(manifest: &[u8]) -> String {
    format!("{}  {FILE}\n", sha256(manifest))
}

/// The highest [`Manifest::order`] among the backups in a directory, 0 where there are none.
pub(super) fn highest_order(dir: &Path) -> Result<u64, BackupError> {
    let mut highest = 0;
    for entry in fs::read_dir(dir).map_err(io_at(dir))? {
        let path = entry.map_err(io_at(dir))?.path();
        if let Ok(manifest) = Manifest::read(&path) {
            highest = highest.max(manifest.order);
        }
    }
    Ok(highest)
}
