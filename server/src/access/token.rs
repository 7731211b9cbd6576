//! Tokens as they are stored: one record under a token's hash, saying which målbild it opens, in which role, and for
//! whom. Each is one seat, whose name is how the hash begins, so that a seat's record is found without an index.
//!
//! It doesn't know links or requests.

use bytes::Bytes;
use samsyn_shared::{ActorId, MalbildId, Role, SeatId, Timestamp, TokenHash};
use serde::{Deserialize, Serialize};

use super::bearer::Bearer;
use crate::store::{ReadStore, Record, StoreError, Table, Time, Write};

/// What a token opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The målbild.
    pub malbild: MalbildId,
    /// As what its bearer is there.
    pub role: Role,
    /// For whom they speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActorId>,
    /// From when on it opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Characters of a token's hash that name its seat, 16: 96 bits, of which nobody finds the token.
const SEAT: usize = 16;

/// The seat of the token with this hash.
#[must_use]
pub fn seat_of(token: &TokenHash) -> SeatId {
    token.to_string()[..SEAT].parse().expect("the beginning of a hash is of letters and digits")
}

/// Every seat of a målbild that a token is stored for. Reads all tokens there are.
///
/// # Errors
/// If the store can't be read.
pub fn seats_of(store: &dyn ReadStore, malbild: MalbildId) -> Result<Vec<(SeatId, Role)>, StoreError> {
    let mut seats = Vec::new();
    for key in store.keys(TokenRecord::TABLE, "")? {
        let Ok(hash) = key.parse::<TokenHash>() else { continue };
        match store.find::<TokenRecord>(&hash) {
            Ok(Some(record)) if record.malbild == malbild => seats.push((seat_of(&hash), record.role)),
            Ok(_) => {}
            // It opens nothing, and so it is no seat.
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(seats)
}

/// The writes that take from a seat all that opens it.
///
/// # Errors
/// If the store can't be read.
pub fn removal(store: &dyn ReadStore, seat: &SeatId) -> Result<Vec<Write>, StoreError> {
    let keys = store.keys(TokenRecord::TABLE, &seat.to_string())?.into_iter();
    Ok(keys.map(|key| Write::Delete { table: TokenRecord::TABLE, key }).collect())
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

/// Who shows this token in this målbild.
///
/// # Errors
/// If the store can't be read.
pub fn bearer_of(
    store: &dyn ReadStore,
    malbild: MalbildId,
    token: &TokenHash,
) -> Result<Option<Bearer>, StoreError> {
    let record = store.find::<TokenRecord>(token)?.filter(|record| record.malbild == malbild);
    let now = Time::now().0;
    let valid = record.filter(|record| record.expires.is_none_or(|expires| now < expires.as_millis()));
    Ok(valid.map(|TokenRecord { role, actor, .. }| Bearer { seat: seat_of(token), role, actor }))
}
