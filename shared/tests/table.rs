//! A template with a table, which no code knows but this test: declared, seeded, edited through a room, and read.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::document;
use samsyn_shared::document::rows::Row;
use samsyn_shared::domain::schema;
use samsyn_shared::domain::section::{Column, ColumnKind, Section, SectionKind, Table};
use samsyn_shared::room::{
    ConnectionId, Dialect, Effect, Event, LogReading, Opened, Reaction, RoomConfig, RoomDocument,
    RoomJournal, RoomState, UpkeepLimits,
};
use samsyn_shared::sync::protocol::{Message, refusal};
use samsyn_shared::text::delta::Op;
use samsyn_shared::{Epoch, Role, SectionKey, Seq, Template, WriteNumber};
use yrs::{Map as _, ReadTxn as _, StateVector, Text as _, Transact as _, TransactionMut, WriteTxn as _};

static TEMPLATE: Template = Template {
    name: "prov",
    version: 1,
    title: "Prov",
    sections: &[Section {
        key: SectionKey::named("vem-gor-vad"),
        heading: "Vem gör vad",
        questions: &[],
        reminder: None,
        kind: SectionKind::TextAndTable(Table {
            key: "uppgifter",
            columns: &[
                Column { key: "vad", kind: ColumnKind::Text },
                Column { key: "antal", kind: ColumnKind::Value },
            ],
        }),
    }],
    is_example: false,
};

const FIRST: &str = "00000000000000a1";
const SECOND: &str = "00000000000000b2";
const WRITER: ConnectionId = ConnectionId(1);

/// A room, and a replica that writes in it.
struct World {
    room: RoomState,
    page: yrs::Doc,
    number: u64,
}

impl World {
    fn new() -> Self {
        let seed = document::seed(&TEMPLATE, "Prov", 7);
        let seeded = Bytes::from(
            seed.try_transact().expect("nobody else has it open").encode_diff_v1(&StateVector::default()),
        );
        let built = RoomDocument::build(std::iter::once(&seeded), 8).expect("a seed builds");
        let (took, log) = (Duration::ZERO, LogReading::default());
        let opened =
            Opened { document: built, took, log, last: Seq::default(), journal: RoomJournal::default() };
        let config = RoomConfig {
            epoch: Epoch(7),
            past_epochs: Vec::new(),
            template: &TEMPLATE,
            document_bytes: 1 << 20,
            upkeep: UpkeepLimits::default(),
            cpu: || Duration::ZERO,
        };
        let mut world = Self {
            room: RoomState::new(opened, config, Duration::ZERO, 0),
            page: document::replica(9),
            number: 0,
        };
        let seat = "seat-of-a-writer".parse().expect("an id");
        let (role, dialect) = (Role::Editor, Dialect::Own);
        world.event(Event::Joined { connection: WRITER, role, dialect, seat });
        world
    }

    fn event(&mut self, event: Event) -> Vec<Message> {
        let mut reaction = Reaction::at(Duration::from_secs(self.number));
        self.room.handle(event, &mut reaction);
        let sent = reaction.effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(Message::decode(message).expect("the room sends messages")),
            _ => None,
        });
        sent.collect()
    }

    /// Writes something, and gives the code with which that was refused, if it was.
    fn writes(&mut self, change: impl FnOnce(&mut TransactionMut<'_>)) -> Option<String> {
        let update = {
            let mut txn = self.page.try_transact_mut().expect("nobody else has it open");
            change(&mut txn);
            txn.encode_update_v1()
        };
        self.number += 1;
        let write = Message::Write(WriteNumber(self.number), update.into());
        let answers = self.event(Event::FrameReceived { connection: WRITER, frame: write.encode() });
        self.event(Event::Woke);
        answers.into_iter().find_map(|message| match message {
            Message::Refused(_, code) => Some(code.to_string()),
            _ => None,
        })
    }

    fn rows(&self) -> Vec<Row> {
        self.room.read_model().expect("it reads").sections[0].rows.clone().expect("the section has a table")
    }
}

fn set(txn: &mut TransactionMut<'_>, row: &str, field: &str, value: impl Into<yrs::Any>) {
    let map = txn.get_or_insert_map(schema::rows("uppgifter"));
    map.insert(txn, format!("{row}/{field}"), value.into());
}

#[test]
fn a_table_is_declared_seeded_edited_and_read_by_its_template_alone() {
    let mut world = World::new();
    assert_eq!(world.rows(), []);
    for (row, position, what, count) in [(FIRST, "n", "Ploga", 2), (SECOND, "b", "Sanda", 3)] {
        let refused = world.writes(|txn| {
            set(txn, row, "pos", position);
            set(txn, row, "antal", count);
            let cell = txn.get_or_insert_text(schema::cell("uppgifter", row, "vad"));
            cell.insert(txn, 0, what);
        });
        assert_eq!(refused, None);
    }
    let row = |row: &str, what: &str, count: i64| Row {
        row: row.to_owned(),
        values: BTreeMap::from([("antal", count.into())]),
        texts: BTreeMap::from([("vad", vec![Op::insert(what), Op::insert("\n")])]),
    };
    assert_eq!(
        world.rows(),
        [row(SECOND, "Sanda", 3), row(FIRST, "Ploga", 2)],
        "in the order of their places"
    );
    world.writes(|txn| set(txn, SECOND, "gone", true));
    assert_eq!(world.rows(), [row(FIRST, "Ploga", 2)]);
    world.writes(|txn| {
        set(txn, SECOND, "gone", false);
        set(txn, SECOND, "pos", "z");
    });
    assert_eq!(world.rows(), [row(FIRST, "Ploga", 2), row(SECOND, "Sanda", 3)]);
}

#[test]
fn what_a_table_does_not_have_is_refused() {
    for root in [
        schema::cell("uppgifter", FIRST, "antal"),
        schema::cell("uppgifter", FIRST, "vem"),
        schema::cell("uppgifter", "a1", "vad"),
        schema::cell("uppgifter", "00000000000000A1", "vad"),
        schema::cell("andra", FIRST, "vad"),
        "cell:uppgifter".to_owned(),
    ] {
        let mut world = World::new();
        let refused = world.writes(|txn| {
            let text = txn.get_or_insert_text(root.as_str());
            text.insert(txn, 0, "x");
        });
        assert_eq!(refused.as_deref(), Some(refusal::INVALID), "{root}");
    }
    let mut world = World::new();
    let refused = world.writes(|txn| {
        let map = txn.get_or_insert_map(schema::rows("andra"));
        map.insert(txn, "x/pos", "n");
    });
    assert_eq!(refused.as_deref(), Some(refusal::INVALID));
}

#[test]
fn what_means_nothing_reads_as_missing() {
    let mut world = World::new();
    world.writes(|txn| {
        for (row, field, value) in [(FIRST, "pos", "0"), (SECOND, "pos", "å"), ("kort", "pos", "n")] {
            set(txn, row, field, value);
        }
        set(txn, "00000000000000c3", "antal", 1);
    });
    assert_eq!(world.rows(), []);
}
