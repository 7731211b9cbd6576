//! What is kept on disk, and the promise of when it is: one log for each Document (updates, and snapshots that
//! replace them), and small records beside the logs (målbilder, tokens, sessions), each kind a type of its own
//! ([`Record`]).
//!
//! It doesn't know what an update or a record means, who may write it, or that there are rooms.
//! Callers use [`Storage`]: writes from all rooms meet in its committer and share one flush to the
//! disk; reads run on threads that may wait for it. Which engine keeps it all is known in `store/engine.rs` alone.
//!
//! Invariant: Every engine of the store keeps one contract (`sled_keeps_the_contract`, `memory_keeps_the_contract`).

mod committer;
#[cfg(test)]
mod contract;
pub mod engine;
mod error;
mod health;
pub mod memory;
mod record;
mod rescue;
mod retention;
mod sled;
mod stopwatch;
mod storage;
mod time;

use std::fmt;

use bytes::Bytes;
use samsyn_shared::{MalbildId, Seq};

pub use self::error::{LogDamage, StoreError};
pub use self::health::Health;
pub use self::record::Record;
pub use self::storage::{Storage, blocking};
pub use self::time::{NotATime, Time};

/// A key-value engine that keeps Documents and records. Every engine passes `store/contract.rs`.
///
/// # What an engine promises
///
/// - **Durable.** When [`Store::commit`] returns `Ok`, everything in it survives `kill -9` and the
///   loss of power. It is all or nothing: after a crash in the middle, either every write of the call
///   is there or none.
/// - **Gap-free.** An append to a Document is given the [`Seq`] after its last one; the first is 1.
///   Numbers are never reused, also not after a compaction or a restart.
/// - **Verified.** What [`ReadStore::load`] gives is what was written, checked by checksum and number. A
///   record that isn't is an error for that Document alone; the others load as before.
/// - **Not silent.** A Document that was never written loads as `None`, never as an empty one.
/// - **Covered.** What a compaction takes from the log is in a snapshot that becomes durable with it, or
///   was in one before. Older snapshots stay as restore points, thinned with age.
/// - **Done after an I/O error.** After one the engine makes no promise about what was in flight: an fsync
///   that failed is never retried and called good. Its caller doesn't call `commit` again, except after
///   [`StoreError::Full`] and a [`Store::recover`] that succeeded (the committer sees to both).
///
/// Calls block: `commit` and `recover` are for the committer's own thread. Reads may run beside them.
pub trait Store: ReadStore {
    /// Makes all of `writes` durable, in order, at once, marked as stored at `at`. The answer has one
    /// entry for each write: the number that an append was given, `None` for the other kinds.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::Io`]: none of it may be taken as stored.
    /// [`StoreError::Corrupt`] if the last number of a Document can't be read.
    fn commit(&self, writes: &[Write], at: Time) -> Result<Vec<Option<Seq>>, StoreError>;

    /// After [`StoreError::Full`]: `Ok` once the engine can be trusted with writes again.
    ///
    /// # Errors
    /// [`StoreError::Full`] while there is still no room; anything else if it can't be used again before
    /// the process is restarted.
    fn recover(&self) -> Result<(), StoreError>;
}

/// The reading half of a [`Store`]; all that a store which is only read has.
///
/// Calls block for as long as the disk needs: [`Storage::read`] is where they may.
pub trait ReadStore: Send + Sync + 'static {
    /// Reads a whole Document: its snapshot and all updates after it, or `None` if nothing was ever
    /// written to it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if anything of it is damaged or missing; [`StoreError::Full`] while the
    /// engine is closed for want of room; [`StoreError::Io`].
    fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError>;

    /// Reads a Document as it was at `at`: the newest snapshot that was not made later, and, as long as no
    /// newer snapshot has taken its place, the updates after it up to then. `None` if no restore point
    /// is that old.
    ///
    /// # Errors
    /// As [`ReadStore::load`].
    fn load_at(&self, document: DocumentId, at: Time) -> Result<Option<Loaded>, StoreError>;

    /// The snapshots of a Document that are kept, oldest first. The last is the one that `load` begins with.
    ///
    /// # Errors
    /// As [`ReadStore::load`].
    fn restore_points(&self, document: DocumentId) -> Result<Vec<RestorePoint>, StoreError>;

    /// Everything that is stored of a Document, as it is, damaged or not.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Io`].
    fn records(&self, document: DocumentId) -> Result<Vec<RawRecord>, StoreError>;

    /// All Documents of which anything is stored, in order.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Io`].
    fn documents(&self) -> Result<Vec<DocumentId>, StoreError>;

    /// The record under `key`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::CorruptRecord`] if it fails its checksum; [`StoreError::Full`], [`StoreError::Io`].
    fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError>;

    /// The keys in `table` that start with `prefix`, in order.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Io`].
    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// A snapshot that is kept, and can be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestorePoint {
    /// The last number that it holds.
    pub seq: Seq,
    /// When it was made.
    pub at: Time,
}

/// One stored record, as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// The engine's key.
    pub key: Bytes,
    /// What stands under it.
    pub bytes: Bytes,
    /// What it holds, if it verifies; else what is wrong with it.
    pub verified: Result<Verified, &'static str>,
}

/// What a stored record that verifies holds: one piece of a snapshot or of updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it is a piece of, as a word for a file's name.
    pub kind: &'static str,
    /// The last number that the whole holds.
    pub seq: Seq,
    /// Which piece of the whole it is, from 0.
    pub index: u32,
    /// The piece.
    pub payload: Bytes,
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
    /// of what it covers become durable together, and older snapshots are thinned. Ignored if one that
    /// covers as much is there already.
    Compact {
        /// The Document it belongs to.
        document: DocumentId,
        /// A whole state, as Yjs encodes it.
        snapshot: Bytes,
        /// The last number that the snapshot holds; 0 for a Document's first state.
        up_to: Seq,
    },
    /// Puts a whole state in the place of everything that is stored of a Document, damaged or not; its
    /// restore points go too. For bringing back a Document from a backup. Numbers go on after the
    /// highest that was found.
    Replace {
        /// The Document.
        document: DocumentId,
        /// A whole state, as Yjs encodes it.
        snapshot: Bytes,
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

impl Write {
    /// The bytes of content in it.
    fn size(&self) -> usize {
        match self {
            Self::Append { update, .. } => update.len(),
            Self::Compact { snapshot, .. } | Self::Replace { snapshot, .. } => snapshot.len(),
            Self::Put { value, .. } => value.len(),
            Self::Delete { .. } => 0,
        }
    }
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

impl Loaded {
    /// The snapshot and the updates, in the order in which they make the Document.
    pub fn parts(&self) -> impl Iterator<Item = &Bytes> {
        self.snapshot.iter().chain(&self.updates)
    }
}

/// Which of what is stored of a målbild, each with a log of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// What the målbild says: a Document.
    Content,
    /// Its journal: entries, one a line, in place of updates.
    Journal,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Content, Self::Journal];

    /// The name in URLs and keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Journal => "journal",
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

    /// The `journal` of a målbild.
    #[must_use]
    pub fn journal(malbild: MalbildId) -> Self {
        Self { malbild, part: Part::Journal }
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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Malbild, Self::Token, Self::Session];

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
