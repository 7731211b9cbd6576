//! The machine that is measured on, as reports tell of it.

use std::fs;

/// Its processor, its cores and its system.
#[must_use]
pub fn told() -> String {
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(|| String::from("unknown processor"), |(_, name)| name.to_string());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{processor}, {cores} cores, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

/// How many programs want to run, in the mean of the last 1, 5 and 15 minutes.
#[must_use]
pub fn load() -> String {
    read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
