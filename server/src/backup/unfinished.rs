//! The directory in which a backup grows until it is complete: it has a name of its own, and is locked by who
//! writes it, so that what was cut off is told from what is being written.
//!
//! It doesn't know what is written.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rand::RngCore as _;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::manifest::{DOCUMENTS, FILE, RECORDS, SUM};
use super::{BackupError, file, io_at};

/// Begins the names of backups that are not complete.
const PREFIX: &str = ".unfinished-";
/// All that a backup's directory may hold. One with anything else in it is somebody else's, whatever its name.
const OWN: [&str; 4] = [DOCUMENTS, FILE, RECORDS, SUM];

/// A backup that is being written. It is removed when this is dropped before it was finished.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    /// Holds the lock, which ends with the process at the latest.
    lock: Option<File>,
}

impl Unfinished {
    /// Makes an empty one beside where the backup will be.
    pub(super) fn create(parent: &Path, name: &OsStr) -> Result<Self, BackupError> {
        loop {
            // Two backups at once never share a directory.
            let mark = format!("-{:08x}", rand::rng().next_u32());
            let mut own = OsStr::new(PREFIX).to_owned();
            own.push(name);
            own.push(mark);
            let path = parent.join(own);
            file::make_directory(&path)?;
            let mut made = Self { path, lock: None };
            let opened = File::open(&made.path).map_err(io_at(&made.path))?;
            match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => made.lock = Some(opened),
                // Whoever cleans holds it: it will be gone.
                Err(Errno::WOULDBLOCK) => continue,
                // Where no locks are known, nobody who cleans gets one either.
                Err(_) => {}
            }
            if made.lock.as_ref().is_none_or(|lock| is_at(lock, &made.path)) {
                return Ok(made);
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the backup its name, which nothing may have taken meanwhile.
    pub(super) fn finish(mut self, to: &Path) -> Result<(), BackupError> {
        let renamed = match renameat_with(CWD, &self.path, CWD, to, RenameFlags::NOREPLACE) {
            // Some network file systems only know the plain one; it replaces nothing but an empty directory.
            Err(Errno::INVAL | Errno::NOSYS) => fs::rename(&self.path, to),
            renamed => renamed.map_err(io::Error::from),
        };
        match renamed {
            Ok(()) => {
                self.path = PathBuf::new();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(BackupError::Exists(to.to_owned()))
            }
            Err(error) => Err(io_at(to)(error)),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty()
            && let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "an unfinished backup was not removed");
        }
    }
}

/// Removes what backups that were cut off have left in a directory. What anybody still writes, and what is not
/// a backup's, stays.
pub(super) fn clean(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_unfinished(path)) {
        match remove_if_left(&path) {
            Ok(true) => tracing::info!(path = %path.display(), "an unfinished backup was removed"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an unfinished backup was not removed");
            }
        }
    }
}

fn remove_if_left(path: &Path) -> io::Result<bool> {
    if !file::is_directory(path)? || !holds_only_ours(path)? {
        return Ok(false);
    }
    let lock = File::open(path)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() || !is_at(&lock, path) {
        return Ok(false);
    }
    fs::remove_dir_all(path)?;
    Ok(true)
}

fn holds_only_ours(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        if !OWN.iter().any(|own| entry.as_ref().is_ok_and(|entry| entry.file_name() == *own)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the directory that is open is still the one of this name.
fn is_at(open: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (open.metadata(), fs::symlink_metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Whether a name is one of a backup that is not complete.
fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}
