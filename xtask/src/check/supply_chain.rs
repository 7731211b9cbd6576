//! What is linked in: its licences, where it comes from, and what is known against it.

use crate::check::Outcome;
use crate::process::{self, Step};
use crate::project::Project;
use crate::setup::cargo_tool::CargoTool;
use anyhow::Result;
use std::process::Command;
use std::time::Duration;

/// Checks what needs no network beyond the crates themselves.
pub(super) fn licences(project: &Project) -> Result<Outcome> {
    let mut deny = deny(project)?;
    // Warnings are about crates that are there in two versions, which is others' choice.
    deny.args(["--log-level", "error", "check", "licenses", "bans", "sources"]);
    process::show(&mut deny)?;
    Ok(Outcome::Passed)
}

/// Checks the advisories, where their database can be had: not having it is no fault of the code's, and no pass.
pub(super) fn advisories(project: &Project) -> Result<Outcome> {
    let fetched = Step {
        what: "fetching the advisory database",
        usually: "a few seconds, given up after 30",
        log: project.cache.join("logs/advisories.log"),
        limit: Some(Duration::from_secs(30)),
    }
    .run(deny(project)?.args(["fetch", "db"]));
    if fetched.is_err() {
        return Ok(Outcome::NotChecked(String::from("their database cannot be reached")));
    }
    process::show(deny(project)?.args(["--offline", "check", "advisories"]))?;
    Ok(Outcome::Passed)
}

fn deny(project: &Project) -> Result<Command> {
    let mut deny = process::command(CargoTool::deny().ensure(project)?);
    deny.current_dir(&project.root);
    Ok(deny)
}
