//! The repository's files, as the rules look at them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use super::token::test_modules;

/// What is made, downloaded or kept by machines, at the root or anywhere.
const NOT_OURS_AT_ROOT: &[&str] = &["target", "dist", "data", "screenshots"];
const NOT_OURS: &[&str] = &["node_modules", ".git", "target", ".stage"];

/// A text file.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the repository's root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Whether it is compiled for tests only.
    pub(super) for_tests: bool,
}

impl Source {
    /// A file that is not on disk.
    #[must_use]
    pub fn of(path: &str, text: &str) -> Self {
        let for_tests = path.starts_with("tests/tests/");
        Self { path: path.to_owned(), text: text.to_owned(), for_tests }
    }

    /// All text files of the repository, in the order of their paths.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub fn all() -> Result<Vec<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the crate has a parent")?;
        let mut sources = Vec::new();
        collect(root, "", &mut sources)?;
        mark_tests(&mut sources);
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(sources)
    }

    /// Whether it is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The name without folders and ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    pub(super) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }

    /// The module that a Rust file is, from its crate's root; none outside of a crate's `src`.
    pub(super) fn module(&self) -> Vec<String> {
        let inner = self.path.split_once("/src/").map_or("", |(_, inner)| inner);
        let parts = inner.strip_suffix(".rs").unwrap_or_default().split('/');
        parts.filter(|part| !["", "main", "lib"].contains(part)).map(str::to_owned).collect()
    }

    /// Where the modules of this file are, beside or below it.
    fn folder(&self) -> String {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match self.stem() {
            "main" | "lib" => folder.to_owned(),
            stem => format!("{folder}/{stem}"),
        }
    }
}

/// Finds the files that another declares with `#[cfg(test)] mod x;`, and all below them.
fn mark_tests(sources: &mut [Source]) {
    let mut modules = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        modules.extend(test_modules(source).into_iter().map(|name| format!("{}/{name}", source.folder())));
    }
    for source in sources {
        let below = |module: &String| {
            source
                .path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.for_tests |= modules.iter().any(below);
    }
}

fn collect(root: &Path, within: &str, sources: &mut Vec<Source>) -> Result<()> {
    let folder = root.join(within);
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let skipped = NOT_OURS.contains(&&*name) || NOT_OURS_AT_ROOT.contains(&&*path);
            if !skipped {
                collect(root, &path, sources)?;
            }
        } else if kind.is_file() {
            // What is no text (fonts) is no source. A file may vanish while others build beside us.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                sources.push(Source::of(&path, &text));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_knows_its_module() {
        assert_eq!(Source::of("server/src/room/state/tests.rs", "").module(), ["room", "state", "tests"]);
        assert!(Source::of("server/src/main.rs", "").module().is_empty());
    }

    #[test]
    fn a_file_that_is_declared_for_tests_is_known_as_such() {
        let mut sources = [
            Source::of("a/src/lib.rs", "mod b; mod c;"),
            Source::of("a/src/b.rs", "#[cfg(test)] pub(crate) mod d; mod e;"),
            Source::of("a/src/b/d.rs", ""),
            Source::of("a/src/b/d/f.rs", ""),
            Source::of("a/src/b/e.rs", ""),
        ];
        mark_tests(&mut sources);
        assert_eq!(sources.map(|source| source.for_tests), [false, false, true, true, false]);
    }
}
