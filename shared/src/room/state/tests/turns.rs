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

/// Deletes so many characters of what a page wrote.
fn deletion(doc: &Doc, at: u32, length: u32) -> Bytes {
    let mut txn = doc.try_transact_mut().unwrap();
    let section = txn.get_or_insert_text("section:text");
    section.remove_range(&mut txn, at, length);
    txn.encode_update_v1().into()
}

/// Does all turns that are due, and has nothing learned of the document between them; gives how many there were.
fn turns(world: &mut World) -> usize {
    let mut turns = 0;
    while world.state.has_heavy() {
        if world.state.is_turn_due() {
            world.event_alone(Event::Turn);
            turns += 1;
        } else {
            world.proving.take().expect("it waits for a snapshot");
            world.event_alone(Event::Proven { proven: None, opening: None });
        }
    }
    turns
}

fn refused(n: u64) -> Message {
    Message::Refused(WriteNumber(n), refusal::DOCUMENT_FULL.into())
}

fn two_under_a_slow_clock() -> World {
    let joined = [(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)];
    World::under(RoomConfig { cpu: slow, ..config() }, &joined)
}

#[test]
fn a_write_that_takes_too_long_is_cut_off_and_what_follows_is_heard() {
    let mut world = two_under_a_slow_clock();
    world.says_amid(A, &write(1, &blocks(&replica(), 4_000)));
    assert!(world.state.has_heavy());
    // It waits until the one before is done with.
    world.says_amid(A, &write(2, &insert(&document::replica(1002), 0, "efter")));
    // 1 s, and 20 µs for each of 4,000 blocks; each turn takes 45. One more is for what follows.
    assert_eq!(turns(&mut world), 25 + 1);
    world.says(B, &write(1, &insert(&document::replica(1001), 0, "ord")));
    while world.appending.is_some() {
        world.flush();
    }
    let heard = world.heard(A);
    assert!(heard.contains(&refused(1)) && heard.contains(&saved(2)), "{heard:?}");
    assert!(!heard.contains(&saved(1)) && world.closed.is_empty(), "{heard:?}");
    assert!(world.heard(B).contains(&saved(1)));
    assert!(world.text().contains("efter") && world.text().contains("ord"));
    RoomDocument::build(world.disk.iter(), 5).expect("what is on disk loads");
}

#[test]
fn a_write_that_takes_a_second_too_much_is_cut_off_in_a_document_that_opens_at_once() {
    let mut world = two_under_a_slow_clock();
    world.says_amid(A, &write(1, &blocks(&replica(), 4_000)));
    while world.state.has_heavy() {
        world.event_alone(Event::Turn);
        if world.proving.is_some() {
            world.weigh();
        }
    }
    while world.appending.is_some() {
        world.flush();
    }
    let heard = world.heard(A);
    assert!(heard.contains(&refused(1)) && !heard.contains(&saved(1)), "{heard:?}");
}

#[test]
fn what_was_too_much_is_forgiven_once_the_document_is_known_to_open_soon() {
    let mut world = two_under_a_slow_clock();
    let mut number = 0;
    let mut again = |world: &mut World| {
        number += 1;
        world.says_amid(A, &write(number, &blocks(&document::replica(2_000 + number), 4_000)));
        turns(world)
    };
    assert_eq!(again(&mut world), 25);
    // Cut off as soon as it takes more than its own blocks may.
    assert_eq!(again(&mut world), 2);
    while world.appending.is_some() {
        world.flush();
    }
    world.passes(limits::SNAPSHOT_EVERY.as_secs());
    assert_eq!(again(&mut world), 25);
}

#[test]
fn what_makes_a_document_much_larger_waits_until_that_is_weighed_and_nobody_else_does() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
    let page = document::replica(1001);
    world.says(B, &write(1, &insert(&page, 0, "ord")));
    world.says_amid(A, &write(1, &blocks(&replica(), 3_000)));
    let all_that_may = |world: &mut World| {
        if let Some(due) = world.state.wake_at() {
            world.now = due;
            world.event_alone(Event::Woke);
        }
        while world.state.is_turn_due() {
            world.event_alone(Event::Turn);
        }
    };
    all_that_may(&mut world);
    assert!(world.state.has_heavy() && world.proving.is_some());
    world.says_amid(B, &write(2, &deletion(&page, 0, 3)));
    all_that_may(&mut world);
    assert!(!world.text().contains("ord"));
    world.says_amid(B, &write(3, &insert(&page, 0, "mer")));
    all_that_may(&mut world);
    assert!(world.text().contains("mer") && world.state.has_heavy());
    world.says_amid(B, &write(4, &blocks(&document::replica(1002), 500)));
    let before = world.text();
    all_that_may(&mut world);
    assert_eq!(world.text(), before, "what is heavy waits, whoever wrote it");
    world.event(Event::Woke);
    while world.appending.is_some() {
        world.flush();
    }
    assert!(world.heard(A).contains(&saved(1)));
    let heard = world.heard(B);
    assert!(heard.contains(&saved(4)), "{heard:?}");
}

#[test]
fn what_is_left_of_a_write_is_refused_once_the_document_is_known_to_open_slowly() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    world.says_amid(A, &write(1, &blocks(&replica(), 3_000)));
    while world.proving.is_none() {
        world.event_alone(Event::Turn);
    }
    world.opening = 2 * limits::DOCUMENT_OPENING;
    world.weigh();
    world.event(Event::Turn);
    while world.appending.is_some() {
        world.flush();
    }
    let heard = world.heard(A);
    assert!(heard.contains(&refused(1)) && !heard.contains(&saved(1)), "{heard:?}");
    assert!(!world.state.has_heavy() && world.closed.is_empty());
}

#[test]
fn a_snapshot_that_took_long_to_load_takes_no_more_blocks() {
    assert!(written_after(0).contains(&refused(1)));
}

#[test]
fn a_log_that_took_long_to_load_refuses_nobody() {
    assert!(written_after(2_000).contains(&saved(1)));
}

/// What is heard of a write in a room that took long to open, from so many updates after its snapshot.
fn written_after(updates: u64) -> Vec<Message> {
    let document = RoomDocument::build(std::iter::once(&whole(&seed())), 1).unwrap();
    let took = 2 * limits::DOCUMENT_OPENING;
    let log = LogReading { updates, ..LogReading::default() };
    let mut world = World::with(&[]);
    world.state = RoomState::new(Opened { took, log, ..opened(document) }, config(), world.now, 0);
    // What the snapshot takes that is made at once.
    world.opening = if updates == 0 { took } else { Duration::ZERO };
    world.join(A, Role::Editor, Dialect::Own);
    world.says(A, &write(1, &insert(&replica(), 0, "ord")));
    while world.appending.is_some() {
        world.flush();
    }
    world.heard(A)
}

#[test]
fn a_room_that_ends_leaves_what_is_not_made_to_its_writer_and_calls_nothing_after_it_saved() {
    let mut world = two_under_a_slow_clock();
    world.says_amid(A, &write(1, &blocks(&replica(), 4_000)));
    world.event_alone(Event::Turn);
    world.says_amid(A, &write(2, &insert(&document::replica(1002), 0, "efter")));
    world.says_amid(B, &write(1, &insert(&document::replica(1001), 0, "ord")));
    world.event_alone(Event::Draining { is_quiet: true });
    while world.appending.is_some() {
        world.flush();
    }
    assert!(world.state.is_stored());
    assert_eq!(world.closed, [(A, CloseCode::GoingAway)]);
    assert!(!world.heard(A).iter().any(|message| matches!(message, Message::Saved(_))));
    assert!(world.heard(B).contains(&saved(1)));
    RoomDocument::build(world.disk.iter(), 5).expect("what is on disk loads");
}
