//! A damaged store of which nothing is missing, written anew: what verifies is gathered, and where the sum of all that
//! was acked says that it is everything, it takes the place of the damaged one, which is kept in `rescue/`.
//!
//! It doesn't know what is damaged.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::super::{StoreError, Time};
use super::opening::rescue;
use super::reader::write_whole;

/// Where the new store waits until it is in place: a start that is cut off meanwhile goes on with it.
const READY: &str = "healed";

/// Writes a damaged store anew if all that was acked is there. Gives whether it was.
///
/// # Errors
/// If it can't be read or written.
pub(super) fn heal(dir: &Path) -> Result<bool, StoreError> {
    let making = dir.join("rescue/.healing");
    if making.exists() {
        fs::remove_dir_all(&making)?;
    }
    fs::create_dir_all(dir.join("rescue"))?;
    if !write_whole(dir, &making)? {
        return Ok(false);
    }
    File::open(&making)?.sync_all()?;
    fs::rename(&making, dir.join(READY))?;
    File::open(dir)?.sync_all()?;
    finish(dir)?;
    Ok(true)
}

/// Puts a store that was written anew in its place, if there is one that is not yet.
///
/// # Errors
/// If that can't be done; then it is tried again at the next start.
pub(super) fn finish(dir: &Path) -> io::Result<()> {
    let ready = dir.join(READY);
    if !ready.exists() {
        return Ok(());
    }
    if ready.join("sled").exists() {
        if dir.join("sled").exists() {
            fs::rename(dir.join("sled"), rescue(dir, "sled", Time::now())?)?;
        }
        fs::rename(ready.join("sled"), dir.join("sled"))?;
    }
    if ready.join("commits").exists() {
        fs::rename(ready.join("commits"), dir.join("commits"))?;
    }
    File::open(dir)?.sync_all()?;
    fs::remove_dir_all(&ready)
}
