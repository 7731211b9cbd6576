//! `editor`: measures one editor after the other in a real browser, and writes the report.
//!
//! `cargo xtask bench editor` builds and installs what it needs, and runs it. The editors take turns in each
//! scenario, so that what else the machine does hits all of them the same.

use anyhow::{Context, Result};
use clap::Parser;
use samsyn_bench::editor::outcome::{Outcome, quantile};
use samsyn_bench::editor::report::Report;
use samsyn_bench::editor::scenario::{Scenario, Size};
use samsyn_bench::editor::sitting::{Bench, LIMIT};
use samsyn_bench::editor::subject::{self, Programs, Subject};
use samsyn_bench::machine;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

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
    /// Only say where the page's time goes in each scenario; the first editor that is chosen, else Samsyn.
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
    let bench = Bench::new(programs.clone(), arguments.out.clone(), size).await?;
    let is_wanted = |one: &Scenario| arguments.scenario.is_empty() || arguments.scenario.contains(one);
    let scenarios: Vec<Scenario> = Scenario::ALL.into_iter().filter(is_wanted).collect();
    if arguments.profile {
        let mut profiles = String::new();
        for scenario in scenarios {
            let profile = bench.profile(&first, scenario).await?;
            print!("{profile}");
            profiles += &profile;
        }
        return Ok(fs::write(arguments.out.join("editor-profile.txt"), &profiles)?);
    }
    let started = Instant::now();
    let mut report = Report { about: about(&bench.browser().await?, &programs, size)?, ..Report::default() };
    for repetition in 0..size.repetitions {
        for &scenario in &scenarios {
            for turn in 0..subjects.len() {
                // Another one is first each time.
                let subject = &subjects[(turn + repetition) % subjects.len()];
                let outcome = bench.measure(subject, scenario).await;
                eprintln!("bench: {}", told(&outcome));
                report.outcomes.push(outcome);
            }
        }
    }
    report.about.push(format!("the run took {:.0} s", started.elapsed().as_secs_f64()));
    if arguments.quick {
        report.about.push(String::from("**a quick run: its figures are not to be believed**"));
    }
    let out = &arguments.out;
    fs::write(out.join("editor.json"), serde_json::to_string(&report.outcomes)?)?;
    fs::write(out.join("editor.md"), report.markdown())?;
    fs::write(out.join("editor.svg"), report.plot())?;
    eprintln!("bench: the report is in {}", out.join("editor.md").display());
    Ok(())
}

/// What the report says of the machine and of how it was measured.
fn about(browser: &str, programs: &Programs, size: Size) -> Result<Vec<String>> {
    let Size { repetitions, warm, keys, characters, writers, rate, edits } = size;
    Ok(vec![
        format!("{}; load before the run: {}", machine::told(), machine::load()),
        format!(
            "{browser} without a window and without a graphics card, 1440 × 900; Samsyn beside {}",
            subject::versions(programs)?
        ),
        format!(
            "runs of each editor in each scenario: {repetitions}; the editors take turns, each run with a server, a \
             browser and a document of its own, on the same machine as the writers; figures are of all runs \
             together, and in brackets the lowest and the highest of the single runs"
        ),
        format!(
            "alone: {warm} keys to warm up and {keys} that are measured, real key events, about ten a second, in \
             the middle of a document of {characters} characters with headings, lists and bold words, all of it \
             in one section"
        ),
        format!(
            "crowd: the same while {writers} writers, real Yjs documents on connections of their own, make {rate} \
             edits a second each all over the same document and show their carets; the page shows all of them"
        ),
        format!(
            "open: a document that was made by {edits} single edits; with an empty \
             cache, from the beginning of the navigation until the text is painted and can be written into"
        ),
        String::from(
            "key to paint: from the event's own time, which is when the browser got the key, until the frame that \
             shows the character is laid out, painted and handed over; remote word to paint: from when the page \
             hears the frame that holds the word, which for a page whose main thread is busy is later than it \
             came in, to the same moment; both are watched by the same script in each page",
        ),
        String::from(
            "main thread: the share of the time in which keys were measured that it spent in tasks of any kind; \
             memory: what is resident of the page's process, its heap after a collection",
        ),
        format!(
            "a run counts only if all replicas are equal at the end, the page shows what they hold, and no word is \
             lost; a page that has not shown all in the crowd {} s after the last key did not keep up: it is cut \
             off, what it has not shown counts with how long that had waited, and its times are lower bounds",
            LIMIT.as_secs()
        ),
    ])
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
    spread("without the wait", &one.key_work);
    spread("remote", &one.remote);
    if one.behind {
        text += "  did not keep up";
    }
    if let Some(opened) = one.opened {
        text += &format!("  opened {opened:.0} ms");
    }
    if let Some([tasks, scripts, layout]) = one.busy {
        let percent = [tasks, scripts, layout].map(|share| 100.0 * share);
        text +=
            &format!("  busy {:.1} %, script {:.1} %, layout {:.1} %", percent[0], percent[1], percent[2]);
    }
    if let Some([heap, wasm, resident]) = one.memory {
        let mega = [heap, wasm, resident].map(|bytes| bytes as f64 / 1e6);
        text += &format!("  heap {:.1} wasm {:.1} resident {:.0} MB", mega[0], mega[1], mega[2]);
    }
    text
}
