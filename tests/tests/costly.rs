//! Work that costs yrs much, in a room in hand: whoever sends it waits, the others don't, and the document still
//! opens; and what honest people write at the most, which is taken. What it costs in time, `bench work` measures.

use anyhow::{Result, ensure};
use samsyn_shared::document;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::refusal;
use samsyn_tests::costly::{Costly, KINDS};
use samsyn_tests::room_in_hand::{Outcome, RoomInHand};
use yrs::updates::decoder::Decode as _;
use yrs::{Doc, ReadTxn as _, StateVector, Text as _, Transact as _, Update, WriteTxn as _};

/// Events of the room for which somebody else's character waits at most: those that are due, and two turns.
const EVENTS: usize = 4;

#[test]
fn costly_work_is_done_in_turns_and_nobody_else_waits_for_it() -> Result<()> {
    for Costly { name, size, updates } in KINDS {
        let updates = updates(size / 20);
        let mut room = RoomInHand::over(&updates[0])?;
        for update in &updates[1..] {
            let (outcome, waited) = room.attack(update)?;
            let is_full = outcome == Outcome::Refused(refusal::DOCUMENT_FULL.into());
            ensure!(outcome == Outcome::Taken || is_full, "{name}: {outcome:?}");
            ensure!(waited <= EVENTS, "{name}: somebody waited for {waited} events");
        }
        room.opening()?;
    }
    Ok(())
}

#[test]
fn more_than_a_document_may_hold_is_refused_before_it_is_applied() -> Result<()> {
    for name in ["client ids that write one key", "ids of content that is gone"] {
        let kind = KINDS.iter().find(|kind| kind.name == name).expect("it has this name");
        let updates = (kind.updates)(limits::DOCUMENT_CLIENTS as u64 + 1);
        let mut room = RoomInHand::over(&updates[0])?;
        let (outcome, _) = room.attack(&updates[1])?;
        ensure!(outcome == Outcome::Refused(refusal::DOCUMENT_FULL.into()), "{name}: {outcome:?}");
    }
    Ok(())
}

fn whole(doc: &Doc) -> Result<Vec<u8>> {
    Ok(doc.try_transact()?.encode_diff_v1(&StateVector::default()))
}

/// A page that has what this one has.
fn page(client: u64, has: &[u8]) -> Result<Doc> {
    let doc = document::replica(client);
    doc.try_transact_mut()?.apply_update(Update::decode_v1(has)?)?;
    Ok(doc)
}

/// Writes in a section, and gives the update.
fn write(doc: &Doc, at: u32, text: &str) -> Result<Vec<u8>> {
    let mut txn = doc.try_transact_mut()?;
    let section = txn.get_or_insert_text("section:text");
    let at = at.min(section.len(&txn));
    section.insert(&mut txn, at, text);
    Ok(txn.encode_update_v1())
}

fn base() -> Result<Vec<u8>> {
    let doc = document::replica(7);
    write(&doc, 0, &"En gemensam mening. ".repeat(200))?;
    whole(&doc)
}

fn taken(room: &mut RoomInHand, update: &[u8]) -> Result<()> {
    let (outcome, _) = room.attack(update)?;
    ensure!(outcome == Outcome::Taken, "{outcome:?}");
    Ok(())
}

/// Each wrote forty words at one and the same place and as many elsewhere, and all come back.
#[test]
fn honest_the_offline_edits_of_three_hundred_people_are_taken() -> Result<()> {
    let base = base()?;
    let mut room = RoomInHand::over(&base)?;
    let all = document::replica(8);
    for person in 0..300_u32 {
        let doc = page(1_000 + u64::from(person) * 37 % 3_001, &base)?;
        for word in 0..40 {
            write(&doc, 5, "ord ")?;
            write(&doc, person * 13 + word * 31, "eget ")?;
        }
        let update = whole(&doc)?;
        taken(&mut room, &update)?;
        all.try_transact_mut()?.apply_update(Update::decode_v1(&update)?)?;
    }
    // And as one device has them, that hands everything back to a server which has lost it.
    let mut lost = RoomInHand::over(&base)?;
    taken(&mut lost, &whole(&all)?)
}

/// Single edits anywhere in a long text, most of them near the last one, some of them deletions. The whole number of
/// them takes minutes without optimisation: `SAMSYN_EDITS=260000`.
#[test]
fn honest_a_document_of_many_single_edits_is_taken_as_a_whole() -> Result<()> {
    let edits: u32 = std::env::var("SAMSYN_EDITS").map_or(Ok(26_000), |edits| edits.parse())?;
    let doc = document::replica(7);
    write(&doc, 0, "x")?;
    let mut room = RoomInHand::over(&whole(&doc)?)?;
    let mut at = 0;
    for edit in 0..edits {
        // As people write: a word or two, then somewhere else.
        at = if edit % 12 == 0 { edit.wrapping_mul(2_654_435_761) % (edit + 1) } else { at + 1 };
        if edit % 9 == 0 {
            let mut txn = doc.try_transact_mut()?;
            let section = txn.get_or_insert_text("section:text");
            let at = at.min(section.len(&txn) - 1);
            section.remove_range(&mut txn, at, 1);
        } else {
            write(&doc, at, "e")?;
        }
    }
    taken(&mut room, &whole(&doc)?)
}

#[test]
fn honest_a_long_paste_and_a_key_in_the_middle_of_it_are_taken() -> Result<()> {
    let base = base()?;
    let mut room = RoomInHand::over(&base)?;
    let doc = page(9, &base)?;
    taken(&mut room, &write(&doc, 40, &"å".repeat(limits::PASTE_UNITS as usize))?)?;
    for at in (0..limits::PASTE_UNITS).step_by(20_000) {
        taken(&mut room, &write(&doc, 40 + at, "k")?)?;
    }
    Ok(())
}

/// A page for each of four hundred working days of thirty people.
#[test]
fn honest_twelve_thousand_page_loads_that_wrote_are_taken() -> Result<()> {
    let base = base()?;
    let mut room = RoomInHand::over(&base)?;
    let all = page(8, &base)?;
    for load in 0..12_000_u32 {
        let mut txn = all.try_transact_mut()?;
        let update = samsyn_tests::costly::word(1_000 + u64::from(load), u64::from(load) % 4_000);
        txn.apply_update(Update::decode_v1(&update)?)?;
    }
    taken(&mut room, &whole(&all)?)
}
