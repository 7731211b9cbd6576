//! Acts that a room is asked for, and what they do to those who are connected.

use serde_json::json;

use super::*;
use crate::domain::phase::Phase;
use crate::journal::{Act, Asked, Declined, Revoke, Salt, SeatMade, Speaker, Stamp};
use crate::{EntryNumber, Timestamp};

const SALT: &str = "0101010101010101010101010101010101010101010101010101010101010101";

fn act(kind: &str, fields: serde_json::Value) -> Act {
    let serde_json::Value::Object(fields) = fields else { panic!("no fields") };
    Act::asked_for(kind, fields).unwrap()
}

impl World {
    fn asks(&mut self, ticket: u64, connection: ConnectionId, role: Role, act: Act) {
        let id = format!("act-{ticket:012}");
        self.asks_as(ticket, (&id, connection, role), act);
    }

    fn asks_as(&mut self, ticket: u64, (id, by, role): (&str, ConnectionId, Role), act: Act) {
        let speaker = Speaker { seat: seat_of(by), role, actor: None, name: None };
        let asked = Box::new(Asked { speaker, id: id.parse().unwrap(), act });
        let salt: Salt = SALT.parse().unwrap();
        let stamp = Stamp { at: Timestamp::from_millis(1), salt };
        self.event(Event::ActAsked { ticket: Ticket(ticket), asked, stamp });
    }

    /// What was answered, as tickets and numbers of entries.
    fn answered(&mut self) -> Vec<(u64, Result<u64, NotTaken>)> {
        let answers = std::mem::take(&mut self.answers).into_iter();
        answers.map(|(ticket, answer)| (ticket.0, answer.map(|taken| taken.number.0))).collect()
    }

    fn page(&self) -> usize {
        self.state.journal().page(EntryNumber(1)).entries.len()
    }
}

fn phase(phase: &str) -> Act {
    act("phase", json!({"phase": phase}))
}

#[test]
fn an_act_is_answered_and_its_entry_shown_once_it_is_on_disk() {
    let mut world = World::new();
    world.asks(1, A, Role::Owner, phase("synpunkter"));
    world.asks(2, A, Role::Owner, phase("last"));
    // Who asks again while the first question waits is told with it.
    world.asks_as(3, ("act-000000000001", A, Role::Owner), phase("synpunkter"));
    assert_eq!((world.answered(), world.entries.len(), world.page()), (vec![], 1, 0));
    assert!(!world.state.is_stored());
    world.event(Event::Entered);
    assert_eq!((world.answered(), world.entries.len(), world.page()), (vec![(1, Ok(1)), (3, Ok(1))], 2, 1));
    world.event(Event::Entered);
    assert_eq!((world.answered(), world.page()), (vec![(2, Ok(2))], 2));
    assert!(world.state.is_stored());
    // What the disk has is the journal, also if the last of it is there twice.
    let twice = world.entries.iter().chain(world.entries.last());
    let read = RoomJournal::read(twice).unwrap();
    assert_eq!((read.tip(), read.stored()), (world.state.journal().tip(), EntryNumber(2)));
    world.asks_as(4, ("act-000000000001", A, Role::Owner), phase("synpunkter"));
    world.asks_as(5, ("act-000000000001", B, Role::Owner), phase("synpunkter"));
    assert_eq!(world.answered(), [(4, Ok(1)), (5, Err(Declined::Id.into()))]);
}

#[test]
fn nothing_is_entered_that_the_disk_does_not_take() {
    let mut world = World::new();
    world.event(Event::DiskChanged(DiskHealth::DiskFull));
    world.asks(1, A, Role::Owner, phase("last"));
    assert_eq!((world.answered(), world.entries.len()), (vec![(1, Err(NotTaken::NotNow))], 0));
    world.event(Event::DiskChanged(DiskHealth::Healthy));
    world.asks(2, A, Role::Owner, phase("last"));
    world.event(Event::AppendFailed);
    assert_eq!((world.answered(), world.page()), (vec![], 0));
}

#[test]
fn a_phase_says_who_may_write_once_it_is_on_disk() {
    let all =
        [(A, Role::Owner, Dialect::Own), (B, Role::Editor, Dialect::Own), (C, Role::Reader, Dialect::Own)];
    let mut world = World::with(&all);
    let roles = |world: &mut World| {
        [A, B, C].map(|connection| {
            let mut heard = world.heard(connection).into_iter();
            heard.find_map(|message| if let Message::RoleChanged(role) = message { Some(role) } else { None })
        })
    };
    world.asks(1, A, Role::Owner, phase("synpunkter"));
    assert_eq!(roles(&mut world), [None; 3]);
    world.event(Event::Entered);
    assert_eq!(roles(&mut world), [None, Some(Role::Commenter), None]);
    world.asks(2, A, Role::Owner, phase("last"));
    world.event(Event::Entered);
    assert_eq!(roles(&mut world), [Some(Role::Commenter), None, None]);
    // Who comes, or is given another role, is told what it means now.
    world.event(Event::RoleChanged { connection: C, role: Some(Role::Editor) });
    assert_eq!(roles(&mut world), [None, None, Some(Role::Commenter)]);
    world.asks(3, A, Role::Owner, phase("skriv"));
    world.event(Event::Entered);
    assert_eq!(roles(&mut world), [Some(Role::Owner), Some(Role::Editor), Some(Role::Editor)]);
    assert_eq!(world.state.journal().state().phase(), Phase::Skriv);
}

#[test]
fn a_seat_that_is_taken_away_has_no_connection_any_more() {
    let mut world = World::with(&[(A, Role::Owner, Dialect::Own), (B, Role::Editor, Dialect::Stock)]);
    let seat = SeatMade { role: Role::Editor, speaks_for: None, label: None, expires: None };
    world.asks_as(1, (&seat_of(B).to_string(), A, Role::Owner), Act::Seat(seat));
    world.asks(2, B, Role::Editor, Act::Revoke(Revoke { revoked: seat_of(A) }));
    world.event(Event::Entered);
    assert_eq!(world.answered(), [(2, Err(Declined::Role.into())), (1, Ok(1))]);
    world.asks(3, A, Role::Owner, Act::Revoke(Revoke { revoked: seat_of(B) }));
    assert_eq!(world.closed, []);
    world.event(Event::Entered);
    assert_eq!(world.closed, [(B, CloseCode::Revoked)]);
    assert_eq!(world.state.connections(), 1);
}

#[test]
fn what_is_erased_is_on_no_disk_and_the_rest_is_as_it_was() {
    let mut world = World::new();
    let thread = json!({"text": "Ring Sune Svensson", "section": "text"});
    world.asks(1, B, Role::Commenter, act("thread", thread));
    world.event(Event::Entered);
    world.asks(2, A, Role::Owner, act("erase", json!({"entry": 1, "reason": "Fel"})));
    world.asks(3, A, Role::Owner, phase("synpunkter"));
    world.event(Event::Entered);
    world.event(Event::Entered);
    let kept: Vec<u8> = world.entries.iter().flatten().copied().collect();
    let kept = String::from_utf8(kept).unwrap();
    assert!(!kept.contains("Sune") && !kept.contains("act-000000000001") && kept.contains("erase"));
    let read = RoomJournal::read(world.entries.iter()).unwrap();
    assert_eq!((read.tip(), read.state()), (world.state.journal().tip(), world.state.journal().state()));
    assert_eq!(world.answered(), [(1, Ok(1)), (2, Ok(2)), (3, Ok(3))]);
}

#[test]
fn what_was_written_before_an_act_is_what_it_speaks_of() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    let quoting = || act("thread", json!({"text": "Var?", "section": "text", "quote": "vägen"}));
    world.asks(1, A, Role::Editor, quoting());
    assert_eq!(world.answered(), [(1, Err(Declined::Changed.into()))]);
    let update = {
        let doc = document::replica(50);
        let mut txn = doc.try_transact_mut().unwrap();
        txn.get_or_insert_text("section:text").insert(&mut txn, 0, "vägen");
        txn.encode_update_v1()
    };
    world.says_amid(A, &Message::Write(WriteNumber(1), update.into()));
    world.asks(2, A, Role::Editor, quoting());
    world.event(Event::Entered);
    assert_eq!(world.answered(), [(2, Ok(1))]);
}

#[test]
fn a_part_of_a_journal_is_bounded_in_entries_and_bytes_and_all_of_it_is_got_part_by_part() {
    let mut world = World::new();
    let long = "å".repeat(limits::ACT_TEXT_UNITS);
    for ticket in 1..=80 {
        world.asks(ticket, A, Role::Owner, act("thread", json!({"text": long, "section": "text"})));
        world.event(Event::Entered);
    }
    let (mut next, mut parts) = (EntryNumber(1), 0);
    while next <= world.state.journal().stored() {
        let page = world.state.journal().page(next);
        assert!(page.entries.iter().map(Bytes::len).sum::<usize>() <= limits::JOURNAL_PAGE_BYTES);
        assert!(!page.entries.is_empty() && page.next > next);
        (next, parts) = (page.next, parts + 1);
    }
    assert_eq!((next, parts), (EntryNumber(81), 2));
}
