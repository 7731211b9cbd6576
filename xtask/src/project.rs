//! Where things are: the clone, the cache outside it, and the target folders.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The places that the commands work in.
pub(crate) struct Project {
    /// The clone's top folder.
    pub(crate) root: PathBuf,
    /// Tools and build caches, shared by all clones on this machine.
    pub(crate) cache: PathBuf,
    /// Where cargo puts what it compiles for this machine.
    pub(crate) target: PathBuf,
    /// Where cargo puts what it compiles for the browser. A folder of its own, because another
    /// compiler may be used for it, and so that neither build waits for the other's lock.
    pub(crate) web_target: PathBuf,
}

impl Project {
    /// Finds the places from the environment.
    pub(crate) fn find() -> Result<Project> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask has no folder above it")?
            .to_path_buf();
        let cache = cache_folder(std::env::var_os("SAMSYN_CACHE"), std::env::var_os("HOME"))?;
        let (target, web_target) = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => {
                let folder = std::path::absolute(folder)?;
                (folder.clone(), folder.join("web"))
            }
            None => (cache.join("target"), cache.join("target-web")),
        };
        Ok(Project { root, cache, target, web_target })
    }

    /// The page as the server embeds it.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The server that `build` leaves behind.
    pub(crate) fn server(&self) -> PathBuf {
        self.root.join("target/release/samsyn")
    }

    /// A note that a step leaves for its next run, in the clone because it is about the clone.
    pub(crate) fn note(&self, name: &str) -> PathBuf {
        self.root.join("target/xtask").join(name)
    }

    /// Where a tool of one version is installed.
    pub(crate) fn tool(&self, name: &str, version: &str) -> PathBuf {
        self.cache.join("tools").join(format!("{name}-{version}"))
    }

    /// Waits until no other xtask on this machine installs or builds, and keeps it so for as long
    /// as the file that is returned stays open. Clones share the cache, and Trunk's intermediate
    /// files in it have the same names for all of them. From then on the cache is this clone's.
    pub(crate) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.cache)
            .with_context(|| format!("cannot make the cache folder {}", self.cache.display()))?;
        let path = self.cache.join("lock");
        let file = File::create(&path).with_context(|| format!("cannot open the lock {}", path.display()))?;
        if file.try_lock().is_err() {
            crate::report::say("waiting for another xtask that uses the same cache");
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        crate::claim::claim(self)?;
        Ok(file)
    }
}

fn cache_folder(chosen: Option<OsString>, home: Option<OsString>) -> Result<PathBuf> {
    let given = |value: &OsString| !value.is_empty();
    if let Some(folder) = chosen.filter(given) {
        return Ok(std::path::absolute(folder)?);
    }
    match home.filter(given) {
        Some(home) => Ok(Path::new(&home).join(".cache/samsyn")),
        None => bail!("neither SAMSYN_CACHE nor HOME says where the cache may be"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_it_is_asked_to_be() {
        let asked = cache_folder(Some("/somewhere".into()), Some("/home/a".into()));
        assert_eq!(asked.unwrap(), Path::new("/somewhere"));
        let usual = cache_folder(Some("".into()), Some("/home/a".into()));
        assert_eq!(usual.unwrap(), Path::new("/home/a/.cache/samsyn"));
        assert!(cache_folder(None, None).is_err());
    }
}
