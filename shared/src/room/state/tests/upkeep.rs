//! Snapshots and the end of a room.

use super::*;
use crate::room::Proven;

const SOON: UpkeepLimits = UpkeepLimits {
    log_long: 3,
    log_short: 2,
    snapshot_every: Duration::from_secs(100),
    idle: Duration::from_secs(10),
};

fn world() -> World {
    let joined = [(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)];
    World::under(RoomConfig { upkeep: SOON, ..config() }, &joined)
}

/// So many writes, each on disk before the next.
fn write_all(world: &mut World, numbers: std::ops::Range<u64>) {
    for number in numbers {
        world.says_amid(A, &write(number, &insert(&document::replica(1_000 + number), 0, "x")));
        world.now += Duration::from_secs(1);
        world.event_alone(Event::Woke);
        let updates = world.appending.take().expect("it is being appended");
        world.disk.extend(updates);
        let last = Seq(world.disk.len() as u64);
        world.event_alone(Event::Appended { at: 2_000, last });
    }
}

fn prove(world: &mut World) {
    let proven = world.proving.take().expect("a snapshot is being proven").prove();
    world.event_alone(Event::Proven { proven: Some(proven), opening: Some(Duration::ZERO) });
}

#[test]
fn a_long_log_is_replaced_up_to_where_it_was_when_the_snapshot_was_begun() {
    let mut world = world();
    write_all(&mut world, 1..4);
    let at = Seq(world.disk.len() as u64);
    assert_eq!(world.state.log().updates, 0, "the snapshot that is being made has them");
    write_all(&mut world, 4..5);
    prove(&mut world);
    let Some((snapshot, up_to)) = world.compacted.pop() else { panic!("no snapshot was stored") };
    assert_eq!((up_to, world.state.log().updates), (at, 1));
    assert_eq!(world.state.log().snapshot_bytes, snapshot.len() as u64);
    RoomDocument::build(std::iter::once(&snapshot), 5).expect("it loads");
}

#[test]
fn one_snapshot_is_made_at_a_time_and_the_next_once_it_is_stored() {
    let mut world = world();
    write_all(&mut world, 1..9);
    assert!(world.proving.is_some() && world.compacted.is_empty());
    prove(&mut world);
    assert_eq!(world.compacted.len(), 1);
    assert!(world.proving.is_some(), "the log is long again");
}

#[test]
fn a_snapshot_that_is_not_the_same_is_not_stored_and_the_next_is_made_when_the_log_is_long_again() {
    let mut world = world();
    write_all(&mut world, 1..4);
    world.proving.take().expect("a snapshot is being proven");
    let proven = Some(Err(Broken("a test says so")));
    world.event_alone(Event::Proven { proven, opening: None });
    assert!(world.compacted.is_empty() && world.proving.is_none());
    write_all(&mut world, 4..7);
    prove(&mut world);
    assert_eq!(world.compacted.len(), 1);
}

#[test]
fn what_a_loaded_snapshot_deletes_more_is_deleted_in_the_live_document_too() {
    let mut world = world();
    write_all(&mut world, 1..4);
    let before = world.text();
    world.proving.take().expect("a snapshot is being proven");
    let page = replica();
    let update = {
        for update in &world.disk {
            apply(&page, update);
        }
        let mut txn = page.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        text.remove_range(&mut txn, 0, 1);
        Bytes::from(txn.encode_update_v1())
    };
    let proven = Some(Ok(Proven::DeletesMore(update)));
    world.event_alone(Event::Proven { proven, opening: None });
    assert_eq!(world.text().len() + 1, before.len());
    assert!(world.compacted.is_empty() && world.appending.is_some(), "it is stored as any update");
}

#[test]
fn a_room_that_is_written_in_makes_a_snapshot_now_and_then() {
    let mut world = world();
    write_all(&mut world, 1..2);
    world.now += SOON.snapshot_every;
    world.event_alone(Event::Ticked);
    prove(&mut world);
    assert_eq!(world.compacted.len(), 1);
    world.now += 2 * SOON.snapshot_every;
    world.event_alone(Event::Ticked);
    assert!(world.proving.is_none(), "nothing was written since");
}

#[test]
fn a_room_that_nobody_has_been_in_for_a_while_ends_and_leaves_a_snapshot() {
    let mut world = world();
    write_all(&mut world, 1..3);
    for connection in [A, B] {
        world.event_alone(Event::Left { connection });
    }
    world.now += SOON.idle / 2;
    world.event_alone(Event::Ticked);
    assert!(!world.has_ended);
    world.now += SOON.idle / 2;
    world.event_alone(Event::Ticked);
    assert!(world.has_ended && !world.state.is_over(), "its snapshot is being made");
    prove(&mut world);
    assert_eq!(world.compacted.len(), 1);
    assert!(world.state.is_over());
}

#[test]
fn a_short_log_is_left_as_it_is() {
    let mut world = world();
    write_all(&mut world, 1..2);
    for connection in [A, B] {
        world.event_alone(Event::Left { connection });
    }
    world.now += SOON.idle;
    world.event_alone(Event::Ticked);
    assert!(world.has_ended && world.state.is_over());
}

#[test]
fn a_room_that_is_to_end_ends_once_all_that_was_said_is_on_disk() {
    let mut world = world();
    world.says_amid(A, &write(1, &insert(&replica(), 0, "x")));
    world.event_alone(Event::Draining { is_quiet: true });
    assert!(!world.has_ended && world.closed.is_empty());
    world.disk.extend(world.appending.take().expect("it is being appended"));
    let last = Seq(world.disk.len() as u64);
    world.event_alone(Event::Appended { at: 2_000, last });
    assert_eq!(world.heard(A), [saved(1)]);
    world.event_alone(Event::Draining { is_quiet: false });
    assert!(!world.has_ended, "something that was said is not heard yet");
    world.event_alone(Event::Draining { is_quiet: true });
    assert!(world.has_ended && world.state.is_over());
    assert_eq!(world.closed, [(A, CloseCode::GoingAway), (B, CloseCode::GoingAway)]);
}
