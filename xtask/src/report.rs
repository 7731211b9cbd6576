//! How the commands tell what they do: lines on stderr, durations and sizes for people.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Says one line.
pub(crate) fn say(line: &str) {
    eprintln!("xtask: {line}");
}

/// Shows that a long step is still running: on a terminal a line that counts the seconds, elsewhere
/// a line each half minute, so that a log stays short and nobody takes silence for a hang.
pub(crate) struct Ticker {
    what: String,
    started: Instant,
    shown: Duration,
    on_terminal: bool,
}

impl Ticker {
    /// Starts to count.
    pub(crate) fn start(what: &str) -> Ticker {
        Ticker {
            what: what.to_string(),
            started: Instant::now(),
            shown: Duration::ZERO,
            on_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// How long the step has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Is called often while the step runs.
    pub(crate) fn tick(&mut self) {
        let pause = Duration::from_secs(if self.on_terminal { 1 } else { 30 });
        let elapsed = self.elapsed();
        if elapsed < self.shown + pause {
            return;
        }
        self.shown = elapsed;
        if self.on_terminal {
            eprint!("\r\x1b[Kxtask: {} … {}", self.what, time(elapsed));
            // A progress line that cannot be flushed is only late: nothing depends on it.
            std::io::stderr().flush().unwrap_or_default();
        } else {
            say(&format!("{} … {}", self.what, time(elapsed)));
        }
    }

    /// Says how the step ended.
    pub(crate) fn end(self, how: &str) {
        if self.on_terminal {
            eprint!("\r\x1b[K");
        }
        say(&format!("{}: {how}, {}", self.what, time(self.elapsed())));
    }
}

/// A duration as people say it.
pub(crate) fn time(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths < 100 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (duration.as_millis() + 500) / 1000;
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

/// A size in kB of 1000 bytes, as download sizes are told.
pub(crate) fn kilobytes(bytes: u64) -> String {
    let tenths = (bytes + 50) / 100;
    if tenths < 100 {
        format!("{}.{} kB", tenths / 10, tenths % 10)
    } else {
        format!("{} kB", (bytes + 500) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_and_exact_enough() {
        assert_eq!(time(Duration::from_millis(40)), "0.0 s");
        assert_eq!(time(Duration::from_millis(1_260)), "1.3 s");
        assert_eq!(time(Duration::from_millis(9_960)), "10 s");
        assert_eq!(time(Duration::from_millis(59_600)), "1 min 00 s");
        assert_eq!(time(Duration::from_secs(225)), "3 min 45 s");
    }

    #[test]
    fn sizes_have_a_decimal_only_where_it_says_something() {
        assert_eq!(kilobytes(0), "0.0 kB");
        assert_eq!(kilobytes(1_250), "1.3 kB");
        assert_eq!(kilobytes(9_949), "9.9 kB");
        assert_eq!(kilobytes(9_950), "10 kB");
        assert_eq!(kilobytes(349_499), "349 kB");
    }
}
