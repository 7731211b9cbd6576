//! The chain of a journal: each entry's head names the hash of the head before, and the hash of its body. It knows no act.

use super::entry::Entry;
use super::hash::Hash;
use crate::{EntryNumber, Timestamp};

/// Where a chain ends: the number, the time and the hash of its last entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tip {
    number: EntryNumber,
    at: Timestamp,
    hash: Hash,
}

/// Why an entry is not the one that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Another number follows.
    #[error("entry {} is not the one that follows", .0.0)]
    Number(EntryNumber),
    /// It names another head before it.
    #[error("entry {} follows another entry than the one before it", .0.0)]
    Previous(EntryNumber),
    /// Its head was changed.
    #[error("the head of entry {} is not the one that was hashed", .0.0)]
    Head(EntryNumber),
    /// Its body or its salt was changed, or one of them is missing.
    #[error("the body of entry {} is not the one that was hashed", .0.0)]
    Body(EntryNumber),
}

impl Tip {
    /// The number of the last entry; 0 if there is none.
    #[must_use]
    pub const fn number(self) -> EntryNumber {
        self.number
    }

    /// The hash of the last entry.
    #[must_use]
    pub const fn hash(self) -> Hash {
        self.hash
    }

    pub(super) const fn at(self) -> Timestamp {
        self.at
    }

    /// Where the chain ends with one more entry.
    pub(super) fn verified(self, entry: &Entry) -> Result<Self, Break> {
        let number = entry.number;
        if number != self.number.next() {
            return Err(Break::Number(number));
        }
        if entry.previous != self.hash {
            return Err(Break::Previous(number));
        }
        if entry.hash != entry.head_hash() {
            return Err(Break::Head(number));
        }
        let is_whole = match (&entry.salt, &entry.body) {
            (Some(salt), Some(body)) => body.hash(salt) == entry.body_hash,
            (None, None) => true,
            _ => false,
        };
        is_whole.then_some(Self { number, at: entry.at, hash: entry.hash }).ok_or(Break::Body(number))
    }
}
