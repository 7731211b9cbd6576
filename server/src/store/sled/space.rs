//! Room on the disk, held in advance. sled 0.34 does not survive a disk that fills under it in every
//! case (its `drop` may then wait for ever), so it should never meet one: before each commit, blocks for it
//! are reserved behind the end of sled's file, and if there are none, the commit is refused instead.
//!
//! It doesn't know what is written.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
use rustix::io::Errno;

use super::super::StoreError;

const MIB: u64 = 1024 * 1024;
/// What a commit may need beside its own bytes: sled rewrites pages and starts segments of 512 KiB.
const LARGEST_RESERVE: u64 = 8 * MIB;
/// The same, on the smallest disks.
const SMALLEST_RESERVE: u64 = 2 * MIB;
/// More is reserved than needed, so that not every commit reserves anew.
const STEP: u64 = MIB / 2;

/// The reserve of one open sled file.
#[derive(Debug)]
pub(super) struct Space {
    reserve: u64,
    /// Up to where the file has blocks, whatever its length.
    assured: AtomicU64,
    /// The file's length when it was last looked at.
    length: AtomicU64,
}

impl Space {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let stat = fstatvfs(file)?;
        let reserve = (stat.f_blocks * stat.f_frsize / 8).clamp(SMALLEST_RESERVE, LARGEST_RESERVE);
        Ok(Self { reserve, assured: AtomicU64::new(0), length: AtomicU64::new(0) })
    }

    /// Whether there is room for more than sled's smallest needs. On a full disk it must not even be opened: it
    /// fails, and after some failures calls its own files corrupted.
    pub(super) fn has_room(dir: &File) -> io::Result<bool> {
        let stat = fstatvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize) >= SMALLEST_RESERVE)
    }

    /// `Ok` if a commit of so many bytes will find room.
    ///
    /// # Errors
    /// [`StoreError::Full`] if not, by the disk or by the quota; [`StoreError::Io`].
    pub(super) fn assure(&self, file: &File, bytes: u64) -> Result<(), StoreError> {
        let stat = fstatvfs(file).map_err(io::Error::from)?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        // sled's small files beside the large one need a little too.
        if free < self.reserve / 8 {
            return Err(StoreError::Full);
        }
        let length = file.metadata()?.len();
        let needed = length + self.reserve + 2 * bytes;
        let assured = self.assured.load(Ordering::Acquire);
        // When sled has cut its file, the blocks behind its end are gone. The first time, all of it is gone
        // through, so that there is no hole in it either.
        let cut = length < self.length.swap(length, Ordering::AcqRel);
        let from = if cut { length } else { assured };
        if needed <= from {
            return Ok(());
        }
        let to = needed + STEP;
        match fallocate(file, FallocateFlags::KEEP_SIZE, from, to - from) {
            Ok(()) => {
                self.assured.store(to, Ordering::Release);
                Ok(())
            }
            // A file system that can't reserve: what is free must do.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) if free >= self.reserve + 2 * bytes => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Err(StoreError::Full),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}
