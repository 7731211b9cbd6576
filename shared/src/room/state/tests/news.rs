//! Who is here, the room's health, and what keeps a quiet connection alive.

use super::*;

#[test]
fn presence_reaches_everyone_its_sender_too_and_goes_with_the_connection() {
    let mut world = World::with(&[(A, Role::Reader, Dialect::Own), (B, Role::Reader, Dialect::Stock)]);
    let here = PresenceEntry { client: 5, clock: 1, state: "{}".into() };
    let announce = presence(std::slice::from_ref(&here));
    world.says(A, &announce);
    assert_eq!((world.heard(A), world.heard(B)), (vec![announce.clone()], vec![announce.clone()]));
    world.join(C, Role::Reader, Dialect::Stock);
    assert_eq!(world.heard(C).last(), Some(&announce), "a newcomer hears who is here");
    world.event(Event::Left { connection: A });
    let gone = presence(&[PresenceEntry { client: 5, clock: 1, state: "null".into() }]);
    assert_eq!((world.heard(B), world.heard(C)), (vec![gone.clone()], vec![gone]));
}

#[test]
fn nobody_is_left_in_silence_for_fifteen_seconds() {
    let mut world = World::with(&[(A, Role::Reader, Dialect::Own), (B, Role::Reader, Dialect::Stock)]);
    let mut quiet = 0;
    for _ in 0..60 {
        world.passes(1);
        let heard = world.inboxes.remove(&B).unwrap_or_default();
        quiet = if heard.is_empty() { quiet + 1 } else { 0 };
        assert!(quiet < 15);
        assert!(heard.iter().all(|m| *m == presence(&[])));
    }
}

#[test]
fn the_health_says_who_is_in_step_and_since_when_all_is_on_disk() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Stock)]);
    world.says(A, &empty_vector());
    let health = world.health(A).unwrap();
    assert_eq!((health.connected, health.in_step, health.on_disk_at), (2, 1, 1_000));
    world.event(Event::DiskChanged(DiskHealth::DiskFull));
    assert_eq!(world.health(A).unwrap().disk, DiskHealth::DiskFull);
    world.event(Event::Left { connection: B });
    world.event(Event::DiskChanged(DiskHealth::Healthy));
    let health = world.health(A).unwrap();
    assert_eq!((health.connected, health.in_step, health.disk), (1, 1, DiskHealth::Healthy));
    assert_eq!(world.health(B), None, "a stock client never sees it");
}

#[test]
fn carets_that_move_all_the_time_cost_ten_frames_a_second() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Reader, Dialect::Own)]);
    let began = world.now;
    for clock in 1..=100 {
        let state = format!("{{\"at\":{clock}}}");
        let moved = Event::FrameReceived {
            connection: A,
            frame: presence(&[PresenceEntry { client: 5, clock, state }]).encode(),
        };
        world.now = began + Duration::from_millis(clock * 10);
        world.event_alone(moved);
        if world.state.wake_at().is_some_and(|due| due <= world.now) {
            world.event_alone(Event::Woke);
        }
    }
    let told = world.heard(B).iter().filter(|message| matches!(message, Message::Presence(_))).count();
    assert!((9..=11).contains(&told), "{told}");
}
