//! A new målbild made out of what another was, as a restore does it.
//!
//! It doesn't know where what the other was comes from, nor whether the other is open.

use bytes::Bytes;
use rand::RngCore;
use samsyn_shared::Seq;
use samsyn_shared::journal::Origin;

use super::{Beginning, FirstTokens, MalbildRecord};
use crate::store::{DocumentId, Time, Write};

/// The writes that make a målbild which these tokens open and which holds this content, all of it or nothing. It has the
/// other's template and, since its history grew from the same seed, its epochs. Its journal is its own.
#[must_use]
pub fn copy(
    (of, content): (MalbildRecord, Bytes),
    origin: Option<Origin>,
    tokens: &FirstTokens,
    (now, rng): (Time, &mut impl RngCore),
) -> Vec<Write> {
    let malbild = tokens.malbild();
    let record = MalbildRecord {
        past_epochs: of.past_epochs,
        ..MalbildRecord::new(malbild, of.template, of.epoch, now)
    };
    let mut writes = vec![Write::put(&record.id, &record)];
    let document = DocumentId::content(malbild);
    writes.push(Write::Compact { document, snapshot: content, up_to: Seq(0) });
    writes.push(Beginning::of(&record, tokens.seats()).out_of(origin).write(now, rng));
    writes.extend(tokens.writes());
    writes
}
