//! A page's replica: a real document, edited at random as people edit. It doesn't know the network.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::Rng;
use rand::rngs::SmallRng;
use samsyn_shared::document;
use samsyn_shared::domain::{ids, schema};
use samsyn_shared::text::delta::{Attributes, Op};
use serde_json::{Value, json};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, ReadTxn, Snapshot as StateAndDeletes, StateVector, Transact, Update, WriteTxn};

/// The texts that are written in.
const TEXTS: [&str; 2] = ["section:text", schema::TITLE];

const WORDS: [&str; 6] = ["a", "å", "vatten ", "😀", "samverkan", " "];

#[derive(Debug)]
pub(super) struct Replica {
    doc: Doc,
}

/// All that two replicas must have in common, formatting included.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    snapshot: StateAndDeletes,
    texts: Vec<Vec<Op>>,
}

impl Replica {
    /// An empty one with a fresh client id.
    pub(super) fn new(rng: &mut SmallRng) -> Self {
        Self { doc: document::replica(ids::client_id(rng)) }
    }

    pub(super) fn client(&self) -> u64 {
        self.doc.client_id().get()
    }

    /// Makes one random edit, and gives its update if it changed anything.
    pub(super) fn edit(&self, rng: &mut SmallRng) -> Result<Option<Bytes>> {
        let name = TEXTS[usize::from(rng.random_bool(0.15))];
        let mut txn = self.doc.try_transact_mut()?;
        let text = txn.get_or_insert_text(name);
        let edit = random_edit(&document::read(&text, &txn), rng);
        document::change(&text, &mut txn, 0, &edit);
        Ok(document::update_of(&txn).map(Bytes::from))
    }

    /// Applies an update of others.
    pub(super) fn integrate(&self, update: &[u8]) -> Result<()> {
        let update = Update::decode_v1(update)?;
        Ok(self.doc.try_transact_mut()?.apply_update(update)?)
    }

    /// # Errors
    /// When something waits for what did not come: if it never does, it can't be given back.
    pub(super) fn ensure_nothing_waits(&self) -> Result<()> {
        ensure!(!self.doc.try_transact()?.has_missing_updates(), "something waits for what did not come");
        Ok(())
    }

    pub(super) fn vector(&self) -> Result<Bytes> {
        Ok(self.doc.try_transact()?.state_vector().encode_v1().into())
    }

    /// All that it has beyond a state vector, without what waits for something else.
    pub(super) fn difference(&self, vector: &[u8]) -> Result<Bytes> {
        let vector = StateVector::decode_v1(vector)?;
        Ok(self.doc.try_transact()?.encode_diff_v1(&vector).into())
    }

    /// # Errors
    /// When it waits for something that never came.
    pub(super) fn likeness(&self) -> Result<Snapshot> {
        self.ensure_nothing_waits()?;
        let txn = self.doc.try_transact()?;
        let read = |name: &&str| txn.get_text(*name).map(|text| document::read(&text, &txn));
        let texts = TEXTS.iter().map(|name| read(name).unwrap_or_default()).collect();
        Ok(Snapshot { snapshot: txn.snapshot(), texts })
    }
}

impl Snapshot {
    /// What whoever loads these parts has.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a Bytes>) -> Result<Self> {
        let replica = Replica { doc: document::replica(0) };
        for part in parts {
            replica.integrate(part).context("what is stored does not apply")?;
        }
        replica.likeness()
    }

    /// # Errors
    /// In what the two differ.
    pub(super) fn same_as(&self, other: &Self) -> Result<()> {
        let (a, b) = (&self.snapshot, &other.snapshot);
        // yrs keeps a client at the clock 0 of whom it forgot all that it was given.
        let known = |vector: &StateVector| {
            let known = vector.iter().filter(|(_, clock)| **clock > 0);
            known.map(|(client, clock)| (*client, *clock)).collect::<HashMap<_, _>>()
        };
        let is_same = known(&a.state_map) == known(&b.state_map);
        ensure!(is_same, "blocks differ: {:?} and {:?}", a.state_map, b.state_map);
        ensure!(a.delete_set == b.delete_set, "deletions differ: {} and {}", a.delete_set, b.delete_set);
        ensure!(self.texts == other.texts, "texts differ: {:?} and {:?}", self.texts, other.texts);
        Ok(())
    }
}

/// An edit of a text, as people make them.
pub(super) fn random_edit(text: &[Op], rng: &mut SmallRng) -> Vec<Op> {
    let places = places(text);
    let from = rng.random_range(0..places.len());
    let to = rng.random_range(from..places.len().min(from + 8));
    let line_end = places[to.max(from + 1).min(places.len() - 1)];
    let (at, length) = (places[from], places[to] - places[from]);
    let op = match rng.random_range(0..10) {
        0..5 => Op::insert(WORDS[rng.random_range(0..WORDS.len())]),
        5 => Op::insert_with("\n", line(rng)),
        6 => Op::Retain { retain: line_end - at, attributes: line(rng) },
        7 => Op::Retain { retain: length, attributes: inline(rng) },
        _ => Op::delete(length),
    };
    let retained = (at > 0).then(|| Op::retain(at));
    retained.into_iter().chain([op]).collect()
}

/// Where a caret may stand, in UTF-16 units: never inside a character.
fn places(ops: &[Op]) -> Vec<u32> {
    let mut places = vec![0];
    let mut at = 0;
    for op in ops {
        let Op::Insert { insert, .. } = op else { continue };
        for unit in insert.chars() {
            at += unit.len_utf16() as u32;
            places.push(at);
        }
    }
    places
}

fn line(rng: &mut SmallRng) -> Attributes {
    let (name, value) = match rng.random_range(0..4) {
        0 => (schema::HEADER, json!(rng.random_range(1..=3))),
        1 => (schema::LIST, json!("bullet")),
        2 => (schema::LIST, Value::Null),
        _ => (schema::INDENT, json!(rng.random_range(1..=8))),
    };
    [(name.to_owned(), value)].into()
}

fn inline(rng: &mut SmallRng) -> Attributes {
    let name = schema::INLINE[rng.random_range(1..schema::INLINE.len())];
    let value = if rng.random_bool(0.7) { json!(true) } else { Value::Null };
    [(name.to_owned(), value)].into()
}
