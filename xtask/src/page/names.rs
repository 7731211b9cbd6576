//! Names in `dist/` that change whenever the file does.
//!
//! The server lets browsers keep such files for ever. Trunk hashes what cargo made, before
//! wasm-bindgen and wasm-opt worked on it, and names the JavaScript after it too; wasm-bindgen puts
//! a crate's own JavaScript into `snippets/` under a hash of the crate's name. So a new text surface
//! or a new wasm-opt would reach nobody who has been here before.

use crate::tree_hash::TreeHash;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Puts a hash of the content into the name of each file that others refer to by name, those first
/// that refer to none of the rest.
pub(crate) fn rename(dist: &Path) -> Result<()> {
    for entry in children(&dist.join("snippets"))? {
        rename_one(dist, &entry)?;
    }
    let files = children(dist)?;
    for ending in ["wasm", "svg", "css", "js"] {
        for file in files.iter().filter(|file| file.is_file() && ends_in(file, ending)) {
            rename_one(dist, file)?;
        }
    }
    Ok(())
}

/// Renames a file, or a folder of snippets, after what it holds now, and everything that says its
/// old name.
fn rename_one(dist: &Path, path: &Path) -> Result<()> {
    let old =
        path.file_name().map(|name| name.to_string_lossy().into_owned()).context("a file without a name")?;
    let Some(new) = renamed(&old, &TreeHash::default().path(path)?.finish()) else {
        return Ok(());
    };
    fs::rename(path, path.with_file_name(&new))?;
    for file in children(dist)? {
        if !(ends_in(&file, "html") || ends_in(&file, "js") || ends_in(&file, "css")) {
            continue;
        }
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if text.contains(&old) {
            fs::write(&file, text.replace(&old, &new))?;
        }
    }
    Ok(())
}

/// The name with another hash in it. A name without a hash is one that the outside may ask for, and
/// stays.
fn renamed(name: &str, hash: &str) -> Option<String> {
    // Trunk writes its hash as a number, without the zeros that it may begin with.
    let is_hash =
        |part: &str| (12..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let old = name.split(['-', '_', '.']).find(|part| is_hash(part))?;
    Some(name.replacen(old, hash, 1))
}

fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut children = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            children.push(entry?.path());
        }
    }
    children.sort();
    Ok(children)
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hash_in_a_name_is_replaced() {
        let new = |name| renamed(name, "ffffffffffffffff");
        assert_eq!(
            new("samsyn-client-2a6e0dc0b8a9b34a_bg.wasm").as_deref(),
            Some("samsyn-client-ffffffffffffffff_bg.wasm")
        );
        assert_eq!(new("page-2a6e0dc0b8a9b34a.css").as_deref(), Some("page-ffffffffffffffff.css"));
        assert_eq!(new("phone-796aecf9fd16d71.css").as_deref(), Some("phone-ffffffffffffffff.css"));
        assert_eq!(new("index.html"), None);
        assert_eq!(new("robots.txt"), None);
    }

    #[test]
    fn a_file_that_changes_changes_the_names_of_all_that_lead_to_it() {
        let dist = std::env::temp_dir().join(format!("xtask-names-{}", std::process::id()));
        let make = |snippet: &str| {
            fs::create_dir_all(dist.join("snippets/client-0123456789abcdef")).unwrap();
            fs::write(dist.join("snippets/client-0123456789abcdef/editor.js"), snippet).unwrap();
            let glue = "import './snippets/client-0123456789abcdef/editor.js'";
            fs::write(dist.join("client-aaaaaaaaaaaaaaaa.js"), glue).unwrap();
            fs::write(dist.join("index.html"), "/client-aaaaaaaaaaaaaaaa.js").unwrap();
            rename(&dist).unwrap();
            let index = fs::read_to_string(dist.join("index.html")).unwrap();
            let glue = fs::read_to_string(dist.join(&index[1..])).unwrap();
            let found = fs::read_to_string(dist.join(&glue[10..glue.len() - 1])).unwrap();
            fs::remove_dir_all(&dist).unwrap();
            assert_eq!(found, snippet);
            index
        };
        assert_ne!(make("first"), make("second"));
        assert_eq!(make("third"), make("third"));
    }
}
