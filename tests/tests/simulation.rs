//! Simulated runs (`samsyn_tests::sim`): seeds that are run each time, and fresh ones for as long as the
//! environment says. A change of how a run is drawn gives every seed another run.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::RngCore;
use samsyn_tests::sim::{self, Tally};

/// What fresh seeds have found: a page that took an update before the step 2 kept a hole below it for ever; and who
/// said who they are after they had been told of others went on to be shown one of these who was gone; and a reader who
/// held what the server had lost was told what it holds before that it refuses that.
const FOUND: [u64; 3] = [6_685_173_757_423_741_828, 17_962_625_630_166_293_991, 14_702_365_865_529_885_983];

/// All seeds from 0 up to here. Among them are those that show what simulated runs have found: 22 and 102 (what
/// waited while a document was loaded again was a gap for ever), 18 and 226 (a reader kept what the server had
/// lost), 37 and 44 (who came back was not seen, since they had been told to have gone at their next clock).
const CORPUS: u64 = 400;

/// How long fresh seeds are run, in seconds, unless `SAMSYN_SIM_SECONDS` says otherwise.
const SECONDS: u64 = 2;

#[test]
fn everyone_ends_with_what_is_stored_and_nothing_saved_is_ever_lost() -> Result<()> {
    let mut sum = Tally::default();
    for seed in (0..CORPUS).chain(FOUND) {
        sum.add(&sim::run(seed, None)?);
    }
    // The corpus is worth something only while all that is bad happens in it.
    for (what, count) in [
        ("a write saved", sum.saved),
        ("an edit found on a device", sum.recalled),
        ("a comparison", sum.compared),
        ("a refusal", sum.refused),
        ("a cut", sum.cuts),
        ("a crash", sum.crashes),
        ("a failed append", sum.failures),
        ("a snapshot", sum.snapshots),
        ("a room that ended", sum.evictions),
        ("a document loaded again", sum.reloads),
        ("a turn of heavy work", sum.turns),
        ("an edit found in another tab", sum.found),
        ("a blocked WebSocket", sum.blocked),
        ("a connection by HTTP", sum.by_http),
        ("an answer that does not apply", sum.garbled),
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
