//! Writes that are made piece by piece, under a clock of the test's.

use super::*;

/// Each look at the clock says that 15 ms went by, and there are three in a turn.
fn slow() -> Duration {
    thread_local!(static SPENT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
    SPENT.set(SPENT.get() + 15);
    Duration::from_millis(SPENT.get())
}

/// An update of so many blocks of one client, none of which becomes one with another.
fn blocks(doc: &Doc, count: u32) -> Bytes {
    let mut txn = doc.try_transact_mut().unwrap();
    let section = txn.get_or_insert_text("section:text");
    for _ in 0..count {
        section.insert(&mut txn, 0, "x");
    }
    txn.encode_update_v1().into()
}

#[test]
fn a_write_that_takes_too_long_is_cut_off_and_what_follows_is_heard() {
    let joined = [(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)];
    let mut world = World::under(Terms { cpu: slow, ..terms() }, &joined);
    let doc = replica();
    world.says_amid(A, &write(1, &blocks(&doc, 2_000)));
    assert!(world.state.has_heavy());
    // It waits until the one before is done with.
    world.says_amid(A, &write(2, &insert(&replica(), 0, "efter")));
    let mut turns = 0;
    while world.state.has_heavy() {
        world.event_alone(Event::Turn);
        turns += 1;
    }
    // 250 ms, and 20 µs for each of 2,000 blocks; each turn takes 45.
    assert_eq!(turns, 7);
    let heard = world.heard(A);
    assert!(heard.contains(&Message::Refused(WriteNumber(1), refusal::DOCUMENT_FULL.into())), "{heard:?}");
    assert!(!heard.contains(&saved(1)) && world.closed.is_empty(), "{heard:?}");
    world.says(B, &write(1, &insert(&document::replica(1001), 0, "ord")));
    while world.appending.is_some() {
        world.flush();
    }
    assert!(world.heard(B).contains(&saved(1)));
    RoomDocument::build(world.disk.iter(), 5).expect("what is on disk loads");
}
