//! The disk's own speed: what one write that is really on disk takes here.

use crate::spread::Spread;
use anyhow::Result;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Appends 4 kB and syncs them, 200 times, in a file of its own that is removed afterwards.
///
/// # Errors
/// When the folder cannot be written to.
pub(crate) fn measure(folder: &Path) -> Result<Spread> {
    let path = folder.join("bench-fsync");
    let mut file = File::create(&path)?;
    let mut times = Spread::histogram();
    for _ in 0..200 {
        let started = Instant::now();
        file.write_all(&[b'x'; 4096])?;
        file.sync_all()?;
        times.saturating_record(started.elapsed().as_micros() as u64);
    }
    fs::remove_file(&path)?;
    Ok(Spread::of(&times))
}
