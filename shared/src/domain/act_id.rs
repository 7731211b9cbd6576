//! The identifiers of what a journal speaks of. An act has the identifier that whoever asked for it chose; what it made, an
//! actor, a thread, a seat, is known by the same text.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use serde::{Deserialize, Serialize};

use super::ids::Malformed;
use super::limits;

/// Names one act: 16 to 64 of `A-Za-z0-9_-`, chosen by whoever asks for it, so that asking again is known as that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActId(String);

impl ActId {
    /// A fresh one: 96 random bits, 16 characters.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        let mut bytes = [0; 12];
        rng.fill_bytes(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ActId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for ActId {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let is_act_id = is_plain && limits::ACT_ID_BYTES.contains(&text.len());
        is_act_id.then_some(Self(text)).ok_or(Malformed)
    }
}

impl From<ActId> for String {
    fn from(id: ActId) -> Self {
        id.0
    }
}

/// Declares the identifiers of what acts make.
macro_rules! made_by_acts {
    ($($(#[$doc:meta])+ $name:ident,)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub ActId);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                text.parse().map(Self)
            }
        }
    )+};
}

made_by_acts! {
    /// Names one actor: an organisation that takes part.
    ActorId,
    /// Names one seat: who somebody is in a målbild.
    SeatId,
    /// Names one thread: what was said of some words, with its answers.
    ThreadId,
}

/// The place of an entry in its journal, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryNumber(pub u64);

impl EntryNumber {
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn an_act_is_named_by_16_to_64_plain_characters() {
        let fresh = ActId::generate(&mut SmallRng::seed_from_u64(1));
        for good in [fresh.as_str(), "0123456789abcdef", "A_-zA_-zA_-zA_-z", &"a".repeat(64)] {
            assert_eq!(good.parse::<ActId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "0123456789abcde", "0123456789abcde/", "0123456789abcdeå", "0123456789 abcdef"] {
            assert_eq!(bad.parse::<ActId>(), Err(Malformed), "{bad:?}");
        }
        assert_eq!("a".repeat(65).parse::<ActId>(), Err(Malformed));
    }
}
