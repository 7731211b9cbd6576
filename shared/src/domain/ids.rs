//! The identifiers and numbers of the domain, each a type of its own so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed identifier")]
pub struct Malformed;

/// Names one målbild: 96 random bits, 16 characters of base64url. It is no secret: a token opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MalbildId([u8; 12]);

impl MalbildId {
    /// A fresh identifier.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        let mut bytes = [0; 12];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The bytes, as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The identifier that was stored as these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for MalbildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for MalbildId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Malformed)?;
        bytes.try_into().map(Self).map_err(|_| Malformed)
    }
}

impl TryFrom<String> for MalbildId {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<MalbildId> for String {
    fn from(id: MalbildId) -> Self {
        id.to_string()
    }
}

/// A secret that opens a målbild in one role: 160 random bits, 27 characters of base64url. Its
/// `Debug` hides it, so that it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 20]);

impl Token {
    /// A fresh token.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        let mut bytes = [0; 20];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// What is stored in its place. 160 random bits need no salt and no slow hash.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).into())
    }

    /// The text that goes into a link. The only way to see a token, named so that it is noticed.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl FromStr for Token {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Malformed)?;
        bytes.try_into().map(Self).map_err(|_| Malformed)
    }
}

/// A token as it is stored: its SHA-256. Its text, which is a key of the store, is base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash([u8; 32]);

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for TokenHash {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Malformed)?;
        bytes.try_into().map(Self).map_err(|_| Malformed)
    }
}

impl TryFrom<String> for TokenHash {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.to_string()
    }
}

/// A Document's log position; the first record is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Seq(pub u64);

impl Seq {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A Document's birth mark: the id of the client that seeded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// The number that a sender gives each of its writes, counted from 1 for each page load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WriteNumber(pub u64);

impl WriteNumber {
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A fresh random client id for a replica, below 2^53 as JavaScript needs it. Each page load, room
/// load and seeding takes one; none is ever stored or used again.
pub fn client_id(rng: &mut impl RngCore) -> u64 {
    rng.next_u64() % crate::domain::limits::CLIENT_ID_END
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn identifiers_survive_their_text_and_refuse_others() {
        let mut rng = SmallRng::seed_from_u64(1);
        let id = MalbildId::generate(&mut rng);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 16);
        let token = Token::generate(&mut rng);
        assert_eq!(token.reveal().parse(), Ok(token.clone()));
        for bad in ["", "a", "../../etc/passwd", "åäö", &token.reveal()] {
            assert_eq!(bad.parse::<MalbildId>(), Err(Malformed), "{bad:?}");
        }
    }

    #[test]
    fn a_token_does_not_show_itself_in_a_log() {
        let token = Token::generate(&mut SmallRng::seed_from_u64(1));
        assert!(!format!("{token:?}").contains(&token.reveal()));
    }

    #[test]
    fn client_ids_are_exact_in_javascript() {
        let mut rng = SmallRng::seed_from_u64(1);
        assert!((0..1000).all(|_| client_id(&mut rng) < 1 << 53));
    }
}
