//! The disk can't be read at one place while the store is opened: nothing is lost by that, then or later.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use samsyn_server::store::memory::MemoryStore;
use samsyn_server::store::{Store, engine};
use samsyn_tests::strace::why_not;
use tempfile::TempDir;

use crate::durability_cuts::{Commits, held};

const DIRECTORY: &str = "SAMSYN_READS_DIRECTORY";
const SEED: u64 = 7;
const COMMITS: usize = 150;

/// Makes the first commits of the seed; gives those that follow.
fn commit(store: &dyn Store, count: usize) -> Result<Commits> {
    let mut commits = Commits::new(SEED);
    for _ in 0..count {
        let (writes, at) = commits.next();
        store.commit(&writes, at)?;
    }
    Ok(commits)
}

/// What opens the store while a read fails, looks at all of it, and writes once more; the test below starts it.
#[test]
#[ignore = "it is a part of the test below"]
fn a_process_that_opens() -> Result<()> {
    let Ok(dir) = std::env::var(DIRECTORY) else { return Ok(()) };
    let model = MemoryStore::default();
    let mut commits = commit(&model, COMMITS)?;
    let store = match engine::open(Path::new(&dir)) {
        Ok(store) => store,
        Err(error) => {
            println!("refused: {error}");
            return Ok(());
        }
    };
    match held(&*store) {
        Ok(found) if found == held(&model)? => {}
        Ok(_) => {
            println!("wrong");
            return Ok(());
        }
        Err(error) => {
            println!("unread: {error:#}");
            return Ok(());
        }
    }
    let (writes, at) = commits.next();
    match store.commit(&writes, at) {
        Ok(_) => println!("whole"),
        Err(error) => println!("unwritten: {error}"),
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to.join("sled"))?;
    for name in ["commits", "sled/db", "sled/conf"] {
        std::fs::copy(from.join(name), to.join(name))?;
    }
    Ok(())
}

/// At how many of the reads: some, and as many as `SAMSYN_READS` says in a long run.
fn reads() -> Result<usize> {
    Ok(std::env::var("SAMSYN_READS").ok().map(|said| said.parse()).transpose()?.unwrap_or(12))
}

#[tokio::test]
async fn no_read_error_at_any_read_of_an_opening_loses_anything() -> Result<()> {
    if let Some(why) = why_not().await {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let (living, killed) = (TempDir::new()?, TempDir::new()?);
    let store = engine::open(living.path())?;
    commit(&*store, COMMITS)?;
    copy(living.path(), killed.path())?;
    drop(store);
    let model = MemoryStore::default();
    let mut commits = commit(&model, COMMITS)?;
    let before = held(&model)?;
    let (writes, at) = commits.next();
    model.commit(&writes, at)?;
    let after = held(&model)?;
    let (wanted, mut refused, mut whole) = (reads()?, 0, 0);
    for index in 0..wanted {
        // Each of the first ones, then every second.
        let nth = if index < 40 { index + 1 } else { 2 * index - 39 };
        let dir = TempDir::new()?;
        copy(killed.path(), dir.path())?;
        let db = dir.path().join("sled/db");
        let bytes = std::fs::read(&db)?;
        let inject = format!("inject=pread64,read:error=EIO:when={nth}");
        let ran = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &inject, "-P"])
            .arg(&db)
            .arg(std::env::current_exe()?)
            .args(["durability_reads::a_process_that_opens", "--exact", "--ignored", "--nocapture"])
            .env(DIRECTORY, dir.path())
            .output()?;
        let said = String::from_utf8_lossy(&ran.stdout);
        ensure!(!said.contains("wrong"), "read error {nth}: opened, and something is missing");
        let is_whole = said.contains("whole");
        (whole, refused) = if is_whole { (whole + 1, refused) } else { (whole, refused + 1) };
        if said.contains("refused: store-unread") {
            ensure!(std::fs::read(&db)? == bytes, "read error {nth}: refused, and yet touched");
        }
        let store = engine::open(dir.path()).with_context(|| format!("after read error {nth}: {said}"))?;
        let found = held(&*store)?;
        let is_right = found == after || (!is_whole && found == before);
        ensure!(is_right, "after read error {nth}, which said {said}: something is lost");
    }
    eprintln!("{wanted} read errors: {refused} refused, {whole} opened whole, nothing lost");
    ensure!(refused > 0, "no read failed");
    Ok(())
}
