//! The content document as yrs keeps it: how a replica is set up, how a template is seeded, and the
//! two directions between a `Y.Text` and a delta. Who holds a replica, and when it changes, is
//! decided elsewhere.

pub mod anchor;
pub mod authorship;
pub mod fingerprint;
mod outgoing;
pub mod read_model;
pub mod rows;
pub mod scan;

use serde_json::Value;
use yrs::block::ClientID;
use yrs::types::Attrs;
use yrs::types::text::YChange;
use yrs::{
    Any, Doc, Map, Number, OffsetKind, Options, Out, ReadTxn, Text, TextRef, Transact, TransactionMut,
    WriteTxn,
};

use self::authorship::Author;
use crate::Template;
use crate::domain::schema;
use crate::text::delta::{self, Attributes, LineKind, Op, utf16_len};

/// Another transaction is open on the replica. On a replica with one owner this is a broken invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document is in use")]
pub struct Busy;

impl From<yrs::TransactionAcqError> for Busy {
    fn from(_: yrs::TransactionAcqError) -> Self {
        Self
    }
}

/// An empty replica for one page load or room load.
///
/// `client_id` is fresh ([`crate::domain::ids::client_id`]). yrs' own clean-up of formatting is off: it runs
/// on receipt, and replicas that clean at different moments end with different formatting.
#[must_use]
pub fn replica(client_id: u64) -> Doc {
    let mut options = Options::with_client_id(ClientID::new(client_id));
    options.offset_kind = OffsetKind::Utf16;
    options.cleanup_formatting = false;
    Doc::with_options(options)
}

/// A new document made from a template: its title, its sections, and an example's words.
/// `client_id` becomes the Document's epoch.
///
/// # Panics
/// Never: the replica is made here, so nobody else can have it open.
#[must_use]
pub fn seed(template: &Template, title: &str, client_id: u64) -> Doc {
    let doc = replica(client_id);
    {
        let mut txn = doc.try_transact_mut().expect("a replica that was made here has no other user");
        let text = txn.get_or_insert_text(schema::TITLE);
        text.insert(&mut txn, 0, title);
        let meta = txn.get_or_insert_map(schema::META);
        meta.insert(&mut txn, schema::META_LANGUAGE, "sv");
        meta.insert(&mut txn, schema::META_TEMPLATE, template.identifier());
        for section in template.sections {
            let text = txn.get_or_insert_text(section.key.root());
            let lines =
                template.content().iter().find(|(key, _)| *key == section.key).map_or(&[][..], |(_, l)| l);
            let mut ops = Vec::new();
            for line in lines {
                let kind = line.list.map_or(LineKind::Paragraph, |list| LineKind::Item(list, 0));
                ops.push(Op::insert(line.text));
                ops.push(Op::insert_with("\n", kind.to_attributes()));
            }
            if ops.is_empty() {
                ops.push(Op::insert("\n"));
            }
            change(&text, &mut txn, 0, &ops);
        }
        authorship::sign(&mut txn, client_id, &Author::Template(template.identifier()));
    }
    doc
}

/// What stands in a text for an embed of a foreign client: one unit, as the embed is, so that all
/// positions hold. Exports leave it out.
pub const EMBED: &str = "\u{FFFC}";

/// The text as inserts, each as long as its attributes are the same.
pub fn read(text: &TextRef, txn: &impl ReadTxn) -> Vec<Op> {
    let mut ops: Vec<Op> = Vec::new();
    for chunk in text.diff(txn, YChange::identity) {
        let read = match &chunk.insert {
            Out::Any(Any::String(insert)) => insert,
            _ => EMBED,
        };
        let has = chunk.attributes.map(|a| attributes_of(&a)).unwrap_or_default();
        match ops.last_mut() {
            // Where a format has come and gone, yrs gives equal neighbours.
            Some(Op::Insert { insert, attributes })
                if *attributes == has && read != EMBED && insert != EMBED =>
            {
                insert.push_str(read);
            }
            _ => ops.push(Op::insert_with(read, has)),
        }
    }
    ops
}

/// Applies a delta that begins at `at`. What would lie beyond the end is cut to it, and a line
/// attribute for a last `\n` that somebody deleted writes that `\n` anew.
pub fn change(text: &TextRef, txn: &mut TransactionMut, at: u32, ops: &[Op]) {
    let mut index = at.min(text.len(txn));
    for op in ops {
        let rest = text.len(txn) - index;
        match op {
            Op::Insert { insert, attributes } => {
                // The attributes are given in full, so that nothing is inherited from the left.
                text.insert_with_attributes(txn, index, insert, attrs_of(attributes));
                index += utf16_len(insert);
            }
            Op::Retain { retain, attributes } if attributes.is_empty() => index += (*retain).min(rest),
            Op::Retain { retain, attributes } => {
                let within = (*retain).min(rest);
                if within > 0 {
                    text.format(txn, index, within, attrs_of(attributes));
                    index += within;
                }
                if within < *retain && schema::LINE.iter().any(|name| attributes.contains_key(*name)) {
                    let set = attributes.iter().filter(|(_, value)| !value.is_null());
                    let set = delta::attributes(set.map(|(name, value)| (name.clone(), value.clone())));
                    text.insert_with_attributes(txn, index, "\n", attrs_of(&set));
                    index += 1;
                }
            }
            Op::Delete { delete } => {
                let within = (*delete).min(rest);
                if within > 0 {
                    text.remove_range(txn, index, within);
                }
            }
        }
    }
}

/// What a `Y.Text` event says has changed.
#[must_use]
pub fn delta_of(event: &[yrs::types::Delta]) -> Vec<Op> {
    event
        .iter()
        .map(|step| match step {
            yrs::types::Delta::Inserted(Out::Any(Any::String(insert)), attributes) => Op::insert_with(
                insert.to_string(),
                attributes.as_ref().map(|a| attributes_of(a)).unwrap_or_default(),
            ),
            yrs::types::Delta::Inserted(_, _) => Op::insert(EMBED),
            yrs::types::Delta::Deleted(delete) => Op::delete(*delete),
            yrs::types::Delta::Retain(retain, attributes) => Op::Retain {
                retain: *retain,
                attributes: attributes.as_ref().map(|a| attributes_of(a)).unwrap_or_default(),
            },
        })
        .collect()
}

/// What a transaction changed, as Yjs encodes it; none when it changed nothing.
#[must_use]
pub fn update_of(txn: &TransactionMut) -> Option<Vec<u8>> {
    txn.has_changes().then(|| txn.encode_update_v1()).filter(|update| update.as_slice() != [0, 0])
}

fn attributes_of(attrs: &Attrs) -> Attributes {
    delta::attributes(attrs.iter().map(|(name, value)| (name.to_string(), value_of(value))))
}

/// What stands under a key of a map, if it is a primitive, and null if not.
fn primitive(value: &Out) -> Value {
    match value {
        Out::Any(any) => value_of(any),
        _ => Value::Null,
    }
}

/// Only primitives cross: a foreign client's nested value is as if it were null.
fn value_of(value: &Any) -> Value {
    match value {
        Any::Bool(value) => (*value).into(),
        Any::String(value) => value.as_ref().into(),
        // Whole numbers are shown as such: 2.0 and 2 are one number in JavaScript.
        Any::Number(value) => {
            value.as_i64().map(Value::from).or_else(|| value.as_f64().map(Value::from)).unwrap_or(Value::Null)
        }
        _ => Value::Null,
    }
}

fn attrs_of(attributes: &Attributes) -> Attrs {
    let any = |value: &Value| match value {
        Value::Bool(value) => Any::Bool(*value),
        Value::String(value) => Any::String(value.as_str().into()),
        Value::Number(value) => Any::Number(Number::try_i64(value.as_f64().unwrap_or_default())),
        _ => Any::Null,
    };
    attributes.iter().map(|(name, value)| (name.as_str().into(), any(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn section(doc: &Doc, key: &str) -> Vec<Op> {
        let txn = doc.try_transact().expect("nobody else has it open");
        let text = txn.get_text(schema::section(key).as_str()).expect("the section was seeded");
        read(&text, &txn)
    }

    fn edited(start: Value, at: u32, delta: Value) -> Value {
        let doc = replica(1);
        let mut txn = doc.try_transact_mut().expect("nobody else has it open");
        let text = txn.get_or_insert_text("t");
        change(&text, &mut txn, 0, &serde_json::from_value::<Vec<Op>>(start).expect("a delta"));
        change(&text, &mut txn, at, &serde_json::from_value::<Vec<Op>>(delta).expect("a delta"));
        serde_json::to_value(read(&text, &txn)).expect("JSON")
    }

    #[test]
    fn a_blank_section_is_one_line_end_and_an_example_is_its_words() {
        let doc = seed(Template::find("aktorsgemensam").expect("known"), "T", 5);
        assert_eq!(section(&doc, "prioriteringar"), [Op::insert("\n")]);
        let doc = seed(Template::find("exempel-snoovader").expect("known"), "T", 5);
        let lines = crate::text::delta::lines(&section(&doc, "prioriteringar"));
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|l| l.kind == LineKind::Item(crate::text::delta::List::Lettered, 0)));
        assert_eq!(section(&doc, "samordnade-budskap"), [Op::insert("\n")]);
    }

    #[test]
    fn a_format_that_came_and_went_leaves_one_insert() {
        assert_eq!(
            edited(
                json!([{"insert": "abc", "attributes": {"bold": true}}, {"insert": "\n"}]),
                1,
                json!([{"retain": 1, "attributes": {"bold": null}}, {"retain": 0}])
            ),
            json!([{"insert": "a", "attributes": {"bold": true}}, {"insert": "b"},
                   {"insert": "c", "attributes": {"bold": true}}, {"insert": "\n"}])
        );
        assert_eq!(
            edited(
                json!([{"insert": "a"}, {"insert": "b", "attributes": {"bold": true}}, {"insert": "c\n"}]),
                1,
                json!([{"retain": 1, "attributes": {"bold": null}}])
            ),
            json!([{"insert": "abc\n"}])
        );
    }

    #[test]
    fn positions_are_utf16() {
        assert_eq!(
            edited(json!([{"insert": "a😀b\n"}]), 3, json!([{"insert": "x"}])),
            json!([{"insert": "a😀xb\n"}])
        );
    }

    #[test]
    fn an_insert_inherits_nothing() {
        assert_eq!(
            edited(
                json!([{"insert": "ab", "attributes": {"bold": true}}, {"insert": "\n"}]),
                1,
                json!([{"insert": "x"}])
            ),
            json!([{"insert": "a", "attributes": {"bold": true}}, {"insert": "x"},
                   {"insert": "b", "attributes": {"bold": true}}, {"insert": "\n"}])
        );
    }

    #[test]
    fn a_delta_beyond_the_end_is_cut_to_it() {
        assert_eq!(edited(json!([{"insert": "ab"}]), 1, json!([{"delete": 9}])), json!([{"insert": "a"}]));
        assert_eq!(
            edited(json!([{"insert": "ab"}]), 2, json!([{"retain": 1, "attributes": {"header": 1}}])),
            json!([{"insert": "ab"}, {"insert": "\n", "attributes": {"header": 1}}])
        );
    }

    #[test]
    fn a_transaction_that_changes_nothing_has_no_update() {
        let doc = seed(Template::find("tom").expect("known"), "T", 5);
        let txn = doc.try_transact_mut().expect("nobody else has it open");
        assert_eq!(update_of(&txn), None);
    }
}
