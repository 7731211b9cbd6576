//! A small disk in memory, that can be filled. It is gone with this value.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A mounted tmpfs.
#[derive(Debug)]
pub struct Tmpfs {
    // Dropped after the disk was unmounted.
    folder: TempDir,
}

impl Tmpfs {
    /// Mounts one of so many bytes. The inner error says why none can be mounted here.
    ///
    /// # Errors
    /// When there is no directory to mount it on.
    pub fn mount(bytes: u64) -> Result<Result<Self, String>> {
        let folder = TempDir::new()?;
        let size = format!("size={bytes}");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        Ok(match mount {
            Ok(output) if output.status.success() => Ok(Self { folder }),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(format!("cannot run mount: {error}")),
        })
    }

    /// A file or directory on it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file of so many bytes on it.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn put_ballast(&self, name: &str, bytes: usize) -> Result<()> {
        Ok(std::fs::write(self.path(name), vec![1; bytes])?)
    }

    /// Puts a file on it that takes all the room that is left, whatever else is being written meanwhile.
    ///
    /// # Errors
    /// When writing fails in another way than for want of room.
    pub fn fill_up(&self, name: &str) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.path(name))?;
        loop {
            match file.write(&[1; 4096]) {
                Ok(0) => bail!("nothing was written"),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error).context("filling up"),
            }
        }
    }

    /// Takes a file away again.
    ///
    /// # Errors
    /// When there is none.
    pub fn remove(&self, name: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.path(name))?)
    }
}

impl Drop for Tmpfs {
    /// Unmounts it, even while a process that is about to end holds a file on it.
    fn drop(&mut self) {
        let path: &Path = self.folder.path();
        match Command::new("umount").arg("--lazy").arg(path).status() {
            Ok(status) if status.success() => {}
            outcome => eprintln!("{} stays mounted: {outcome:?}", path.display()),
        }
    }
}
