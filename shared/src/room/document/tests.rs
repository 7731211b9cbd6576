//! The document alone: what is judged, applied, refused and survived.

use yrs::Text;

use super::*;
use crate::room::hostile;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Nothing,
    Change,
    Gap,
}

impl RoomDocument {
    /// What an update would do, without doing it.
    fn judge(&self, update: &[u8]) -> Result<Judgement, DocumentError> {
        let scan = scan::update(update)?;
        if self.gap_of(&scan).is_some() {
            return Ok(Judgement::Gap);
        }
        let changes = self.has_new_blocks(&scan) || self.has_new_deletions(&scan)? > 0;
        Ok(if changes { Judgement::Change } else { Judgement::Nothing })
    }

    fn take(&mut self, update: &[u8]) -> Result<Option<Bytes>, Broken> {
        let decoded = decode(update).map_err(|_| Broken("undecodable"))?;
        let mut decoded = Some(decoded);
        let own = self.apply(|| decoded.take(), || {})?;
        self.expect_only(&[])?;
        Ok(own)
    }

    /// The whole state, proven to load again to the same.
    fn snapshot(&self) -> Result<Bytes, Broken> {
        match self.whole_to_prove()?.prove()? {
            Proven::Same(whole) => Ok(whole),
            Proven::DeletesMore(_) => Err(Broken("it deletes more")),
        }
    }
}

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
    assert_eq!(room.take(&update), Ok(Some(update.clone())));
    assert_eq!(room.judge(&update), Ok(Judgement::Nothing));
    assert_eq!(room.take(&update), Ok(None));
}

#[test]
fn a_whole_state_is_nothing_until_a_deletion_in_it_is_new() {
    let (client, mut room) = seeded();
    assert_eq!(room.judge(&state(&client)), Ok(Judgement::Nothing));
    edit(&client, |text, txn| text.insert(txn, 0, "hej"));
    room.take(&state(&client)).unwrap();
    edit(&client, |text, txn| text.remove_range(txn, 0, 1));
    assert_eq!(room.judge(&state(&client)), Ok(Judgement::Change));
    let own = room.take(&state(&client)).unwrap().unwrap();
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
    room.take(&edit(&client, |text, txn| text.insert(txn, 0, "hej"))).unwrap();
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

#[test]
fn known_hostile_updates_stop_at_the_gate_or_are_survived() {
    for bytes in hostile::updates() {
        let (_, mut room) = seeded();
        if room.judge(&bytes) == Ok(Judgement::Change) && room.take(&bytes).is_ok() {
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
            bytes[at] = if rng.random() { rng.random() } else { bytes[at] ^ (1 << rng.random_range(0..8)) };
        }
        if room.judge(&bytes) != Ok(Judgement::Change) {
            continue;
        }
        match room.take(&bytes) {
            Ok(_) => {
                taken += 1;
                // A forged origin may make a loaded replica delete what the live one only hides: then
                // no snapshot is made and the log stays. It must never fail to load.
                if let Err(broken) = room.snapshot() {
                    assert_eq!(broken, Broken("it deletes more"), "{bytes:?}");
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
