//! Tokens as they are stored: one record under a token's hash, saying which målbild it opens and in
//! which role. A role may have several, and each can be taken away alone.
//!
//! It doesn't know links or requests.

use bytes::Bytes;
use samsyn_shared::{MalbildId, Role, TokenHash};
use serde::{Deserialize, Serialize};

use crate::store::{ReadStore, Record, StoreError, Table};

/// What a token opens.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The målbild.
    pub malbild: MalbildId,
    /// As what its bearer is there.
    pub role: Role,
}

impl Record for TokenRecord {
    const TABLE: Table = Table::Token;
    type Key = TokenHash;
    type Error = StoreError;

    fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("plain strings become JSON").into()
    }

    fn decode(_: &TokenHash, bytes: &[u8]) -> Result<Self, StoreError> {
        let what = "not a token's record";
        serde_json::from_slice(bytes).map_err(|_| StoreError::CorruptRecord { table: Self::TABLE, what })
    }
}

/// The role that a token has in this målbild.
///
/// # Errors
/// If the store can't be read.
pub fn role_of(
    store: &dyn ReadStore,
    malbild: MalbildId,
    token: &TokenHash,
) -> Result<Option<Role>, StoreError> {
    let record = store.find::<TokenRecord>(token)?;
    Ok(record.filter(|record| record.malbild == malbild).map(|record| record.role))
}
