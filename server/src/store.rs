//! What is kept on disk, and the promise of when it is: logs of updates and snapshots, one a
//! Document, and small records beside them (målbild records, tokens, sessions).
//!
//! It doesn't know what an update or a record means, who may write it, or that there are rooms.
//! Callers use [`Storage`]: writes from all rooms meet in its committer and share one flush to the
//! disk; reads go straight to the engine.

pub mod committer;
#[cfg(test)]
mod contract;
pub mod memory;
pub mod record;
pub mod sled;

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use samsyn_shared::{MalbildId, Seq};

pub use self::committer::Storage;

/// A key-value engine that keeps Documents and records. Every engine passes `store/contract.rs`.
///
/// # What an engine promises
///
/// - **Durable.** When [`Store::commit`] returns `Ok`, everything in it survives `kill -9` and the
///   loss of power. It is all or nothing: after a crash in the middle, either every write of the call
///   is there or none.
/// - **Gap-free.** An append to a Document is given the [`Seq`] after its last one; the first is 1.
///   Numbers are never reused, also not after a compaction or a restart.
/// - **Verified.** What [`Store::load`] gives is what was written, checked by checksum and number. A
///   record that isn't is an error for that Document alone; the others load as before.
/// - **Not silent.** A Document that was never written loads as `None`, never as an empty one.
/// - **Done after an I/O error.** After one the engine makes no promise about what was in flight, and
///   its caller must not call `commit` again (the committer sees to that): an fsync that failed
///   is never retried and called good.
///
/// Calls block: `commit` is for the committer's own thread. Reads may run beside it.
pub trait Store: Send + Sync + 'static {
    /// Makes all of `writes` durable, in order, at once. The answer has one entry for each write: the
    /// number that an append was given, `None` for the other kinds.
    ///
    /// # Errors
    /// [`StoreError::Io`]: none of it may be taken as stored. [`StoreError::Corrupt`] if the last
    /// number of a Document can't be read.
    fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Seq>>, StoreError>;

    /// Reads a whole Document: its snapshot and all updates after it, or `None` if nothing was ever
    /// written to it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if anything of it is damaged or missing; [`StoreError::Io`].
    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError>;

    /// The record under `key`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::CorruptRecord`] if it fails its checksum; [`StoreError::Io`].
    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError>;

    /// The keys in `table` that start with `prefix`, in order.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// One thing to be made durable.
#[derive(Debug, Clone)]
pub enum Write {
    /// Adds an update to a Document's log.
    Append {
        /// The Document it belongs to.
        document: DocumentId,
        /// The update, as Yjs encodes it.
        update: Bytes,
    },
    /// Replaces what the log holds up to and with `up_to` by one snapshot. The snapshot and the removal
    /// of what it covers become durable together. Ignored if a later snapshot is there already.
    Compact {
        /// The Document it belongs to.
        document: DocumentId,
        /// A whole state, as Yjs encodes it.
        snapshot: Bytes,
        /// The last number that the snapshot holds; 0 for a Document's first state.
        up_to: Seq,
    },
    /// Puts a record, replacing one under the same key.
    Put {
        /// The kind of record.
        table: Table,
        /// Its key: at most 200 bytes, without NUL.
        key: String,
        /// What it holds; the caller's own format.
        value: Bytes,
    },
    /// Removes a record; no error if there is none.
    Delete {
        /// The kind of record.
        table: Table,
        /// Its key.
        key: String,
    },
}

/// Everything the store holds of one Document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The newest snapshot, if one was made.
    pub snapshot: Option<Bytes>,
    /// The updates after it, oldest first.
    pub updates: Vec<Bytes>,
    /// The number of the last update, 0 if there was none yet.
    pub last: Seq,
}

/// Which of a målbild's two Documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// What the målbild says.
    Content,
    /// Comments, inspel, confirmations.
    Discussion,
}

impl Part {
    /// The name in URLs and keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Discussion => "discussion",
        }
    }
}

/// Names one Document. `Display` gives `<id>/content`, which is its key in every engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId {
    /// The målbild that it is a part of.
    pub malbild: MalbildId,
    /// Which part.
    pub part: Part,
}

impl DocumentId {
    /// The `content` of a målbild.
    #[must_use]
    pub fn content(malbild: MalbildId) -> Self {
        Self { malbild, part: Part::Content }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.malbild, self.part.as_str())
    }
}

/// The kinds of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// One a målbild: template, epoch, when it was made.
    Malbild,
    /// One a token, under its hash.
    Token,
    /// One a grant in a session.
    Session,
}

impl Table {
    /// The name in keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malbild => "malbild",
            Self::Token => "token",
            Self::Session => "session",
        }
    }
}

/// Why the store could not do what it was asked. Cloneable, because one failed flush answers many.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the engine's own files.
    #[error("the disk said no: {0}")]
    Io(Arc<io::Error>),
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
    #[error("store-in-use: another samsyn process is using the data directory {0}; stop it first")]
    InUse(String),
    /// The directory was written by another version's format.
    #[error("store-format: the data directory is in format {found}, and this program reads format {known}")]
    Format {
        /// What the directory says.
        found: String,
        /// What this program knows.
        known: &'static str,
    },
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}
