//! `cargo xtask test`: everything that CI runs, in an order in which the cheap steps come first and
//! none waits for what a later one makes.

mod supply_chain;

use crate::binary;
use crate::editor;
use crate::npm;
use crate::page;
use crate::process;
use crate::project::Project;
use crate::report::{say, time};
use crate::setup;
use crate::setup::PageTools;
use crate::setup::browser::Browser;
use crate::setup::firefox::Firefox;
use crate::setup::webkit::WebKit;
use anyhow::{Context, Result};
use std::process::Command;
use std::time::Instant;

/// Runs all of it, and stops at the first step that fails.
pub(crate) fn test(project: &Project) -> Result<()> {
    let started = Instant::now();
    let check = Check::set_up(project)?;
    let mut skipped = Vec::new();
    for (index, step) in STEPS.iter().enumerate() {
        say(&format!("── {} of {}: {}", index + 1, STEPS.len(), step.name));
        let step_started = Instant::now();
        let outcome = (step.run)(&check).context(step.name)?;
        let took = time(step_started.elapsed());
        match outcome {
            Outcome::Passed => say(&format!("── {}: passed, {took}", step.name)),
            Outcome::Skipped(why) => {
                say(&format!("── {}: skipped, {why}, {took}", step.name));
                skipped.push(format!("{} skipped ({why})", step.name));
            }
            Outcome::NotChecked(why) => {
                say(&format!("── {}: NOT CHECKED, {why}, {took}", step.name));
                skipped.push(format!("{} NOT CHECKED ({why})", step.name));
            }
        }
    }
    say(&summary(STEPS.len(), &skipped, &time(started.elapsed())));
    Ok(())
}

/// What is run before each commit: no setup and no browser. It takes for granted that the page was built once.
pub(crate) fn quickly(project: &Project) -> Result<()> {
    let started = Instant::now();
    for (name, arguments) in QUICK_STEPS {
        say(&format!("── {name}"));
        process::show(&mut cargo(project, arguments)).context(name)?;
    }
    say(&format!("all of it passed, {}", time(started.elapsed())));
    Ok(())
}

const QUICK_STEPS: [(&str, &[&str]); 4] = [
    ("formatting", &["fmt", "--all", "--check"]),
    (
        "the rules of the source",
        &["test", "--locked", "-q", "-p", "samsyn-tests", "--test", "samsyn", "tidy::"],
    ),
    ("clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-Dwarnings"]),
    ("unit tests", &["test", "--locked", "-q", "--workspace", "--lib", "--bins"]),
];

/// Builds the page and the server, and runs the tests of the whole that have this in their names.
pub(crate) fn test_named(project: &Project, name: &str) -> Result<()> {
    let check = Check::set_up(project)?;
    check.page()?;
    check.server()?;
    check.run_tests(&["test", "--locked", "-p", "samsyn-tests", "--test", "samsyn", name])
}

fn cargo(project: &Project, arguments: &[&str]) -> Command {
    let mut cargo = process::command("cargo");
    cargo.args(arguments).env("CARGO_TARGET_DIR", &project.target).current_dir(&project.root);
    cargo
}

/// What all steps need.
struct Check<'a> {
    project: &'a Project,
    tools: PageTools,
    browsers: (Browser, Firefox, WebKit),
}

/// How a step ended that did not fail.
enum Outcome {
    Passed,
    /// There was nothing to do.
    Skipped(String),
    /// What it would have found out is not known.
    NotChecked(String),
}

struct Step {
    name: &'static str,
    run: fn(&Check) -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "formatting", run: |check| check.cargo(&["fmt", "--all", "--check"], &[]) },
    Step { name: "text surface", run: |check| check.text_surface() },
    // Before all that compiles the server, which embeds it.
    Step { name: "page", run: |check| check.page() },
    Step {
        name: "clippy",
        run: |check| {
            let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-Dwarnings"];
            check.cargo(&lints, &[])
        },
    },
    Step {
        name: "documentation",
        run: |check| {
            let doc = ["doc", "--locked", "--workspace", "--no-deps"];
            check.cargo(&doc, &[("RUSTDOCFLAGS", "-Dwarnings")])
        },
    },
    Step { name: "licences and origins", run: |check| supply_chain::licences(check.project) },
    Step { name: "advisories", run: |check| supply_chain::advisories(check.project) },
    Step { name: "server", run: |check| check.server() },
    Step { name: "tests", run: |check| check.tests() },
];

impl Check<'_> {
    fn set_up(project: &Project) -> Result<Check<'_>> {
        let _lock = project.lock()?;
        Ok(Check { project, tools: setup::for_building(project)?, browsers: setup::for_testing(project)? })
    }

    fn text_surface(&self) -> Result<Outcome> {
        if !editor::exists(self.project) {
            return Ok(Outcome::Skipped(String::from("client/editor has no package.json yet")));
        }
        editor::check(self.project)?;
        Ok(Outcome::Passed)
    }

    fn page(&self) -> Result<Outcome> {
        let _lock = self.project.lock()?;
        page::build(self.project, &self.tools)?;
        Ok(Outcome::Passed)
    }

    fn server(&self) -> Result<Outcome> {
        let _lock = self.project.lock()?;
        binary::compile(self.project)?;
        Ok(Outcome::Passed)
    }

    /// The tests of the whole start the released server, a real browser and stock Yjs clients.
    fn tests(&self) -> Result<Outcome> {
        self.run_tests(&["test", "--locked", "--workspace"])?;
        Ok(Outcome::Passed)
    }

    fn run_tests(&self, arguments: &[&str]) -> Result<()> {
        let clients = self.project.root.join("tests/node");
        if clients.join("package.json").is_file() {
            npm::install(self.project, &clients)?;
        }
        let mut cargo = cargo(self.project, arguments);
        cargo.env("SAMSYN_SERVER", self.project.server());
        // Beside its fixed seeds, the simulation tries fresh ones for so long.
        cargo.env("SAMSYN_SIM_SECONDS", "30");
        // The view under anybody's hands.
        cargo.env("SAMSYN_FUZZ_OPERATIONS", "20000");
        self.browsers.0.apply(&mut cargo);
        self.browsers.1.apply(&mut cargo);
        self.browsers.2.apply(&mut cargo);
        process::show(&mut cargo)
    }

    fn cargo(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Outcome> {
        let mut cargo = cargo(self.project, arguments);
        cargo.envs(environment.iter().copied());
        process::show(&mut cargo)?;
        Ok(Outcome::Passed)
    }
}

/// The last line. What did not pass is said in it: nobody reads the lines before.
fn summary(steps: usize, others: &[String], took: &str) -> String {
    if others.is_empty() {
        return format!("all {steps} steps passed, {took}");
    }
    let passed = steps - others.len();
    format!("{passed} of {steps} steps passed, {}, {took}", others.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_does_not_hide_what_did_not_pass() {
        assert_eq!(summary(9, &[], "2 s"), "all 9 steps passed, 2 s");
        let others = ["advisories NOT CHECKED (no database)".to_string()];
        assert_eq!(
            summary(9, &others, "2 s"),
            "8 of 9 steps passed, advisories NOT CHECKED (no database), 2 s"
        );
    }
}
