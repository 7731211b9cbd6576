//! Who wrote which words: the document's map from client ids to people, and each character's client id as
//! the text's items have it. It says who typed or pasted what stands there, not whose thought it was: what
//! somebody brings back, by undo, redo or an older version, is written by them, because yrs then makes it
//! anew under their id. What the entries say is hostile until it was cleaned here.
//!
//! Each character in the document carries the client id of the page load that wrote it; Yjs keeps that anyway. What it
//! does not know is who that was, so the content document has a `Y.Map` named `authors`: key the client id, value
//! `{name, organisation}`, or `{template}` for the server's seed. A page writes its entry before its first edit, in
//! the same transaction; who only reads writes none, and undo, whose scope is the texts, never takes it. The
//! view of it reads `Text::diff_range` between an empty snapshot and the present one: some milliseconds for a hundred pages, so only
//! while it is shown, once for each section that changed, and where that takes long only when writing pauses.
//!
//! The other way was an attribute on every inserted text. It would double what Yjs keeps for formats, a client that
//! inherits formats (each stock one) would write in another's name, paste, undo and versions would carry it around, and
//! it would stand in every delta that others read. The map costs one entry a page load. What it can't do: what somebody brings
//! back (undo of a deletion, redo, an older version) is written anew by them, because Yjs makes it anew under their id;
//! and like a presence it is each writer's own word, which another writer could overwrite. What foreign clients write, which say
//! nothing of themselves, is shown as unknown.

use std::sync::Arc;

use yrs::types::text::YChange;
use yrs::{Any, Map, Out, ReadTxn, Snapshot, Text, TextRef, TransactionMut, WriteTxn};

use crate::domain::{limits, schema};
use crate::text::delta::utf16_len;
use crate::text::name::displayed;

/// Whose a client id is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Author {
    /// Somebody who writes.
    Person {
        /// Their name, as it may be shown.
        name: String,
        /// Their organisation, likewise; may be empty.
        organisation: String,
    },
    /// The template, `name@version`: its example's words.
    Template(String),
}

/// Neighbouring characters of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The client id that wrote them.
    pub client: u64,
    /// Where they begin, in UTF-16 code units.
    pub from: u32,
    /// Where they end (exclusive).
    pub to: u32,
}

/// Says whose a client id is, in the transaction of what it writes.
pub fn sign(txn: &mut TransactionMut, client: u64, author: &Author) {
    let text = |text: &str| Any::String(clean(text).into());
    let fields = match author {
        Author::Person { name, organisation } => {
            vec![(schema::AUTHOR_NAME, text(name)), (schema::AUTHOR_ORGANISATION, text(organisation))]
        }
        Author::Template(template) => vec![(schema::AUTHOR_TEMPLATE, text(template))],
    };
    let fields = fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
    let authors = txn.get_or_insert_map(schema::AUTHORS);
    authors.insert(txn, client.to_string(), Any::Map(Arc::new(fields)));
}

/// Whose a client id is; none when nobody said.
#[must_use]
pub fn author(txn: &impl ReadTxn, client: u64) -> Option<Author> {
    let Out::Any(Any::Map(fields)) = txn.get_map(schema::AUTHORS)?.get(txn, &client.to_string())? else {
        return None;
    };
    let text = |field| match fields.get(field) {
        Some(Any::String(text)) => clean(text),
        _ => String::new(),
    };
    let (name, template) = (text(schema::AUTHOR_NAME), text(schema::AUTHOR_TEMPLATE));
    let organisation = text(schema::AUTHOR_ORGANISATION);
    if !template.is_empty() {
        Some(Author::Template(template))
    } else if !name.is_empty() || !organisation.is_empty() {
        Some(Author::Person { name, organisation })
    } else {
        None
    }
}

/// Who wrote what of a text, from its beginning to its end. The transaction is left as it was: it takes a
/// writer's only because yrs wants one. Some milliseconds for a hundred pages, so never at each key.
pub fn runs(text: &TextRef, txn: &mut TransactionMut) -> Vec<Run> {
    // yrs tells the client of what one snapshot has beyond another. Deletions count: an undo keeps the
    // words that it could bring back.
    let (nothing, all) = (Snapshot::default(), txn.snapshot());
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    for part in text.diff_range(txn, Some(&all), Some(&nothing), YChange::identity) {
        let length = match &part.insert {
            Out::Any(Any::String(text)) => utf16_len(text),
            _ => 1,
        };
        let to = at + length;
        let client = part.ychange.map(|change| change.id.client.get());
        match runs.last_mut() {
            // Of a foreign client's embed nobody is told; it goes with what is before it.
            Some(last) if client.is_none_or(|client| client == last.client) => last.to = to,
            _ => runs.push(Run { client: client.unwrap_or_default(), from: at, to }),
        }
        at = to;
    }
    runs
}

/// A name as it may be shown, without going through megabytes of it.
fn clean(name: &str) -> String {
    let beginning: String = name.chars().take(4 * limits::NAME_CHARS).collect();
    displayed(&beginning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::scan;
    use crate::{Template, document};
    use yrs::updates::decoder::Decode;
    use yrs::{Doc, StateVector, Transact, Update};

    fn person(name: &str, organisation: &str) -> Author {
        Author::Person { name: name.to_owned(), organisation: organisation.to_owned() }
    }

    fn write(doc: &Doc, at: u32, delete: u32, words: &str) {
        let mut txn = doc.try_transact_mut().expect("free");
        let text = txn.get_or_insert_text("section:text");
        text.remove_range(&mut txn, at, delete);
        text.insert(&mut txn, at, words);
    }

    fn read(doc: &Doc) -> Vec<(u64, u32, u32)> {
        let mut txn = doc.try_transact_mut().expect("free");
        let text = txn.get_or_insert_text("section:text");
        let runs = runs(&text, &mut txn).iter().map(|run| (run.client, run.from, run.to)).collect();
        assert_eq!(document::update_of(&txn), None, "reading writes nothing");
        runs
    }

    fn whole(doc: &Doc) -> Vec<u8> {
        doc.try_transact().expect("free").encode_state_as_update_v1(&StateVector::default())
    }

    fn merge(into: &Doc, from: &Doc) {
        let update = Update::decode_v1(&whole(from)).expect("an update");
        into.try_transact_mut().expect("free").apply_update(update).expect("it applies");
    }

    #[test]
    fn three_replicas_that_merge_know_whose_each_character_is() {
        let docs = [1, 2, 3].map(document::replica);
        write(&docs[0], 0, 0, "ettan😀\n");
        for doc in &docs[1..] {
            merge(doc, &docs[0]);
        }
        write(&docs[1], 2, 1, "TVÅ");
        write(&docs[2], 7, 0, " 3");
        for _ in 0..2 {
            for (into, from) in [(0, 1), (0, 2), (1, 0), (2, 0)] {
                merge(&docs[into], &docs[from]);
            }
        }
        let expected = [(1, 0, 2), (2, 2, 5), (1, 5, 9), (3, 9, 11), (1, 11, 12)];
        for doc in &docs {
            assert_eq!(read(doc), expected);
        }
        // A format splits items, and changes nothing of who wrote them.
        let attributes = [("bold".into(), Any::Bool(true))].into_iter().collect();
        {
            let mut txn = docs[1].try_transact_mut().expect("free");
            txn.get_or_insert_text("section:text").format(&mut txn, 1, 6, attributes);
        }
        assert_eq!(read(&docs[1]), expected);
        // Who loads the page has only the bytes.
        let fresh = document::replica(9);
        merge(&fresh, &docs[1]);
        assert_eq!(read(&fresh), expected);
    }

    #[test]
    fn who_an_id_is_passes_the_gate_and_is_said_by_the_last_word() {
        let doc = document::seed(Template::find("tom").expect("known"), "T", 7);
        for name in ["Anna Ask", "Anna Alm"] {
            let mut txn = doc.try_transact_mut().expect("free");
            sign(&mut txn, (1 << 53) - 1, &person(name, "Region Väst"));
        }
        scan::update(&whole(&doc)).expect("the gate lets it through");
        let txn = doc.try_transact().expect("free");
        assert_eq!(author(&txn, (1 << 53) - 1), Some(person("Anna Alm", "Region Väst")));
        assert_eq!(author(&txn, 7), Some(Author::Template("tom@1".to_owned())));
        assert_eq!(author(&txn, 8), None);
    }

    #[test]
    fn a_hostile_entry_reads_as_far_as_it_goes() {
        let doc = document::replica(1);
        let mut txn = doc.try_transact_mut().expect("free");
        let authors = txn.get_or_insert_map(schema::AUTHORS);
        authors.insert(&mut txn, "2", "no object");
        authors.insert(&mut txn, "3", Any::from_json(r#"{"name": 5, "organisation": ["x"]}"#).expect("JSON"));
        let long = format!(r#"{{"name": "a\n\u202eb{}", "organisation": " "}}"#, "x".repeat(100_000));
        authors.insert(&mut txn, "4", Any::from_json(&long).expect("JSON"));
        assert_eq!((author(&txn, 2), author(&txn, 3)), (None, None));
        let Some(Author::Person { name, organisation }) = author(&txn, 4) else { panic!("it has a name") };
        assert!(name.starts_with("a b") && organisation.is_empty(), "{name}");
        assert_eq!(name.chars().count(), limits::NAME_CHARS);
    }
}
