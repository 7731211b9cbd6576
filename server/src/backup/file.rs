//! The files of a backup: written for their owner alone, and read without following links.
//!
//! It doesn't know what stands in them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::{BackupError, io_at};

/// The mode of directories: a backup holds all that the målbilder say.
const DIRECTORY: u32 = 0o700;
/// The mode of files.
const PLAIN: u32 = 0o600;

/// Makes a directory and those above it that are missing.
pub(super) fn make_directories(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().recursive(true).mode(DIRECTORY).create(path).map_err(io_at(path))
}

/// Makes a directory that must not be there.
pub(super) fn make_directory(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new().mode(DIRECTORY).create(path).map_err(io_at(path))
}

/// Writes a file that must not be there; it is on disk when this returns.
pub(super) fn put(path: &Path, content: &[u8]) -> Result<(), BackupError> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(PLAIN).open(path).map_err(io_at(path))?;
    file.write_all(content).map_err(io_at(path))?;
    file.sync_all().map_err(io_at(path))
}

/// Makes the names in a directory durable.
pub(super) fn sync(dir: &Path) -> Result<(), BackupError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_at(dir))
}

/// Reads a plain file, of so many bytes if that is known.
///
/// # Errors
/// [`BackupError::Io`]; [`BackupError::Format`] if it is a link or another kind of file;
/// [`BackupError::Verify`] if it has another length.
pub(super) fn read(path: &Path, bytes: Option<u64>) -> Result<Vec<u8>, BackupError> {
    let no_file = || BackupError::Format { path: path.to_owned(), what: "it is no plain file".into() };
    if !fs::symlink_metadata(path).map_err(io_at(path))?.is_file() {
        return Err(no_file());
    }
    // Whatever took its place meanwhile is not followed, and not waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).expect("the kernel takes them as an int");
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(io_at(path))?;
    let metadata = file.metadata().map_err(io_at(path))?;
    if !metadata.is_file() {
        return Err(no_file());
    }
    if bytes.is_some_and(|bytes| bytes != metadata.len()) {
        return Err(BackupError::Verify(path.to_owned()));
    }
    let mut content = Vec::new();
    file.take(metadata.len()).read_to_end(&mut content).map_err(io_at(path))?;
    Ok(content)
}

/// Whether this is a directory itself, and no link to one.
pub(super) fn is_directory(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.is_dir())
}

/// The SHA-256 of a content, in hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
