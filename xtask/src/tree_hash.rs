//! A fingerprint of files' names and contents, to know whether a step has to be done again.

use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// A fingerprint of what some files and folders hold.
///
/// It tells changes apart that people make, and is no protection against those who want two files
/// to have the same one.
#[derive(Default)]
pub(crate) struct TreeHash(DefaultHasher);

impl TreeHash {
    /// Adds a text, such as a tool's version.
    pub(crate) fn text(mut self, text: &str) -> TreeHash {
        text.hash(&mut self.0);
        self
    }

    /// Adds a file or a folder with all that is in it, except `node_modules`. One that is absent
    /// counts as a content of its own.
    pub(crate) fn path(mut self, path: &Path) -> Result<TreeHash> {
        self.add(path, Path::new(""))?;
        Ok(self)
    }

    /// The fingerprint in 16 letters.
    pub(crate) fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }

    fn add(&mut self, path: &Path, name: &Path) -> Result<()> {
        name.hash(&mut self.0);
        if path.is_dir() {
            let mut names = Vec::new();
            let entries = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
            for entry in entries {
                names.push(entry?.file_name());
            }
            names.retain(|name| name != "node_modules");
            names.sort();
            names.len().hash(&mut self.0);
            for name in &names {
                self.add(&path.join(name), Path::new(name))?;
            }
        } else if path.is_file() {
            fs::read(path).with_context(|| format!("cannot read {}", path.display()))?.hash(&mut self.0);
        } else {
            "absent".hash(&mut self.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(path: &Path) -> String {
        TreeHash::default().path(path).unwrap().finish()
    }

    #[test]
    fn names_and_contents_count_and_node_modules_does_not() {
        let folder = std::env::temp_dir().join(format!("xtask-tree-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a"), "1").unwrap();
        let first = hash(&folder);
        fs::create_dir_all(folder.join("node_modules")).unwrap();
        fs::write(folder.join("node_modules/x"), "1").unwrap();
        assert_eq!(first, hash(&folder));
        fs::write(folder.join("a"), "2").unwrap();
        let second = hash(&folder);
        assert_ne!(first, second);
        fs::rename(folder.join("a"), folder.join("b")).unwrap();
        assert_ne!(second, hash(&folder));
        fs::remove_dir_all(&folder).unwrap();
        assert_ne!(second, hash(&folder));
    }
}
