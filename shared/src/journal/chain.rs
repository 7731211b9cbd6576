//! The chain of a journal: each entry's head names the hash of the head before, and the hash of its body. It knows no act.

use std::fmt;
use std::str::FromStr;

use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entry::Entry;
use crate::domain::ids::Malformed;
use crate::{ActId, EntryNumber, Timestamp};

/// Declares 32 bytes that are written in hexadecimal.
macro_rules! hexadecimal {
    ($($(#[$doc:meta])+ $name:ident,)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                bytes(text).map(Self).ok_or(Malformed)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(bytes: $name) -> Self {
                bytes.to_string()
            }
        }
    )+};
}

hexadecimal! {
    /// A SHA-256, as 64 lower-case hexadecimal digits. Before the first entry stands the one of nothing but zeros.
    Hash,
    /// 32 random bytes before a body as it is hashed: without them nobody finds out by trying what a body says.
    Salt,
}

impl Salt {
    /// A fresh one.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The bytes.
    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Hash {
    /// The hash of these bytes, one part after the other.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut sum = Sha256::new();
        parts.iter().for_each(|part| sum.update(part));
        Self(sum.finalize().into())
    }

    /// What is kept of an act's identifier where nothing may say what it was.
    pub(super) fn of_act(id: &ActId) -> Self {
        Self::of(&[id.as_str().as_bytes()])
    }

    /// Its first 64 bits.
    pub(super) fn short(&self) -> u64 {
        self.0.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

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

fn bytes(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}
