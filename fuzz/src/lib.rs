//! What must hold for any bytes that a client can send. One function a target; each panics where it does not
//! hold. libFuzzer calls them with what it invents, and an ordinary test of `shared` with each file in `corpus/`.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use bytes::Bytes;
use samsyn_shared::document::scan;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::{Message, decode_presence, encode_presence};
use samsyn_shared::{Template, document};
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{Any, Doc, Map, ReadTxn, StateVector, Text, Transact, Update, WriteTxn};

/// A demand on what some bytes bring about; panics where it is not met.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 5] = [
    ("scan_update", scan_update),
    ("scan_vector", scan_vector),
    ("scan_presence", scan_presence),
    ("decode_message", decode_message),
    ("gate_then_yrs", gate_then_yrs),
];

/// The scan of an update finds nothing that its bytes could not hold.
pub fn scan_update(bytes: &[u8]) {
    let Ok(found) = scan::update(bytes) else { return };
    assert!(found.blocks.len() + found.deletes.len() <= bytes.len());
    assert!(found.needs.len() <= bytes.len());
    for (client, clocks) in found.blocks.iter().chain(&found.deletes) {
        assert!(*client < limits::CLIENT_ID_END);
        assert!(clocks.start < clocks.end && clocks.end <= i32::MAX as u32);
    }
    assert!(!found.has_gap(|_| u32::MAX >> 1), "who has everything lacks nothing");
}

/// A state vector that passes is one that yrs reads in the same way.
pub fn scan_vector(bytes: &[u8]) {
    let Ok(clocks) = scan::vector(bytes) else { return };
    let read = StateVector::decode_v1(bytes).expect("what passed is a state vector");
    for (client, clock) in &clocks {
        assert_eq!(read.get(&ClientID::new(*client)), *clock);
    }
    assert_eq!(clocks.iter().map(|(client, _)| client).collect::<HashSet<_>>().len(), clocks.len());
}

/// What passes of a presence can be told to everybody, and the same can be told of it once it is gone.
pub fn scan_presence(bytes: &[u8]) {
    let Ok(mut entries) = samsyn_shared::sync::protocol::scan_presence(bytes) else { return };
    assert_eq!(decode_presence(&encode_presence(&entries)).as_ref(), Ok(&entries));
    for entry in &mut entries {
        assert!(entry.state.len() <= limits::PRESENCE_BYTES);
        entry.clock += 1;
    }
    assert_eq!(decode_presence(&encode_presence(&entries)).as_ref(), Ok(&entries));
}

/// A message that decodes is the one that its own bytes are.
pub fn decode_message(bytes: &[u8]) {
    let Ok(message) = Message::decode(Bytes::copy_from_slice(bytes)) else { return };
    let own = message.encode();
    assert!(own.len() <= bytes.len(), "the shortest form is written");
    assert_eq!(Message::decode(own), Ok(message));
}

/// An update that passes the scan, and lacks nothing here, is refused by yrs, panics where that is caught, or is
/// taken; and what was taken can be stored, loaded and read.
pub fn gate_then_yrs(bytes: &[u8]) {
    let Ok(found) = scan::update(bytes) else { return };
    let doc = seeded();
    let here = doc.try_transact().expect("nobody else has it open").state_vector();
    let here = |client| here.get(&ClientID::new(client));
    if found.has_gap(here) {
        return;
    }
    let Some(Ok(update)) = survives(|| Update::decode_v1(bytes)) else { return };
    if survives(|| apply(&doc, update)) != Some(true) {
        // What a panic left behind must not run again.
        std::mem::forget(doc);
        return;
    }
    let stored = state(&doc);
    let again = document::replica(2);
    let loads = apply(&again, Update::decode_v1(&stored).expect("what was taken decodes again"));
    assert!(loads, "what was taken loads again");
    read(&doc);
    read(&again);
}

/// Whether all of an update was taken.
fn apply(doc: &Doc, update: Update) -> bool {
    let mut txn = doc.try_transact_mut().expect("nobody else has it open");
    txn.apply_update(update).is_ok() && !txn.has_missing_updates()
}

fn state(doc: &Doc) -> Vec<u8> {
    doc.try_transact().expect("nobody else has it open").encode_diff_v1(&StateVector::default())
}

fn read(doc: &Doc) {
    let txn = doc.try_transact().expect("nobody else has it open");
    for name in ["title", "section:text"] {
        if let Some(text) = txn.get_text(name) {
            document::read(&text, &txn);
        }
    }
}

/// A small document with text, a pair of surrogates, a format, a deletion and a key that was written twice.
fn seeded() -> Doc {
    let doc = document::seed(Template::find("tom").expect("known"), "T", 7);
    for at in 0..2_u32 {
        let mut txn = doc.try_transact_mut().expect("nobody else has it open");
        let text = txn.get_or_insert_text("section:text");
        text.insert(&mut txn, at, "ab 😀 åäö");
        text.format(&mut txn, at, 4, [("bold".into(), true.into())].into());
        text.remove_range(&mut txn, at + 1, 1);
        txn.get_or_insert_map("meta").insert(&mut txn, "k", Any::from(f64::from(at)));
    }
    doc
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs what may panic. libFuzzer's hook would end the process at a panic that the server survives.
fn survives<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info);
            }
        }));
    });
    GUARDED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(false);
    outcome
}
