//! A journal as its server and its readers hold it.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::{Map, Value, json};

use super::act::NAMES;
use super::state::ThreadState;
use super::*;
use crate::domain::malbild_kind::MalbildKind;
use crate::domain::phase::Phase;
use crate::{MalbildId, ThreadId};

/// A journal with one seat of each role, and all of its entries.
struct Kept {
    journal: Journal,
    entries: Vec<Entry>,
    rng: SmallRng,
    now: u64,
}

/// The texts that acts speak of.
struct Text;

impl Texts for Text {
    fn section(&self, key: &str) -> Option<String> {
        (key == "text").then(|| "Vägen är 😀 öppen.\nVägen är stängd.\n".to_owned())
    }
}

fn seat_of(role: Role) -> SeatId {
    SeatId(format!("{:0<16}", format!("seat-of-{role}")).parse().expect("an id"))
}

fn speaker(role: Role) -> Speaker {
    Speaker { seat: seat_of(role), role, actor: None, name: Some("Anna Ask".to_owned()) }
}

fn act(kind: &str, fields: Value) -> Act {
    let Value::Object(fields) = fields else { panic!("no fields") };
    Act::asked_for(kind, fields).expect("an act")
}

impl Kept {
    fn new() -> Self {
        let mut kept = Self {
            journal: Journal::default(),
            entries: Vec::new(),
            rng: SmallRng::seed_from_u64(1),
            now: 0,
        };
        let seats = Role::ALL.map(|role| OpenedSeat { id: seat_of(role), role });
        let malbild = MalbildId::generate(&mut kept.rng);
        let (kind, template) = (MalbildKind::Skarpt, "tom@1".to_owned());
        let opened = Act::Opened(Opened { malbild, kind, template, seats: seats.to_vec(), origin: None });
        let (id, stamp) = (ActId::generate(&mut kept.rng), kept.stamp());
        let entry = kept.journal.note(&opened, id, stamp);
        kept.entries.push(entry);
        kept
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn stamp(&mut self) -> Stamp {
        Stamp { at: self.now(), salt: Salt::generate(&mut self.rng) }
    }

    fn ask(&mut self, id: &str, speaker: &Speaker, act: Act) -> Result<Taken, Declined> {
        self.now += 1;
        let id = format!("{id:0<16}").parse().expect("an id");
        let (asked, stamp) = (Asked { speaker: speaker.clone(), id, act }, self.stamp());
        let taken = self.journal.ask(asked, &Text, stamp)?;
        if let Taken::Entered(entry) = &taken {
            self.entries.push(Entry::clone(entry));
        }
        Ok(taken)
    }

    fn number(&mut self, id: &str, role: Role, kind: &str, fields: Value) -> Result<u64, Declined> {
        self.ask(id, &speaker(role), act(kind, fields)).map(|taken| match taken {
            Taken::Entered(entry) => entry.number.0,
            Taken::Before(number, _) => number.0,
        })
    }

    /// The journal as whoever reads it from the beginning has it.
    fn read(&self) -> Journal {
        let mut journal = Journal::default();
        for entry in &self.entries {
            journal.fold(&Entry::decode(&entry.encode()).expect("an entry")).expect("the chain");
        }
        journal
    }
}

fn thread() -> Value {
    json!({"text": "Stämmer det?", "section": "text", "quote": "stängd"})
}

#[test]
fn an_act_that_comes_again_is_the_entry_that_it_was() {
    let mut kept = Kept::new();
    assert_eq!(kept.number("t1", Role::Commenter, "thread", thread()), Ok(2));
    let at = kept.now();
    let again = kept.ask("t1", &speaker(Role::Commenter), act("thread", thread()));
    assert_eq!(again, Ok(Taken::Before(EntryNumber(2), at)));
    assert_eq!(kept.number("t1", Role::Owner, "thread", thread()), Err(Declined::Id));
    let other = json!({"text": "Nej", "section": "text"});
    assert_eq!(kept.number("t1", Role::Commenter, "thread", other), Err(Declined::Id));
    // Who reads the journal anew knows it too, and with another name it is the same act.
    kept.journal = kept.read();
    let renamed = Speaker { name: None, ..speaker(Role::Commenter) };
    assert_eq!(kept.ask("t1", &renamed, act("thread", thread())), Ok(Taken::Before(EntryNumber(2), at)));
    let added = json!({"name": "Åre kommun", "kind": "kommun"});
    assert_eq!(kept.number("a1", Role::Editor, "actor", added.clone()), Ok(3));
    kept.journal = kept.read();
    assert_eq!(kept.number("a1", Role::Editor, "actor", added), Ok(3));
    assert_eq!(kept.entries.len(), 3);
}

#[test]
fn a_chain_verifies_with_and_without_its_bodies_and_no_byte_of_it_can_be_changed() {
    let mut kept = Kept::new();
    kept.number("t1", Role::Commenter, "thread", thread()).expect("taken");
    kept.number("p1", Role::Owner, "phase", json!({"phase": "synpunkter"})).expect("taken");
    let mut bare = Journal::default();
    for entry in &kept.entries {
        bare.fold(&entry.without_body()).expect("the heads alone");
    }
    assert_eq!(bare.tip(), kept.journal.tip());
    let json = String::from_utf8(kept.entries[1].encode()).expect("JSON");
    let mut broken = 0;
    for index in 0..json.len() {
        let mut bytes = json.clone().into_bytes();
        bytes[index] ^= 1;
        let Ok(entry) = Entry::decode(&bytes) else { continue };
        let mut journal = Journal::default();
        journal.fold(&kept.entries[0]).expect("the first");
        // A name that nobody reads may be gone: then a field is missing.
        assert!(journal.fold(&entry).is_err(), "{}", String::from_utf8_lossy(&bytes));
        broken += 1;
    }
    assert!(broken > 300, "{broken}");
    // Entries that are left out, doubled or in another order.
    for order in [vec![0, 2], vec![0, 1, 1], vec![1], vec![0, 2, 1]] {
        let mut journal = Journal::default();
        assert!(order.iter().any(|index| journal.fold(&kept.entries[*index]).is_err()), "{order:?}");
    }
}

#[test]
fn a_head_and_a_body_are_hashed_as_rfc_8785_writes_them() {
    use sha2::{Digest as _, Sha256};
    let mut kept = Kept::new();
    kept.number("t1", Role::Commenter, "thread", thread()).expect("taken");
    let entry = serde_json::to_value(&kept.entries[1]).expect("JSON");
    let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
    let head = format!(
        r#"{{"act":"thread","at":"1970-01-01T00:00:00.001Z","body_hash":"{}","number":2,"previous":"{}"}}"#,
        text("body_hash"),
        text("previous")
    );
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&Sha256::digest(head)), text("hash"));
    let body = r#"{"actor":null,"id":"t100000000000000","name":"Anna Ask","quote":"stängd","seat":"seat-of-commenter","section":"text","text":"Stämmer det?"}"#;
    let salt: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&text("salt")[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    assert_eq!(hex(&Sha256::digest([&salt[..], body.as_bytes()].concat())), text("body_hash"));
}

#[test]
fn who_reads_all_entries_has_the_state_of_who_made_them() {
    let mut kept = Kept::new();
    let said = [
        ("a1", Role::Editor, "actor", json!({"name": "Åre kommun", "units": ["Gatukontoret"]})),
        ("a2", Role::Owner, "actor", json!({"name": "Åre", "actor": "a100000000000000"})),
        ("t1", Role::Commenter, "thread", thread()),
        ("r1", Role::Editor, "reply", json!({"thread": "t100000000000000", "text": "Ja"})),
        ("s1", Role::Editor, "resolve", json!({"thread": "t100000000000000"})),
        ("o1", Role::Owner, "reopen", json!({"thread": "t100000000000000"})),
        ("t2", Role::Commenter, "thread", json!({"text": "Bra", "section": "text"})),
        ("w1", Role::Commenter, "withdraw", json!({"thread": "t200000000000000"})),
        ("k1", Role::Owner, "kind", json!({"kind": "ovning"})),
        ("e1", Role::Owner, "erase", json!({"entry": 5, "reason": "Uppgift om en person"})),
        ("p1", Role::Owner, "phase", json!({"phase": "last"})),
    ];
    for (id, role, kind, fields) in said {
        kept.number(id, role, kind, fields).unwrap_or_else(|declined| panic!("{kind}: {declined}"));
    }
    assert_eq!(kept.read().state(), kept.journal.state());
    // As it is on a disk from which the words are gone.
    kept.entries[4] = kept.entries[4].erased();
    assert!(!String::from_utf8(kept.entries[4].encode()).expect("JSON").contains("r1"));
    let read = kept.read();
    assert_eq!((read.state(), read.tip()), (kept.journal.state(), kept.journal.tip()));
    let state = read.state();
    assert_eq!((state.kind(), state.phase()), (MalbildKind::Ovning, Phase::Last));
    let actor: Vec<_> = state.actors().values().map(|actor| actor.name.as_str()).collect();
    assert_eq!(actor, ["Åre"]);
    let thread = state.thread(&ThreadId("t100000000000000".parse().expect("an id"))).expect("a thread");
    assert_eq!((thread.state, thread.replies.len()), (ThreadState::Open, 2));
    assert_eq!(state.erased().collect::<Vec<_>>(), [EntryNumber(5)]);
    let again = kept.number("r1", Role::Editor, "reply", json!({"thread": "t100000000000000", "text": "Ja"}));
    assert_eq!(again, Err(Declined::Closed));
}

/// What each role gets for each act: its own words, and what it is about.
#[test]
fn each_role_may_ask_for_its_own_acts() {
    const T: &str = "t100000000000000";
    let table = [
        ("actor", json!({"name": "Ny"}), [false, false, true, true]),
        ("actor", json!({"name": "Ny", "actor": "a100000000000000"}), [false, false, false, true]),
        ("thread", thread(), [false, true, true, true]),
        ("reply", json!({"thread": T, "text": "Ja"}), [false, true, true, true]),
        ("resolve", json!({"thread": T}), [false, true, true, true]),
        ("withdraw", json!({"thread": T}), [false, true, false, false]),
        ("phase", json!({"phase": "last"}), [false, false, false, true]),
        ("kind", json!({"kind": "ovning"}), [false, false, false, true]),
        ("erase", json!({"entry": 2, "reason": "Fel"}), [false, false, false, true]),
    ];
    for (kind, fields, may) in table {
        for (role, may) in Role::ALL.into_iter().zip(may) {
            let mut kept = Kept::new();
            kept.number("t1", Role::Commenter, "thread", thread()).expect("taken");
            kept.number("a1", Role::Owner, "actor", json!({"name": "Åre"})).expect("taken");
            let before = kept.journal.clone();
            let asked = kept.number("x", role, kind, fields.clone());
            assert_eq!(asked, if may { Ok(4) } else { Err(Declined::Role) }, "{kind} by {role}");
            if !may {
                assert_eq!((before.tip(), before.state()), (kept.journal.tip(), kept.journal.state()));
            }
        }
    }
}

#[test]
fn what_is_wrong_with_an_act_is_said() {
    let long = "å".repeat(limits::ACT_TEXT_UNITS + 1);
    let of = |more: Value| {
        let (Value::Object(mut all), Value::Object(more)) = (thread(), more) else { panic!("no fields") };
        all.extend(more);
        Value::Object(all)
    };
    let refused = [
        ("thread", of(json!({"text": " "})), Declined::Invalid("text")),
        ("thread", of(json!({"text": long})), Declined::Invalid("text")),
        ("thread", of(json!({"section": "annan"})), Declined::Missing("section")),
        ("thread", of(json!({"quote": "borta"})), Declined::Changed),
        ("thread", of(json!({"quote": ""})), Declined::Invalid("quote")),
        ("thread", of(json!({"quote": "Vägen"})), Declined::Ambiguous),
        ("thread", of(json!({"quote": "Vägen", "at": 18})), Declined::Changed),
        ("thread", of(json!({"quote": "Vägen", "at": 4_000_000_000_u32})), Declined::Changed),
        ("reply", json!({"thread": "nobody0000000000", "text": "Ja"}), Declined::Missing("thread")),
        ("reopen", json!({"thread": "t100000000000000"}), Declined::Closed),
        ("actor", json!({"name": "Två\nrader"}), Declined::Invalid("name")),
        ("actor", json!({"name": ""}), Declined::Invalid("name")),
        (
            "actor",
            json!({"name": "A", "units": vec!["e"; limits::ACTOR_UNITS + 1]}),
            Declined::Invalid("units"),
        ),
        ("erase", json!({"entry": 1, "reason": "Fel"}), Declined::Missing("entry")),
        ("erase", json!({"entry": 9, "reason": "Fel"}), Declined::Missing("entry")),
        ("erase", json!({"entry": 2, "reason": ""}), Declined::Invalid("reason")),
    ];
    let mut kept = Kept::new();
    kept.number("t1", Role::Commenter, "thread", thread()).expect("taken");
    for (kind, fields, declined) in refused {
        assert_eq!(kept.number("x", Role::Owner, kind, fields.clone()), Err(declined), "{kind} {fields}");
    }
    assert_eq!(kept.number("x", Role::Owner, "thread", of(json!({"quote": "Vägen", "at": 19}))), Ok(3));
    kept.number("p1", Role::Owner, "phase", json!({"phase": "last"})).expect("taken");
    assert_eq!(kept.number("y", Role::Owner, "thread", thread()), Err(Declined::Closed));
}

#[test]
fn what_nobody_may_ask_for_and_what_no_kind_has_is_no_act() {
    let asked = |kind: &str, fields: Value| {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Act::asked_for(kind, fields).is_ok()
    };
    assert!(asked("phase", json!({"phase": "skriv"})) && asked("actor", json!({"name": "A", "level": null})));
    for (kind, fields) in [
        ("phase", json!({})),
        ("phase", json!({"phase": "paus"})),
        ("phase", json!({"phase": "skriv", "until": "i morgon"})),
        ("phase", json!({"phase": 1})),
        ("gap", json!({"lost": 1})),
        ("seat", json!({"role": "owner"})),
        ("revoke", json!({"revoked": "0123456789abcdef"})),
        ("opened", json!({})),
        ("", json!({})),
        ("thread", json!({"text": "a", "section": "text", "at": 1.5})),
        ("thread", json!({"text": "a", "section": "text", "seat": "0123456789abcdef"})),
    ] {
        assert!(!asked(kind, fields.clone()), "{kind} {fields}");
    }
}

#[test]
fn a_body_is_seen_by_whom_it_is_for() {
    let mut kept = Kept::new();
    kept.number("t1", Role::Commenter, "thread", thread()).expect("taken");
    let made = SeatMade { role: Role::Reader, speaks_for: None, label: None, expires: None };
    let made = kept.ask("s1", &speaker(Role::Editor), Act::Seat(made));
    let Ok(Taken::Entered(made)) = made else { panic!("{made:?}") };
    let sees = |entry: &Entry, role| entry.clone().seen_by(&seat_of(role), role).body.is_some();
    let all = |entry: &Entry| Role::ALL.map(|role| sees(entry, role));
    assert_eq!(all(&kept.entries[0]), [true; 4]);
    assert_eq!(all(&kept.entries[1]), [false, true, true, true]);
    // Who made the seat sees that.
    assert_eq!(all(&made), [false, false, true, true]);
    assert_eq!(all(&kept.entries[1].erased()), [false; 4]);
}

#[test]
fn kinds_have_names_of_their_own_and_no_field_of_whoever_asks() {
    let mut names = NAMES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), NAMES.len());
    let mut kept = Kept::new();
    kept.number("a1", Role::Owner, "actor", json!({"name": "Åre"})).expect("taken");
    let body = kept.entries[1].body.as_ref().expect("a body").fields();
    assert_eq!((&body["name"], &body["by_name"]), (&json!("Åre"), &json!("Anna Ask")));
    assert_eq!(body["seat"], json!("seat-of-owner000"));
}

#[test]
fn a_clock_that_is_put_back_leaves_the_record_in_order() {
    let mut kept = Kept::new();
    kept.now = 5000;
    kept.number("k1", Role::Owner, "kind", json!({"kind": "ovning"})).expect("taken");
    kept.now = 100;
    kept.number("k2", Role::Owner, "kind", json!({"kind": "skarpt"})).expect("taken");
    assert_eq!(kept.entries[2].at, kept.entries[1].at);
}
