//! The service worker in `dist/`: the committed bundle after one line that says what the page consists of. What it
//! does with that is its own business (`client/worker/worker.ts`).

use super::names::has_hash;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

const INDEX: &str = "index.html";

/// What lies in `dist/` for those who ask, and no page loads: the fonts' licences.
const NO_PART: &str = "txt";

/// Puts the worker in its place. Whatever changes in the page changes the version that it is told.
pub(crate) fn write(bundle: &Path, dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["", "fonts/"] {
        list(&dist.join(folder), folder, &mut files)?;
    }
    files.sort();
    let index = dist.join(INDEX);
    let version = TreeHash::default().text(&files.join(" ")).path(&index)?.finish();
    let code = fs::read_to_string(bundle).with_context(|| format!("cannot read {}", bundle.display()))?;
    let quoted: Vec<_> = files.iter().map(|file| format!("\"/{file}\"")).collect();
    let told = format!("const VERSION=\"{version}\",FILES=[{}];\n", quoted.join(","));
    fs::write(dist.join("worker.js"), told + &code)?;
    Ok(())
}

/// Adds the files of a folder. The worker tells a file by the hash in its name, so one without would be missing where
/// there is no network.
fn list(folder: &Path, before: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if has_hash(&path) {
            files.push(format!("{before}{name}"));
        } else if path.is_file() && name != INDEX && path.extension().is_none_or(|ending| ending != NO_PART) {
            bail!("{} is not named after what it holds, so no browser could keep it", path.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_is_told_all_files_and_a_version_that_changes_with_them() -> Result<()> {
        let dist = std::env::temp_dir().join(format!("samsyn-worker-{}", std::process::id()));
        fs::create_dir_all(dist.join("fonts"))?;
        let bundle = dist.join("worker.txt");
        for (name, text) in [
            ("worker.txt", "code"),
            ("index.html", "one"),
            ("page-0123456789abcdef.js", ""),
            ("fonts/serif-0123456789abcdef.woff2", ""),
            ("fonts/OFL.txt", ""),
        ] {
            fs::write(dist.join(name), text)?;
        }
        let write = || -> Result<(String, String)> {
            let made = dist.join("worker.js");
            write(&bundle, &dist)?;
            let text = fs::read_to_string(&made)?;
            fs::remove_file(made)?;
            let (version, rest) = text.split_once(",FILES=").context("no files")?;
            Ok((version.to_owned(), rest.to_owned()))
        };
        let (first, rest) = write()?;
        let files = "[\"/fonts/serif-0123456789abcdef.woff2\",\"/page-0123456789abcdef.js\"];\ncode";
        assert_eq!(rest, files);
        fs::write(dist.join("index.html"), "two")?;
        assert_ne!(write()?.0, first);
        fs::write(dist.join("fonts/sans.woff2"), "")?;
        assert!(write().is_err());
        Ok(fs::remove_dir_all(&dist)?)
    }
}
