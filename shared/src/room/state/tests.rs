//! Conversations with a room, one event at a time.

use std::collections::HashMap;

use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update, WriteTxn};

use crate::sync::protocol::{PresenceEntry, encode_presence, refusal};
use crate::{Template, WriteNumber, document};

use super::*;
use crate::room::{ActTaken, NotTaken, Ticket};

mod acts;
mod comparison;
mod news;
mod refusals;
mod turns;
mod upkeep;

const A: ConnectionId = ConnectionId(1);
const B: ConnectionId = ConnectionId(2);
const C: ConnectionId = ConnectionId(3);

/// A room with what it said, and the time.
struct World {
    state: RoomState,
    now: Duration,
    /// Messages to each connection that no test has looked at yet.
    inboxes: HashMap<ConnectionId, Vec<Message>>,
    closed: Vec<(ConnectionId, CloseCode)>,
    /// What the disk has and what is on its way.
    disk: Vec<Bytes>,
    appending: Option<Vec<Bytes>>,
    /// The snapshot that is being proven, and how long documents are found to take to open.
    proving: Option<Unproven>,
    opening: Duration,
    /// Snapshots that were stored, and up to which log position.
    compacted: Vec<(Bytes, Seq)>,
    /// Entries as they were given to the disk.
    entries: Vec<Bytes>,
    answers: Vec<(Ticket, Result<ActTaken, NotTaken>)>,
    has_ended: bool,
    reloads: usize,
}

fn template() -> &'static Template {
    Template::find("tom").unwrap()
}

fn seed() -> Doc {
    document::seed(template(), "T", 7)
}

fn whole(doc: &Doc) -> Bytes {
    doc.try_transact().unwrap().encode_diff_v1(&StateVector::default()).into()
}

fn empty_vector() -> Message {
    Message::Step1(StateVector::default().encode_v1().into())
}

/// Each look at the clock says that 3 ms went by, so that turns end.
fn cpu() -> Duration {
    thread_local!(static SPENT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
    SPENT.set(SPENT.get() + 3);
    Duration::from_millis(SPENT.get())
}

fn opened(document: RoomDocument) -> Opened {
    Opened {
        document,
        took: Duration::ZERO,
        log: LogReading::default(),
        last: Seq(0),
        journal: RoomJournal::default(),
    }
}

fn seat_of(connection: ConnectionId) -> SeatId {
    format!("seat-{:011}", connection.0).parse().unwrap()
}

fn config() -> RoomConfig {
    RoomConfig {
        epoch: Epoch(7),
        past_epochs: vec![Epoch(66)],
        template: template(),
        document_bytes: 100_000,
        upkeep: UpkeepLimits::default(),
        cpu,
    }
}

impl World {
    fn new() -> Self {
        Self::under(config(), &[])
    }

    fn with(joined: &[(ConnectionId, Role, Dialect)]) -> Self {
        Self::under(config(), joined)
    }

    fn under(config: RoomConfig, joined: &[(ConnectionId, Role, Dialect)]) -> Self {
        Self::over(&whole(&seed()), config, joined)
    }

    fn over(stored: &Bytes, config: RoomConfig, joined: &[(ConnectionId, Role, Dialect)]) -> Self {
        let room = RoomDocument::build(std::iter::once(stored), 1).unwrap();
        let now = Duration::from_secs(1_000);
        let mut world = Self {
            state: RoomState::new(opened(room), config, now, 1_000),
            now,
            inboxes: HashMap::new(),
            closed: Vec::new(),
            disk: vec![stored.clone()],
            appending: None,
            proving: None,
            opening: Duration::ZERO,
            compacted: Vec::new(),
            has_ended: false,
            entries: Vec::new(),
            answers: Vec::new(),
            reloads: 0,
        };
        for (connection, role, dialect) in joined {
            world.join(*connection, *role, *dialect);
        }
        world.inboxes.clear();
        world
    }

    /// Something happens, and then nothing until all that follows from it was told.
    fn event(&mut self, event: Event) {
        self.event_alone(event);
        loop {
            if let Some(due) = self.state.wake_at() {
                self.now = self.now.max(due);
                self.event_alone(Event::Woke);
            } else if self.state.is_turn_due() {
                self.event_alone(Event::Turn);
            } else if self.proving.is_some() {
                self.weigh();
            } else {
                break;
            }
        }
    }

    /// The document is weighed, and its snapshot not stored.
    fn weigh(&mut self) {
        self.proving.take().expect("a snapshot is being proven");
        self.event_alone(Event::Proven { proven: None, opening: Some(self.opening) });
    }

    fn event_alone(&mut self, event: Event) {
        let mut reaction = Reaction::at(self.now);
        self.state.handle(event, &mut reaction);
        for effect in reaction.effects {
            match effect {
                Effect::Send { to, message } => {
                    let message = Message::decode(message).unwrap();
                    for to in to {
                        self.inboxes.entry(to).or_default().push(message.clone());
                    }
                }
                Effect::Close { connection, code } => self.closed.push((connection, code)),
                Effect::Append { updates, .. } => {
                    assert!(self.appending.replace(updates).is_none(), "one at a time")
                }
                Effect::Reload => {
                    self.reloads += 1;
                    self.event_alone(Event::Reloaded { stored: self.disk.clone(), client_id: 99 });
                }
                Effect::Prove(unproven) => {
                    assert!(self.proving.replace(unproven).is_none(), "one at a time")
                }
                Effect::Compact { snapshot, up_to } => {
                    self.compacted.push((snapshot, up_to));
                    self.event_alone(Event::Compacted { is_stored: true });
                }
                Effect::Enter { entries, .. } => self.entries.push(entries),
                Effect::Rewrite { whole, .. } => self.entries = vec![whole],
                Effect::Answer { ticket, answer } => self.answers.push((ticket, answer)),
                Effect::End => self.has_ended = true,
                Effect::Stop => {}
            }
        }
    }

    fn join(&mut self, connection: ConnectionId, role: Role, dialect: Dialect) {
        self.event(Event::Joined { connection, role, dialect, seat: seat_of(connection) });
    }

    fn says(&mut self, connection: ConnectionId, message: &Message) {
        self.event(Event::FrameReceived { connection, frame: message.encode() });
    }

    /// Says something, and nothing follows before more is said.
    fn says_amid(&mut self, connection: ConnectionId, message: &Message) {
        self.event_alone(Event::FrameReceived { connection, frame: message.encode() });
    }

    fn flush(&mut self) {
        let updates = self.appending.take().expect("something is being appended");
        self.disk.extend(updates);
        self.event(Event::Appended { at: 2_000, last: Seq(self.disk.len() as u64) });
    }

    fn passes(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.event(Event::Ticked);
    }

    /// What a connection heard since it was last asked, but for the room's health and the list of nobody.
    fn heard(&mut self, connection: ConnectionId) -> Vec<Message> {
        let mut heard = self.inboxes.remove(&connection).unwrap_or_default();
        heard.retain(|message| !matches!(message, Message::RoomHealth(_)) && *message != presence(&[]));
        heard
    }

    /// The health that a connection heard last.
    fn health(&self, connection: ConnectionId) -> Option<RoomHealth> {
        self.inboxes.get(&connection)?.iter().rev().find_map(|message| match message {
            Message::RoomHealth(health) => Some(*health),
            _ => None,
        })
    }

    fn text(&self) -> String {
        let model = self.state.read_model().unwrap();
        serde_json::to_value(&model.sections[0].delta).unwrap()[0]["insert"].as_str().unwrap().to_owned()
    }
}

/// A client's replica, and the update of one insert into it.
fn replica() -> Doc {
    let doc = document::replica(1000);
    apply(&doc, &whole(&seed()));
    doc
}

fn apply(doc: &Doc, update: &[u8]) {
    doc.try_transact_mut().unwrap().apply_update(Update::decode_v1(update).unwrap()).unwrap();
}

fn insert(doc: &Doc, at: u32, text: &str) -> Bytes {
    let mut txn = doc.try_transact_mut().unwrap();
    let section = txn.get_or_insert_text("section:text");
    section.insert(&mut txn, at, text);
    txn.encode_update_v1().into()
}

fn write(n: u64, update: &Bytes) -> Message {
    Message::Write(WriteNumber(n), update.clone())
}

fn presence(entries: &[PresenceEntry]) -> Message {
    Message::Presence(encode_presence(entries))
}

fn saved(n: u64) -> Message {
    Message::Saved(WriteNumber(n))
}

#[test]
fn our_own_client_is_greeted_and_asked_and_a_stock_client_only_asked() {
    let mut world = World::new();
    world.join(A, Role::Editor, Dialect::Own);
    world.join(B, Role::Editor, Dialect::Stock);
    let own = world.heard(A);
    assert!(matches!(&own[..], [Message::Hello(h), Message::Step1(_)] if h.epoch == Epoch(7)), "{own:?}");
    assert!(matches!(&world.heard(B)[..], [Message::Step1(_)]));
}

#[test]
fn our_own_clients_hear_at_once_and_saved_waits_for_the_disk() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Reader, Dialect::Own)]);
    let update = insert(&replica(), 0, "hej");
    world.says(A, &write(1, &update));
    assert_eq!(world.heard(B), [Message::Update(update)]);
    assert_eq!(world.heard(A), []);
    world.flush();
    assert_eq!(world.heard(A), [saved(1)]);
    assert_eq!(world.heard(B), []);
}

#[test]
fn a_stock_client_hears_only_what_is_on_disk_its_own_echo_included() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Stock), (B, Role::Reader, Dialect::Stock)]);
    let update = insert(&replica(), 0, "hej");
    world.says(A, &Message::Update(update.clone()));
    assert_eq!((world.heard(A), world.heard(B)), (vec![], vec![]));
    world.flush();
    assert_eq!(world.heard(A), [Message::Update(update.clone())]);
    assert_eq!(world.heard(B), [Message::Update(update)]);
}

#[test]
fn a_stock_clients_step_1_is_answered_once_the_answer_is_on_disk() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Reader, Dialect::Stock)]);
    let doc = replica();
    world.says(A, &write(1, &insert(&doc, 0, "a")));
    world.says(B, &empty_vector());
    world.says(A, &empty_vector());
    assert!(matches!(&world.heard(A)[..], [Message::Step2(_)]), "our own is answered at once");
    // Another edit comes while the first is on its way; it must not put the answer off.
    world.says(A, &write(2, &insert(&doc, 1, "b")));
    assert_eq!(world.heard(B), []);
    world.flush();
    let heard = world.heard(B);
    let Some(Message::Step2(answer)) = heard.last() else { panic!("{heard:?}") };
    let other = document::replica(5);
    apply(&other, answer);
    let txn = other.try_transact().unwrap();
    assert_eq!(txn.get_text("section:text").unwrap().get_string(&txn), "a\n");
}

#[test]
fn one_append_is_in_flight_and_the_rest_goes_into_the_next() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    let doc = replica();
    for n in 1..=3 {
        world.says(A, &write(n, &insert(&doc, 0, "x")));
    }
    assert_eq!(world.appending.as_ref().unwrap().len(), 1);
    world.flush();
    assert_eq!(world.heard(A), [saved(1)]);
    assert_eq!(world.appending.as_ref().unwrap().len(), 2);
    world.flush();
    assert_eq!(world.heard(A), [saved(2), saved(3)]);
    assert!(world.state.is_stored());
}

#[test]
fn a_resent_update_is_saved_only_once_the_first_copy_is_on_disk() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
    let update = insert(&replica(), 0, "hej");
    world.says(A, &write(1, &update));
    world.event(Event::Left { connection: A });
    // The same person, back on another connection, before the disk has answered.
    world.says(B, &write(1, &update));
    assert_eq!(world.heard(B), [Message::Update(update)]);
    world.flush();
    assert_eq!(world.heard(B), [saved(1)]);
    assert_eq!(world.disk.len(), 2, "stored once");
}

#[test]
fn a_write_that_brings_nothing_is_saved_at_once_when_all_is_on_disk() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    world.says(A, &write(1, &whole(&seed())));
    assert_eq!((world.heard(A), world.appending.is_none()), (vec![saved(1)], true));
}

#[test]
fn a_failed_append_is_never_called_saved() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Reader, Dialect::Own)]);
    world.says(A, &write(1, &insert(&replica(), 0, "hej")));
    world.event(Event::AppendFailed);
    assert_eq!(world.heard(A), []);
    assert_eq!(world.closed, [(A, CloseCode::RoomFailed), (B, CloseCode::RoomFailed)]);
}

#[test]
fn a_gap_is_asked_about_at_most_once_a_second_and_leaves_no_trace() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    world.passes(2);
    let doc = replica();
    insert(&doc, 0, "a");
    let gaps: Vec<_> = (1..=5).map(|at| insert(&doc, at, "b")).collect();
    for (n, gap) in gaps.iter().enumerate() {
        world.says(A, &write(n as u64, gap));
    }
    assert!(matches!(&world.heard(A)[..], [Message::Step1(_)]));
    assert_eq!((world.text().as_str(), world.appending.is_none()), ("\n", true));
    world.passes(1);
    assert!(matches!(&world.heard(A)[..], [Message::Step1(_)]), "the others are asked about too");
    world.says(A, &write(9, &whole(&doc)));
    world.flush();
    assert_eq!((world.heard(A), world.text().as_str()), (vec![saved(9)], "abbbbb\n"));
}

#[test]
fn no_later_number_is_called_saved_while_an_earlier_one_has_a_gap() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    let doc = replica();
    insert(&doc, 0, "a");
    let gap = insert(&doc, 1, "b");
    // A deletion of what the room has is no gap, though it was made after one.
    let deletion: Bytes = {
        let mut txn = doc.try_transact_mut().unwrap();
        let title = txn.get_or_insert_text("title");
        title.remove_range(&mut txn, 0, 1);
        txn.encode_update_v1().into()
    };
    world.says(A, &write(1, &gap));
    world.says(A, &write(2, &deletion));
    world.flush();
    assert!(!world.heard(A).contains(&saved(2)), "the client would forget 1 too");
    world.says(A, &write(3, &whole(&doc)));
    world.flush();
    assert_eq!(world.heard(A), [saved(3)]);
}

#[test]
fn whoever_left_is_told_nothing() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    world.says(A, &write(1, &insert(&replica(), 0, "hej")));
    world.event(Event::Left { connection: A });
    world.flush();
    assert_eq!(world.heard(A), []);
    assert_eq!(world.text(), "hej\n");
}

#[test]
fn what_came_within_one_pace_is_one_frame_and_one_append() {
    let mut world = World::with(&[
        (A, Role::Editor, Dialect::Own),
        (B, Role::Editor, Dialect::Own),
        (C, Role::Reader, Dialect::Own),
    ]);
    let (one, two) = (replica(), document::replica(1001));
    apply(&two, &whole(&seed()));
    world.says_amid(A, &write(1, &insert(&one, 0, "a")));
    world.says_amid(B, &write(1, &insert(&two, 0, "b")));
    world.says(A, &write(2, &insert(&one, 1, "c")));
    let heard = world.heard(C);
    assert!(matches!(&heard[..], [Message::Update(_)]), "{heard:?}");
    assert_eq!((world.heard(A), world.heard(B)), (heard.clone(), heard), "one frame for all of them");
    assert_eq!(world.appending.as_ref().unwrap().len(), 1);
    world.flush();
    assert_eq!((world.heard(A), world.heard(B)), (vec![saved(2)], vec![saved(1)]));
    assert_eq!(world.text().len(), 4);
}

#[test]
fn what_one_connection_wrote_alone_is_not_sent_back_to_it() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own), (B, Role::Editor, Dialect::Own)]);
    world.says(A, &write(1, &insert(&replica(), 0, "a")));
    assert_eq!(world.heard(A), []);
    assert!(matches!(&world.heard(B)[..], [Message::Update(_)]));
}

/// Passes the scan, and is refused by yrs alone: the length of a deletion that is no number for it.
#[test]
fn a_changed_role_counts_from_the_next_write_and_a_revoked_one_closes() {
    let mut world = World::with(&[(A, Role::Editor, Dialect::Own)]);
    world.event(Event::RoleChanged { connection: A, role: Some(Role::Reader) });
    world.says(A, &write(1, &insert(&replica(), 0, "x")));
    let refused = Message::Refused(WriteNumber(1), refusal::ROLE.into());
    assert_eq!(world.heard(A), [Message::RoleChanged(Role::Reader), refused]);
    world.event(Event::RoleChanged { connection: A, role: None });
    assert_eq!(world.closed, [(A, CloseCode::Revoked)]);
}

#[test]
fn who_asks_for_all_of_a_long_document_is_sent_the_same_bytes_as_all_others() {
    let joined = [(A, Role::Editor, Dialect::Own), (B, Role::Reader, Dialect::Own)];
    let mut world = World::under(RoomConfig { document_bytes: 1_000_000, ..config() }, &joined);
    world.says(A, &write(1, &insert(&replica(), 0, &"ord ".repeat(30_000))));
    let mut asked = |connection| {
        let mut reaction = Reaction::at(world.now);
        let frame = empty_vector().encode();
        world.state.handle(Event::FrameReceived { connection, frame }, &mut reaction);
        let sent = reaction.effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(message),
            _ => None,
        });
        sent.map(|message| message.as_ptr()).collect::<Vec<_>>()
    };
    let (one, other) = (asked(A), asked(B));
    assert!(one.len() > 5 && one == other, "{one:?} {other:?}");
}
