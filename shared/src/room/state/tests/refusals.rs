//! What is refused, what ends a connection, and what a hostile one leaves behind: nothing.

use super::*;
use crate::room::hostile;

#[test]
fn readers_and_commenters_are_refused_what_would_change_the_content_and_nothing_else() {
    for role in [Role::Reader, Role::Commenter] {
        let mut world = World::with(&[(A, role, Dialect::Own), (B, role, Dialect::Stock)]);
        let update = insert(&replica(), 0, "hej");
        world.says(A, &write(1, &whole(&seed())));
        world.says(A, &write(2, &update));
        assert_eq!(
            world.heard(A),
            [saved(1), Message::Refused(WriteNumber(2), refusal::ROLE.into())],
            "a step 2 with nothing new is no write"
        );
        world.says(B, &Message::Step2(whole(&seed())));
        assert_eq!(world.heard(B), []);
        world.says(B, &Message::Update(update));
        assert_eq!(world.heard(B), [Message::Denied("permission denied".into())]);
        assert_eq!((world.text().as_str(), world.closed.len(), world.appending.is_none()), ("\n", 0, true));
    }
}

#[test]
fn a_frame_that_does_not_decode_closes_its_connection_and_no_other() {
    let bad: [&[u8]; 6] =
        [&[], &[200], &[0, 2, 3, 1, 1, 1], &[0, 0, 5, 0xFF, 0xFF, 0xFF, 0x7A, 1], &[1, 2, 9, 9], &[102, 1]];
    for frame in bad {
        let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
        world.event(Event::FrameReceived { connection: A, frame: Bytes::copy_from_slice(frame) });
        assert_eq!(world.closed, [(A, CloseCode::Undecodable)], "{frame:?}");
        let update = insert(&replica(), 0, "hej");
        world.says(B, &write(1, &update));
        world.flush();
        assert_eq!(world.heard(B), [saved(1)]);
    }
}

#[test]
fn a_stock_client_cannot_use_our_own_messages() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Stock)]);
    world.says(A, &write(1, &insert(&replica(), 0, "hej")));
    assert_eq!(world.closed, [(A, CloseCode::Undecodable)]);
}

#[test]
fn forbidden_content_is_refused_and_the_socket_stays() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    let doc = replica();
    let update: Bytes = {
        let mut txn = doc.try_transact_mut().unwrap();
        let meta = txn.get_or_insert_map("meta");
        yrs::Map::insert(&meta, &mut txn, "sub", document::replica(5));
        txn.encode_update_v1().into()
    };
    world.says(A, &write(1, &update));
    assert_eq!(world.heard(A), [Message::Refused(WriteNumber(1), refusal::INVALID.into())]);
    assert_eq!((world.closed.len(), world.appending.is_none()), (0, true));
}

#[test]
fn an_update_over_the_limit_is_refused_and_the_socket_stays() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Stock)]);
    let large = Bytes::from(vec![0; limits::MESSAGE_BYTES + 100]);
    world.says(A, &write(1, &large));
    world.says(B, &Message::Update(large));
    assert_eq!(world.heard(A), [Message::Refused(WriteNumber(1), "too-large".into())]);
    assert_eq!(world.heard(B), [Message::Denied("too-large".into())]);
    assert_eq!(world.closed.len(), 0);
}

#[test]
fn a_document_that_broke_is_rebuilt_from_disk_and_what_was_accepted_since() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
    let doc = replica();
    world.says(A, &write(1, &insert(&doc, 0, "a")));
    world.says(A, &write(2, &insert(&doc, 1, "b")));
    let mut reaction = Reaction::at(world.now);
    world.state.broken(B, Broken("a test says so"), &mut reaction);
    assert!(reaction.effects.contains(&Effect::Close { connection: B, code: CloseCode::Undecodable }));
    assert!(reaction.effects.contains(&Effect::Reload));
    world.event(Event::Reloaded { stored: world.disk.clone(), client_id: 98 });
    assert_eq!(world.text(), "ab\n");
    world.flush();
    world.flush();
    assert_eq!(world.heard(A), [saved(1), saved(2)]);
}

#[test]
fn who_sends_what_breaks_the_document_is_closed_and_the_others_writes_are_kept() {
    for update in hostile::updates() {
        let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
        let doc = replica();
        world.says_amid(A, &write(1, &insert(&doc, 0, "a")));
        world.says_amid(B, &write(1, &update));
        world.says(A, &write(2, &insert(&doc, 1, "b")));
        while world.appending.is_some() {
            world.flush();
        }
        assert!(!world.closed.iter().any(|(connection, _)| *connection == A), "{update:?}");
        assert!(world.heard(A).contains(&saved(2)), "{update:?}");
        RoomDocument::build(world.disk.iter(), 5).expect("what is on disk loads");
    }
}

/// What somebody writes in a root of her own.
fn write_in(root: &str, client: u64) -> (Doc, Bytes) {
    let doc = document::replica(client);
    apply(&doc, &whole(&seed()));
    let update = {
        let mut txn = doc.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text(root);
        text.insert(&mut txn, 0, "elsewhere");
        txn.encode_update_v1().into()
    };
    (doc, update)
}

#[test]
fn a_root_that_no_template_knows_is_refused_and_the_connection_stays() {
    let joined = [(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Stock)];
    let mut world = World::with(&joined);
    for root in ["section:elsewhere", "cell:text:0123456789abcdef:vad", "", "section:", "section:text2"] {
        let (_, update) = write_in(root, 1001);
        world.says(A, &write(1, &update));
        assert_eq!(world.heard(A), [Message::Refused(WriteNumber(1), refusal::INVALID.into())], "{root}");
        world.says(B, &Message::Update(update));
        assert_eq!(world.heard(B), [Message::Denied(refusal::INVALID.into())], "{root}");
    }
    assert!(
        world.appending.is_none() && world.closed.is_empty() && world.disk.len() == 1,
        "nothing was kept, nobody was closed"
    );
    world.says(A, &write(2, &insert(&replica(), 0, "here")));
    world.flush();
    assert_eq!(world.heard(A), [saved(2)]);
}

#[test]
fn an_unknown_root_is_refused_also_where_it_waits_for_what_is_missing() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    let (doc, first) = write_in("section:text", 1001);
    let second: Bytes = {
        let mut txn = doc.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:elsewhere");
        text.insert(&mut txn, 0, "later");
        txn.encode_update_v1().into()
    };
    world.says(A, &write(2, &second));
    assert_eq!(world.heard(A), [Message::Refused(WriteNumber(2), refusal::INVALID.into())]);
    world.says(A, &write(3, &first));
    world.flush();
    assert_eq!(world.heard(A), [saved(3)]);
}

#[test]
fn a_root_that_a_stored_document_holds_is_read_and_flows_back() {
    let (stored, _) = write_in("section:of-an-earlier-release", 1001);
    let mut world = World::over(&whole(&stored), config(), &[(A, Role::Editor, Dialect::Own)]);
    let (more, update) = write_in("section:of-an-earlier-release", 1002);
    world.says(A, &write(1, &update));
    world.flush();
    assert_eq!(world.heard(A), [saved(1)]);
    // One who has been away offers all that she has.
    world.says(A, &Message::Step2(whole(&more)));
    assert!(world.closed.is_empty() && world.heard(A).is_empty());
}

#[test]
fn a_document_at_its_limit_takes_deletions_only() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Stock)]);
    let doc = replica();
    world.says(A, &write(1, &insert(&doc, 0, &"x".repeat(99_000))));
    world.flush();
    assert_eq!(world.heard(A), [saved(1)]);
    world.heard(B);
    let other = document::replica(1001);
    apply(&other, &whole(&doc));
    world.says(B, &Message::Update(insert(&other, 0, &"y".repeat(2_000))));
    assert_eq!(world.heard(B), [Message::Denied(refusal::DOCUMENT_FULL.into())]);
    let deletion: Bytes = {
        let mut txn = doc.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        text.remove_range(&mut txn, 0, 98_000);
        txn.encode_update_v1().into()
    };
    world.says(A, &write(2, &deletion));
    world.flush();
    assert_eq!(world.heard(A), [saved(2)]);
    world.says(A, &write(3, &insert(&doc, 0, &"z".repeat(2_000))));
    world.flush();
    assert_eq!(world.heard(A), [saved(3)], "there is room again");
}

#[test]
fn who_names_the_seed_of_another_epoch_is_closed() {
    for message in [
        Message::Step1(Bytes::from_static(&[1, 66, 3])),
        Message::Update({
            let doc = document::replica(66);
            apply(&doc, &whole(&seed()));
            insert(&doc, 0, "x")
        }),
    ] {
        let mut world = World::with(&[(A, Role::Editor, Dialect::Stock)]);
        world.says(A, &message);
        assert_eq!(world.closed, [(A, CloseCode::OtherEpoch)]);
        assert!(world.appending.is_none());
    }
}

#[test]
fn what_waited_while_the_document_was_loaded_again_leaves_no_gap_for_what_follows() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    let doc = replica();
    world.says_amid(A, &write(1, &insert(&doc, 0, "a")));
    world.event_alone(Event::Reloaded { stored: world.disk.clone(), client_id: 98 });
    world.says(A, &write(2, &insert(&doc, 1, "b")));
    assert_eq!(world.heard(A), [], "nothing is missing, so nobody is asked");
    world.flush();
    world.flush();
    assert_eq!(world.heard(A), [saved(1), saved(2)]);
}
