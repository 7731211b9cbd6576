//! Random deltas over random texts: the laws that the algebra must keep.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::*;
use crate::text::delta::plain;

/// A text as one list of units with their attributes: what a delta means, said in the simplest way.
type Units = Vec<(u16, Attributes)>;

fn applied(text: &Units, delta: &[Op]) -> Units {
    let mut rest = text.iter().cloned();
    let mut new = Vec::new();
    for op in delta {
        match op {
            Op::Insert { insert, attributes } => {
                new.extend(insert.encode_utf16().map(|unit| (unit, attributes.clone())));
            }
            Op::Retain { retain, attributes } => {
                new.extend(rest.by_ref().take(*retain as usize).map(|(unit, mut has)| {
                    has.extend(attributes.clone());
                    has.retain(|_, value| !value.is_null());
                    (unit, has)
                }));
            }
            Op::Delete { delete } => {
                rest.by_ref().take(*delete as usize).for_each(drop);
            }
        }
    }
    new.extend(rest);
    new
}

fn some_attributes(rng: &mut SmallRng, with_null: bool) -> Attributes {
    let mut attributes = Attributes::new();
    for name in ["bold", "italic"] {
        match rng.random_range(0..if with_null { 4 } else { 3 }) {
            0 => drop(attributes.insert(name.to_owned(), json!(true))),
            3 => drop(attributes.insert(name.to_owned(), Value::Null)),
            _ => {}
        }
    }
    attributes
}

fn some_delta(rng: &mut SmallRng, length: u32) -> Vec<Op> {
    let mut left = length;
    let mut ops = Vec::new();
    for _ in 0..rng.random_range(0..6) {
        let some = rng.random_range(0..=left.min(4));
        match rng.random_range(0..4) {
            0 => {
                let text: String = (0..rng.random_range(0..3)).map(|_| rng.random_range('a'..='e')).collect();
                ops.push(Op::insert_with(text, some_attributes(rng, false)));
            }
            1 => {
                ops.push(Op::Retain { retain: some, attributes: some_attributes(rng, true) });
                left -= some;
            }
            2 => {
                ops.push(Op::retain(some));
                left -= some;
            }
            _ => {
                ops.push(Op::delete(some));
                left -= some;
            }
        }
    }
    ops
}

fn some_text(rng: &mut SmallRng) -> Units {
    let length = rng.random_range(0..12);
    (0..length).map(|_| (rng.random_range(97..123), some_attributes(rng, false))).collect()
}

fn length(text: &Units) -> u32 {
    u32::try_from(text.len()).expect("a few")
}

#[test]
fn a_composed_delta_does_what_the_two_do() {
    for seed in 0..20_000 {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let text = some_text(rng);
        let first = some_delta(rng, length(&text));
        let between = applied(&text, &first);
        let second = some_delta(rng, length(&between));
        let both = compose(&first, &second);
        assert_eq!(applied(&text, &both), applied(&between, &second), "{seed}: {first:?} {second:?}");
    }
}

#[test]
fn two_deltas_made_side_by_side_end_alike_in_either_order() {
    for seed in 0..20_000 {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let text = some_text(rng);
        let (here, there) = (some_delta(rng, length(&text)), some_delta(rng, length(&text)));
        // What was made here is applied last there, so it is on the left, and its attributes stay.
        let here_after = transform(&there, &here, First::Later);
        let there_after = transform(&here, &there, First::Earlier);
        assert_eq!(
            applied(&applied(&text, &here), &there_after),
            applied(&applied(&text, &there), &here_after),
            "{seed}: {here:?} {there:?}"
        );
    }
}

#[test]
fn a_place_moves_with_its_text_and_back() {
    let delta = [Op::retain(2), Op::insert("xyz"), Op::delete(2), Op::retain(1), Op::insert("😀")];
    let places: Vec<_> = (0..7).map(|place| moved(&delta, place, true)).collect();
    assert_eq!(places, [0, 1, 5, 5, 5, 8, 9]);
    let places: Vec<_> = (0..7).map(|place| moved(&delta, place, false)).collect();
    assert_eq!(places, [0, 1, 2, 5, 5, 6, 9]);
    let places: Vec<_> = (0..10).map(|place| unmoved(&delta, place)).collect();
    assert_eq!(places, [0, 1, 2, 2, 2, 2, 5, 5, 5, 6]);
}

#[test]
fn an_unchanged_place_is_found_again() {
    for seed in 0..5_000 {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let text = some_text(rng);
        let delta = some_delta(rng, length(&text));
        // Only a place between two units that both stay is one place before and after.
        let marked: Units = text
            .iter()
            .enumerate()
            .map(|(i, _)| (u16::try_from(i).expect("a few"), Attributes::new()))
            .collect();
        let after = applied(&marked, &delta);
        for (at, (unit, _)) in after.iter().enumerate().filter(|(_, (unit, _))| *unit < 97) {
            let at = u32::try_from(at).expect("a few");
            assert_eq!(moved(&delta, u32::from(*unit), true), at, "{seed}: {delta:?}");
        }
    }
}

#[test]
fn a_pair_of_surrogates_that_is_cut_becomes_a_replacement_character() {
    let delta = compose(&[Op::insert("😀")], &[Op::delete(1)]);
    assert_eq!(plain(&delta), "\u{FFFD}");
}
