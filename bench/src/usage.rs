//! What a process uses, as the kernel counts it.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// A process together with those that it started.
#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

impl Process {
    /// The process of this id.
    #[must_use]
    pub fn new(id: u32) -> Process {
        Process(id)
    }

    /// This one.
    #[must_use]
    pub fn own() -> Process {
        Process(std::process::id())
    }

    /// CPU time so far, the kernel's share included, in steps of the kernel's clock (10 ms).
    ///
    /// # Errors
    /// When the process has ended.
    pub fn cpu(self) -> Result<Duration> {
        let tick = Duration::from_secs(1) / u32::try_from(rustix::param::clock_ticks_per_second())?;
        let mut ticks = 0;
        for id in self.family() {
            let path = format!("/proc/{id}/stat");
            let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            ticks += ticks_of(&stat).with_context(|| format!("{path} has another form"))?;
        }
        Ok(tick * ticks)
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn resident(self) -> Result<u64> {
        let mut bytes = 0;
        for id in self.family() {
            let path = format!("/proc/{id}/smaps_rollup");
            let rollup = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            bytes += resident_of(&rollup).with_context(|| format!("{path} has another form"))?;
        }
        Ok(bytes)
    }

    /// Its id and those of its children and theirs.
    fn family(self) -> Vec<u32> {
        let mut all = vec![self.0];
        let mut next = 0;
        while let Some(&id) = all.get(next) {
            // Without the file (a kernel may lack it) a process counts alone.
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            next += 1;
        }
        all
    }
}

/// User and system time in a line of `/proc/PID/stat`. The program's name may hold anything.
fn ticks_of(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn resident_of(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4 100 0 0 0 12 30 0 0 20 0";
        assert_eq!(ticks_of(stat), Some(42));
        assert_eq!(resident_of("55-7f [rollup]\nRss:       1024 kB\nPss: 1 kB\n"), Some(1024 * 1024));
    }

    #[test]
    fn this_process_uses_something() {
        assert!(Process::own().resident().unwrap() > 100_000);
        Process::own().cpu().unwrap();
    }
}
