//! A room's yrs document, and every call into yrs: each under `catch_unwind`, each update through the
//! gate first.
//!
//! It doesn't know connections, roles or the store. After [`Broken`] nothing of the document may be
//! used: the room loads it anew.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use samsyn_shared::Template;
use samsyn_shared::document;
use samsyn_shared::read_model::ReadModel;
use samsyn_shared::scan::{self, ScanError};
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ReadTxn, StateVector, Transact, Update, WriteTxn};

/// yrs panicked or stopped half-way: the document in memory can't be trusted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document broke: {0}")]
pub(crate) struct Broken(pub(crate) &'static str);

/// Why something was not done, or that the document broke over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentError {
    /// The bytes may not reach yrs.
    #[error(transparent)]
    Gate(#[from] ScanError),
    /// See [`Broken`].
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// What an update would do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It brings nothing that is not here.
    Nothing,
    /// It brings something, and all that it depends on is here.
    Change,
    /// It depends on something that is not here.
    Gap,
}

/// The document of one room load.
#[derive(Debug)]
pub(crate) struct RoomDocument {
    doc: Doc,
}

impl RoomDocument {
    /// Builds it from what was stored (and accepted since), oldest first. `client_id` is fresh.
    ///
    /// # Errors
    /// [`Broken`] if any of it doesn't decode or apply, or depends on something that isn't there.
    pub(crate) fn build<'a>(parts: impl Iterator<Item = &'a Bytes>, client_id: u64) -> Result<Self, Broken> {
        let doc = document::replica(client_id);
        // One transaction for all: garbage collection and squashing run once.
        in_transaction(&doc, |txn| {
            for part in parts {
                let update =
                    Update::decode_v1(part).map_err(|_| Broken("a stored update does not decode"))?;
                txn.apply_update(update).map_err(|_| Broken("a stored update does not apply"))?;
            }
            if txn.has_missing_updates() { Err(Broken("a stored update lacks another")) } else { Ok(()) }
        })?;
        Ok(Self { doc })
    }

    /// The state vector, encoded.
    pub(crate) fn vector(&self) -> Result<Bytes, Broken> {
        guarded(|| Ok(self.read()?.state_vector().encode_v1().into()))
    }

    /// The update with all that a replica with this state vector lacks.
    pub(crate) fn diff(&self, vector: &[u8]) -> Result<Bytes, DocumentError> {
        scan::vector(vector)?;
        let vector = guarded(|| Ok(StateVector::decode_v1(vector)))?
            .map_err(|_| ScanError::Malformed("yrs does not read this vector"))?;
        Ok(guarded(|| Ok(Bytes::from(self.read()?.encode_diff_v1(&vector))))?)
    }

    /// What this update would do, without doing it.
    pub(crate) fn judge(&self, update: &[u8]) -> Result<Judgement, DocumentError> {
        let scan = scan::update(update)?;
        let vector = guarded(|| Ok(self.read()?.state_vector()))?;
        let here = |client| vector.get(&ClientID::new(client));
        if scan.has_gap(here) {
            return Ok(Judgement::Gap);
        }
        if scan.has_new_blocks(here) {
            return Ok(Judgement::Change);
        }
        if scan.deletes.is_empty() {
            return Ok(Judgement::Nothing);
        }
        let decoded = decode(update)?;
        Ok(guarded(|| {
            let txn = self.read()?;
            let new = decoded.delete_set().diff(&txn.snapshot().delete_set);
            Ok(if new.is_empty() { Judgement::Nothing } else { Judgement::Change })
        })?)
    }

    /// Applies an update that was judged a [`Judgement::Change`], and gives the transaction's own
    /// update: exactly what was new. `None` if that was nothing.
    pub(crate) fn apply(&mut self, update: &[u8]) -> Result<Option<Bytes>, DocumentError> {
        let decoded = decode(update)?;
        Ok(in_transaction(&self.doc, |txn| {
            txn.apply_update(decoded).map_err(|_| Broken("an update stopped half-way"))?;
            if txn.has_missing_updates() {
                // `judge` rules this out; if it was wrong, pending parts must still not stay.
                txn.prune_pending();
                return Err(Broken("an update was left pending"));
            }
            Ok(document::update_of(txn).map(Bytes::from))
        })?)
    }

    /// The whole state as one update, proven to load again to the same state vector.
    pub(crate) fn snapshot(&self) -> Result<Bytes, Broken> {
        let whole: Bytes = guarded(|| Ok(self.read()?.encode_diff_v1(&StateVector::default()).into()))?;
        let again = Self::build(std::iter::once(&whole), 0)?;
        let same = guarded(|| Ok(again.read()?.snapshot() == self.read()?.snapshot()))?;
        if same { Ok(whole) } else { Err(Broken("a snapshot differs from its document")) }
    }

    /// What the målbild says now.
    pub(crate) fn read_model(&self, template: &Template) -> Result<ReadModel, Broken> {
        guarded(|| ReadModel::of(&self.doc, template).map_err(|_| Broken("a transaction is open")))
    }

    fn read(&self) -> Result<yrs::Transaction<'_>, Broken> {
        self.doc.try_transact().map_err(|_| Broken("a transaction is open"))
    }
}

fn decode(update: &[u8]) -> Result<Update, DocumentError> {
    let decoded = guarded(|| Ok(Update::decode_v1(update)))?;
    Ok(decoded.map_err(|_| ScanError::Malformed("yrs does not read this update"))?)
}

/// Works in a transaction of its own and commits it. After a panic the transaction is leaked, and the
/// document with it: dropping it would commit, and a second panic in there would end the process.
fn in_transaction<T>(
    doc: &Doc,
    work: impl FnOnce(&mut yrs::TransactionMut<'_>) -> Result<T, Broken>,
) -> Result<T, Broken> {
    let txn = doc.try_transact_mut().map_err(|_| Broken("a transaction is open"))?;
    let mut txn = ManuallyDrop::new(txn);
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut txn))).map_err(|_| Broken("yrs panicked"))?;
    guarded(|| {
        drop(ManuallyDrop::into_inner(txn));
        Ok(())
    })?;
    outcome
}

fn guarded<T>(work: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    // Unwind safety: whoever gets `Broken` throws the document away.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Broken("yrs panicked")))
}

#[cfg(test)]
mod tests {
    use yrs::Text;

    use super::*;

    fn state(doc: &Doc) -> Bytes {
        doc.try_transact().unwrap().encode_diff_v1(&StateVector::default()).into()
    }

    fn seeded() -> (Doc, RoomDocument) {
        let client = document::seed(Template::find("tom").unwrap(), "T", 7);
        let room = RoomDocument::build(std::iter::once(&state(&client)), 1).unwrap();
        (client, room)
    }

    fn edit(doc: &Doc, change: impl Fn(&yrs::TextRef, &mut yrs::TransactionMut)) -> Bytes {
        let mut txn = doc.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        change(&text, &mut txn);
        txn.encode_update_v1().into()
    }

    #[test]
    fn what_is_new_is_applied_and_given_once() {
        let (client, mut room) = seeded();
        let update = edit(&client, |text, txn| text.insert(txn, 0, "hej"));
        assert_eq!(room.judge(&update), Ok(Judgement::Change));
        assert_eq!(room.apply(&update), Ok(Some(update.clone())));
        assert_eq!(room.judge(&update), Ok(Judgement::Nothing));
        assert_eq!(room.apply(&update), Ok(None));
    }

    #[test]
    fn a_whole_state_is_nothing_until_a_deletion_in_it_is_new() {
        let (client, mut room) = seeded();
        assert_eq!(room.judge(&state(&client)), Ok(Judgement::Nothing));
        edit(&client, |text, txn| text.insert(txn, 0, "hej"));
        room.apply(&state(&client)).unwrap();
        edit(&client, |text, txn| text.remove_range(txn, 0, 1));
        assert_eq!(room.judge(&state(&client)), Ok(Judgement::Change));
        let own = room.apply(&state(&client)).unwrap().unwrap();
        assert!(own.len() < 12, "only the deletion: {own:?}");
        assert_eq!(room.judge(&state(&client)), Ok(Judgement::Nothing));
    }

    #[test]
    fn what_depends_on_something_missing_is_a_gap_and_leaves_no_trace() {
        let (client, room) = seeded();
        let first = edit(&client, |text, txn| text.insert(txn, 0, "a"));
        let own_clock = edit(&client, |text, txn| text.insert(txn, 1, "b"));
        let deletion = edit(&client, |text, txn| text.remove_range(txn, 0, 1));
        let other = document::replica(9);
        for update in [state(&client), first.clone()] {
            other.try_transact_mut().unwrap().apply_update(Update::decode_v1(&update).unwrap()).unwrap();
        }
        let origin = edit(&other, |text, txn| text.insert(txn, 1, "c"));
        for (name, update) in [("own clock", own_clock), ("deletion", deletion), ("origin", origin)] {
            assert_eq!(room.judge(&update), Ok(Judgement::Gap), "{name}");
        }
        assert_eq!(room.judge(&first), Ok(Judgement::Change));
    }

    #[test]
    fn a_diff_brings_another_replica_to_the_same_snapshot() {
        let (client, mut room) = seeded();
        room.apply(&edit(&client, |text, txn| text.insert(txn, 0, "hej"))).unwrap();
        let empty = StateVector::default().encode_v1();
        assert_eq!(room.diff(&empty).unwrap(), state(&client));
        let snapshot = room.snapshot().unwrap();
        let again = RoomDocument::build(std::iter::once(&snapshot), 2).unwrap();
        assert_eq!(again.vector(), room.vector());
    }

    #[test]
    fn a_stored_log_with_a_hole_does_not_build() {
        let (client, _) = seeded();
        let base = state(&client);
        edit(&client, |text, txn| text.insert(txn, 0, "a"));
        let second = edit(&client, |text, txn| text.insert(txn, 1, "b"));
        assert!(RoomDocument::build([&base, &second].into_iter(), 1).is_err());
    }

    /// From `shared/hostile-updates/` of the project: each panicked yrs 0.28.1 when it was found.
    #[test]
    fn known_hostile_updates_stop_at_the_gate_or_are_survived() {
        for hex in include_str!("hostile_updates.txt").lines().filter(|line| !line.starts_with('#')) {
            let pairs = hex.as_bytes().chunks(2);
            let bytes: Vec<u8> = pairs
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            let (_, mut room) = seeded();
            if room.judge(&bytes) == Ok(Judgement::Change) && room.apply(&bytes).is_ok() {
                room.snapshot().expect("what was taken can be stored and loaded");
            }
        }
    }

    /// Flips bits in real updates. Whatever gets through the gate is refused, survived or taken whole, and
    /// what was taken can be stored and loaded.
    #[test]
    fn mutated_updates_break_nothing() {
        use rand::{Rng as _, SeedableRng as _};

        let doc = document::seed(Template::find("exempel-snoovader").unwrap(), "T", 7);
        let base = state(&doc);
        let mut updates = vec![base.to_vec()];
        for at in 0..20_u32 {
            let mut txn = doc.try_transact_mut().unwrap();
            let text = txn.get_or_insert_text("section:prioriteringar");
            match at % 4 {
                0 => text.insert(&mut txn, at, "åäö 😀 x"),
                1 => text.remove_range(&mut txn, at, 3),
                2 => text.format(&mut txn, at, 4, [("bold".into(), true.into())].into()),
                _ => {
                    let meta = txn.get_or_insert_map("meta");
                    yrs::Map::insert(&meta, &mut txn, "k", yrs::Any::from_json(r#"{"a":[1,null]}"#).unwrap());
                }
            }
            updates.push(txn.encode_update_v1());
        }
        let mut rng = rand::rngs::SmallRng::seed_from_u64(20_261_122);
        let fresh = || RoomDocument::build(std::iter::once(&base), 1).unwrap();
        let (mut room, mut taken, mut broken) = (fresh(), 0, 0);
        for _ in 0..30_000 {
            let mut bytes = updates[rng.random_range(1..updates.len())].clone();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] =
                    if rng.random() { rng.random() } else { bytes[at] ^ (1 << rng.random_range(0..8)) };
            }
            if room.judge(&bytes) != Ok(Judgement::Change) {
                continue;
            }
            match room.apply(&bytes) {
                Ok(_) => {
                    taken += 1;
                    // A forged origin may make a loaded replica delete what the live one only hides: then
                    // no snapshot is made and the log stays. It must never fail to load.
                    if let Err(broken) = room.snapshot() {
                        assert_eq!(broken, Broken("a snapshot differs from its document"), "{bytes:?}");
                        room = fresh();
                    } else if taken % 20 == 0 {
                        room = fresh();
                    }
                }
                Err(_) => {
                    broken += 1;
                    room = fresh();
                }
            }
        }
        assert!(taken > 100, "{taken} taken, {broken} broken");
    }
}
