//! Which clone the shared build cache was last used for. Cargo gives the project's own crates the same
//! names in every clone and looks only at the times of files, so what another clone left there can
//! pass for what this one's sources make. When the clone changes, the project's own crates are made
//! anew; what they depend on stays.

use crate::project::Project;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The project's own crates, as cargo's folders of fingerprints begin.
const OWN: &str = "samsyn-";

/// Makes the target folders this clone's.
pub(crate) fn claim(project: &Project) -> Result<()> {
    for target in [&project.target, &project.web_target] {
        let note = target.join("samsyn-clone");
        let root = project.root.as_os_str().as_encoded_bytes();
        if fs::read(&note).is_ok_and(|claimed| claimed == root) {
            continue;
        }
        fs::create_dir_all(target).with_context(|| format!("cannot make {}", target.display()))?;
        forget(target, 2)?;
        fs::write(&note, root).with_context(|| format!("cannot write {}", note.display()))?;
    }
    Ok(())
}

/// Removes the fingerprints of the project's own crates from a target folder, whose profiles lie one
/// folder down, and two where a target was named.
fn forget(folder: &Path, depth: usize) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_name() == ".fingerprint" {
            for crate_ in fs::read_dir(&path)? {
                let crate_ = crate_?;
                if crate_.file_name().as_encoded_bytes().starts_with(OWN.as_bytes()) {
                    fs::remove_dir_all(crate_.path())?;
                }
            }
        } else if depth > 0 {
            forget(&path, depth - 1)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn project(place: &Path, root: &str) -> Project {
        let (target, web_target) = (place.join("target"), place.join("target-web"));
        Project { root: PathBuf::from(root), cache: place.to_path_buf(), target, web_target }
    }

    #[test]
    fn another_clones_crates_are_made_anew_and_the_others_stay() -> Result<()> {
        let place = std::env::temp_dir().join(format!("samsyn-claim-{}", std::process::id()));
        let native = place.join("target/debug/.fingerprint");
        let page = place.join("target-web/wasm32-unknown-unknown/page/.fingerprint");
        let make = |folder: &Path| -> Result<()> {
            fs::create_dir_all(folder.join("samsyn-shared-1"))?;
            Ok(fs::create_dir_all(folder.join("yrs-1"))?)
        };
        claim(&project(&place, "/one"))?;
        make(&native)?;
        make(&page)?;
        claim(&project(&place, "/one"))?;
        assert!(native.join("samsyn-shared-1").exists() && page.join("samsyn-shared-1").exists());
        claim(&project(&place, "/two"))?;
        assert!(!native.join("samsyn-shared-1").exists() && !page.join("samsyn-shared-1").exists());
        assert!(native.join("yrs-1").exists() && page.join("yrs-1").exists());
        Ok(fs::remove_dir_all(&place)?)
    }
}
