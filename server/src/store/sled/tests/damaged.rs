//! Wrong bytes on the disk: what is lost by them is named, the rest is whole, and nothing is changed before somebody
//! has decided.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::super::reader::{StoreReader, salvage_to};
use super::workload::{Held, Workload, copy, files, rounds};
use super::*;

const PAGE: usize = 4096;

/// What came of all rounds.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    /// Opened as if nothing were wrong, and nothing was missing.
    harmless: usize,
    renewed: usize,
    refused: usize,
    /// Documents, and how many of them came out whole.
    documents: usize,
    whole: usize,
    /// Updates in the log, and how many of them came out.
    words: usize,
    kept_words: usize,
    /// Records of tables, and how many of them came out.
    records: usize,
    kept_records: usize,
    /// Refused, and no Document lacks anything.
    healed: usize,
}

/// Does a store with this damage to it, and checks what comes of it. `most` Documents may be hit by it.
fn judge(work: &Workload, held: &Held, damaged: &TempDir, most: usize, tally: &mut Tally) {
    tally.rounds += 1;
    let dir = damaged.path();
    let before = files(dir);
    // What is asked for while the store is not in use changes nothing.
    let reader = StoreReader::open(dir).unwrap();
    let is_damaged = reader.damage().is_some();
    if !is_damaged {
        assert_eq!(&Held::of(&reader), held, "read as if it were whole");
    }
    drop(reader);
    assert_eq!(files(dir), before, "reading has changed something");
    let fresh = tempfile::tempdir().unwrap();
    let report = salvage_to(dir, fresh.path()).unwrap();
    assert_eq!(files(dir), before, "salvaging has changed something");
    match SledStore::open(dir) {
        Ok(store) => {
            assert_eq!(&Held::of(&store), held, "silently wrong");
            // Where the tree needs nothing of what was hit, salvaging, which looks at everything, may be in doubt. It names
            // nothing that is lacking then, and nothing is.
            assert!(report.is_whole() || (!is_damaged && report.lacks.is_empty()), "{report:?}");
            if is_damaged {
                // Nothing is missing of it: it was written anew, and the damaged one is kept.
                let kept = files(dir).into_iter().any(|(name, bytes)| {
                    name.starts_with("rescue") && name.ends_with("db") && bytes == before["sled/db"]
                });
                assert!(kept, "the damaged store is gone");
                tally.renewed += 1;
            } else {
                tally.harmless += 1;
            }
        }
        Err(StoreError::Damaged { aside, .. } | StoreError::Shortened { aside, .. }) => {
            assert!(is_damaged);
            let after: BTreeMap<_, _> =
                files(dir).into_iter().filter(|(name, _)| !name.starts_with("rescue")).collect();
            assert_eq!(after, before, "a refused store was touched");
            let aside = fs::read(aside.unwrap().join("sled/db")).unwrap();
            assert_eq!(aside, before["sled/db"], "what was set aside is another");
            tally.refused += 1;
        }
        Err(error) => panic!("{error}"),
    }
    let store = SledStore::open(fresh.path()).unwrap();
    let mut hit = 0;
    for (id, (loaded, _)) in &held.documents {
        tally.documents += 1;
        tally.words += loaded.updates.len();
        match store.load(*id) {
            Ok(Some(saved)) => {
                assert_eq!(saved.last, loaded.last, "{id} silently lacks its end: {report:?}");
                expect_history(work, *id, &saved);
                tally.whole += 1;
                tally.kept_words += loaded.updates.len();
            }
            outcome => {
                hit += 1;
                let name = id.to_string();
                assert!(report.lacks.iter().any(|line| line.contains(&name)), "{outcome:?}, {report:?}");
                let records = ReadStore::records(&store, *id).unwrap_or_default();
                let numbers = records.iter().filter_map(|record| record.verified.as_ref().ok());
                let kept = numbers.filter(|record| record.kind == "updates").count();
                tally.kept_words += kept.min(loaded.updates.len());
            }
        }
    }
    assert!(hit <= most, "{hit} documents are hit: {report:?}");
    let mut lost = 0;
    for ((table, key), value) in &held.records {
        tally.records += 1;
        match store.get(*table, key).unwrap() {
            Some(found) if found == *value => tally.kept_records += 1,
            _ => lost += 1,
        }
    }
    assert!(lost == 0 || !report.is_whole(), "{lost} records are lost, and nothing says so: {report:?}");
    assert!(lost <= 16 * most, "{lost} records are lost");
    tally.healed += usize::from(is_damaged && report.is_whole());
}

/// Whatever a Document was put together of was once stored of it.
fn expect_history(work: &Workload, id: DocumentId, saved: &Loaded) {
    let first = saved.last.0 + 1 - saved.updates.len() as u64;
    for (number, update) in (first..).zip(&saved.updates) {
        assert_eq!(work.updates.get(&(id, number)), Some(update), "{id} {number}");
    }
    let snapshot = work.snapshots.get(&(id, first - 1));
    assert_eq!(saved.snapshot.as_ref(), snapshot, "{id} {first}");
}

/// A store of some megabytes whose process was killed, and what it holds.
fn killed(seed: u64, commits: usize) -> (Workload, Held, TempDir) {
    let mut work = Workload::new(seed);
    work.write(commits);
    let (held, killed) = (Held::of(&work.store), work.killed());
    assert_eq!(held, Held::of(&work.model));
    (work, held, killed)
}

fn hurt(dir: &Path, damage: impl FnOnce(&mut Vec<u8>)) {
    let path = dir.join("sled/db");
    let mut bytes = fs::read(&path).unwrap();
    damage(&mut bytes);
    fs::write(&path, bytes).unwrap();
}

fn try_all(what: &str, few: usize, most: usize, damage: impl Fn(&mut Workload, &mut Vec<u8>)) {
    let (total, mut tally) = (rounds(few), Tally::default());
    for seed in 0..total.div_ceil(50) as u64 {
        let (mut work, held, killed) = killed(seed, 700);
        for _ in 0..total.saturating_sub(tally.rounds).min(50) {
            let damaged = copy(killed.path());
            hurt(damaged.path(), |bytes| damage(&mut work, bytes));
            judge(&work, &held, &damaged, most, &mut tally);
        }
    }
    println!("{what}: {tally:?}");
}

#[test]
fn one_wrong_byte_costs_one_record_and_never_silently() {
    try_all("flips", 12, 1, |work, bytes| {
        let at = work.random(bytes.len());
        bytes[at] ^= 1 << work.random(8);
    });
}

#[test]
fn a_page_of_zeros_costs_what_it_held_and_never_silently() {
    try_all("zeroed pages", 8, 6, |work, bytes| {
        let at = work.random(bytes.len() / PAGE) * PAGE;
        bytes[at..][..PAGE].fill(0);
    });
}

#[test]
fn a_store_that_was_shortened_is_not_taken_for_whole() {
    try_all("shortened", 6, 6, |work, bytes| {
        let length = work.random(bytes.len());
        bytes.truncate(length);
    });
}
