//! Tokens as they are stored: one record under a token's hash, saying which målbild it opens and in
//! which role. A role may have several, and each can be taken away alone.
//!
//! It doesn't know links or requests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use samsyn_shared::{MalbildId, Role, TokenHash};
use serde::{Deserialize, Serialize};

use crate::store::{Storage, StoreError, Table, Write};

#[derive(Serialize, Deserialize)]
struct Record {
    malbild: MalbildId,
    role: Role,
}

/// The write that makes a token count.
#[must_use]
pub fn record(malbild: MalbildId, role: Role, hash: &TokenHash) -> Write {
    let value = serde_json::to_vec(&Record { malbild, role }).expect("plain strings become JSON");
    Write::Put { table: Table::Token, key: key(hash), value: value.into() }
}

/// The write that takes a token away.
#[must_use]
pub fn removal(hash: &TokenHash) -> Write {
    Write::Delete { table: Table::Token, key: key(hash) }
}

/// The målbild that a stored token's record is for.
#[must_use]
pub fn malbild_of(record: &str) -> Option<MalbildId> {
    serde_json::from_str::<Record>(record).ok().map(|record| record.malbild)
}

/// The role that a token has in this målbild.
///
/// # Errors
/// If the store can't be read.
pub fn role_of(storage: &Storage, malbild: MalbildId, hash: &TokenHash) -> Result<Option<Role>, StoreError> {
    role_of_key(storage, malbild, &key(hash))
}

/// As [`role_of`], by the key that [`key`] gives.
pub(super) fn role_of_key(
    storage: &Storage,
    malbild: MalbildId,
    key: &str,
) -> Result<Option<Role>, StoreError> {
    let Some(bytes) = storage.get(Table::Token, key)? else { return Ok(None) };
    let record: Record = serde_json::from_slice(&bytes)
        .map_err(|_| StoreError::CorruptRecord { table: Table::Token, what: "not a token's record" })?;
    Ok((record.malbild == malbild).then_some(record.role))
}

/// The hash as text.
pub(super) fn key(hash: &TokenHash) -> String {
    URL_SAFE_NO_PAD.encode(hash.as_bytes())
}
