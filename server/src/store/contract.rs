//! What [`Store`] promises, as a suite that every engine must pass.

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use samsyn_shared::{MalbildId, Seq};

use super::{DocumentId, Loaded, RestorePoint, Store, Table, Time, Write};

/// When all is written that doesn't care when.
const NOW: Time = Time(1_000_000);
const HOUR: u64 = 3_600_000;

/// A Document of its own for each number.
pub(super) fn document(n: u64) -> DocumentId {
    DocumentId::content(MalbildId::generate(&mut SmallRng::seed_from_u64(n)))
}

/// Appends all of `updates` in one commit.
pub(super) fn append(store: &impl Store, document: DocumentId, updates: &[&[u8]]) -> Vec<Option<Seq>> {
    let write = |update: &&[u8]| Write::Append { document, update: Bytes::copy_from_slice(update) };
    store.commit(&updates.iter().map(write).collect::<Vec<_>>(), NOW).unwrap()
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
    case(snapshots_stay_as_restore_points);
    case(a_document_comes_back_as_it_was_at_a_time);
    case(old_restore_points_grow_sparser);
    case(a_document_is_replaced_whole);
    case(documents_are_listed_with_all_their_records);
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
    assert_eq!(store.load(document(3)).unwrap(), None);
}

fn compaction_keeps_what_it_does_not_cover(store: &impl Store) {
    let id = document(1);
    append(store, id, &[b"a", b"b", b"c"]);
    store.commit(&[compact(id, b"AB", 2)], NOW).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!(loaded.snapshot, Some(Bytes::from_static(b"AB")));
    assert_eq!(loaded.updates, [Bytes::from_static(b"c")]);
    store.commit(&[compact(id, b"ABC", 3)], NOW).unwrap();
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
    store.commit(&[compact(id, b"AB", 2)], NOW).unwrap();
    store.commit(&[compact(id, b"A", 1)], NOW).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!((loaded.snapshot, loaded.last), (Some(Bytes::from_static(b"AB")), Seq(2)));
}

fn a_document_may_begin_with_a_snapshot(store: &impl Store) {
    let id = document(1);
    store.commit(&[compact(id, b"seed", 0)], NOW).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!((loaded.snapshot, loaded.last), (Some(Bytes::from_static(b"seed")), Seq(0)));
    assert_eq!(append(store, id, &[b"a"]), [Some(Seq(1))]);
}

fn records_are_put_replaced_and_removed(store: &impl Store) {
    store.commit(&[put("ab", &vec![1; 200_000]), put("a", b"1"), put("b", b"2")], NOW).unwrap();
    store.commit(&[put("ab", b"short")], NOW).unwrap();
    assert_eq!(store.get(Table::Token, "ab").unwrap(), Some(Bytes::from_static(b"short")));
    assert_eq!(store.get(Table::Session, "ab").unwrap(), None);
    assert_eq!(store.keys(Table::Token, "a").unwrap(), ["a", "ab"]);
    store.commit(&[Write::Delete { table: Table::Token, key: "a".into() }], NOW).unwrap();
    assert_eq!(store.get(Table::Token, "a").unwrap(), None);
    assert_eq!(store.keys(Table::Token, "").unwrap(), ["ab", "b"]);
    // Requests of several callers become one commit.
    let delete = Write::Delete { table: Table::Token, key: "b".into() };
    store.commit(&[put("c", &vec![1; 9_000]), put("c", b"short"), put("b", b"3"), delete], NOW).unwrap();
    assert_eq!(store.get(Table::Token, "c").unwrap(), Some(Bytes::from_static(b"short")));
    assert_eq!(store.keys(Table::Token, "").unwrap(), ["ab", "c"]);
}

fn a_commit_may_hold_every_kind(store: &impl Store) {
    let (one, two) = (document(1), document(2));
    let append = |document| Write::Append { document, update: Bytes::from_static(b"u") };
    let given = store.commit(&[append(one), put("k", b"v"), append(two), append(one)], NOW).unwrap();
    assert_eq!(given, [Some(Seq(1)), None, Some(Seq(1)), Some(Seq(2))]);
}

fn large_values_come_back_whole(store: &impl Store) {
    let id = document(1);
    let large: Vec<u8> = (0..1_000_000_u32).map(|i| u8::try_from(i % 253).unwrap()).collect();
    append(store, id, &[&large, b"", &large]);
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!(loaded.updates, [Bytes::from(large.clone()), Bytes::new(), Bytes::from(large)]);
}

fn at(store: &impl Store, time: u64, write: Write) {
    store.commit(&[write], Time(time)).unwrap();
}

fn one(document: DocumentId, update: &'static [u8]) -> Write {
    Write::Append { document, update: Bytes::from_static(update) }
}

/// Snapshot and updates as they were at a time, in one text.
fn text_at(store: &impl Store, document: DocumentId, time: u64) -> Option<String> {
    let loaded = store.load_at(document, Time(time)).unwrap()?;
    let parts: Vec<_> = loaded.parts().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    Some(format!("{} {}", parts.join("+"), loaded.last.0))
}

fn snapshots_stay_as_restore_points(store: &impl Store) {
    let id = document(1);
    assert_eq!(store.restore_points(id).unwrap(), []);
    at(store, HOUR, compact(id, b"seed", 0));
    at(store, 2 * HOUR, one(id, b"a"));
    at(store, 3 * HOUR, compact(id, b"A", 1));
    let points =
        [RestorePoint { seq: Seq(0), at: Time(HOUR) }, RestorePoint { seq: Seq(1), at: Time(3 * HOUR) }];
    assert_eq!(store.restore_points(id).unwrap(), points);
    assert_eq!(store.load(id).unwrap().unwrap().snapshot, Some(Bytes::from_static(b"A")));
    // The next number doesn't depend on what is kept.
    assert_eq!(append(store, id, &[b"b"]), [Some(Seq(2))]);
}

fn a_document_comes_back_as_it_was_at_a_time(store: &impl Store) {
    let id = document(1);
    assert_eq!(store.load_at(id, Time(u64::MAX)).unwrap(), None);
    at(store, 10, compact(id, b"seed", 0));
    at(store, 20, one(id, b"a"));
    at(store, 2 * HOUR, compact(id, b"A", 1));
    at(store, 2 * HOUR + 10, one(id, b"b"));
    at(store, 2 * HOUR + 20, one(id, b"c"));
    let text = |time| text_at(store, id, time);
    assert_eq!(text(9), None);
    assert_eq!(text(10).as_deref(), Some("seed 0"));
    // The log that followed is in the newer snapshot alone.
    assert_eq!(text(30).as_deref(), Some("seed 0"));
    assert_eq!(text(2 * HOUR + 9).as_deref(), Some("A 1"));
    assert_eq!(text(2 * HOUR + 10).as_deref(), Some("A+b 2"));
    assert_eq!(text(u64::MAX).as_deref(), Some("A+b+c 3"));
}

fn old_restore_points_grow_sparser(store: &impl Store) {
    let id = document(1);
    let large: Bytes = vec![7; 150_000].into();
    for n in 1..=100 {
        let write = Write::Append { document: id, update: Bytes::from_static(b"u") };
        let compact = Write::Compact { document: id, snapshot: large.clone(), up_to: Seq(n) };
        store.commit(&[write], Time(n * HOUR / 10)).unwrap();
        store.commit(&[compact], Time(n * HOUR / 10)).unwrap();
    }
    let points = store.restore_points(id).unwrap();
    assert!((14..=18).contains(&points.len()), "{points:?}");
    assert_eq!(points.last().unwrap().seq, Seq(100));
    for point in points {
        let loaded = store.load_at(id, point.at).unwrap().unwrap();
        assert_eq!((loaded.snapshot, loaded.last), (Some(large.clone()), point.seq));
    }
}

fn a_document_is_replaced_whole(store: &impl Store) {
    let id = document(1);
    at(store, 1, compact(id, b"seed", 0));
    append(store, id, &[b"a", b"b", b"c"]);
    append(store, document(2), &[b"x"]);
    store.commit(&[Write::Replace { document: id, snapshot: Bytes::from_static(b"R") }], NOW).unwrap();
    let loaded = store.load(id).unwrap().unwrap();
    assert_eq!((loaded.snapshot, loaded.updates.len()), (Some(Bytes::from_static(b"R")), 0));
    assert_eq!(store.restore_points(id).unwrap(), [RestorePoint { seq: loaded.last, at: NOW }]);
    assert!(loaded.last > Seq(3), "no number is used again");
    assert_eq!(append(store, id, &[b"d"]), [Some(loaded.last.next())]);
    assert_eq!(store.load(document(2)).unwrap().unwrap().updates, [Bytes::from_static(b"x")]);
}

fn documents_are_listed_with_all_their_records(store: &impl Store) {
    assert_eq!(store.documents().unwrap(), []);
    let mut ids = [document(1), document(2), document(4)];
    for id in ids {
        append(store, id, &[b"a"]);
    }
    at(store, 5, compact(document(1), b"A", 1));
    ids.sort();
    let mut listed = store.documents().unwrap();
    listed.sort();
    assert_eq!(listed, ids);
    for id in ids {
        let records = store.records(id).unwrap();
        assert!(!records.is_empty() && records.iter().all(|record| record.verified.is_ok()));
    }
    assert_eq!(store.records(document(3)).unwrap(), []);
}
