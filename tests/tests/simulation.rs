//! Simulated runs (`samsyn_tests::sim`): seeds that are run each time, those that once failed among them, and
//! fresh ones for as long as the environment says.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::RngCore;
use samsyn_tests::sim::{self, Tally};

/// All from 0 up to here.
const CORPUS: u64 = 400;

/// Seeds over it that once failed, each with what it found.
const FOUND: [(u64, &str); 7] = [
    (423, "a reader kept what the server had lost"),
    (489, "a reader kept what the server had lost, after its author was refused"),
    (759, "a reader kept what the server had lost, after the room failed"),
    (457, "who came back was told to have gone at the clock that it came back with"),
    (475, "who came back was told to have gone at the clock that it came back with"),
    (1049, "what waited while a document was loaded again was a gap for ever"),
    (1175, "what waited while a document was loaded again was a gap for ever"),
];

/// How long fresh seeds are run, in seconds, unless `SAMSYN_SIM_SECONDS` says otherwise.
const SECONDS: u64 = 2;

#[test]
fn everyone_ends_with_what_is_stored_and_nothing_saved_is_ever_lost() -> Result<()> {
    let mut sum = Tally::default();
    for seed in (0..CORPUS).chain(FOUND.map(|(seed, _)| seed)) {
        sum.add(&sim::run(seed, None)?);
    }
    // The corpus is worth something only while all that is bad happens in it.
    for (what, count) in [
        ("a write saved", sum.saved),
        ("a refusal", sum.refused),
        ("a cut", sum.cuts),
        ("a crash", sum.crashes),
        ("a failed append", sum.failures),
        ("a snapshot", sum.snapshots),
        ("a room that ended", sum.evictions),
    ] {
        ensure!(count > 0, "the corpus has not {what} in it");
    }
    Ok(())
}

#[test]
fn fresh_seeds_end_as_well() -> Result<()> {
    let seconds = match std::env::var("SAMSYN_SIM_SECONDS") {
        Ok(seconds) => seconds.parse().context("SAMSYN_SIM_SECONDS is no number")?,
        Err(_) => SECONDS,
    };
    let (began, mut runs) = (Instant::now(), 0);
    while runs == 0 || began.elapsed() < Duration::from_secs(seconds) {
        sim::run(rand::rng().next_u64(), None)?;
        runs += 1;
    }
    println!("{runs} runs in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

#[test]
fn a_seed_gives_the_same_run_again() -> Result<()> {
    for seed in [1, 54, 73] {
        ensure!(sim::run(seed, None)? == sim::run(seed, None)?, "seed {seed} gave two runs");
    }
    Ok(())
}
