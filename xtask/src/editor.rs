//! The bundles of the text surface and of the service worker, which are committed so that building needs no Node: made
//! anew from their TypeScript, and checked against it.

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

/// Checks the types, and that the committed bundles are what their sources make. A bundle that is not
/// stays rebuilt, since that is what has to be done about it.
pub(crate) fn check(project: &Project) -> Result<()> {
    npm::install(project, &folder(project))?;
    script(project, "check")?;
    let before = held(project)?;
    script(project, "build")?;
    if before != held(project)? {
        bail!("a bundle was not made from its TypeScript; it is now: commit it");
    }
    say("the bundles of the text surface and of the service worker are what their sources make");
    Ok(())
}

/// What the folders hold that the bundles lie in.
fn held(project: &Project) -> Result<String> {
    let worker = project.root.join("client/worker");
    Ok(TreeHash::default().path(&folder(project))?.path(&worker)?.finish())
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
