//! Backups by themselves: one every so often into a directory, of which the newest are kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::manifest::Manifest;
use super::{BackupError, io_at, write};
use crate::store::{Storage, Time};

/// How long after one that failed the next is tried, at most.
const AGAIN: Duration = Duration::from_secs(10 * 60);

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
        let mut failed = false;
        loop {
            let wait = if failed { self.every.min(AGAIN) } else { self.until_due() };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let (own, storage) = (self.clone(), storage.clone());
            let making = tokio::task::spawn_blocking(move || own.make(&storage, Time::now()));
            tokio::select! {
                // What it has written by then has another name, and is removed next time.
                () = stopping.cancelled() => return,
                made = making => failed = !made.unwrap_or(false),
            }
        }
    }

    fn until_due(&self) -> Duration {
        let Some((_, newest)) = self.made().ok().and_then(|made| made.into_iter().next_back()) else {
            return Duration::ZERO;
        };
        let age = newest.made.parse().map_or(u64::MAX, |made| Time::now().since(made));
        self.every.saturating_sub(Duration::from_millis(age))
    }

    /// Makes one, and says whether that went well.
    pub(super) fn make(&self, storage: &Storage, now: Time) -> bool {
        let name = now.to_string().replace(':', "");
        let made = fs::create_dir_all(&self.to)
            .map_err(io_at(&self.to))
            .and_then(|()| write::write(storage, &self.to.join(&name), now));
        match made {
            Ok(manifest) => {
                let damaged = manifest.damaged.len();
                metrics::gauge!("samsyn_backup_last_success_seconds").set((now.0 / 1000) as f64);
                tracing::info!(name, documents = manifest.documents(), damaged, "a backup was made");
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

    /// The complete backups in the directory, oldest first.
    fn made(&self) -> Result<Vec<(PathBuf, Manifest)>, BackupError> {
        let mut made = Vec::new();
        for entry in fs::read_dir(&self.to).map_err(io_at(&self.to))? {
            let path = entry.map_err(io_at(&self.to))?.path();
            if is_unfinished(&path) {
                continue;
            }
            if let Ok(manifest) = Manifest::read(&path) {
                made.push((path, manifest));
            }
        }
        made.sort_by_key(|(_, manifest)| manifest.made.parse::<Time>().unwrap_or_default());
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

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(write::UNFINISHED))
}
