//! Updates of real documents in pieces of every size, and such as nobody can apply.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use yrs::updates::decoder::Decode as _;
use yrs::{Doc, GetString as _, ReadTxn as _, StateVector, Text as _, Transact as _, Update, WriteTxn as _};

use super::*;
use crate::document;

const TEXT: &str = "section:text";

fn whole(doc: &Doc) -> Bytes {
    doc.try_transact().unwrap().encode_diff_v1(&StateVector::default()).into()
}

fn apply(doc: &Doc, update: &[u8]) {
    let mut txn = doc.try_transact_mut().unwrap();
    txn.apply_update(Update::decode_v1(update).unwrap()).unwrap();
    assert!(!txn.has_missing_updates(), "a piece lacks something");
}

fn text(doc: &Doc) -> String {
    let mut txn = doc.try_transact_mut().unwrap();
    let text = txn.get_or_insert_text(TEXT);
    text.get_string(&txn)
}

/// Some people who write and delete anywhere, and hear of each other now and then.
fn crowd(rng: &mut SmallRng, people: u64, edits: usize) -> Vec<Doc> {
    let docs: Vec<Doc> = (0..people).map(|n| document::replica(100 - n * 7)).collect();
    for _ in 0..edits {
        let one = &docs[rng.random_range(0..docs.len())];
        {
            let mut txn = one.try_transact_mut().unwrap();
            let text = txn.get_or_insert_text(TEXT);
            let length = text.len(&txn);
            if length > 5 && rng.random_bool(0.3) {
                text.remove_range(&mut txn, rng.random_range(0..length - 2), 2);
            } else {
                text.insert(&mut txn, rng.random_range(0..=length), "ab😀");
            }
        }
        if rng.random_bool(0.3) {
            let other = &docs[rng.random_range(0..docs.len())];
            apply(one, &whole(other));
        }
    }
    docs
}

#[test]
fn pieces_of_any_size_make_the_document_that_the_whole_makes() {
    let mut rng = SmallRng::seed_from_u64(11);
    for round in 0..40 {
        let docs = crowd(&mut rng, 5, 60);
        let all = document::replica(1);
        docs.iter().for_each(|doc| apply(&all, &whole(doc)));
        let update = whole(&all);
        // Over nothing, and over what one of them has.
        for base in [None, Some(&docs[round % docs.len()])] {
            let again = document::replica(2);
            if let Some(base) = base {
                apply(&again, &whole(base));
            }
            let known = again.try_transact().unwrap().state_vector();
            let here = |client: u64| known.get(&yrs::block::ClientID::new(client));
            let size = rng.random_range(1..12);
            let mut pieces = Pieces::of(update.clone(), here).unwrap();
            while let Some(piece) = pieces.take(size, size) {
                let scan = super::super::update(&piece).unwrap();
                assert!(scan.items <= size && scan.deletes.len() <= size);
                apply(&again, &piece);
            }
            assert_eq!(text(&again), text(&all));
            let snapshot = |doc: &Doc| doc.try_transact().unwrap().snapshot();
            assert!(snapshot(&again) == snapshot(&all), "round {round}, pieces of {size}");
        }
    }
}

/// Two clients with one block each, the second of which stands on the other's.
fn beside_each_other(first: (u64, u32), second: (u64, u32)) -> Bytes {
    let mut update = Writer::default();
    update.number(2);
    for (client, (other, clock)) in [(8, first), (9, second)] {
        update.number(1).number(client).number(0);
        update.raw(&[0x84]).number(other).number(clock.into()).bytes(b"x");
    }
    update.number(0);
    update.finish()
}

#[test]
fn blocks_that_wait_for_each_other_are_refused() {
    let cut = |update| Pieces::of(update, |client| if client == 7 { 5 } else { 0 }).map(|_| ());
    assert_eq!(cut(beside_each_other((9, 0), (7, 0))), Ok(()));
    assert_eq!(cut(beside_each_other((7, 0), (8, 0))), Ok(()));
    let error = Forbidden("blocks that wait for each other");
    assert_eq!(cut(beside_each_other((9, 0), (8, 0))), Err(error));
}

#[test]
fn what_is_here_is_left_out() {
    let doc = document::replica(5);
    for what in ["one", "two"] {
        let mut txn = doc.try_transact_mut().unwrap();
        txn.get_or_insert_text(TEXT).insert(&mut txn, 0, what);
    }
    let mut pieces = Pieces::of(whole(&doc), |_| 6).unwrap();
    assert_eq!(pieces.take(9, 9), None);
    let mut pieces = Pieces::of(whole(&doc), |_| 3).unwrap();
    assert_eq!(super::super::update(&pieces.take(9, 9).unwrap()).unwrap().blocks, [(5, 3..6)]);
    assert_eq!(pieces.take(9, 9), None);
}
