//! What the workspace's Cargo.lock says of one crate.

use crate::project::Project;
use anyhow::{Context, Result};
use std::fs;

/// The version of a crate that the workspace is locked to.
pub(crate) fn version(project: &Project, crate_name: &str) -> Result<String> {
    let path = project.root.join("Cargo.lock");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    find(&text, crate_name)
        .with_context(|| format!("{} does not name {crate_name}", path.display()))
        .map(str::to_string)
}

/// Cargo writes one key a line, the version always right below the name, so no TOML parser is
/// needed for this one question.
fn find<'a>(lock: &'a str, crate_name: &str) -> Option<&'a str> {
    let name = format!("name = \"{crate_name}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"wasm-bindgen-futures\"\n\
        version = \"0.4.80\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";

    #[test]
    fn a_crate_is_found_by_its_whole_name() {
        assert_eq!(find(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(find(LOCK, "wasm"), None);
        assert_eq!(find("", "wasm-bindgen"), None);
    }
}
