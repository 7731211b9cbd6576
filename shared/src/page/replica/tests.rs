//! Replicas of one målbild, and what each has of the others.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::sync::device_log::{Key, Record};

const TEXT: SectionKey = SectionKey::named("text");

fn template() -> &'static Template {
    Template::find("tom").expect("known")
}

/// Two pages of one målbild, and a clock that the test moves.
pub(in crate::page::replica) struct Pair {
    pub(in crate::page::replica) a: Replica,
    pub(super) b: Replica,
    now: Arc<AtomicU64>,
}

impl Pair {
    pub(super) fn new() -> Self {
        let seed = document::seed(template(), "T", 9);
        let update = seed.try_transact().expect("free").encode_state_as_update_v1(&StateVector::default());
        let now = Arc::new(AtomicU64::new(1));
        let replica = |client| {
            let now = now.clone();
            let mut replica = Replica::new(template(), client, Arc::new(move || now.load(Ordering::Relaxed)));
            replica.integrate(&update).expect("a seed applies");
            replica
        };
        Self { a: replica(1), b: replica(2), now }
    }

    pub(super) fn exchange(&mut self) {
        for update in self.a.take_updates() {
            self.b.integrate(&update).expect("an update of ours applies");
        }
        for update in self.b.take_updates() {
            self.a.integrate(&update).expect("an update of ours applies");
        }
    }

    fn pause(&self) {
        self.now.fetch_add(1000, Ordering::Relaxed);
    }
}

fn plain(replica: &Replica) -> String {
    crate::text::delta::plain(&replica.read(TEXT).expect("free"))
}

#[test]
fn what_the_view_did_is_shown_there_already_and_new_to_others() {
    let mut pair = Pair::new();
    let here = pair.a.edit(vec![(TEXT, vec![Op::insert("å")])], By::View).expect("free");
    assert!(here[0].shown);
    let update = pair.a.take_updates().remove(0);
    let there = pair.b.integrate(&update).expect("applies");
    assert_eq!(there, [Change { key: TEXT, delta: vec![Op::insert("å")], shown: false }]);
    assert!(pair.b.take_updates().is_empty(), "what came from others is not sent again");
}

#[test]
fn undo_takes_back_only_what_was_written_here() {
    let mut pair = Pair::new();
    pair.a.edit(vec![(TEXT, vec![Op::insert("ab")])], By::View).expect("free");
    pair.exchange();
    pair.b.edit(vec![(TEXT, vec![Op::retain(1), Op::insert("X")])], By::View).expect("free");
    pair.exchange();
    assert_eq!(plain(&pair.a), "aXb\n");
    let changes = pair.a.undo();
    assert_eq!(plain(&pair.a), "X\n");
    assert!(!changes[0].shown, "the view must show it");
    pair.a.redo();
    pair.exchange();
    assert_eq!((plain(&pair.a), plain(&pair.b)), ("aXb\n".to_owned(), "aXb\n".to_owned()));
}

#[test]
fn words_are_undone_together_and_a_command_by_itself() {
    let mut pair = Pair::new();
    pair.a.edit(vec![(TEXT, vec![Op::insert("a")])], By::View).expect("free");
    pair.a.edit(vec![(TEXT, vec![Op::retain(1), Op::insert("b")])], By::View).expect("free");
    pair.a.edit(vec![(TEXT, vec![Op::retain(2), Op::insert("c")])], By::Command).expect("free");
    pair.a.undo();
    assert_eq!(plain(&pair.a), "ab\n");
    pair.pause();
    pair.a.edit(vec![(TEXT, vec![Op::retain(2), Op::insert("d")])], By::View).expect("free");
    pair.a.undo();
    assert_eq!(plain(&pair.a), "ab\n");
    pair.a.undo();
    assert_eq!((plain(&pair.a), pair.a.history()), ("\n".to_owned(), (false, true)));
}

#[test]
fn a_caret_stays_with_its_text_and_reads_as_yjs_writes_it() {
    let mut pair = Pair::new();
    pair.a.edit(vec![(TEXT, vec![Op::insert("ab")])], By::View).expect("free");
    pair.exchange();
    let anchor = pair.b.anchor(TEXT, 1).expect("free");
    pair.a.edit(vec![(TEXT, vec![Op::insert("😀")])], By::View).expect("free");
    pair.exchange();
    assert_eq!(pair.a.resolve(&anchor), Some((TEXT, 3)));
    let yjs = serde_json::json!({"type": null, "tname": "section:text", "item": anchor["item"], "assoc": 0});
    assert_eq!(pair.a.resolve(&yjs), Some((TEXT, 3)));
    let end = serde_json::json!({"type": null, "tname": "section:text", "item": null, "assoc": 0});
    assert_eq!(pair.a.resolve(&end), Some((TEXT, 5)));
    assert_eq!(pair.a.resolve(&serde_json::json!({"item": {"client": 77, "clock": 1}})), None);
    assert_eq!(pair.a.resolve(&Value::Null), None);
}

#[test]
fn bytes_that_are_no_update_change_nothing() {
    let mut pair = Pair::new();
    assert_eq!(pair.a.integrate(&[1, 2, 3]), Err(IntegrateError::Invalid));
    assert_eq!(plain(&pair.a), "\n");
}

#[test]
fn what_waits_for_something_that_was_lost_is_not_offered() {
    let mut pair = Pair::new();
    pair.a.edit(vec![(TEXT, vec![Op::insert("lost")])], By::View).expect("free");
    pair.a.take_updates();
    pair.a.edit(vec![(TEXT, vec![Op::retain(4), Op::insert("waits")])], By::View).expect("free");
    let waits = pair.a.take_updates().pop().expect("an edit makes an update");
    let empty = StateVector::default().encode_v1();
    let before = pair.b.difference(&empty).expect("free");
    pair.b.integrate(&waits).expect("an update with a gap applies later");
    assert_eq!(pair.b.difference(&empty).expect("free"), before);
}

/// Records with one update each, as a device has them.
fn found(log: &[&Bytes], edits: &[&Bytes]) -> StoredRecords {
    let records = |updates: &[&Bytes]| {
        let record = |update: &Bytes| Record { tab: 7, updates: vec![update.clone()] };
        (1..).map(Key).zip(updates).map(|(key, update)| (key, update.len(), record(update))).collect()
    };
    StoredRecords { log: records(log), edits: records(edits), is_damaged: false }
}

#[test]
fn what_a_device_kept_is_recalled_in_any_order_and_never_with_a_hole() {
    let mut pair = Pair::new();
    let empty = StateVector::default().encode_v1();
    let seeded = pair.a.difference(&empty).expect("free");
    let mut edits = Vec::new();
    for words in ["ett", "två", "tre"] {
        pair.a.edit(vec![(TEXT, vec![Op::insert(words)])], By::View).expect("free");
        edits.extend(pair.a.take_updates());
    }
    let fresh = || Replica::new(template(), 3, Arc::new(|| 1_000_000));
    let mut whole = fresh();
    assert!(whole.recall(&found(&[&seeded, &edits[2], &edits[1]], &[&edits[0]])));
    assert_eq!(plain(&whole), plain(&pair.a));
    assert_eq!(whole.integrate(&seeded), Ok(vec![]), "nothing is left to be shown twice");
    assert!(!fresh().recall(&found(&[&seeded, &edits[0]], &[&edits[2]])), "the second was set aside");
    assert!(!fresh().recall(&found(&[&seeded], &[&Bytes::from_static(&[1, 2, 3])])));
}
