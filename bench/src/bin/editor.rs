//! `editor`: measures one editor after the other in a real browser, and writes the report.
//!
//! `cargo xtask bench editor` builds and installs what it needs, and runs it. The editors take turns in each
//! scenario, so that what else the machine does hits all of them the same.

use anyhow::{Context, Result};
use clap::Parser;
use samsyn_bench::editor::outcome::{Outcome, quantile};
use samsyn_bench::editor::scenario::{Scenario, Size};
use samsyn_bench::editor::sitting::Bench;
use samsyn_bench::editor::subject::{self, Programs, Subject};
use std::fs;
use std::path::PathBuf;

#[derive(Parser)]
struct Arguments {
    /// Samsyn's release binary.
    #[arg(long)]
    samsyn: PathBuf,
    /// The folder with the npm packages, the writers and the peers' pages.
    #[arg(long)]
    editors: PathBuf,
    /// Where the report goes, and the servers' data while they run.
    #[arg(long)]
    out: PathBuf,
    /// A run of two minutes, to see that all works. Its figures are not to be believed.
    #[arg(long)]
    quick: bool,
    /// Only editors whose name begins so; may be given more than once.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only this scenario; may be given more than once.
    #[arg(long, value_name = "NAME")]
    scenario: Vec<Scenario>,
    /// How often each is measured.
    #[arg(long)]
    repetitions: Option<usize>,
    /// Only say where the page's time goes while many write; the first editor that is chosen, else Samsyn.
    #[arg(long)]
    profile: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.out)?;
    let programs = Programs { samsyn: arguments.samsyn.clone(), editors: arguments.editors.clone() };
    let mut size = if arguments.quick { Size::QUICK } else { Size::FULL };
    size.repetitions = arguments.repetitions.unwrap_or(size.repetitions);
    let chosen = |name: &str| {
        arguments.only.is_empty() || arguments.only.iter().any(|begin| name.starts_with(begin.as_str()))
    };
    let subjects: Vec<Subject> = subject::ALL.iter().copied().filter(|one| chosen(one.name)).collect();
    let first = *subjects.first().context("no editor has such a name")?;
    let bench = Bench::new(programs, arguments.out.clone(), size).await?;
    if arguments.profile {
        let profile = bench.profile(&first).await?;
        fs::write(arguments.out.join("editor-profile.txt"), &profile)?;
        print!("{profile}");
        return Ok(());
    }
    let mut outcomes = Vec::new();
    for repetition in 0..size.repetitions {
        let scenarios = Scenario::ALL.into_iter();
        for scenario in scenarios.filter(|one| arguments.scenario.is_empty() || arguments.scenario.contains(one)) {
            for turn in 0..subjects.len() {
                // Another one is first each time.
                let subject = &subjects[(turn + repetition) % subjects.len()];
                let outcome = bench.measure(subject, scenario).await;
                eprintln!("bench: {}", told(&outcome));
                outcomes.push(outcome);
            }
        }
    }
    fs::write(arguments.out.join("editor.json"), serde_json::to_string(&outcomes)?)?;
    Ok(())
}

/// One result as a line for those who wait.
fn told(one: &Outcome) -> String {
    let head = format!("{:<6} {:<14}", one.scenario.name(), one.subject);
    if let Some(reason) = &one.void {
        return format!("{head} void: {reason}");
    }
    let mut text = head;
    let mut spread = |name: &str, times: &[f64]| {
        let of = |share| quantile(times, share);
        if let (Some(p50), Some(p95), Some(p99), Some(max)) = (of(0.5), of(0.95), of(0.99), of(1.0)) {
            text += &format!("  {name} {p50:.1} {p95:.1} {p99:.1} {max:.1} ms ({})", times.len());
        }
    };
    spread("key", &one.key);
    spread("frame", &one.frame);
    spread("remote", &one.remote);
    if let Some(opened) = one.opened {
        text += &format!("  opened {opened:.0} ms");
    }
    if let Some([tasks, scripts, layout]) = one.busy {
        let percent = [tasks, scripts, layout].map(|share| 100.0 * share);
        text += &format!("  busy {:.1} %, script {:.1} %, layout {:.1} %", percent[0], percent[1], percent[2]);
    }
    if let Some([heap, wasm, resident]) = one.memory {
        let mega = [heap, wasm, resident].map(|bytes| bytes as f64 / 1e6);
        text += &format!("  heap {:.1} wasm {:.1} resident {:.0} MB", mega[0], mega[1], mega[2]);
    }
    text
}
