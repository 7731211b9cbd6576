//! A process that is killed, and one that ends in order: what was acked is there, and nobody is asked for anything.

use super::super::log::message::{SEGMENT, with_stable};
use super::super::log::salvage::gather;
use super::super::log::walk::{Source, Tail, walk};
use super::workload::{Held, Workload, copy, files, rounds};

#[test]
fn whatever_is_written_and_whenever_the_process_is_killed_all_of_it_is_there() {
    for seed in 0..rounds(2) as u64 {
        let mut work = Workload::new(seed);
        for round in 0..10 {
            let commits = 20 + work.random(180);
            work.write(commits);
            let killed = work.killed();
            if round % 3 == 0 {
                // One that ends in order leaves more in the file.
                let dir = std::mem::replace(&mut work.dir, tempfile::tempdir().unwrap());
                work.store = super::SledStore::open(work.dir.path()).unwrap();
                work.go_on_in(dir);
            } else {
                work.go_on_in(killed);
            }
            assert_eq!(Held::of(&work.store), Held::of(&work.model), "seed {seed}, round {round}");
        }
    }
}

/// A damaged table of pages costs nothing: it is made anew from the log. So are the settings, which never change.
#[test]
fn sleds_small_files_may_be_anything() {
    let mut work = Workload::new(3);
    work.write(60);
    // Opened anew once, so that there is a table of pages.
    let dir = work.killed();
    work.go_on_in(dir);
    work.write(20);
    let (held, killed) = (Held::of(&work.store), work.killed());
    let snap = files(killed.path()).into_keys().find(|name| name.contains("snap.")).unwrap();
    for name in [snap.as_str(), "sled/conf"] {
        for round in 0..10 {
            let dir = copy(killed.path());
            let path = dir.path().join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            match round {
                0 => std::fs::remove_file(&path).unwrap(),
                1 => std::fs::write(&path, b"").unwrap(),
                2 => std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
                _ => {
                    let at = work.random(bytes.len());
                    bytes[at] ^= 1 << work.random(8);
                    std::fs::write(&path, bytes).unwrap();
                }
            }
            let store = super::SledStore::open(dir.path()).unwrap();
            assert_eq!(Held::of(&store), held, "{name}, {round}");
        }
    }
}

#[test]
fn a_first_start_that_was_cut_off_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(super::SledStore::open(dir.path()).unwrap());
    let whole = std::fs::read(dir.path().join("sled/db")).unwrap();
    for (length, conf) in [(0, 0), (10, 40), (25, 62), (60, 62), (whole.len() / 2, 0), (whole.len(), 10)] {
        let left = tempfile::tempdir().unwrap();
        std::fs::create_dir(left.path().join("sled")).unwrap();
        std::fs::write(left.path().join("sled/db"), &whole[..length]).unwrap();
        std::fs::write(left.path().join("sled/conf"), vec![b's'; conf]).unwrap();
        let store = super::SledStore::open(left.path()).unwrap_or_else(|error| panic!("{length}: {error}"));
        super::contract::append(&store, super::contract::document(1), &[b"a"]);
        let again = copy(left.path());
        let store = super::SledStore::open(again.path()).unwrap();
        assert!(super::ReadStore::load(&store, super::contract::document(1)).unwrap().is_some(), "{length}");
    }
}

#[test]
fn a_start_that_was_cut_off_while_it_put_a_healed_store_in_its_place_goes_on() {
    let mut work = Workload::new(5);
    work.write(60);
    let (held, killed) = (Held::of(&work.store), work.killed());
    for step in 0..5 {
        let left = copy(killed.path());
        let (dir, ready) = (left.path(), left.path().join("healed"));
        std::fs::create_dir_all(dir.join("rescue/.healing/sled")).unwrap();
        std::fs::write(dir.join("rescue/.healing/sled/db"), b"half").unwrap();
        let moves = [
            (dir.join("sled"), dir.join("rescue/sled")),
            (ready.join("sled"), dir.join("sled")),
            (ready.join("commits"), dir.join("commits")),
        ];
        // At first it is not ready yet; then one thing after the other is moved.
        if step > 0 {
            super::super::reader::salvage_to(dir, &ready).unwrap();
        }
        for (from, to) in moves.iter().take(usize::saturating_sub(step, 1)) {
            std::fs::rename(from, to).unwrap();
        }
        for opening in 0..2 {
            let store = super::SledStore::open(dir).unwrap_or_else(|error| panic!("{step}: {error}"));
            assert_eq!(Held::of(&store), held, "{step}, {opening}");
        }
        assert!(!ready.exists(), "{step}");
    }
}

#[test]
fn an_older_copy_is_refused_until_its_count_is_removed() {
    let mut work = Workload::new(4);
    work.write(30);
    let (older, held) = (work.killed(), Held::of(&work.store));
    work.write(30);
    let newer = work.killed();
    std::fs::copy(newer.path().join("commits"), older.path().join("commits")).unwrap();
    let refused = super::SledStore::open(older.path()).unwrap_err();
    assert!(matches!(refused, super::StoreError::Shortened { acked: 66, found: 36, .. }), "{refused}");
    assert!(refused.to_string().starts_with("store-shortened: "), "{refused}");
    std::fs::remove_file(older.path().join("commits")).unwrap();
    let store = super::SledStore::open(older.path()).unwrap();
    assert_eq!(Held::of(&store), held);
}

#[test]
fn any_read_that_fails_is_an_error_and_no_end_of_the_log() {
    /// Fails once, at the nth read.
    struct Failing(std::fs::File, std::cell::Cell<usize>);

    impl Source for Failing {
        fn length(&self) -> std::io::Result<u64> {
            self.0.length()
        }

        fn read(&self, offset: u64, into: &mut [u8]) -> std::io::Result<usize> {
            self.1.set(self.1.get().wrapping_sub(1));
            if self.1.get() == 0 { Err(std::io::ErrorKind::Other.into()) } else { self.0.read(offset, into) }
        }
    }

    let mut work = Workload::new(5);
    work.write(300);
    let killed = work.killed();
    let open = || std::fs::File::open(killed.path().join("sled/db")).unwrap();
    let counting = Failing(open(), 0.into());
    walk(&counting, 306, Tail::Early).unwrap();
    let reads = 0_usize.wrapping_sub(counting.1.get());
    assert!(reads > 4);
    for nth in 1..=reads {
        assert!(walk(&Failing(open(), nth.into()), 306, Tail::Early).is_err(), "{nth} of {reads}");
        assert!(gather(&Failing(open(), nth.into()), 306).is_err(), "{nth} of {reads}");
    }
}

#[test]
fn the_data_directory_is_its_own_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let _store = super::SledStore::open(dir.path()).unwrap();
    assert_eq!(std::fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let commits = std::fs::metadata(dir.path().join("commits")).unwrap();
    assert_eq!(commits.permissions().mode() & 0o777, 0o600);
}

/// The headers say only up to where the log was stable at least, and sled frees segments behind that.
#[test]
fn a_segment_that_was_freed_behind_what_is_called_stable_is_not_the_end_of_the_log() {
    // What sled writes when is a matter of its threads: now and then it leaves no such segment in the middle.
    let missed = (0..20).map(missed_at_an_early_end).find(|missed| *missed > 0);
    assert!(missed.is_some(), "the early end is that of the log in all of them");
}

/// Frees each segment that does not count, one at a time, and opens the store: nothing of it is lost. Gives in how many of
/// these cases something would have been, had the log ended at the first freed segment.
fn missed_at_an_early_end(seed: u64) -> usize {
    let mut work = Workload::new(seed);
    work.write(40);
    // While it makes the first, sled writes leaves anew again and again; the second is the last thing in the log.
    for round in 0..2 {
        let large = |number| {
            let document = super::contract::document(number);
            let up_to = super::ReadStore::load(&work.store, document).unwrap().unwrap().last;
            super::Write::Compact { document, snapshot: vec![round; 700_000].into(), up_to }
        };
        let writes: Vec<_> = (0..4).map(large).collect();
        work.commit(&writes);
    }
    let (held, killed) = (Held::of(&work.store), work.killed());
    let mut whole = std::fs::read(killed.path().join("sled/db")).unwrap();
    // How far the headers lag behind is a matter of time; here it is as far as can be.
    for segment in whole.chunks_mut(SEGMENT) {
        let header = with_stable(segment, 0);
        segment[..header.len()].copy_from_slice(&header);
    }
    std::fs::write(killed.path().join("sled/db"), &whole).unwrap();
    let acked = super::super::commits::Counted::read(killed.path()).unwrap().acked.unwrap();
    let records = |dir: &std::path::Path, tail| {
        let file = std::fs::File::open(dir.join("sled/db")).unwrap();
        walk(&file, acked, tail).unwrap().records()
    };
    let expected = records(killed.path(), Tail::Late);
    let mut missed = 0;
    // As it is first: what is of no use any more sled may have freed already.
    let segments = (0..whole.len()).step_by(SEGMENT).map(|at| at..whole.len().min(at + SEGMENT));
    for at in std::iter::once(0..0).chain(segments) {
        let freed = copy(killed.path());
        let mut bytes = whole.clone();
        bytes[at.clone()].fill(0);
        std::fs::write(freed.path().join("sled/db"), bytes).unwrap();
        if records(freed.path(), Tail::Late) != expected {
            // Something that counts stood in it, so it is not one that was freed.
            continue;
        }
        missed += usize::from(records(freed.path(), Tail::Early) != expected);
        let store = super::SledStore::open(freed.path()).unwrap();
        assert_eq!(Held::of(&store), held, "{at:?}");
        assert!(!freed.path().join("rescue").exists(), "{at:?}: taken for damage");
    }
    missed
}
