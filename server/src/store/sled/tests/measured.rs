//! What the care costs. Nothing is expected of the figures: they are printed.

use std::time::Instant;

use super::super::opening::judge;
use super::*;

#[test]
#[ignore = "it measures"]
fn what_counting_costs_a_commit_and_reading_the_log_an_opening() {
    let dir = tempfile::tempdir_in(std::env::var_os("SAMSYN_MEASURE_IN").unwrap_or(".".into())).unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let writes = |commits: u32, count: u64, bytes: usize| {
        let begun = Instant::now();
        for n in 0..u64::from(commits) {
            let update = Bytes::from(vec![u8::try_from(n % 251).unwrap(); bytes]);
            let append =
                |m| Write::Append { document: contract::document((n + m) % 200), update: update.clone() };
            store.commit(&(0..count).map(append).collect::<Vec<_>>(), Time(n)).unwrap();
        }
        begun.elapsed() / commits
    };
    for (count, bytes) in [(1, 60), (20, 60), (200, 60)] {
        println!("{count} updates of {bytes} bytes: {:?} a commit", writes(500, count, bytes));
        let open = store.open.read().unwrap();
        let mut inner = open.as_ref().unwrap().count.lock().unwrap();
        let begun = Instant::now();
        for n in 0..500_u64 {
            let last = |m| (contract::document(m % 200), Last { seq: Seq(1_000_000 + n), is_based: false });
            let commit = inner.standing.commit;
            inner.commits.ack(commit, &(0..count).map(last).collect()).unwrap();
        }
        println!("  of it to count it beside the store: {:?}", begun.elapsed() / 500);
    }
    println!("filling: {:?} a commit of 1 MB", writes(200, 250, 4_000));
    drop(store);
    let length = std::fs::metadata(dir.path().join("sled/db")).unwrap().len();
    let begun = Instant::now();
    let judged = judge(dir.path(), false).unwrap();
    let records = judged.whole.unwrap().1.len();
    println!("{} MB, {records} records are read and judged in {:?}", length >> 20, begun.elapsed());
    let begun = Instant::now();
    let _store = SledStore::open(dir.path()).unwrap();
    println!("  of an opening of {:?}", begun.elapsed());
}
