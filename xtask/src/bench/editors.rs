//! The editors' pages that ours is measured beside, and those who write into all of them: installed into the cache
//! by their lock file, and bundled there.

use crate::npm;
use crate::process::Step;
use crate::project::Project;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// Installs and bundles them, unless that was done already; says where they are.
pub(crate) fn ensure(project: &Project) -> Result<PathBuf> {
    let source = project.root.join("bench/editors");
    let folder = project.cache.join("bench/editors");
    let wanted = TreeHash::default().path(&source)?.finish();
    let note = folder.join("installed");
    if fs::read_to_string(&note).is_ok_and(|done| done == wanted) {
        return Ok(folder);
    }
    // The long histories go too: how they are made may have changed.
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(&source).with_context(|| format!("cannot list {}", source.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    let step = |what, log: &str| Step {
        what,
        usually: "a few seconds",
        log: project.cache.join("logs").join(log),
        limit: None,
    };
    let mut npm = npm::command();
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    step("installing y-prosemirror and y-quill", "bench-editors.log").run(&mut npm)?;
    let mut npm = npm::command();
    npm.args(["run", "--silent", "build"]).current_dir(&folder);
    step("bundling their pages", "bench-pages.log").run(&mut npm)?;
    fs::write(&note, wanted).with_context(|| format!("cannot write {}", note.display()))?;
    Ok(folder)
}
