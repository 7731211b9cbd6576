//! Replays one simulated run, step by step (`--seed N`), or makes many and says what happened in them
//! (`--from N --runs M`).

use std::time::Instant;

use anyhow::{Context, Result, bail};
use samsyn_tests::sim::{self, Tally};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--seed", seed] => {
            let tally = sim::run(number(seed)?, Some(|line| println!("{line}")))?;
            println!("{tally:#?}");
            Ok(())
        }
        ["--from", from, "--runs", runs] => many(number(from)?, number(runs)?),
        _ => bail!("usage: simulate --seed N | --from N --runs M"),
    }
}

/// Makes runs, and names those that fail.
fn many(from: u64, runs: u64) -> Result<()> {
    let (began, mut sum, mut failed) = (Instant::now(), Tally::default(), 0);
    for seed in from..from + runs {
        match sim::run(seed, None) {
            Ok(tally) => sum.add(&tally),
            Err(error) => {
                failed += 1;
                println!("seed {seed}: {error:#}");
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{sum:#?}\n{runs} runs, {failed} failed, {:.1} runs a second", runs as f64 / seconds);
    if failed > 0 { bail!("{failed} of {runs} runs failed") } else { Ok(()) }
}

fn number(word: &str) -> Result<u64> {
    word.parse().with_context(|| format!("{word} is no number"))
}
