//! Bytes that no decent client sends, made by hand: each attack by name, and what must come of it. Whether it
//! does is tested at the scan (in `shared`) and at the real server (`hostile`).

use crate::lib0::Bytes;

/// One attack.
#[derive(Debug)]
pub struct Attack {
    /// What is wrong with it.
    pub name: String,
    /// What it is sent as.
    pub sent_as: SentAs,
    /// The bytes of the update, the vector or the presence.
    pub bytes: Vec<u8>,
    /// What the scan says of it.
    pub verdict: Verdict,
}

/// What bytes claim to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentAs {
    /// A Yjs update, version 1.
    Update,
    /// A Yjs state vector.
    Vector,
    /// The body of a presence message.
    Presence,
}

/// What the scan makes of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No update, vector or presence: the connection is closed.
    Malformed,
    /// Refused; the connection stays.
    Forbidden,
    /// Passes the scan, with nothing in it that could be shown or stored, or with what does no harm.
    Harmless,
}

use SentAs::{Presence, Update, Vector};
use Verdict::{Forbidden, Harmless, Malformed};

/// A number that is nearly the largest that may be declared.
const HUGE: u64 = (1 << 53) - 1;

/// A root that the målbild has which is attacked.
const ROOT: &str = "section:kommunikationsmal";

/// Somebody who has written nothing yet, so that no clock of theirs is known.
const STRANGER: u64 = 4_000_000_001;

/// All of them.
#[must_use]
pub fn attacks() -> Vec<Attack> {
    let mut all = values();
    all.extend(counts());
    all.extend(numbers());
    all.extend(structure());
    all.extend(vectors());
    all.extend(presences());
    all
}

/// An update of the stranger's with so many blocks from this clock on.
fn blocks(count: u64, clock: u64) -> Bytes {
    Bytes::default().numbers(&[1, count, STRANGER, clock])
}

/// One block at the start of a text.
fn in_text(kind: u8) -> Bytes {
    blocks(1, 0).byte(kind).number(1).string(ROOT)
}

/// One block under a key of the map.
fn in_map(kind: u8) -> Bytes {
    blocks(1, 0).byte(kind | 0x20).number(1).string("meta").string("k")
}

fn update(name: &str, verdict: Verdict, bytes: Bytes) -> Attack {
    Attack { name: name.to_owned(), sent_as: Update, bytes: bytes.0, verdict }
}

/// Values that are deep, large or odd.
fn values() -> Vec<Attack> {
    let nest = |start: Bytes, step: &[u8], depth: usize, end: &[u8]| {
        start.raw(&step.repeat(depth)).raw(end).no_deletes()
    };
    let json = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let mut all = vec![
        update("8,000 arrays in each other", Forbidden, nest(in_map(8).number(1), &[117, 1], 8_000, &[126])),
        update("a million arrays", Forbidden, nest(in_map(8).number(1), &[117, 1], 1_000_000, &[126])),
        update("8,000 objects", Forbidden, nest(in_map(8).number(1), &[118, 1, 1, b'a'], 8_000, &[126])),
        update("65 arrays", Forbidden, nest(in_map(8).number(1), &[117, 1], 65, &[126])),
        update("an unknown value", Malformed, nest(in_map(8).number(1), &[], 0, &[99])),
        update(
            "an integer that JavaScript throws at",
            Malformed,
            in_map(8)
                .number(1)
                .raw(&[125, 0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
                .no_deletes(),
        ),
        update("more values than anybody writes", Forbidden, {
            in_map(8).number(1_000_001).raw(&[126].repeat(1_000_001)).no_deletes()
        }),
    ];
    for depth in [65, 8_000, 100_000] {
        let json = json(depth);
        let named = |what: &str, bytes: Bytes| update(&format!("{what}, {depth} deep"), Forbidden, bytes);
        all.push(named("JSON", in_text(2).number(1).string(&json).no_deletes()));
        all.push(named("an embed", in_text(5).string(&json).no_deletes()));
        all.push(named("a format", in_text(6).string("bold").string(&json).no_deletes()));
    }
    for (what, json) in [("cut", "{\"a\":"), ("no JSON", "bold"), ("nothing", "")] {
        all.push(update(
            &format!("a format that is {what}"),
            Malformed,
            in_text(6).string("bold").string(json).no_deletes(),
        ));
    }
    // Half of a pair of surrogates, as no UTF-8 has it.
    all.push(update("half a surrogate pair", Malformed, in_text(4).string([0xED, 0xA0, 0xBD]).no_deletes()));
    all
}

/// Declared counts and lengths that the bytes cannot hold, at every place that declares one.
fn counts() -> Vec<Attack> {
    let places = [
        ("clients", Bytes::default()),
        ("blocks", Bytes::default().number(1)),
        ("a root's name", blocks(1, 0).byte(4).number(1)),
        ("a key", blocks(1, 0).byte(0x28).number(1).string("meta")),
        ("JSON texts", in_text(2)),
        ("a JSON text", in_text(2).number(1)),
        ("a text", in_text(4)),
        ("an embed", in_text(5)),
        ("a format's name", in_text(6)),
        ("a format's value", in_text(6).string("bold")),
        ("values", in_map(8)),
        ("an array", in_map(8).number(1).byte(117)),
        ("an object", in_map(8).number(1).byte(118)),
        ("an object's key", in_map(8).number(1).raw(&[118, 1])),
        ("a string", in_map(8).number(1).byte(119)),
        ("a buffer", in_map(8).number(1).byte(116)),
        ("clients of deletions", Bytes::default().number(0)),
        ("deletions", Bytes::default().numbers(&[0, 1, STRANGER])),
    ];
    let mut all = Vec::new();
    for (place, start) in places {
        for count in [1_000, u64::from(u32::MAX), HUGE] {
            let bytes = start.clone().number(count).raw(&[0; 8]);
            all.push(update(&format!("{count} declared for {place}"), Malformed, bytes));
        }
        // Ten bytes that never end.
        all.push(update(&format!("no number for {place}"), Malformed, start.raw(&[0xFF; 10])));
    }
    all
}

/// Identifiers, clocks and lengths beyond their ends.
fn numbers() -> Vec<Attack> {
    let text = |bytes: Bytes| bytes.byte(4).number(1).string(ROOT).string("x").no_deletes();
    let gc = |clock: u64, length: u64| blocks(1, clock).byte(0).number(length).no_deletes();
    let deletion = |from: u64, length: u64| Bytes::default().numbers(&[0, 1, STRANGER, 1, from, length]);
    let last = (1 << 31) - 2;
    vec![
        update("a client that JavaScript cannot hold", Malformed, {
            text(Bytes::default().numbers(&[1, 1, 1 << 53, 0]))
        }),
        update(
            "the largest client there is",
            Malformed,
            text(Bytes::default().numbers(&[1, 1, u64::MAX, 0])),
        ),
        update("a clock of 2^31", Malformed, text(blocks(1, 1 << 31))),
        update("a clock of 2^32, which wraps to 0", Malformed, text(blocks(1, 1 << 32))),
        update("a block that ends beyond 2^31", Malformed, gc(last, 2)),
        update("a length that wraps", Malformed, gc(last, u64::from(u32::MAX) - last + 1)),
        update("a length of 2^53 - 1", Malformed, gc(0, HUGE)),
        update("a deletion that ends beyond 2^31", Malformed, deletion(last, 2)),
        update("a deletion that wraps", Malformed, deletion(1, u64::from(u32::MAX))),
        update("a deletion of 2^53 - 1", Malformed, deletion(1, HUGE)),
        update("a deletion of all that will ever be", Harmless, deletion(0, last)),
        update("deleted content of 2^53 - 1", Malformed, in_text(1).number(HUGE).no_deletes()),
        update("an origin at 2^31", Malformed, {
            blocks(1, 0).byte(0x84).numbers(&[7, 1 << 31]).string("x").no_deletes()
        }),
        update("an origin of a client that is none", Malformed, {
            blocks(1, 0).byte(0x84).numbers(&[1 << 53, 0]).string("x").no_deletes()
        }),
    ]
}

/// Blocks that no målbild has, and such as no Yjs writes.
fn structure() -> Vec<Attack> {
    let nested = |count: u64| {
        let first = blocks(count, 0).byte(0x27).number(1).string("meta").string("k").number(1);
        let inner =
            |bytes: Bytes, clock: u64| bytes.byte(0x27).numbers(&[0, STRANGER, clock]).string("k").number(1);
        (0..count - 1).fold(first, inner).no_deletes()
    };
    let beside = |left: (u64, u64), right: (u64, u64)| {
        blocks(1, 5).byte(0xC4).numbers(&[left.0, left.1, right.0, right.1]).string("x").no_deletes()
    };
    let twice = |bytes: &[u64]| Bytes::default().numbers(bytes);
    let many = |block: &[u8]| blocks(1_000_001, 0).raw(&block.repeat(1_000_001)).no_deletes();
    let mut all = vec![
        update("20,000 types in each other", Forbidden, nested(20_000)),
        update("a nested type", Forbidden, nested(1)),
        update("a text beside a nested type", Forbidden, {
            blocks(1, 0).byte(4).numbers(&[0, 7, 0]).string("x").no_deletes()
        }),
        update("a subdocument", Forbidden, in_map(9).string("guid").raw(&[118, 0]).no_deletes()),
        update("binary content", Forbidden, in_map(3).string([0; 3]).no_deletes()),
        update("a move", Forbidden, in_text(11).numbers(&[0, 7, 0]).no_deletes()),
        update("a key in a text", Forbidden, {
            blocks(1, 0).byte(0x28).number(1).string("title").string("k").number(1).byte(126).no_deletes()
        }),
        update("a text in the map", Forbidden, {
            blocks(1, 0).byte(4).number(1).string("meta").string("x").no_deletes()
        }),
        update("a text under a key", Forbidden, in_map(4).string("x").no_deletes()),
        update("a block beside itself", Malformed, beside((STRANGER, 5), (7, 0))),
        update("a block before its own later one", Malformed, beside((7, 0), (STRANGER, 9))),
        update("a block between one and the same", Malformed, beside((7, 3), (7, 3))),
        update("a hole with an origin", Malformed, blocks(1, 0).raw(&[0x8A, 7, 0, 3]).no_deletes()),
        update("a tombstone with an origin", Malformed, blocks(1, 0).raw(&[0x80, 7, 0, 3]).no_deletes()),
        update("an empty text", Malformed, in_text(4).string("").no_deletes()),
        update("an empty list of values", Malformed, in_map(8).number(0).no_deletes()),
        update("an empty tombstone", Malformed, blocks(1, 0).raw(&[0, 0]).no_deletes()),
        update("an empty hole", Malformed, blocks(1, 0).raw(&[10, 0]).no_deletes()),
        update("one hole after another", Harmless, blocks(2, 0).raw(&[10, 9, 10, 9]).no_deletes()),
        update("a hole to the end of all clocks", Harmless, {
            blocks(1, 0).byte(10).number((1 << 31) - 2).no_deletes()
        }),
        update("a block behind a hole", Harmless, {
            blocks(2, 0).raw(&[10, 9, 4]).number(1).string(ROOT).string("x").no_deletes()
        }),
        update("a million tombstones", Forbidden, many(&[0, 1])),
        update("a million holes", Forbidden, many(&[10, 1])),
        update("a client twice", Malformed, twice(&[2, 1, STRANGER, 0, 0, 3, 1, STRANGER, 3, 0, 3, 0])),
        update("a client's deletions twice", Malformed, twice(&[0, 2, 7, 1, 0, 1, 7, 1, 0, 1])),
        update("a deletion of nothing, which yrs waits for", Malformed, twice(&[0, 1, 7, 1, 26, 0])),
        update("bytes after the end", Malformed, twice(&[0, 0, 0])),
        update("nothing at all", Malformed, Bytes::default()),
    ];
    for kind in 12..32 {
        let bytes = in_text(kind).string("x").no_deletes();
        all.push(update(&format!("content of the kind {kind}"), Malformed, bytes));
    }
    all
}

fn vectors() -> Vec<Attack> {
    let vector = |name: &str, bytes: &[u64]| Attack {
        name: name.to_owned(),
        sent_as: Vector,
        bytes: Bytes::default().numbers(bytes).0,
        verdict: Malformed,
    };
    let bomb = vec![0xFF, 0xFF, 0xFF, 0x7A, 1, 1, 1, 1, 1, 1, 1];
    let mut all = vec![
        vector("a client twice in a vector", &[2, 7, 1, 7, 2]),
        vector("a vector with a client that is none", &[1, 1 << 53, 1]),
        vector("a vector with a clock of 2^31", &[1, 7, 1 << 31]),
        vector("a vector with a clock that wraps", &[1, 7, 1 << 32]),
        vector("a vector of 2^53 - 1", &[HUGE]),
        vector("a vector that goes on", &[0, 0]),
        vector("no vector", &[]),
    ];
    all.push(Attack {
        name: "11 bytes that make yrs take a gigabyte".to_owned(),
        sent_as: Vector,
        bytes: bomb,
        verdict: Malformed,
    });
    all
}

fn presences() -> Vec<Attack> {
    let one = |clock: u64, state: &[u8]| Bytes::default().numbers(&[1, STRANGER, clock]).string(state);
    let presence = |name: &str, verdict: Verdict, bytes: Bytes| Attack {
        name: name.to_owned(),
        sent_as: Presence,
        bytes: bytes.0,
        verdict,
    };
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let crowd = (0..10_001)
        .fold(Bytes::default().number(10_001), |bytes, client| bytes.numbers(&[client, 1]).string("1"));
    vec![
        presence("a clock after which there is none", Harmless, one(HUGE, b"{}")),
        presence("a clock of 2^53", Malformed, one(1 << 53, b"{}")),
        presence("the largest clock there is", Malformed, one(u64::MAX, b"{}")),
        presence("a presence of nobody", Malformed, Bytes::default().numbers(&[1, 1 << 53, 1]).string("{}")),
        presence("2^53 - 1 presences", Malformed, Bytes::default().number(HUGE)),
        presence("a state of 2^53 - 1", Malformed, Bytes::default().numbers(&[1, STRANGER, 1, HUGE])),
        presence("more presences than anybody knows", Malformed, crowd),
        presence("a state that is not UTF-8", Malformed, one(1, &[0xED, 0xA0, 0xBD])),
        presence("a presence that goes on", Malformed, one(1, b"{}").byte(0)),
        presence("a deep state", Harmless, one(1, deep.as_bytes())),
        presence("a large state", Harmless, one(1, format!("\"{}\"", "x".repeat(5_000)).as_bytes())),
        presence("a state that is no JSON", Harmless, one(1, b"{")),
        presence("an empty state", Harmless, one(1, b"")),
    ]
}
