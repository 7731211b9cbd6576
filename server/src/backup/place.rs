//! Where a backup may be written: not among the store's own files, and better not beside them either.
//!
//! It writes nothing.

use std::path::{Path, PathBuf};

use crate::store::engine::OWN;

/// Where a path lies, seen from a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Elsewhere.
    Elsewhere,
    /// In the data directory: whoever loses that loses both.
    Beside,
    /// Among the store's own files.
    Within,
}

impl Place {
    /// Where `path` lies, which need not be there. Links are followed.
    #[must_use]
    pub fn of(path: &Path, data: &Path) -> Self {
        let (path, data) = (resolved(path), resolved(data));
        match path.strip_prefix(&data) {
            Err(_) => Self::Elsewhere,
            Ok(rest) if OWN.iter().any(|own| rest.starts_with(own)) => Self::Within,
            Ok(_) => Self::Beside,
        }
    }
}

/// A path without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    // The empty one is the current directory, as everywhere.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = absolute.ancestors().find_map(|known| Some((known.canonicalize().ok()?, known)));
    match known.and_then(|(canonical, known)| Some((canonical, absolute.strip_prefix(known).ok()?))) {
        Some((canonical, rest)) => canonical.join(rest),
        None => absolute,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_place_is_known_also_behind_links_and_before_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("sled")).unwrap();
        symlink(data.join("sled"), folder.path().join("link")).unwrap();
        let place = |path: &str| Place::of(&folder.path().join(path), &data);
        for within in ["data/sled", "data/sled/x/y", "link/x", "data/rescue/x", "link/../sled/x"] {
            assert_eq!(place(within), Place::Within, "{within}");
        }
        assert_eq!(place("data/backups/x"), Place::Beside);
        assert_eq!(place("data"), Place::Beside);
        for elsewhere in ["database", "other/sled", "data/../other"] {
            assert_eq!(place(elsewhere), Place::Elsewhere, "{elsewhere}");
        }
        assert_eq!(Place::of(Path::new("sled/x"), Path::new("")), Place::Within);
    }
}
