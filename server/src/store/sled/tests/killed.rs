//! A process that is killed, and one that ends in order: what was acked is there, and nobody is asked for anything.

use super::workload::{Held, Workload, rounds};

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
