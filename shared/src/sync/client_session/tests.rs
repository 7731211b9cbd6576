//! What the session does with each event, and what it claims.

use super::*;
use crate::Permission;

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn hello(role: Role, epoch: u64) -> Message {
    Message::Hello(Hello {
        epoch: Epoch(epoch),
        role,
        protocol: 1,
        schema: 1,
        message_bytes: 1 << 20,
        document_bytes: 1 << 25,
    })
}

fn step(session: &mut ClientSession, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    session.handle(event, &mut effects);
    effects
}

fn receive(session: &mut ClientSession, message: &Message) -> Vec<Effect> {
    step(session, Event::Received(message.encode()))
}

fn in_step(role: Role) -> ClientSession {
    let mut session = ClientSession::default();
    step(&mut session, Event::Opened { vector: bytes("v") });
    receive(&mut session, &hello(role, 1));
    receive(&mut session, &Message::Step1(bytes("s")));
    step(&mut session, Event::Offered(bytes("d")));
    receive(&mut session, &Message::Step2(bytes("u")));
    assert_eq!(
        session.status(),
        if role.may(Permission::WriteContent) { SyncStatus::Saving } else { SyncStatus::ReadOnly }
    );
    receive(&mut session, &Message::Saved(WriteNumber(1)));
    session
}

/// Edits, and keeps the edit.
fn edit(session: &mut ClientSession, text: &'static str) -> Vec<Effect> {
    let asked = step(session, Event::Edited(bytes(text)));
    let number = session.last();
    assert_eq!(asked, [Effect::Keep(number, bytes(text))]);
    step(session, Event::Kept(number))
}

fn write(number: u64, text: &'static str) -> Effect {
    Effect::Transmit(Message::Write(WriteNumber(number), bytes(text)).encode())
}

#[test]
fn saved_is_said_only_after_the_server_said_it() {
    let mut session = in_step(Role::Editor);
    assert_eq!(session.status(), SyncStatus::Saved);
    assert_eq!(edit(&mut session, "e"), [write(2, "e")]);
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saving, 1));
    receive(&mut session, &Message::Saved(WriteNumber(1)));
    assert_eq!(session.pending(), 1);
    let saved = receive(&mut session, &Message::Saved(WriteNumber(2)));
    assert_eq!(saved, [Effect::Saved(WriteNumber(2))]);
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saved, 0));
}

#[test]
fn an_edit_is_sent_when_it_is_kept_and_none_overtakes_another() {
    let mut session = in_step(Role::Editor);
    step(&mut session, Event::Edited(bytes("e")));
    // Another tab's edit is kept already, but `Saved` for it would speak for the one before it.
    assert_eq!(step(&mut session, Event::Found(bytes("f"))), []);
    step(&mut session, Event::Edited(bytes("g")));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saving, 3));
    assert_eq!(step(&mut session, Event::Kept(WriteNumber(2))), [write(2, "e"), write(3, "f")]);
    assert_eq!(step(&mut session, Event::Kept(WriteNumber(4))), [write(4, "g")]);
    assert_eq!(step(&mut session, Event::Found(bytes("h"))), [write(5, "h")]);
    receive(&mut session, &Message::Saved(WriteNumber(4)));
    assert_eq!(session.pending(), 1);
}

#[test]
fn what_an_earlier_page_load_left_unsaved_is_offered_and_counted_until_it_is_saved() {
    let mut session = ClientSession::holding(Epoch(1));
    step(&mut session, Event::Found(bytes("e")));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Offline, 1));
    step(&mut session, Event::Opened { vector: bytes("v") });
    receive(&mut session, &hello(Role::Editor, 1));
    receive(&mut session, &Message::Step1(bytes("s")));
    assert_eq!(step(&mut session, Event::Offered(bytes("d"))), [write(2, "d")]);
    receive(&mut session, &Message::Step2(bytes("u")));
    receive(&mut session, &Message::Saved(WriteNumber(2)));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saved, 0));
    let mut other = ClientSession::holding(Epoch(2));
    assert_eq!(receive(&mut other, &hello(Role::Editor, 1)), [Effect::Stop(Stopped::OtherEpoch)]);
}

#[test]
fn a_server_that_lost_what_it_had_has_saved_nothing_before_it_says_so() {
    let mut session = in_step(Role::Editor);
    step(&mut session, Event::Closed);
    step(&mut session, Event::Opened { vector: bytes("v") });
    receive(&mut session, &hello(Role::Editor, 1));
    receive(&mut session, &Message::Step1(bytes("older")));
    step(&mut session, Event::Offered(bytes("d")));
    receive(&mut session, &Message::Step2(bytes("u")));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saving, 0));
    receive(&mut session, &Message::Saved(WriteNumber(2)));
    assert_eq!(session.status(), SyncStatus::Saved);
}

#[test]
fn what_is_held_is_compared_when_nothing_was_written_since_the_question() {
    let held = Fingerprint { vector: bytes("h"), deleted: 7 };
    let mut session = in_step(Role::Editor);
    assert_eq!(step(&mut session, Event::Doubted), [Effect::Transmit(Message::Compare.encode())]);
    assert_eq!(receive(&mut session, &Message::Held(held.clone())), [Effect::Compare(held.clone())]);
    assert_eq!(receive(&mut session, &Message::Held(held.clone())), [], "nobody asked");
    assert_eq!((step(&mut session, Event::Parted), session.partings()), (vec![Effect::Reconnect], 1));
    step(&mut session, Event::Doubted);
    step(&mut session, Event::Edited(bytes("e")));
    assert_eq!(receive(&mut session, &Message::Held(held)), []);
}

#[test]
fn one_question_at_a_time_so_that_no_answer_is_taken_for_a_later_ones() {
    let held = Fingerprint { vector: bytes("h"), deleted: 7 };
    let mut session = in_step(Role::Editor);
    step(&mut session, Event::Doubted);
    step(&mut session, Event::Edited(bytes("e")));
    assert_eq!(step(&mut session, Event::Doubted), []);
    assert_eq!(receive(&mut session, &Message::Held(held)), [], "it was made before the edit");
}

#[test]
fn nothing_is_compared_before_the_handshake_is_done() {
    let mut session = ClientSession::default();
    assert_eq!(step(&mut session, Event::Doubted), []);
    step(&mut session, Event::Opened { vector: bytes("v") });
    assert_eq!(step(&mut session, Event::Doubted), []);
}

#[test]
fn what_was_on_its_way_when_the_network_went_is_offered_again() {
    let mut session = in_step(Role::Editor);
    step(&mut session, Event::Edited(bytes("e")));
    step(&mut session, Event::Closed);
    step(&mut session, Event::Edited(bytes("f")));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Offline, 2));
    step(&mut session, Event::Opened { vector: bytes("v") });
    receive(&mut session, &hello(Role::Editor, 1));
    // An edit before the offer is not sent by itself: it would arrive as a gap.
    assert_eq!(edit(&mut session, "g"), []);
    assert_eq!(receive(&mut session, &Message::Step1(bytes("s"))), [Effect::Offer { vector: bytes("s") }]);
    let sent = step(&mut session, Event::Offered(bytes("efg")));
    assert_eq!(sent, [Effect::Transmit(Message::Write(WriteNumber(5), bytes("efg")).encode())]);
    receive(&mut session, &Message::Step2(bytes("u")));
    assert_eq!(session.status(), SyncStatus::Saving);
    receive(&mut session, &Message::Saved(WriteNumber(5)));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saved, 0));
}

#[test]
fn a_gap_is_answered_with_the_whole_difference() {
    let mut session = in_step(Role::Owner);
    assert_eq!(receive(&mut session, &Message::Step1(bytes("t"))), [Effect::Offer { vector: bytes("t") }]);
    assert_eq!(session.status(), SyncStatus::Saved);
}

#[test]
fn a_reader_offers_what_it_has_and_learns_that_it_is_ahead_of_the_server() {
    let mut session = ClientSession::default();
    step(&mut session, Event::Opened { vector: bytes("v") });
    receive(&mut session, &hello(Role::Reader, 1));
    let offer = Effect::Offer { vector: bytes("s") };
    assert_eq!(receive(&mut session, &Message::Step1(bytes("s"))), [offer]);
    step(&mut session, Event::Offered(bytes("d")));
    receive(&mut session, &Message::Step2(bytes("u")));
    assert_eq!((session.status(), session.pending()), (SyncStatus::ReadOnly, 0));
    let refused = Message::Refused(WriteNumber(1), "role".into());
    assert_eq!(receive(&mut session, &refused), [Effect::Stop(Stopped::Ahead)]);
}

#[test]
fn an_update_before_the_step_2_leaves_no_hole() {
    let mut session = ClientSession::default();
    step(&mut session, Event::Opened { vector: bytes("v") });
    receive(&mut session, &hello(Role::Editor, 1));
    assert_eq!(receive(&mut session, &Message::Update(bytes("early"))), []);
    let effects = receive(&mut session, &Message::Step2(bytes("all, the early one too")));
    assert!(effects.contains(&Effect::Integrate(bytes("all, the early one too"))));
    assert_eq!(receive(&mut session, &Message::Update(bytes("late"))), [Effect::Integrate(bytes("late"))]);
}

#[test]
fn another_epoch_is_never_merged() {
    let mut session = in_step(Role::Editor);
    step(&mut session, Event::Closed);
    step(&mut session, Event::Opened { vector: bytes("v") });
    assert_eq!(receive(&mut session, &hello(Role::Editor, 2)), [Effect::Stop(Stopped::OtherEpoch)]);
    assert_eq!(receive(&mut session, &Message::Step2(bytes("u"))), []);
    assert_eq!(session.status(), SyncStatus::Error);
    step(&mut session, Event::Edited(bytes("e")));
    assert_eq!(session.pending(), 1);
}

#[test]
fn a_refusal_is_an_error_and_what_was_refused_stays_unsaved() {
    let mut session = in_step(Role::Editor);
    step(&mut session, Event::Edited(bytes("e")));
    let effects = receive(&mut session, &Message::Refused(WriteNumber(2), "role".into()));
    assert_eq!(effects, [Effect::Stop(Stopped::Refused)]);
    assert_eq!((session.status(), session.pending()), (SyncStatus::Error, 1));
}

#[test]
fn while_the_disk_is_full_nothing_is_called_saved_and_then_all_goes_on() {
    let mut session = in_step(Role::Editor);
    let health = |disk| Message::RoomHealth(RoomHealth { connected: 1, in_step: 1, on_disk_at: 5, disk });
    receive(&mut session, &health(DiskHealth::DiskFull));
    assert_eq!(session.status(), SyncStatus::Error);
    step(&mut session, Event::Edited(bytes("e")));
    receive(&mut session, &health(DiskHealth::Healthy));
    assert_eq!((session.status(), session.pending()), (SyncStatus::Saving, 1));
    receive(&mut session, &Message::Saved(WriteNumber(2)));
    assert_eq!(session.status(), SyncStatus::Saved);
    receive(&mut session, &health(DiskHealth::CannotSave));
    step(&mut session, Event::Closed);
    assert_eq!((session.status(), session.room_health()), (SyncStatus::Offline, None));
}

#[test]
fn a_changed_role_is_what_the_status_says_from_then_on() {
    let mut session = in_step(Role::Editor);
    receive(&mut session, &Message::RoleChanged(Role::Reader));
    assert_eq!((session.status(), session.role()), (SyncStatus::ReadOnly, Some(Role::Reader)));
    receive(&mut session, &Message::RoleChanged(Role::Owner));
    assert_eq!(session.status(), SyncStatus::Saved);
    assert_eq!(edit(&mut session, "e"), [write(2, "e")]);
}

#[test]
fn a_frame_that_does_not_decode_reconnects() {
    let mut session = in_step(Role::Editor);
    assert_eq!(step(&mut session, Event::Received(bytes("\u{7F}"))), [Effect::Reconnect]);
}
