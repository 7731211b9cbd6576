//! What the room holds, told to those who compare.

use crate::document::fingerprint::Fingerprint;

use super::*;

fn print(doc: &Doc) -> Fingerprint {
    Fingerprint::of(&doc.try_transact().unwrap())
}

#[test]
fn a_quiet_room_says_at_once_what_it_holds() {
    let mut world = World::with(&[(A, Role::Reader, Dialect::Own)]);
    world.says_amid(A, &Message::Compare);
    let [Message::Held(held)] = &world.heard(A)[..] else { panic!("no answer") };
    assert!(held.agrees_with(&print(&replica())));
}

#[test]
fn who_compares_while_others_write_is_answered_after_their_words_and_hastens_nothing() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Reader, Dialect::Own)]);
    let doc = replica();
    let update = insert(&doc, 0, "hej");
    world.says_amid(A, &write(1, &update));
    world.says_amid(B, &Message::Compare);
    assert_eq!(world.heard(B), [], "the frame is not due yet");
    world.event(Event::Woke);
    let [Message::Update(_), Message::Held(held)] = &world.heard(B)[..] else { panic!("another order") };
    assert!(held.agrees_with(&print(&doc)));
    world.event(Event::Woke);
    assert_eq!(world.heard(B), [], "it was answered once");
}

/// The server lost a deletion that a reader's page still has: she is told that, and not what makes her page come back.
#[test]
fn who_holds_what_the_room_lost_is_refused_before_she_is_told_what_it_holds() {
    let mut world = World::with(&[(A, Role::Reader, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
    let doc = replica();
    let words = insert(&doc, 0, "hej");
    world.says(B, &write(1, &words));
    world.flush();
    world.heard(A);
    let lost: Bytes = {
        let mut txn = doc.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text("section:text");
        text.remove_range(&mut txn, 0, 1);
        txn.encode_update_v1().into()
    };
    world.says_amid(B, &write(2, &insert(&document::replica(1001), 0, "x")));
    world.says_amid(A, &write(1, &lost));
    world.says_amid(A, &Message::Compare);
    world.event(Event::Woke);
    let heard = world.heard(A);
    let [Message::Update(_), Message::Refused(WriteNumber(1), code), Message::Held(_)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(code, refusal::ROLE);
}
