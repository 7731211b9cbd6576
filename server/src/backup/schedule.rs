//! Backups by themselves: one every so often into a directory, of which the newest are kept.
//!
//! Invariant: What is kept is told by the order of making, not by the clock
//! (`a_clock_that_was_a_year_ahead_removes_nothing_that_is_newer`,
//! `a_clock_that_was_a_year_ahead_removes_nothing_more_than_one_that_was_right`).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::manifest::Manifest;
use super::{BackupError, file, io_at, unfinished, write};
use crate::store::{Part, ReadStore, Storage, StoreError, Time, blocking};

/// How long after one that failed the next is tried, at most.
const RETRY_AFTER: Duration = Duration::from_secs(10 * 60);

/// When, where and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The directory that holds the backups, each in a directory named by its time.
    pub to: PathBuf,
    /// From one to the next.
    pub every: Duration,
    /// How many are kept; at least 1.
    pub keep: usize,
}

impl Schedule {
    /// Makes backups until it is told to stop. What was made before a restart counts.
    pub async fn run(self, storage: Storage, stopping: CancellationToken) {
        let to = self.to.clone();
        if let Err(error) = blocking(move || unfinished::clean(&to)).await {
            tracing::error!(%error, "looking for unfinished backups was cut off");
        }
        let mut failed = false;
        loop {
            let wait = if failed { self.every.min(RETRY_AFTER) } else { self.until_due() };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let own = self.clone();
            let making = storage.read_long(move |store| Ok::<_, StoreError>(own.make(store, Time::now())));
            tokio::select! {
                // What it has written by then has another name, and is removed next time.
                () = stopping.cancelled() => return,
                made = making => failed = !made.unwrap_or(false),
            }
        }
    }

    /// When the next is due. A newest one from the future says nothing of its age: the clock was wrong then or
    /// is now, and nobody waits until it is right.
    pub(super) fn until_due(&self) -> Duration {
        let newest = self.made().ok().and_then(|made| Some(made.last()?.1.made_at()));
        let age =
            newest.flatten().map_or(u64::MAX, |made| Time::now().0.checked_sub(made.0).unwrap_or(u64::MAX));
        self.every.saturating_sub(Duration::from_millis(age))
    }

    /// Makes one, and says whether that went well.
    pub(super) fn make(&self, store: &dyn ReadStore, now: Time) -> bool {
        let to = file::make_directories(&self.to).map(|()| self.free_name(now));
        let made = to.and_then(|to| Ok((write::write(store, &to, now)?, to)));
        match made {
            Ok((manifest, to)) => {
                let damaged = manifest.damaged.len();
                metrics::gauge!("samsyn_backup_last_success_seconds").set((now.0 / 1000) as f64);
                let documents = manifest.count(Part::Content);
                tracing::info!(path = %to.display(), documents, damaged, "a backup was made");
                for damage in &manifest.damaged {
                    tracing::error!(what = damage.what, problem = damage.problem, "not in the backup");
                }
                // An older one may hold what is damaged now.
                if damaged == 0
                    && let Err(error) = self.thin()
                {
                    tracing::error!(%error, "old backups were not removed");
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "a backup failed; it is tried again");
                false
            }
        }
    }

    /// The path of a backup from now. A clock that was set back may give a time again.
    fn free_name(&self, now: Time) -> PathBuf {
        let time = now.to_string().replace(':', "");
        let names = std::iter::once(time.clone()).chain((2..=u32::MAX).map(|n| format!("{time}-{n}")));
        let mut paths = names.map(|name| self.to.join(name));
        let free = paths.find(|path| fs::symlink_metadata(path).is_err());
        free.unwrap_or_else(|| self.to.join(time))
    }

    /// The complete backups in the directory that were made by a schedule, in the order in which they were made.
    fn made(&self) -> Result<Vec<(PathBuf, Manifest)>, BackupError> {
        let mut made = Vec::new();
        for entry in fs::read_dir(&self.to).map_err(io_at(&self.to))? {
            let path = entry.map_err(io_at(&self.to))?.path();
            if !is_scheduled(&path) || !file::is_directory(&path).unwrap_or(false) {
                continue;
            }
            match Manifest::read(&path) {
                Ok(manifest) => made.push((path, manifest)),
                Err(error) => {
                    tracing::warn!(%error, "this backup can't be read; it is neither counted nor removed")
                }
            }
        }
        // Those of the first format have no place in the order, and are older than all that have one.
        made.sort_by_key(|(_, manifest)| (manifest.order, manifest.made_at()));
        Ok(made)
    }

    fn thin(&self) -> Result<(), BackupError> {
        let made = self.made()?;
        let surplus = made.len().saturating_sub(self.keep.max(1));
        for (path, _) in &made[..surplus] {
            fs::remove_dir_all(path).map_err(io_at(path))?;
        }
        Ok(())
    }
}

/// Whether a name is one that a schedule gives: a time, without colons. Whatever somebody else put there, such
/// as a backup before an upgrade, is theirs to remove.
fn is_scheduled(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
    name.get(..17).is_some_and(|time| time.chars().map(form).eq("0000-00-00T000000".chars()))
}
