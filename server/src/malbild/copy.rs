//! A new målbild made out of what another was, as a restore does it.
//!
//! It doesn't know where what the other was comes from, nor whether the other is open.

use bytes::Bytes;
use samsyn_shared::Seq;

use super::{FirstTokens, MalbildRecord};
use crate::store::{DocumentId, Part, Storage, StoreError, Time, Write};

/// Makes a målbild that these tokens open and that holds these documents. It has the other's template and, since its
/// history grew from the same seed, its epochs. All of it becomes durable together.
///
/// # Errors
/// If the store can't be written.
pub async fn copy(
    storage: &Storage,
    of: MalbildRecord,
    documents: Vec<(Part, Bytes)>,
    tokens: &FirstTokens,
    now: Time,
) -> Result<(), StoreError> {
    let malbild = tokens.malbild();
    let record = MalbildRecord {
        past_epochs: of.past_epochs,
        ..MalbildRecord::new(malbild, of.template, of.epoch, now)
    };
    let mut writes = vec![Write::put(&record.id, &record)];
    writes.extend(documents.into_iter().map(|(part, snapshot)| {
        let document = DocumentId { malbild, part };
        Write::Compact { document, snapshot, up_to: Seq(0) }
    }));
    writes.extend(tokens.writes());
    storage.commit(writes).await?;
    Ok(())
}
