//! Copies of everything in a neutral form, and what is made with them: writing them, also on a schedule,
//! bringing målbilder back from them, and checking a whole store.
//!
//! It doesn't know sockets, command lines or HTTP. A backup is a directory:
//!
//! | file | holds |
//! | --- | --- |
//! | `manifest.json` | the format, when it was made, every file with its bytes and SHA-256, what was damaged |
//! | `manifest.sha256` | the SHA-256 of `manifest.json`, as `sha256sum` writes it: with it every byte is covered |
//! | `documents/<id>-content.yjs` | one Document as one Yjs update (v1): anybody can apply it with Yjs |
//! | `documents/<id>-journal.jsonl` | one journal, an entry as JSON a line, as the API gives them |
//! | `records.jsonl` | the records of målbilder and tokens (hashed), one JSON object a line |
//!
//! Sessions are not in it: whoever has a link gets a new one.

pub mod check;
mod file;
mod kept;
mod manifest;
pub mod outcome;
pub mod place;
pub mod restore;
pub mod schedule;
mod source;
mod unfinished;
pub mod verify;
pub mod write;

use std::io;
use std::path::{Path, PathBuf};

use samsyn_shared::document::scan::ScanError;

use crate::store::StoreError;

pub use self::manifest::{Damage, Manifest};

/// Why a backup could not be written or used at all.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The backup's own files.
    #[error("backup-io: {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The disk that it is written to is full.
    #[error("backup-full: there is no room for {}; nothing of the backup was kept", .0.display())]
    Full(PathBuf),
    /// Something is where the backup should be written.
    #[error("backup-exists: {} is there already; name a path that is not", .0.display())]
    Exists(PathBuf),
    /// It would be written among the store's own files.
    #[error("backup-place: {} is among the store's own files; name another place", .0.display())]
    Place(PathBuf),
    /// It was written, and reads differently.
    #[error("backup-verify: {} does not read as it was written", .0.display())]
    Verify(PathBuf),
    /// A Document in it holds what no målbild may hold: no server wrote that.
    #[error("backup-refused: {}: {why}", path.display())]
    Refused {
        /// The Document's file.
        path: PathBuf,
        /// What it holds.
        why: ScanError,
    },
    /// No backup, or of a format that this program doesn't know.
    #[error("backup-format: {}: {what}", path.display())]
    Format {
        /// The file that says so.
        path: PathBuf,
        /// What is wrong.
        what: FormatError,
    },
    /// The målbild is not in it.
    #[error("backup-lacks: the backup does not hold the målbild {0}")]
    Lacks(samsyn_shared::MalbildId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What makes that a file is no backup's.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Something that this program wrote in no version.
    #[error("{0}")]
    Malformed(&'static str),
    /// It doesn't read as what it should be.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It names a format that this program doesn't know.
    #[error(
        "it is in format {found}, and this program reads {} and {}",
        manifest::FORMAT,
        manifest::FORMAT_1
    )]
    Version {
        /// The format that it names.
        found: String,
    },
}

impl From<&'static str> for FormatError {
    fn from(what: &'static str) -> Self {
        Self::Malformed(what)
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BackupError::Full(path.to_owned()),
        _ => BackupError::Io { path: path.to_owned(), error },
    }
}

#[cfg(test)]
mod tests;
