//! Node and npm: whether they are there, and a folder's packages installed once for each lock file.

use crate::process::{self, Step};
use crate::project::Project;
use crate::setup::debian;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// npm, ready to be given arguments.
pub(crate) fn command() -> Command {
    let mut npm = process::command("npm");
    // Advertising itself is the one thing that it does over the network unasked.
    npm.env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    npm
}

/// Whether both programs are there.
pub(crate) fn present() -> bool {
    process::on_path("node").is_some() && process::on_path("npm").is_some()
}

/// Sees to it that both programs are there.
pub(crate) fn ensure(project: &Project) -> Result<()> {
    if present() {
        return Ok(());
    }
    debian::install(project, &["nodejs", "npm"], "the tests need Node and npm")?;
    if !present() {
        bail!("node and npm were installed, but are not on PATH");
    }
    Ok(())
}

/// Installs the packages of a folder exactly as its lock file says, unless that was done already.
pub(crate) fn install(project: &Project, folder: &Path) -> Result<()> {
    let place = folder.strip_prefix(&project.root).unwrap_or(folder).display().to_string();
    let wanted = TreeHash::default()
        .path(&folder.join("package.json"))?
        .path(&folder.join("package-lock.json"))?
        .finish();
    let note = project.note(&format!("npm-{}", place.replace('/', "-")));
    let done = fs::read_to_string(&note).is_ok_and(|done| done == wanted);
    if done && folder.join("node_modules").is_dir() {
        return Ok(());
    }
    let mut npm = command();
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
    Step {
        what: &format!("installing the npm packages of {place}"),
        usually: "a few seconds",
        log: project.cache.join("logs/npm.log"),
        limit: None,
    }
    .run(&mut npm)?;
    if let Some(folder) = note.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&note, wanted).with_context(|| format!("cannot write {}", note.display()))
}
