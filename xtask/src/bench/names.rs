//! A Samsyn whose page has names, for a profile: the clone is copied aside, told to keep the names of functions
//! that the product leaves out, and built there. The product is left as it was.

use crate::binary;
use crate::claim;
use crate::npm;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// What makes wasm-opt leave names out, unless it is told to keep them.
const OPTIONS: &str = "data-wasm-opt-params=\"";

/// What the clone holds that nothing is built from.
const UNUSED: [&str; 7] = [".git", "data", "dist", "docs", "node_modules", "screenshots", "target"];

/// Builds it, unless it was built from the same sources before; gives its server.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let aside = Project {
        root: project.root.join("target/xtask/names"),
        cache: project.cache.clone(),
        target: project.target.clone(),
        web_target: project.web_target.clone(),
    };
    let mut hash = TreeHash::default();
    for folder in ["client", "shared", "server", "Cargo.lock", "Cargo.toml"] {
        hash = hash.path(&project.root.join(folder))?;
    }
    let (sources, note) = (hash.finish(), project.note("named"));
    if fs::read_to_string(&note).is_ok_and(|made| made == sources) && aside.server().is_file() {
        return Ok(aside.server());
    }
    let _lock = project.lock()?;
    copy(&project.root, &aside.root)?;
    keep_names(&aside.root.join("client/index.html"))?;
    surface(project, &aside)?;
    // Cargo cannot tell the copy's crates from the clone's.
    claim::claim(&aside)?;
    let server = binary::make(&aside, &setup::for_building(project)?)?;
    fs::write(&note, sources).with_context(|| format!("cannot write {}", note.display()))?;
    Ok(server)
}

/// Bundles the text surface there without making its names shorter.
fn surface(project: &Project, aside: &Project) -> Result<()> {
    let folder = project.root.join("client/editor");
    npm::install(project, &folder)?;
    let bundle = aside.root.join("client/editor/surface.js");
    let mut npm = npm::command();
    npm.args(["run", "--silent", "surface", "--", "--minify=false"])
        .arg(format!("--outfile={}", bundle.display()))
        .current_dir(folder);
    process::show_on_stderr(&mut npm)
}

fn keep_names(index: &Path) -> Result<()> {
    let text = fs::read_to_string(index).with_context(|| format!("cannot read {}", index.display()))?;
    let named = text.replacen(OPTIONS, &format!("{OPTIONS}--debuginfo "), 1);
    if named == text {
        bail!("{} does not say how wasm-opt is called", index.display());
    }
    Ok(fs::write(index, named)?)
}

/// Copies what is built from, in place of what was there; what was built there stays.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if UNUSED.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if target.is_dir() {
                fs::remove_dir_all(&target)?;
            }
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_sources_and_keeps_names() -> Result<()> {
        let place = std::env::temp_dir().join(format!("xtask-named-{}", std::process::id()));
        let (from, to) = (place.join("from"), place.join("to"));
        fs::create_dir_all(from.join("client/editor/node_modules"))?;
        fs::create_dir_all(to.join("target"))?;
        fs::write(from.join("client/index.html"), "<link data-wasm-opt-params=\"--enable-x\">")?;
        copy(&from, &to)?;
        keep_names(&to.join("client/index.html"))?;
        let index = fs::read_to_string(to.join("client/index.html"))?;
        assert_eq!(index, "<link data-wasm-opt-params=\"--debuginfo --enable-x\">");
        assert!(to.join("target").is_dir() && !to.join("client/editor/node_modules").exists());
        Ok(fs::remove_dir_all(&place)?)
    }
}
