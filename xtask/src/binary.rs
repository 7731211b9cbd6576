//! The server as one file, with the page in it.

use crate::page;
use crate::process;
use crate::project::Project;
use crate::setup;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Sets up, makes the page and then the server that embeds it, and says where that is.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let _lock = project.lock()?;
    let tools = setup::for_building(project)?;
    page::build(project, &tools)?;
    compile(project)
}

/// Compiles the server around the page that is in `dist/`, and leaves it in the clone. The build
/// cache is elsewhere, and the next clone that builds replaces what is there.
pub(crate) fn compile(project: &Project) -> Result<PathBuf> {
    let mut cargo = process::command("cargo");
    cargo
        .args(["build", "--release", "--locked", "--package", "samsyn-server"])
        .env("CARGO_TARGET_DIR", &project.target)
        .current_dir(&project.root);
    process::show_on_stderr(&mut cargo)?;
    let made = project.target.join("release/samsyn");
    let wanted = project.server();
    if made != wanted {
        copy(&made, &wanted)?;
    }
    Ok(wanted)
}

/// Copies beside the old file and renames, because a file that runs cannot be written to.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = to.with_extension("new");
    fs::copy(from, &beside)
        .with_context(|| format!("cannot copy {} to {}", from.display(), beside.display()))?;
    fs::rename(&beside, to).with_context(|| format!("cannot replace {}", to.display()))
}
