//! Why the store could not do what it was asked. It knows no one who asks.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samsyn_shared::Seq;

use super::{DocumentId, Table};

/// A failure of the store. Cloneable, because one failed flush answers many.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the engine's own files. Nothing more is written until the process is restarted.
    #[error("the disk said no: {0}")]
    Io(Arc<io::Error>),
    /// There is no room on the disk (or in the quota). It passes by itself once there is room again.
    #[error("store-full: the disk of the data directory is full")]
    Full,
    /// A Document that can't be read whole. Others are untouched.
    #[error("document {document} is damaged at {}: {what}", at.0)]
    Corrupt {
        /// Which Document.
        document: DocumentId,
        /// The number where it was noticed.
        at: Seq,
        /// What was wrong, without any of its content.
        what: &'static str,
    },
    /// A record that fails its checksum.
    #[error("a record in table {} is damaged: {what}", table.as_str())]
    CorruptRecord {
        /// Which table.
        table: Table,
        /// What was wrong.
        what: &'static str,
    },
    /// An earlier I/O error stopped all writing; the process must be restarted.
    #[error("nothing more is written since an earlier I/O error")]
    Failed,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Another process holds the directory.
    #[error("store-in-use: another samsyn process is using the data directory {}; stop it first", .0.display())]
    InUse(PathBuf),
    /// The data directory can't be made, or is none.
    #[error("data-directory: {}: {error}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: Arc<io::Error>,
    },
    /// Something of the store can't be read. Nothing was touched: another read may succeed.
    #[error("store-unread: {} can't be read, and nothing was touched: {error}", path.display())]
    Unread {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: Arc<io::Error>,
    },
    /// What was acked is not all there, or does not verify. Nothing was touched.
    #[error(
        "store-damaged: {}: {what}; nothing was touched{}; `samsyn salvage --data {} --to DIR2` makes a store of all \
         that verifies", dir.display(), copied(aside.as_deref()), dir.display()
    )]
    Damaged {
        /// The data directory.
        dir: PathBuf,
        /// What is wrong.
        what: LogDamage,
        /// Where a copy was set aside.
        aside: Option<PathBuf>,
    },
    /// The store is whole, and older than what was acked. Nothing was touched.
    #[error(
        "store-shortened: {}: {acked} commits were acked and the store holds {found}: it was cut short, or an older \
         copy was put back; nothing was touched{}; bring the rest back with `samsyn salvage --data {} --to DIR2` and \
         `samsyn restore`, or, if the older state is meant, remove {}/commits",
        dir.display(), copied(aside.as_deref()), dir.display(), dir.display()
    )]
    Shortened {
        /// The data directory.
        dir: PathBuf,
        /// How many commits were acked.
        acked: u64,
        /// How many the store holds.
        found: u64,
        /// Where a copy was set aside.
        aside: Option<PathBuf>,
    },
    /// The directory was written by another version's format.
    #[error("store-format: the data directory is in format {found}, and this program reads format {known}")]
    Format {
        /// What the directory says.
        found: String,
        /// What this program knows.
        known: &'static str,
    },
}

/// What is wrong with a store's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogDamage {
    /// What it holds doesn't verify.
    #[error("{0}")]
    Unsound(&'static str),
    /// Something in it doesn't verify, and commits that do stand behind it.
    #[error("of {last} commits those after {read} stand behind something that does not verify")]
    Behind {
        /// The last commit that verifies.
        last: u64,
        /// The last before what does not.
        read: u64,
    },
}

impl StoreError {
    /// Whether it says that one Document or record is damaged, and nothing of the rest.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::CorruptRecord { .. })
    }
}

fn copied(aside: Option<&Path>) -> String {
    aside.map_or_else(String::new, |aside| format!(", a copy is in {}", aside.display()))
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(Arc::new(error)),
        }
    }
}
