//! The server as one file, with the page in it.

use crate::page;
use crate::process;
use crate::project::Project;
use crate::setup::{self, PageTools};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Sets up, makes the page and then the server that embeds it, and says where that is.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let _lock = project.lock()?;
    let tools = setup::for_building(project)?;
    page::build(project, &tools)?;
    compile(project)
}

/// Makes both of what a copy of the clone holds, whatever the page weighs there.
pub(crate) fn make(project: &Project, tools: &PageTools) -> Result<PathBuf> {
    page::make(project, tools)?;
    compile(project)
}

/// Compiles the server around the page that is in `dist/`, and leaves it in the clone. The build
/// cache is elsewhere, and the next clone that builds replaces what is there.
pub(crate) fn compile(project: &Project) -> Result<PathBuf> {
    let made = project.target.join("release/samsyn");
    cargo(project, &["build", "--locked"])?;
    if !holds_page(project, &made)? {
        // Cargo knows of the files that were embedded, not of those that came since.
        cargo(project, &["clean"])?;
        cargo(project, &["build", "--locked"])?;
        if !holds_page(project, &made)? {
            bail!("{} was compiled, but without the page", made.display());
        }
    }
    let wanted = project.server();
    if made != wanted {
        copy(&made, &wanted)?;
    }
    Ok(wanted)
}

fn cargo(project: &Project, arguments: &[&str]) -> Result<()> {
    let mut cargo = process::command("cargo");
    cargo
        .args(arguments)
        .args(["--release", "--package", "samsyn-server"])
        .env("CARGO_TARGET_DIR", &project.target)
        .current_dir(&project.root);
    process::show_on_stderr(&mut cargo)
}

/// Whether a binary has the page in it, and the one in `dist/`: the page's files have names that
/// change with their content, and the binary knows them by name.
fn holds_page(project: &Project, binary: &Path) -> Result<bool> {
    let content = fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    for entry in fs::read_dir(project.dist())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wasm") && !contains(&content, name.as_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_is_in_a_binary() {
        assert!(contains(b"page.wasm", b"page.wasm"));
        assert!(contains(b"\0\0page.wasm\0", b"page.wasm"));
        assert!(!contains(b"\0\0page.was", b"page.wasm"));
    }
}
