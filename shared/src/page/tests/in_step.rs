//! How the page is in step, and what it says of that.

use super::*;

fn writes(messages: &[Message]) -> Vec<crate::WriteNumber> {
    let number =
        |message: &Message| if let Message::Write(number, _) = message { Some(*number) } else { None };
    messages.iter().filter_map(number).collect()
}

#[test]
fn what_is_typed_is_sent_at_once_and_called_saved_when_it_was_so_for_a_moment() {
    let mut world = World::in_step(Role::Editor);
    assert_eq!(world.says(), (SyncStatus::Saved, 0));
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "å");
    let sent = writes(&world.sent());
    assert_eq!((sent.len(), world.says().0), (1, SyncStatus::Saving));
    assert_eq!(world.page.view().sync.pending, 1);
    world.hears(&Message::Saved(sent[0]));
    let sync = &world.page.view().sync;
    assert_eq!((sync.status, sync.pending, world.says().0), (SyncStatus::Saved, 0, SyncStatus::Saving));
    world.passes(Duration::from_millis(500));
    assert_eq!(world.says().0, SyncStatus::Saving);
    world.passes(Duration::from_millis(200));
    assert_eq!(world.says().0, SyncStatus::Saved);
}

#[test]
fn a_key_in_the_meantime_has_the_moment_begin_anew() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    for _ in 0..3 {
        world.types(FIRST, "å");
        let number = *writes(&world.sent()).last().unwrap();
        world.hears(&Message::Saved(number));
        world.passes(Duration::from_millis(400));
        assert_eq!(world.says().0, SyncStatus::Saving);
    }
    world.passes(Duration::from_millis(1200));
    assert_eq!(world.says().0, SyncStatus::Saved);
}

#[test]
fn who_is_cut_off_sees_since_when_and_how_much_waits_and_who_comes_back_is_told() {
    let mut world = World::in_step(Role::Editor);
    let attempt = world.attempt.unwrap();
    world.act(|page| page.tell_peer(Event::Closed(attempt, None)));
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "ab");
    let connection = &world.page.view().connection;
    assert_eq!((connection.said, connection.cut_at), ((SyncStatus::Offline, 2), Some(1_002_000.0)));
    assert_eq!(connection.transport, None);
    world.passes(Duration::from_secs(3));
    world.connects(Role::Editor);
    assert!(world.asked.contains(&Effect::NoteReached));
    assert_eq!(world.page.view().connection.cut_at, None);
}

#[test]
fn whose_role_changes_may_write_or_no_longer() {
    let mut world = World::in_step(Role::Editor);
    assert!(world.page.may_write());
    let attempt = world.attempt.unwrap();
    world.act(|page| page.tell_peer(Event::Closed(attempt, None)));
    world.passes(Duration::from_secs(3));
    world.connects(Role::Reader);
    assert!(world.asked.contains(&Effect::SetEditable(false)));
    assert!(!world.page.may_write());
    world.selects(FIRST, 0, 0);
    assert!(!world.commands(FIRST, command::Command::Enter));
    assert_eq!(world.reads(FIRST), "");
}

#[test]
fn who_is_stopped_says_so_whatever_comes_after() {
    let mut world = World::in_step(Role::Editor);
    world.act(|page| page.tell_peer(Event::AccessAnswered(peer::Access::Denied)));
    assert!(world.page.view().writer.stopped.is_some());
    assert!(world.asked.contains(&Effect::SetEditable(false)));
    world.selects(FIRST, 0, 0);
    world.passes(Duration::from_secs(3));
    assert_eq!(world.says().0, SyncStatus::Error);
    assert_eq!(world.page.view().sync.status, SyncStatus::Error);
}

#[test]
fn who_is_here_is_told_once_a_tenth_of_a_second_and_only_when_it_is_news() {
    let mut world = World::in_step(Role::Editor);
    let told = |world: &mut World| {
        let sent = world.sent();
        sent.iter().filter(|message| matches!(message, Message::Presence(_))).count()
    };
    told(&mut world);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "abcdef");
    assert_eq!(told(&mut world), 0);
    world.passes(Duration::from_millis(100));
    assert_eq!(told(&mut world), 1);
    world.selects(FIRST, 6, 6);
    world.passes(Duration::from_millis(100));
    assert_eq!(told(&mut world), 0, "the same place is no news");
}

#[test]
fn who_leaves_says_farewell_unless_something_waits() {
    let farewell = |world: &mut World| {
        world.act(Page::leave);
        world.sent().iter().any(|message| match message {
            Message::Presence(entries) => String::from_utf8_lossy(entries).contains("null"),
            _ => false,
        })
    };
    let mut world = World::in_step(Role::Editor);
    assert!(farewell(&mut world));
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "å");
    assert!(!farewell(&mut world));
}

#[test]
fn the_others_are_seen_and_who_is_lost_stays_seen_as_lost() {
    let mut world = World::in_step(Role::Owner);
    world.other_is(5, 1, Some("Bo"));
    world.draws();
    let people = &world.page.view().people;
    assert_eq!(people.here.iter().map(|person| &*person.name).collect::<Vec<_>>(), ["Bo"]);
    world.other_is(5, 1, None);
    world.draws();
    let people = &world.page.view().people;
    assert!(people.here.is_empty());
    assert_eq!(people.lost.iter().map(|person| &*person.name).collect::<Vec<_>>(), ["Bo"]);
}

#[test]
fn a_part_of_the_view_has_another_version_only_if_something_of_it_may_be_different() {
    let mut world = World::in_step(Role::Editor);
    world.selects(FIRST, 0, 0);
    world.types(FIRST, "a");
    world.passes(Duration::from_secs(2));
    let versions = |world: &World| {
        let view = world.page.view();
        [view.room.version(), view.people.version(), view.text.version(), view.find.version()]
    };
    let before = versions(&world);
    world.types(FIRST, "b");
    assert_eq!(versions(&world), before, "a key touches the sync's part and the writer's alone");
    // The status line says once that it is saving, however many keys come.
    let said = world.page.view().connection.version();
    let number = *writes(&world.sent()).last().unwrap();
    world.hears(&Message::Saved(number));
    world.types(FIRST, "c");
    assert_eq!(world.page.view().connection.version(), said);
}
