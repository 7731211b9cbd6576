//! What is sled's own: files, restarts, damage on disk, a full disk.

mod damaged;
mod killed;
mod measured;
mod workload;

use std::process::Command;
use std::sync::Arc;

use super::super::{Health, Storage, contract};
use super::key::Kind;
use super::*;

fn with_db<T>(store: &SledStore, work: impl FnOnce(&sled::Db) -> T) -> T {
    store.with(|open| Ok(work(&open.db))).unwrap()
}

/// Does something to the nth key of a kind that a Document has.
fn damage(
    store: &SledStore,
    document: DocumentId,
    kind: Kind,
    nth: usize,
    hurt: impl FnOnce(&sled::Db, &sled::IVec),
) {
    with_db(store, |db| {
        let key = db.scan_prefix(key::kind(document, kind)).keys().nth(nth).unwrap().unwrap();
        hurt(db, &key);
    });
}

#[test]
fn sled_keeps_the_contract() {
    contract::check(|| {
        let dir = tempfile::tempdir().unwrap();
        (SledStore::open(&dir.path().join("data")).unwrap(), dir)
    });
}

#[test]
fn everything_is_there_after_a_restart_and_numbers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let document = contract::document(1);
    {
        let store = SledStore::open(dir.path()).unwrap();
        contract::append(&store, document, &[b"a", &vec![7; 300_000]]);
        store.commit(&[contract::put("key", b"value")], Time(1)).unwrap();
    }
    let store = SledStore::open(dir.path()).unwrap();
    let loaded = store.load(document).unwrap().unwrap();
    assert_eq!(loaded.updates, [Bytes::from_static(b"a"), Bytes::from(vec![7; 300_000])]);
    assert_eq!(store.get(Table::Token, "key").unwrap(), Some(Bytes::from_static(b"value")));
    assert_eq!(contract::append(&store, document, &[b"c"]), [Some(Seq(3))]);
    assert!(!dir.path().join("sled/blobs").read_dir().is_ok_and(|mut blobs| blobs.next().is_some()));
}

/// sled's threads outlive a closed store by a moment, and hold its lock.
#[test]
fn a_store_that_was_just_closed_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..30 {
        let store = SledStore::open(dir.path()).unwrap_or_else(|error| panic!("{round}: {error}"));
        contract::append(&store, contract::document(1), &[&[7; 100_000]]);
    }
}

#[test]
fn a_second_opener_is_refused_and_told_why() {
    let dir = tempfile::tempdir().unwrap();
    let _first = SledStore::open(dir.path()).unwrap();
    let second = SledStore::open(dir.path()).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)));
    assert!(second.to_string().starts_with("store-in-use: "), "{second}");
}

#[test]
fn a_damaged_document_is_an_error_for_itself_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    for n in 1..=3 {
        for update in [b"a", b"b", b"c"] {
            contract::append(&store, contract::document(n), &[update]);
        }
    }
    // A flipped byte in one document, a lost record in the next.
    damage(&store, contract::document(1), Kind::Updates, 1, |db, key| {
        let mut value = db.get(key).unwrap().unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        db.insert(key, value).unwrap();
    });
    damage(&store, contract::document(2), Kind::Updates, 1, |db, key| drop(db.remove(key).unwrap()));

    let corrupt = |n| matches!(store.load(contract::document(n)), Err(StoreError::Corrupt { .. }));
    assert!(corrupt(1) && corrupt(2) && !corrupt(3));
    assert_eq!(store.load(contract::document(3)).unwrap().unwrap().updates.len(), 3);
}

#[test]
fn a_directory_of_another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = SledStore::open(dir.path()).unwrap();
        with_db(&store, |db| {
            db.insert("format", "samsyn-1").unwrap();
            db.flush().unwrap();
        });
    }
    let refused = SledStore::open(dir.path()).unwrap_err().to_string();
    assert!(refused.starts_with("store-format: ") && refused.contains("samsyn-1"), "{refused}");
}

#[test]
fn updates_of_one_commit_share_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let id = contract::document(1);
    let large = vec![7; 5_000];
    contract::append(&store, id, &[b"a", b"b", &large, b"c", b"d"]);
    let firsts: Vec<_> = with_db(&store, |db| {
        let keys = db.scan_prefix(key::kind(id, Kind::Updates)).keys();
        keys.map(|key| key::DocumentKey::parse(&key.unwrap()).unwrap())
            .map(|key| (key.number.0, key.index))
            .collect()
    });
    assert_eq!(firsts, [(1, 0), (3, 0), (3, 1), (4, 0)]);
    assert_eq!(store.load(id).unwrap().unwrap().updates, [b"a", b"b", &large[..], b"c", b"d"]);
}

/// sled writes a leaf as one piece with all its values. When values had up to 64 KiB, that piece went to a
/// file of its own, which is never synced: power loss took what had been called saved.
#[test]
fn no_leaf_grows_into_a_file_that_is_never_synced() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let mut rng = <rand::rngs::SmallRng as rand::SeedableRng>::seed_from_u64(1);
    let mut stored = [0; 4];
    for round in 0..600_u64 {
        let n = rand::Rng::random_range(&mut rng, 0..4_usize);
        let id = contract::document(n as u64);
        let update = vec![7; rand::Rng::random_range(&mut rng, 1..9_000)];
        contract::append(&store, id, &[&update]);
        stored[n] += 1;
        if round % 20 == 0 {
            let snapshot = Bytes::from(vec![7; rand::Rng::random_range(&mut rng, 1..300_000)]);
            let compact = Write::Compact { document: id, snapshot, up_to: Seq(stored[n]) };
            store.commit(&[compact], Time(round * 3_000_000)).unwrap();
        }
        let files = dir.path().join("sled/blobs").read_dir().unwrap().count();
        assert_eq!(files, 0, "after {round} commits");
    }
}

/// What a compaction does not cover of a record stays, and is not read twice.
#[test]
fn a_record_that_reaches_beyond_the_snapshot_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let id = contract::document(1);
    contract::append(&store, id, &[b"a", b"b"]);
    contract::append(&store, id, &[b"c", b"d"]);
    for (up_to, left) in [(1, &b"bcd"[..]), (2, b"cd"), (3, b"d"), (4, b"")] {
        let compact = Write::Compact { document: id, snapshot: Bytes::from_static(b"S"), up_to: Seq(up_to) };
        store.commit(&[compact], Time(up_to)).unwrap();
        let loaded = store.load(id).unwrap().unwrap();
        assert_eq!(loaded.last, Seq(4), "{up_to}");
        assert_eq!(loaded.updates.concat(), left, "{up_to}");
    }
    let left = with_db(&store, |db| db.scan_prefix(key::kind(id, Kind::Updates)).count());
    assert_eq!(left, 0);
}

#[test]
fn a_lost_snapshot_is_no_older_document() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let id = contract::document(1);
    for up_to in 0..2 {
        let compact = Write::Compact { document: id, snapshot: Bytes::from_static(b"S"), up_to: Seq(up_to) };
        store.commit(&[compact], Time(up_to * 10_000_000)).unwrap();
        contract::append(&store, id, &[b"a"]);
    }
    damage(&store, id, Kind::Snapshot, 1, |db, key| drop(db.remove(key).unwrap()));
    assert!(matches!(store.load(id), Err(StoreError::Corrupt { .. })));
    let older = store.load_at(id, Time(5)).unwrap().unwrap();
    assert_eq!(older.last, Seq(0), "the older restore point is still there");
}

#[test]
fn a_document_is_read_whole_while_it_is_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SledStore::open(dir.path()).unwrap());
    let id = contract::document(1);
    let writer = Arc::clone(&store);
    let writing = std::thread::spawn(move || {
        for n in 1..=150_u64 {
            contract::append(&*writer, id, &[&n.to_be_bytes()]);
            if n % 2 == 0 {
                let snapshot = Bytes::from(n.to_be_bytes().repeat(20_000));
                writer.commit(&[Write::Compact { document: id, snapshot, up_to: Seq(n) }], Time(n)).unwrap();
            }
        }
    });
    let mut last = Seq(0);
    while !writing.is_finished() {
        let Some(loaded) = store.load(id).unwrap() else { continue };
        assert!(loaded.last >= last);
        last = loaded.last;
        let newest = loaded.parts().last().unwrap();
        assert!(newest.ends_with(&last.0.to_be_bytes()), "{last:?}");
    }
    writing.join().unwrap();
}

/// A small disk of its own, if this process may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(dir.path())
            .output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(dir));
        }
        println!("skipped: this process may not mount a tmpfs");
        None
    }

    fn fill(&self) {
        let mut file = File::create(self.0.path().join("filler")).unwrap();
        while io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    }

    fn clear(&self) {
        std::fs::remove_file(self.0.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let lazily = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(lazily.is_ok_and(|status| status.success()));
    }
}

/// Writers write all the time, also at the moment when the disk fills.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_and_has_room_again_loses_nothing_acked() {
    for size in ["24m", "64m"] {
        let Some(disk) = SmallDisk::mount(size) else { return };
        let data = disk.0.path().join("data");
        let storage = Storage::start(Arc::new(SledStore::open(&data).unwrap()));
        let mut acked = 0;
        for round in 0..4_u8 {
            let writers = (1..=8).map(|n| {
                let storage = storage.clone();
                tokio::spawn(async move {
                    for at in 0..40 {
                        let update = Bytes::from(vec![round; 100 + at * 20]);
                        storage
                            .append(
                                contract::document(n),
                                vec![update; 3],
                                samsyn_shared::room::Urgency::Batched,
                            )
                            .await
                            .unwrap();
                    }
                })
            });
            let writers: Vec<_> = writers.collect();
            disk.fill();
            // The writers may be done by now.
            while storage.commit(vec![contract::put("k", b"v")]).await.is_ok() {}
            let refused = storage.commit(vec![contract::put("k", b"v")]).await;
            assert!(matches!(refused, Err(StoreError::Full)), "{size}, {round}: {refused:?}");
            assert_eq!(*storage.health().borrow(), Health::Full);
            // What is there can be read all the while.
            storage.load(contract::document(1)).await.unwrap();
            disk.clear();
            for writer in writers {
                writer.await.unwrap();
            }
            acked += 120;
            storage.health().wait_for(|health| *health == Health::Fine).await.unwrap();
        }
        storage.close().await;
        drop(storage);
        let store = SledStore::open(&data).unwrap();
        for n in 1..=8 {
            assert!(store.load(contract::document(n)).unwrap().unwrap().last >= Seq(acked));
        }
    }
}

/// As if the reserve had not been enough.
#[test]
fn a_store_that_met_a_full_disk_is_opened_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    contract::append(&store, contract::document(1), &[b"a"]);
    store.broken.store(true, Ordering::Release);
    store.recover().unwrap();
    assert_eq!(contract::append(&store, contract::document(1), &[b"b"]), [Some(Seq(2))]);
    assert_eq!(store.load(contract::document(1)).unwrap().unwrap().updates.concat(), b"ab");
}
