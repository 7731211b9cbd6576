//! A peer in hand: what happens to it, and what it asks for.

use std::sync::Arc;

use bytes::Bytes;
use rand::SeedableRng as _;
use yrs::updates::decoder::Decode as _;
use yrs::{Doc, ReadTxn as _, StateVector, Text as _, Transact as _, WriteTxn as _};

use super::*;
use crate::domain::schema;
use crate::page::replica::By;
use crate::sync::device_log::{Batch, Key, Record, Written};
use crate::sync::protocol::{Hello, VERSION};
use crate::sync::transport::Transport;
use crate::text::delta::Op;
use crate::{SectionKey, Template, document};

const TEXT: SectionKey = SectionKey::named("text");
const EPOCH: Epoch = Epoch(9);

fn template() -> &'static Template {
    Template::find("tom").unwrap()
}

fn replica() -> Replica {
    Replica::new(template(), 1, Arc::new(|| 1_000_000))
}

/// A peer, the time, and a server's document.
struct World {
    peer: Peer,
    now: Duration,
    /// What it asked for that no test has looked at yet.
    asked: Vec<Effect>,
    attempt: Option<Attempt>,
    served: Doc,
}

impl World {
    fn of(beginning: Beginning) -> Self {
        Self::over(replica(), beginning)
    }

    fn over(replica: Replica, beginning: Beginning) -> Self {
        let peer = Peer::new(replica, beginning, SmallRng::seed_from_u64(1));
        let (now, served) = (Duration::from_secs(1_000), document::seed(template(), "T", EPOCH.0));
        Self { peer, now, asked: Vec::new(), attempt: None, served }
    }

    /// One that has begun.
    fn begun(has_device: bool) -> Self {
        let found = StoredRecords::default();
        let mut world = Self::of(Beginning { has_device, epoch: None, found, has_token: false });
        world.event(Event::Started);
        world
    }

    /// One that has all that the server has.
    fn in_step(has_device: bool) -> Self {
        let mut world = Self::begun(has_device);
        world.connects();
        world.asked.clear();
        world
    }

    fn event(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.peer.handle(self.now, event, &mut effects);
        for effect in &effects {
            if let Effect::Connect(attempt, _) | Effect::TradeToken(attempt) = effect {
                self.attempt = Some(*attempt);
            }
        }
        self.asked.extend(effects);
    }

    /// The connection opens, and the server greets, asks, answers and takes.
    fn connects(&mut self) {
        let step2 = self.served.try_transact().unwrap().encode_diff_v1(&StateVector::default());
        self.connects_and_is_answered(step2.into());
    }

    fn connects_and_is_answered(&mut self, step2: Bytes) {
        self.event(Event::Opened(self.attempt.unwrap()));
        let hello = Hello {
            epoch: EPOCH,
            role: Role::Editor,
            protocol: VERSION,
            schema: schema::VERSION,
            message_bytes: 1 << 20,
            document_bytes: 1 << 25,
        };
        let vector = self.served.try_transact().unwrap().state_vector();
        let vector = yrs::updates::encoder::Encode::encode_v1(&vector);
        for message in [Message::Hello(hello), Message::Step1(vector.into()), Message::Step2(step2)] {
            self.hears(&message);
        }
    }

    fn hears(&mut self, message: &Message) {
        self.event(Event::Received(self.attempt.unwrap(), message.encode()));
    }

    fn writes(&mut self, words: &str) {
        self.peer.replica().edit(vec![(TEXT, vec![Op::insert(words)])], By::View).unwrap();
        for update in self.peer.replica().take_updates() {
            self.event(Event::Edited(update));
        }
    }

    /// Time passes, and the alarm goes off each time that it is due.
    fn passes(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(rest) = self.peer.wake_in(self.now).filter(|rest| self.now + *rest <= end) {
            self.now += rest;
            self.event(Event::Woke);
        }
        self.now = end;
    }

    /// The messages that it sent since this was asked last; forgets what else it asked for.
    fn sent(&mut self) -> Vec<Message> {
        let messages = std::mem::take(&mut self.asked).into_iter().filter_map(|effect| match effect {
            Effect::Transmit(bytes) => Some(Message::decode(bytes).unwrap()),
            _ => None,
        });
        messages.collect()
    }

    fn batch(&mut self) -> Option<(Batch, bool)> {
        let at = self.asked.iter().position(|effect| matches!(effect, Effect::Write { .. }))?;
        match self.asked.remove(at) {
            Effect::Write { batch, is_strict } => Some((batch, is_strict)),
            _ => None,
        }
    }
}

fn has(effects: &[Effect], wanted: &Effect) -> bool {
    effects.contains(wanted)
}

fn is_write(message: &Message) -> bool {
    matches!(message, Message::Write(..))
}

/// What somebody else wrote, as an update.
fn written_by(client: u64, words: &str) -> Bytes {
    let doc = document::replica(client);
    let seed = document::seed(template(), "T", EPOCH.0);
    let seeded = seed.try_transact().unwrap().encode_diff_v1(&StateVector::default());
    let mut txn = doc.try_transact_mut().unwrap();
    txn.apply_update(yrs::Update::decode_v1(&seeded).unwrap()).unwrap();
    drop(txn);
    let mut txn = doc.try_transact_mut().unwrap();
    let text = txn.get_or_insert_text(TEXT.root());
    text.insert(&mut txn, 0, words);
    txn.encode_update_v1().into()
}

fn text(peer: &Peer) -> String {
    crate::text::delta::plain(&peer.held().read(TEXT).unwrap())
}

#[test]
fn what_is_written_is_kept_on_the_device_before_it_is_sent() {
    let mut world = World::in_step(true);
    world.event(Event::DeviceRead(Some(StoredRecords::default())));
    world.writes("ord");
    let (batch, is_strict) = world.batch().expect("it is to be kept");
    assert!(batch.edits.is_some() && !is_strict, "the server is reached: it has it soon");
    assert!(!world.sent().iter().any(is_write));
    world.event(Event::DeviceWrote(Some(Written { edits: Some(Key(1)), log: Some(Key(1)) })));
    assert!(has(&world.asked, &Effect::TellTabs) && has(&world.asked, &Effect::AskToPersist));
    assert!(world.sent().iter().any(is_write));
    assert_eq!(world.peer.status(), SyncStatus::Saving);
    world.hears(&Message::Saved(world.peer.last()));
    assert_eq!((world.peer.status(), world.peer.pending()), (SyncStatus::Saved, 0));
}

#[test]
fn what_the_device_cannot_keep_is_sent_all_the_same() {
    let mut world = World::in_step(true);
    world.writes("ett");
    world.batch().expect("it is to be kept");
    world.event(Event::DeviceWrote(None));
    assert!(world.sent().iter().any(is_write));
    world.writes("två");
    assert!(world.sent().iter().any(is_write), "nor does the next wait for it");
}

#[test]
fn a_browser_that_keeps_nothing_sends_at_once_and_asks_nothing_of_a_device() {
    let mut world = World::in_step(false);
    world.writes("ord");
    assert!(world.batch().is_none());
    assert!(world.sent().iter().any(is_write));
}

/// The handshake's answer does not apply: the page must not go on as if it had all.
#[test]
fn an_answer_that_does_not_apply_ends_the_connection_and_nothing_after_it_is_done() {
    let mut world = World::begun(true);
    world.connects_and_is_answered(Bytes::from_static(&[1, 2, 3]));
    assert!(!has(&world.asked, &Effect::ShowReady), "{:?}", world.asked);
    assert!(has(&world.asked, &Effect::Disconnect));
    assert_eq!(world.peer.status(), SyncStatus::Offline);
    let attempt = world.attempt;
    world.passes(Duration::from_secs(10));
    assert_ne!(world.attempt, attempt, "it comes back");
    world.connects();
    assert!(has(&world.asked, &Effect::ShowReady));
}

#[test]
fn a_websocket_over_which_nothing_comes_is_given_up_for_http() {
    let mut world = World::begun(false);
    assert!(matches!(world.asked[..], [Effect::Connect(_, Transport::WebSocket)]));
    world.asked.clear();
    world.passes(limits::WEBSOCKET_ANSWER);
    let http = |effect: &Effect| matches!(effect, Effect::Connect(_, Transport::Http));
    assert!(world.asked.iter().any(http), "{:?}", world.asked);
    world.connects();
    assert!(has(&world.asked, &Effect::ShowTransport(Some(Transport::Http))));
}

#[test]
fn what_an_abandoned_connection_still_says_is_not_heard() {
    let mut world = World::in_step(false);
    let old = world.attempt.unwrap();
    world.event(Event::Closed(old, None));
    world.passes(Duration::from_secs(5));
    world.connects();
    let update = Message::Update(written_by(5, "gammalt"));
    world.event(Event::Received(old, update.encode()));
    world.event(Event::Closed(old, None));
    assert!(!text(&world.peer).contains("gammalt"));
    assert_ne!(world.peer.status(), SyncStatus::Offline);
}

#[test]
fn a_connection_that_is_dead_is_given_up_and_a_clock_that_is_set_back_stops_nothing() {
    let mut world = World::in_step(false);
    world.now -= Duration::from_secs(900);
    world.passes(Duration::from_secs(11));
    assert!(has(&world.asked, &Effect::Disconnect), "{:?}", world.asked);
}

#[test]
fn who_comes_back_from_sleep_asks_whether_the_other_side_is_there() {
    let mut world = World::in_step(false);
    world.passes(Duration::from_secs(3));
    world.asked.clear();
    world.now += Duration::from_secs(3_600);
    world.event(Event::Woke);
    let sent = world.sent();
    assert!(sent.contains(&Message::QueryPresence), "{sent:?}");
}

#[test]
fn what_another_tab_kept_is_taken_and_sent_by_whoever_finds_it() {
    let mut world = World::in_step(true);
    world.event(Event::DeviceRead(Some(StoredRecords::default())));
    world.event(Event::OthersKept);
    let (log, edits) = (Key(0), Key(0));
    assert!(has(&world.asked, &Effect::Read { log, edits }));
    world.event(Event::OthersKept);
    let record = Record { tab: 77, updates: vec![written_by(5, "i en annan flik")] };
    let found = StoredRecords { edits: vec![(Key(4), 100, record)], ..StoredRecords::default() };
    world.event(Event::DeviceRead(Some(found)));
    assert!(text(&world.peer).contains("i en annan flik"));
    assert!(world.asked.iter().any(|effect| matches!(effect, Effect::Show(_))));
    let edits = Key(4);
    assert!(has(&world.asked, &Effect::Read { log, edits }), "what came meanwhile is read now");
    assert!(world.sent().iter().any(is_write));
}

/// What a record of another tab stands on may be gone from the device: that tab could not keep it, or this one set it aside.
#[test]
fn what_stands_on_something_that_is_not_here_is_not_counted_and_is_read_again() {
    let mut world = World::in_step(true);
    world.event(Event::DeviceRead(Some(StoredRecords::default())));
    world.hears(&Message::Saved(world.peer.last()));
    let other = document::replica(5);
    let [first, second] = ["ett", "två"].map(|words| {
        let mut txn = other.try_transact_mut().unwrap();
        let text = txn.get_or_insert_text(TEXT.root());
        text.insert(&mut txn, 0, words);
        Bytes::from(txn.encode_update_v1())
    });
    let reads = |world: &mut World, update: &Bytes| {
        world.event(Event::OthersKept);
        let record = Record { tab: 77, updates: vec![update.clone()] };
        let found = StoredRecords { edits: vec![(Key(4), 100, record)], ..StoredRecords::default() };
        world.event(Event::DeviceRead(Some(found)));
    };
    reads(&mut world, &second);
    assert_eq!((world.peer.pending(), world.peer.status()), (0, SyncStatus::Saved));
    assert!(!world.peer.held().is_waiting() && !text(&world.peer).contains("två"));
    assert!(!world.sent().iter().any(is_write));
    reads(&mut world, &first);
    reads(&mut world, &second);
    assert!(text(&world.peer).contains("tvåett"), "{}", text(&world.peer));
    assert_eq!(world.peer.pending(), 2);
}

#[test]
fn what_was_found_when_the_page_opened_goes_with_the_first_connection() {
    let seed = document::seed(template(), "T", EPOCH.0);
    let seeded = seed.try_transact().unwrap().encode_diff_v1(&StateVector::default());
    let record = |update: Bytes| Record { tab: 77, updates: vec![update] };
    let (log, edits) = (record(seeded.into()), record(written_by(5, "osparat")));
    let mut replica = replica();
    for update in log.updates.iter().chain(&edits.updates) {
        replica.integrate(update).unwrap();
    }
    let found =
        StoredRecords { log: vec![(Key(1), 100, log)], edits: vec![(Key(2), 100, edits)], is_damaged: false };
    let beginning = Beginning { has_device: true, epoch: Some(EPOCH), found, has_token: false };
    let mut world = World::over(replica, beginning);
    assert_eq!((world.peer.status(), world.peer.pending()), (SyncStatus::Offline, 1));
    world.event(Event::Started);
    world.connects();
    let offered = world.sent().into_iter().find_map(|message| match message {
        Message::Write(number, update) => Some((number, update)),
        _ => None,
    });
    let (number, update) = offered.expect("the difference is offered");
    let server = world.served.clone();
    server.try_transact_mut().unwrap().apply_update(yrs::Update::decode_v1(&update).unwrap()).unwrap();
    world.hears(&Message::Saved(number));
    assert_eq!((world.peer.status(), world.peer.pending()), (SyncStatus::Saved, 0));
}

#[test]
fn what_is_written_without_a_server_is_kept_as_if_the_power_might_go() {
    let mut world = World::in_step(true);
    world.event(Event::Closed(world.attempt.unwrap(), None));
    world.writes("ord");
    let (_, is_strict) = world.batch().expect("it is to be kept");
    assert!(is_strict);
}

#[test]
fn what_is_written_while_a_connection_is_tried_that_nobody_has_answered_is_kept_as_if_the_power_might_go() {
    let mut world = World::begun(true);
    world.writes("Under försöket");
    let (_, is_strict) = world.batch().expect("it is to be kept");
    assert!(is_strict, "the WebSocket may never open");
}

#[test]
fn a_page_that_may_end_has_all_written_also_while_something_is_being_written() {
    let mut world = World::in_step(true);
    world.writes("ett");
    world.batch().expect("it is to be kept");
    world.writes("två");
    assert!(world.batch().is_none(), "one at a time");
    world.event(Event::Leaving);
    let (batch, _) = world.batch().expect("there may be no later");
    assert!(batch.edits.is_some());
}

#[test]
fn a_links_token_is_traded_before_anything_is_connected_and_again_where_nobody_answered() {
    let found = StoredRecords::default();
    let mut world = World::of(Beginning { has_device: false, epoch: None, found, has_token: true });
    world.event(Event::Started);
    let attempt = world.attempt.unwrap();
    assert!(has(&world.asked, &Effect::TradeToken(attempt)));
    world.event(Event::TokenTraded { attempt, is_reached: false });
    world.passes(Duration::from_secs(5));
    let again = world.attempt.unwrap();
    assert_ne!(again, attempt);
    world.event(Event::TokenTraded { attempt, is_reached: true });
    assert!(!has(&world.asked, &Effect::ForgetToken), "that was an earlier attempt");
    world.event(Event::TokenTraded { attempt: again, is_reached: true });
    assert!(has(&world.asked, &Effect::ForgetToken));
    assert!(world.asked.iter().any(|effect| matches!(effect, Effect::Connect(..))));
}

#[test]
fn a_browser_that_may_not_enter_is_told_and_one_that_has_the_text_keeps_it() {
    let mut world = World::begun(false);
    world.event(Event::AccessAnswered(Access::Unknown));
    assert!(has(&world.asked, &Effect::ShowUnreachable));
    world.event(Event::AccessAnswered(Access::Denied));
    assert!(has(&world.asked, &Effect::ShowNoAccess));
    let mut world = World::in_step(false);
    world.event(Event::AccessAnswered(Access::Unknown));
    assert!(world.asked.is_empty());
    world.event(Event::AccessAnswered(Access::Denied));
    assert!(has(&world.asked, &Effect::ShowStopped(Stopped::NoAccess)));
    world.asked.clear();
    world.event(Event::RetryAsked);
    world.passes(Duration::from_secs(60));
    assert!(!world.asked.iter().any(|effect| matches!(effect, Effect::Connect(..))), "that is the end");
}

#[test]
fn what_was_refused_is_set_aside_and_nothing_more_is_kept() {
    let mut world = World::in_step(true);
    world.writes("ord");
    world.batch().expect("it is to be kept");
    world.event(Event::DeviceWrote(Some(Written { edits: Some(Key(1)), log: Some(Key(1)) })));
    world.hears(&Message::Refused(world.peer.last(), "role".into()));
    assert!(
        has(&world.asked, &Effect::ShowStopped(Stopped::Refused)) && has(&world.asked, &Effect::SetAside)
    );
    world.asked.clear();
    world.writes("mer");
    world.event(Event::Leaving);
    assert!(world.batch().is_none());
    assert_eq!(world.peer.status(), SyncStatus::Error);
}

#[test]
fn the_device_notes_what_the_malbild_is_once_and_again_where_that_failed_or_the_role_changed() {
    let mut world = World::begun(true);
    world.connects();
    let notes = |world: &mut World| {
        std::mem::take(&mut world.asked).into_iter().filter(|e| matches!(e, Effect::Note(_))).count()
    };
    assert_eq!(notes(&mut world), 1);
    world.event(Event::Shown);
    assert_eq!(notes(&mut world), 0);
    world.event(Event::NotNoted);
    assert_eq!(notes(&mut world), 1);
    world.hears(&Message::RoleChanged(Role::Reader));
    assert_eq!(notes(&mut world), 1);
}

#[test]
fn who_is_sent_away_for_another_history_stops_and_sets_aside_instead_of_coming_back_for_ever() {
    let mut world = World::in_step(true);
    world.writes("ord");
    world.asked.clear();
    world.event(Event::Closed(world.attempt.unwrap(), Some(CloseCode::OtherEpoch.number())));
    assert!(has(&world.asked, &Effect::ShowStopped(Stopped::OtherEpoch)));
    assert!(has(&world.asked, &Effect::SetAside));
    world.asked.clear();
    world.passes(Duration::from_secs(100));
    assert!(!world.asked.iter().any(|effect| matches!(effect, Effect::Connect(..) | Effect::AskForAccess)));
}

#[test]
fn who_is_closed_for_anything_else_comes_back() {
    let mut world = World::in_step(true);
    for code in CloseCode::ALL.into_iter().filter(|code| *code != CloseCode::OtherEpoch) {
        world.event(Event::Closed(world.attempt.unwrap(), Some(code.number())));
        world.asked.clear();
        world.passes(Duration::from_secs(100));
        assert!(world.asked.iter().any(|effect| matches!(effect, Effect::Connect(..))), "{code:?}");
        world.connects();
    }
}
