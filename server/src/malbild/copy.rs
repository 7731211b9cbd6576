//! A new målbild made out of what another was, as a restore does it.
//!
//! It doesn't know where what the other was comes from, nor whether the other is open.

use bytes::Bytes;
use samsyn_shared::Seq;

use super::{FirstTokens, MalbildRecord};
use crate::store::{DocumentId, Part, Time, Write};

/// The writes that make a målbild which these tokens open and which holds these documents, all of it or nothing. It has the
/// other's template and, since its history grew from the same seed, its epochs.
#[must_use]
pub fn copy(of: MalbildRecord, documents: Vec<(Part, Bytes)>, tokens: &FirstTokens, now: Time) -> Vec<Write> {
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
    writes
}
