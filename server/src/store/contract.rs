//! What [`Store`] promises, as a suite that every engine must pass.

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use samsyn_shared::{MalbildId, Seq};

use super::memory::MemoryStore;
use super::{DocumentId, Loaded, Store, Table, Write};

/// A Document of its own for each number.
pub(super) fn document(n: u64) -> DocumentId {
    DocumentId::content(MalbildId::generate(&mut SmallRng::seed_from_u64(n)))
}

/// Appends all of `updates` in one commit.
pub(super) fn append(store: &impl Store, document: DocumentId, updates: &[&[u8]]) -> Vec<Option<Seq>> {
    let write = |update: &&[u8]| Write::Append { document, update: Bytes::copy_from_slice(update) };
    store.commit(&updates.iter().map(write).collect::<Vec<_>>()).unwrap()
}

/// A record in the table that the tests use.
pub(super) fn put(key: &str, value: &[u8]) -> Write {
    Write::Put { table: Table::Token, key: key.to_owned(), value: Bytes::copy_from_slice(value) }
}

fn compact(document: DocumentId, snapshot: &'static [u8], up_to: u64) -> Write {
    Write::Compact { document, snapshot: Bytes::from_static(snapshot), up_to: Seq(up_to) }
}

/// Runs the whole suite, each case on a store of its own. `K` keeps alive what the store lives in.
pub(super) fn check<S: Store, K>(mut open: impl FnMut() -> (S, K)) {
    let mut case = |test: fn(&S)| {
        let (store, _keep) = open();
        test(&store);
    };
    case(what_was_never_written_is_none);
    case(numbers_have_no_gaps_and_order_is_kept);
    case(documents_do_not_mix);
    case(compaction_keeps_what_it_does_not_cover);
    case(an_older_compaction_is_ignored);
    case(a_document_may_begin_with_a_snapshot);
    case(records_are_put_replaced_and_removed);
    case(a_commit_may_hold_every_kind);
    case(large_values_come_back_whole);
}

fn what_was_never_written_is_none(store: &impl Store) {
    assert_eq!(store.load(document(1)).unwrap(), None);
    assert_eq!(store.get(Table::Token, "x").unwrap(), None);
    assert!(store.keys(Table::Token, "").unwrap().is_empty());
}

fn numbers_have_no_gaps_and_order_is_kept(store: &impl Store) {
    let id = document(1);
    assert_eq!(append(store, id, &[b"a", b"b"]), [Some(Seq(1)), Some(Seq(2))]);
    assert_eq!(append(store, id, &[b"c"]), [Some(Seq(3))]);
    let updates = vec![Bytes::from_static(b"a"), Bytes::from_static(b"b"), Bytes::from_static(b"c")];
    assert_eq!(store.load(id).unwrap(), Some(Loaded { snapshot: None, updates, last: Seq(3) }));
}

fn documents_do_not_mix(store: &impl Store) {
    append(store, document(1), &[b"a"]);
    assert_eq!(append(store, document(2), &[b"b"]), [Some(Seq(1))]);
    assert_eq!(store.load(document(1)).unwrap().unwrap().updates, [Bytes::from_static(b"a")]);
    let discussion = DocumentId { part: super::Part::Discussion, ..document(1) };
    assert_eq!(store.load(discussion).unwrap(), None);
}

fn compaction_keeps_what_it_does_not_cover(store: &impl Store) {
    let id = document(1);
    append(store, id, &[b"a", b"b", b"c"]);
    store.commit(&[compact(id, b"AB", 2)]).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!(loaded.snapshot, Some(Bytes::from_static(b"AB")));
    assert_eq!(loaded.updates, [Bytes::from_static(b"c")]);
    store.commit(&[compact(id, b"ABC", 3)]).unwrap();
    assert_eq!(append(store, id, &[b"d"]), [Some(Seq(4))]);
    let expected = Loaded {
        snapshot: Some(Bytes::from_static(b"ABC")),
        updates: vec![Bytes::from_static(b"d")],
        last: Seq(4),
    };
    assert_eq!(store.load(id).unwrap(), Some(expected));
}

fn an_older_compaction_is_ignored(store: &impl Store) {
    let id = document(1);
    append(store, id, &[b"a", b"b"]);
    store.commit(&[compact(id, b"AB", 2)]).unwrap();
    store.commit(&[compact(id, b"A", 1)]).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!((loaded.snapshot, loaded.last), (Some(Bytes::from_static(b"AB")), Seq(2)));
}

fn a_document_may_begin_with_a_snapshot(store: &impl Store) {
    let id = document(1);
    store.commit(&[compact(id, b"seed", 0)]).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!((loaded.snapshot, loaded.last), (Some(Bytes::from_static(b"seed")), Seq(0)));
    assert_eq!(append(store, id, &[b"a"]), [Some(Seq(1))]);
}

fn records_are_put_replaced_and_removed(store: &impl Store) {
    store.commit(&[put("ab", &vec![1; 200_000]), put("a", b"1"), put("b", b"2")]).unwrap();
    store.commit(&[put("ab", b"short")]).unwrap();
    assert_eq!(store.get(Table::Token, "ab").unwrap(), Some(Bytes::from_static(b"short")));
    assert_eq!(store.get(Table::Session, "ab").unwrap(), None);
    assert_eq!(store.keys(Table::Token, "a").unwrap(), ["a", "ab"]);
    store.commit(&[Write::Delete { table: Table::Token, key: "a".into() }]).unwrap();
    assert_eq!(store.get(Table::Token, "a").unwrap(), None);
    assert_eq!(store.keys(Table::Token, "").unwrap(), ["ab", "b"]);
}

fn a_commit_may_hold_every_kind(store: &impl Store) {
    let (one, two) = (document(1), document(2));
    let append = |document| Write::Append { document, update: Bytes::from_static(b"u") };
    let given = store.commit(&[append(one), put("k", b"v"), append(two), append(one)]).unwrap();
    assert_eq!(given, [Some(Seq(1)), None, Some(Seq(1)), Some(Seq(2))]);
}

fn large_values_come_back_whole(store: &impl Store) {
    let id = document(1);
    let large: Vec<u8> = (0..1_000_000_u32).map(|i| u8::try_from(i % 253).unwrap()).collect();
    append(store, id, &[&large, b"", &large]);
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!(loaded.updates, [Bytes::from(large.clone()), Bytes::new(), Bytes::from(large)]);
}

#[test]
fn memory_keeps_the_contract() {
    check(|| (MemoryStore::default(), ()));
}
