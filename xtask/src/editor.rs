//! The text surface's bundle, which is committed so that building needs no Node: made anew from its
//! TypeScript, and checked against it.

use crate::npm;
use crate::process;
use crate::project::Project;
use crate::report::say;
use crate::tree_hash::TreeHash;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// The command `editor`.
pub(crate) fn rebuild(project: &Project) -> Result<()> {
    if !exists(project) {
        bail!("{} has no package.json", folder(project).display());
    }
    npm::ensure(project)?;
    npm::install(project, &folder(project))?;
    script(project, "build")
}

/// Checks the types, and that the committed bundle is what its sources make. A bundle that is not
/// stays rebuilt, since that is what has to be done about it.
pub(crate) fn check(project: &Project) -> Result<()> {
    npm::install(project, &folder(project))?;
    script(project, "check")?;
    let before = TreeHash::default().path(&folder(project))?.finish();
    script(project, "build")?;
    let after = TreeHash::default().path(&folder(project))?.finish();
    if before != after {
        bail!("the text surface's bundle was not made from its sources; it is now: commit it");
    }
    say("the text surface's bundle is what its sources make");
    Ok(())
}

/// Whether there is a text surface to check.
pub(crate) fn exists(project: &Project) -> bool {
    folder(project).join("package.json").is_file()
}

fn folder(project: &Project) -> PathBuf {
    project.root.join("client/editor")
}

fn script(project: &Project, name: &str) -> Result<()> {
    let mut npm = npm::command();
    npm.args(["run", "--silent", name]).current_dir(folder(project));
    process::show_on_stderr(&mut npm)
}
