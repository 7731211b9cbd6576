//! What a replica holds, in short: equal for two replicas that hold the same. A state vector alone does not
//! tell: a deletion that is missing does not show in it. It knows no connection.

use std::hash::Hasher as _;

use bytes::Bytes;
use fnv::FnvHasher;
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{ReadTxn, Snapshot, StateVector};

/// A replica's state vector and a hash of what is deleted in it (FNV-1a, 64 bits, over each client id in
/// ascending order with its ranges, each number as eight octets, the lowest first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// As Yjs encodes it, version 1. The order of its clients is nobody's.
    pub vector: Bytes,
    /// The hash.
    pub deleted: u64,
}

impl Fingerprint {
    /// Of the replica that this transaction reads.
    #[must_use]
    pub fn of(txn: &impl ReadTxn) -> Self {
        let Snapshot { delete_set, state_map } = txn.snapshot();
        let mut hash = FnvHasher::default();
        let mut clients: Vec<_> = delete_set.iter().collect();
        clients.sort_unstable_by_key(|(client, _)| **client);
        for (client, ranges) in clients {
            for range in ranges.iter() {
                for number in [client.get(), range.start.into(), range.end.into()] {
                    hash.write(&number.to_le_bytes());
                }
            }
        }
        Self { vector: state_map.encode_v1().into(), deleted: hash.finish() }
    }

    /// Whether both are of replicas that hold the same. A vector that is none is equal to nothing.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        // yrs keeps a client of whom it was given nothing but what waits, and forgot that, at the clock 0.
        let has_all = |one: &StateVector, other: &StateVector| {
            other.iter().all(|(client, clock)| one.get(client) == *clock)
        };
        let vector = |print: &Self| StateVector::decode_v1(&print.vector).ok();
        self.deleted == other.deleted
            && vector(self).zip(vector(other)).is_some_and(|(a, b)| has_all(&a, &b) && has_all(&b, &a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;
    use crate::text::delta::Op;
    use yrs::{Doc, Transact, Update, WriteTxn};

    fn change(doc: &Doc, ops: &[Op]) -> Vec<u8> {
        let mut txn = doc.try_transact_mut().expect("free");
        let text = txn.get_or_insert_text("t");
        document::change(&text, &mut txn, 0, ops);
        txn.encode_update_v1()
    }

    fn apply(doc: &Doc, update: &[u8]) {
        let mut txn = doc.try_transact_mut().expect("free");
        txn.apply_update(Update::decode_v1(update).expect("an update")).expect("it applies");
    }

    fn print(doc: &Doc) -> Fingerprint {
        Fingerprint::of(&doc.try_transact().expect("free"))
    }

    #[test]
    fn a_client_of_whom_only_what_waits_was_known_and_forgotten_is_no_difference() {
        let (a, b) = (document::replica(1), document::replica(2));
        let updates = [change(&a, &[Op::insert("ett")]), change(&a, &[Op::retain(3), Op::insert("två")])];
        let before = print(&b);
        apply(&b, &updates[1]);
        b.try_transact_mut().expect("free").prune_pending();
        assert!(print(&b).agrees_with(&before) && before.agrees_with(&print(&b)));
        updates.iter().for_each(|update| apply(&b, update));
        assert!(print(&b).agrees_with(&print(&a)));
    }

    #[test]
    fn replicas_that_hold_the_same_agree_however_it_came() {
        let (a, b) = (document::replica(1), document::replica(2));
        let updates = [
            change(&a, &[Op::insert("ett två tre")]),
            change(&a, &[Op::retain(2), Op::delete(3)]),
            change(&a, &[Op::delete(1)]),
            change(&a, &[Op::retain(3), Op::insert("x")]),
        ];
        updates.iter().for_each(|update| apply(&b, update));
        assert!(print(&a).agrees_with(&print(&b)));
        let c = document::replica(3);
        let whole = b.try_transact().expect("free").encode_state_as_update_v1(&StateVector::default());
        apply(&c, &whole);
        assert!(print(&c).agrees_with(&print(&a)));
    }

    #[test]
    fn a_missing_deletion_shows_though_the_vectors_are_equal() {
        let (a, b) = (document::replica(1), document::replica(2));
        apply(&b, &change(&a, &[Op::insert("ett två")]));
        let deletion = change(&a, &[Op::delete(3)]);
        let (ours, theirs) = (print(&a), print(&b));
        assert_eq!(ours.vector, theirs.vector);
        assert!(!ours.agrees_with(&theirs));
        apply(&b, &deletion);
        assert!(print(&a).agrees_with(&print(&b)));
    }

    #[test]
    fn more_words_show() {
        let (a, b) = (document::replica(1), document::replica(2));
        apply(&b, &change(&a, &[Op::insert("ett")]));
        change(&b, &[Op::insert("x")]);
        assert!(!print(&a).agrees_with(&print(&b)));
    }
}
