//! Names in `dist/` that change whenever the file does.
//!
//! The server lets browsers keep such files for ever. Trunk hashes what cargo made, before
//! wasm-bindgen and wasm-opt worked on it, and names the JavaScript after it too; wasm-bindgen puts
//! a crate's own JavaScript into `snippets/` under a hash of the crate's name. So a new text surface
//! or a new wasm-opt would reach nobody who has been here before. What Trunk only copies it gives no hash at all.

use crate::tree_hash::TreeHash;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Kinds of files, those first that refer to none of the rest.
const KINDS: &[&str] = &["woff2", "wasm", "svg", "webmanifest", "css", "js"];

/// Puts a hash of the content into the name of each file that others refer to by name.
pub(crate) fn rename(dist: &Path) -> Result<()> {
    for entry in children(&dist.join("snippets"))? {
        rename_one(dist, &entry)?;
    }
    let mut files = children(&dist.join("fonts"))?;
    files.append(&mut children(dist)?);
    for kind in KINDS {
        for file in files.iter().filter(|file| file.is_file() && ends_in(file, kind)) {
            rename_one(dist, file)?;
        }
    }
    Ok(())
}

/// The one file in a folder that is named so.
pub(crate) fn one_in(folder: &Path, is_named: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let mut files = children(folder)?;
    files.retain(|file| file.file_name().is_some_and(|name| is_named(&name.to_string_lossy())));
    match <[PathBuf; 1]>::try_from(files) {
        Ok([file]) => Ok(file),
        Err(files) => bail!("{} holds {} such files and not one", folder.display(), files.len()),
    }
}

/// Whether a file is named after what it holds.
pub(crate) fn has_hash(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.strip_suffix("_bg").unwrap_or(&stem);
    stem.rsplit_once('-')
        .is_some_and(|(_, hash)| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Renames a file, or a folder of snippets, after what it holds now, and everything that says its
/// old name.
fn rename_one(dist: &Path, path: &Path) -> Result<()> {
    let old =
        path.file_name().map(|name| name.to_string_lossy().into_owned()).context("a file without a name")?;
    let new = renamed(&old, &TreeHash::default().path(path)?.finish());
    fs::rename(path, path.with_file_name(&new))?;
    for file in children(dist)? {
        if !["html", "js", "css", "webmanifest"].iter().any(|kind| ends_in(&file, kind)) {
            continue;
        }
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if text.contains(&old) {
            fs::write(&file, text.replace(&old, &new))?;
        }
    }
    Ok(())
}

/// The name with another hash in it, or with one before its ending.
fn renamed(name: &str, hash: &str) -> String {
    // Trunk writes its hash as a number, without the zeros that it may begin with.
    let is_hash =
        |part: &str| (12..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (name.split(['-', '_', '.']).find(|part| is_hash(part)), name.rsplit_once('.')) {
        (Some(old), _) => name.replacen(old, hash, 1),
        (None, Some((stem, ending))) => format!("{stem}-{hash}.{ending}"),
        (None, None) => format!("{name}-{hash}"),
    }
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
    fn the_hash_in_a_name_is_replaced_and_a_name_without_one_gets_it() {
        let new = |name| renamed(name, "ffffffffffffffff");
        assert_eq!(new("samsyn-client-2a6e0dc0b8a9b34a_bg.wasm"), "samsyn-client-ffffffffffffffff_bg.wasm");
        assert_eq!(new("page-2a6e0dc0b8a9b34a.css"), "page-ffffffffffffffff.css");
        assert_eq!(new("phone-796aecf9fd16d71.css"), "phone-ffffffffffffffff.css");
        assert_eq!(new("inter-latin-wght.woff2"), "inter-latin-wght-ffffffffffffffff.woff2");
        for name in ["samsyn-client-2a6e0dc0b8a9b34a_bg.wasm", "inter-latin-wght.woff2"] {
            assert!(has_hash(Path::new(&new(name))), "{name}");
        }
        assert!(!has_hash(Path::new("OFL-inter.txt")) && !has_hash(Path::new("index.html")));
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
