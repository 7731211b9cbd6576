//! Yjs updates (version 1), written by hand.
//!
//! The generator holds no document: an author knows its client id and how far its clock has come,
//! and that is all that an insertion needs. Servers of any kind apply and store the result.

use crate::marker::{self, Marker};
use crate::varint::{put_bytes, put_uint};

/// The root text that everyone writes into.
const TEXT: &str = "section:text";

/// A block whose content is a string, and the flag that it names what stands before it.
const STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;

/// An update that holds nothing.
pub(crate) const NOTHING: &[u8] = &[0, 0];

/// One client id that writes, each time directly behind what it wrote before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author {
    client: u64,
    clock: u64,
}

impl Author {
    /// An author that has written nothing yet.
    #[must_use]
    pub(crate) fn new(client: u64) -> Author {
        Author { client, clock: 0 }
    }

    /// The update that appends ASCII text to what this author wrote before.
    pub(crate) fn write(&mut self, text: &str) -> Vec<u8> {
        let mut update = Vec::with_capacity(48 + text.len());
        put_uint(&mut update, 1);
        put_blocks(&mut update, self.client, self.clock, 1);
        let origin = self.clock.checked_sub(1).map(|last| (self.client, last));
        put_string(&mut update, origin, text);
        put_uint(&mut update, 0);
        self.clock += text.len() as u64;
        update
    }
}

/// A document to begin with.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    /// One update with all of it.
    pub(crate) update: Vec<u8>,
    /// The state vector of one who has all of it.
    pub(crate) vector: Vec<u8>,
    /// How many marks of the writer [`marker::SEED`] are in it.
    pub(crate) marks: usize,
}

/// How many clients have written the seed, in turn, so that no two of its blocks can be joined.
const SEED_AUTHORS: usize = 10;
const SEED_CLIENT: u64 = 0x5000_0000;

impl Seed {
    /// A document of about so many bytes of text, in blocks of 100.
    #[must_use]
    pub(crate) fn new(bytes: usize) -> Seed {
        const BLOCK: usize = 100;
        let marks = (bytes / BLOCK).max(1);
        let mut authors = vec![(0u64, Vec::new(), 0u64); SEED_AUTHORS];
        let mut before = None;
        for index in 0..marks {
            let turn = index % SEED_AUTHORS;
            let client = SEED_CLIENT + turn as u64;
            let mut text = Marker { writer: marker::SEED, counter: index as u16 }.text();
            text.extend("Lorem ipsum dolor sit amet ".chars().cycle().take(BLOCK - marker::LENGTH));
            let (blocks, encoded, clock) = &mut authors[turn];
            put_string(encoded, before, &text);
            *blocks += 1;
            *clock += text.len() as u64;
            before = Some((client, *clock - 1));
        }
        let present = || authors.iter().enumerate().rev().filter(|(_, (blocks, _, _))| *blocks > 0);
        let (mut update, mut vector) = (Vec::new(), Vec::new());
        put_uint(&mut update, present().count() as u64);
        put_uint(&mut vector, present().count() as u64);
        for (turn, (blocks, encoded, clock)) in present() {
            let client = SEED_CLIENT + turn as u64;
            put_blocks(&mut update, client, 0, *blocks);
            update.extend_from_slice(encoded);
            put_uint(&mut vector, client);
            put_uint(&mut vector, *clock);
        }
        put_uint(&mut update, 0);
        Seed { update, vector, marks }
    }
}

/// The head of one client's blocks.
fn put_blocks(out: &mut Vec<u8>, client: u64, clock: u64, blocks: u64) {
    put_uint(out, blocks);
    put_uint(out, client);
    put_uint(out, clock);
}

/// One block of text, behind `origin` or at the beginning.
fn put_string(out: &mut Vec<u8>, origin: Option<(u64, u64)>, text: &str) {
    match origin {
        Some((client, clock)) => {
            out.push(STRING | HAS_ORIGIN);
            put_uint(out, client);
            put_uint(out, clock);
        }
        None => {
            out.push(STRING);
            // The parent is a root type, and this is its name.
            put_uint(out, 1);
            put_bytes(out, TEXT.as_bytes());
        }
    }
    put_bytes(out, text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use yrs::updates::decoder::Decode;
    use yrs::updates::encoder::Encode;
    use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update};

    fn apply(doc: &Doc, update: &[u8]) {
        let update = Update::decode_v1(update).unwrap();
        doc.try_transact_mut().unwrap().apply_update(update).unwrap();
    }

    fn text(doc: &Doc) -> String {
        let text = doc.get_or_insert_text(TEXT);
        let transaction = doc.try_transact().unwrap();
        assert!(!transaction.has_missing_updates());
        text.get_string(&transaction)
    }

    fn marks(bytes: &[u8]) -> Vec<Marker> {
        let mut all = Vec::new();
        marker::scan(bytes, |marker| all.push(marker));
        all.sort_by_key(|marker| (marker.writer, marker.counter));
        all
    }

    #[test]
    fn yrs_applies_what_authors_write_beside_each_other_and_beside_a_seeded_line() {
        let doc = Doc::new();
        let line = doc.get_or_insert_text(TEXT);
        line.push(&mut doc.try_transact_mut().unwrap(), "\n");
        let mut authors = [Author::new(0x7000_0001), Author::new(0x7000_0000)];
        for counter in 0..3 {
            for (writer, author) in (0..).zip(&mut authors) {
                apply(&doc, &author.write(&Marker { writer, counter }.text()));
            }
        }
        let text = text(&doc);
        assert_eq!(text.len(), 6 * marker::LENGTH + 1);
        assert!(text.contains("<0000000><0000001><0000002>"), "{text}");
        assert!(text.contains("<0010000><0010001><0010002>"), "{text}");
    }

    #[test]
    fn every_mark_is_found_in_what_a_server_merges_and_in_a_step_2() {
        let doc = Doc::new();
        let mut authors: Vec<_> = (0..20).map(|n| Author::new(0x7000_0000 + n)).collect();
        let mut updates = Vec::new();
        let mut written = Vec::new();
        for counter in 0..5 {
            for (writer, author) in (0..).zip(&mut authors) {
                let marker = Marker { writer, counter };
                updates.push(author.write(&marker.text()));
                written.push(marker);
            }
        }
        written.sort_by_key(|marker| (marker.writer, marker.counter));
        assert_eq!(marks(&yrs::merge_updates_v1(&updates).unwrap()), written);
        // Half of it is known to the one who asks.
        for update in &updates[..50] {
            apply(&doc, update);
        }
        let known = doc.try_transact().unwrap().state_vector();
        for update in &updates[50..] {
            apply(&doc, update);
        }
        let transaction = doc.try_transact().unwrap();
        let mut rest = marks(&transaction.encode_state_as_update_v1(&known));
        rest.extend(marks(&doc_of(&updates[..50])));
        rest.sort_by_key(|marker| (marker.writer, marker.counter));
        assert_eq!(rest, written);
        assert_eq!(marks(&transaction.encode_state_as_update_v1(&StateVector::default())), written);
    }

    fn doc_of(updates: &[Vec<u8>]) -> Vec<u8> {
        let doc = Doc::new();
        updates.iter().for_each(|update| apply(&doc, update));
        doc.try_transact().unwrap().encode_state_as_update_v1(&StateVector::default())
    }

    #[test]
    fn a_seed_is_one_whole_document_in_the_order_in_which_it_was_written() {
        let seed = Seed::new(100_000);
        assert_eq!(seed.marks, 1000);
        assert_eq!(marks(&seed.update).len(), 1000);
        let doc = Doc::new();
        apply(&doc, &seed.update);
        let text = text(&doc);
        assert_eq!(text.len(), 100_000);
        let mut order = Vec::new();
        marker::scan(text.as_bytes(), |marker| order.push(marker.counter));
        assert!(order.is_sorted());
        let vector = doc.try_transact().unwrap().state_vector();
        assert_eq!(StateVector::decode_v1(&seed.vector).unwrap(), vector);
        assert_eq!(vector.encode_v1().len(), seed.vector.len());
    }
}
