//! Grants as they are stored: one record for each token that a session may use, under the hash of the session's key.
//!
//! It doesn't know when a key is handed over, nor what a token opens.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use samsyn_shared::domain::ids::Malformed;
use samsyn_shared::{MalbildId, TokenHash};
use serde::{Deserialize, Serialize};

use crate::store::{ReadStore, Record, StoreError, Table, Write};

/// What a grant is found by. Its text is `session/malbild/token`, so that all grants of a session, and all that it has
/// in one målbild, stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantKey {
    /// The hash of the session's key.
    pub session: TokenHash,
    /// What it may use.
    pub uses: Uses,
}

/// A token that may be used, and the målbild that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    /// The målbild.
    pub malbild: MalbildId,
    /// The token's hash.
    pub token: TokenHash,
}

/// What a grant says beside its key: the history of the session's key, which all of its grants repeat. Most say
/// nothing, and are stored as no bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The key that came before, by its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<TokenHash>,
    /// Since the key has ended: until when a trade may show it, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The keys that came after it, by their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<TokenHash>,
}

impl Record for Grant {
    const TABLE: Table = Table::Session;
    type Key = GrantKey;
    type Error = StoreError;

    fn encode(&self) -> Bytes {
        if *self == Self::default() {
            return Bytes::new();
        }
        serde_json::to_vec(self).expect("plain strings and numbers become JSON").into()
    }

    fn decode(_: &GrantKey, bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let what = "not a session's record";
        serde_json::from_slice(bytes).map_err(|_| StoreError::CorruptRecord { table: Self::TABLE, what })
    }
}

/// What the keys of all grants of a session begin with.
pub(super) fn of_session(session: &TokenHash) -> String {
    format!("{session}/")
}

/// What the keys of all grants of a session in one målbild begin with.
pub(super) fn of_malbild(session: &TokenHash, malbild: MalbildId) -> String {
    format!("{session}/{malbild}/")
}

/// The grants whose keys begin so. A damaged one counts for nothing: it must not take the others from the browser.
///
/// # Errors
/// If the store can't be read.
pub(super) fn read(store: &dyn ReadStore, prefix: &str) -> Result<Vec<(GrantKey, Grant)>, StoreError> {
    let mut grants = Vec::new();
    for key in store.keys(Grant::TABLE, prefix)? {
        let Ok(key) = key.parse::<GrantKey>() else {
            tracing::error!("a session's record has a key of another form");
            continue;
        };
        match store.find::<Grant>(&key) {
            Ok(grant) => grants.extend(grant.map(|grant| (key, grant))),
            Err(error) if error.is_damage() => {
                tracing::error!(%error, "a session's record counts for nothing")
            }
            Err(error) => return Err(error),
        }
    }
    Ok(grants)
}

/// The writes that remove all grants whose keys begin so, damaged or not.
///
/// # Errors
/// If the store can't be read.
pub(super) fn removal(store: &dyn ReadStore, prefix: &str) -> Result<Vec<Write>, StoreError> {
    let keys = store.keys(Grant::TABLE, prefix)?.into_iter();
    Ok(keys.map(|key| Write::Delete { table: Grant::TABLE, key }).collect())
}

impl fmt::Display for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.session, self.uses.malbild, self.uses.token)
    }
}

impl FromStr for GrantKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (session, uses) = text.split_once('/').ok_or(Malformed)?;
        let (malbild, token) = uses.split_once('/').ok_or(Malformed)?;
        let uses = Uses { malbild: malbild.parse()?, token: token.parse()? };
        Ok(Self { session: session.parse()?, uses })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;
    use samsyn_shared::Token;

    use super::*;

    #[test]
    fn a_grants_key_and_bytes_are_what_they_always_were() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut hash = || Token::generate(&mut rng).hash();
        let (session, token, after) = (hash(), hash(), hash());
        let malbild: MalbildId = "AAAAAAAAAAAAAAAA".parse().unwrap();
        let key = GrantKey { session, uses: Uses { malbild, token } };
        let text = format!("{session}/AAAAAAAAAAAAAAAA/{token}");
        assert_eq!((key.to_string(), text.parse()), (text.clone(), Ok(key)));
        for bad in ["", "a/b/c", &text[1..], &text[..text.len() - 1], &format!("{text}/")] {
            assert!(bad.parse::<GrantKey>().is_err(), "{bad}");
        }
        assert_eq!(Grant::default().encode(), "");
        let grant = Grant { after: Some(after), until: Some(7), next: vec![token] };
        assert_eq!(grant.encode(), format!(r#"{{"after":"{after}","until":7,"next":["{token}"]}}"#));
        assert_eq!(Grant::decode(&key, &grant.encode()).unwrap(), grant);
        assert_eq!(Grant::decode(&key, b"{}").unwrap(), Grant::default());
        assert!(Grant::decode(&key, b"[").is_err());
    }
}
