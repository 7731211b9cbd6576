//! Running other programs: what they inherit, how long they may take, what is shown of them.

use crate::report::Ticker;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A command without what the cargo that started xtask left in the environment: with it, the inner
/// cargo, Trunk and the server would take xtask for the package at hand.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(comes_from_outer_cargo) {
            command.env_remove(name);
        }
    }
    command
}

fn comes_from_outer_cargo(name: &str) -> bool {
    name == "CARGO"
        || name == "CARGO_BIN_NAME"
        || name == "CARGO_CRATE_NAME"
        || name == "CARGO_PRIMARY_PACKAGE"
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
}

/// Runs a program whose output belongs to the user, and fails when it fails.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    succeeded(command, status)
}

/// As `show`, with the program's stdout on our stderr: when the server is to be started, stdout is
/// the server's.
pub(crate) fn show_on_stderr(command: &mut Command) -> Result<()> {
    let stderr = std::io::stderr().as_fd().try_clone_to_owned()?;
    show(command.stdout(Stdio::from(stderr)))
}

/// Runs a program for what it answers on stdout.
pub(crate) fn answer(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}): {}", line(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A long step whose output goes to a log, with one line about it before, ticks while it runs and
/// the end of the log when it fails.
pub(crate) struct Step<'a> {
    /// What is done, said to the user.
    pub(crate) what: &'a str,
    /// How long that usually takes, said to the user.
    pub(crate) usually: &'a str,
    /// The log.
    pub(crate) log: PathBuf,
    /// Longer than this it never takes unless something hangs.
    pub(crate) limit: Option<Duration>,
}

impl Step<'_> {
    /// Runs the program to its end or to the time limit.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder)?;
        }
        let log = File::create(&self.log)
            .with_context(|| format!("cannot write the log {}", self.log.display()))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if self.limit.is_some() {
            // A group of its own, so that the programs it starts can be ended with it.
            command.process_group(0);
        }
        crate::report::say(&format!("{} ({})", self.what, self.usually));
        let mut child = command.spawn().with_context(|| format!("cannot start {}", line(command)))?;
        let mut ticker = Ticker::start(self.what);
        let ended = self.wait(&mut child, &mut ticker);
        ticker.end(match &ended {
            Ok(Some(status)) if status.success() => "done",
            Ok(Some(_)) | Err(_) => "failed",
            Ok(None) => "gave up",
        });
        match ended? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!(
                "{} failed ({status}); the end of {}:\n{}",
                line(command),
                self.log.display(),
                tail(&self.log, 30)
            ),
            None => bail!("{} did not end within its time limit", line(command)),
        }
    }

    fn wait(&self, child: &mut Child, ticker: &mut Ticker) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if self.limit.is_some_and(|limit| ticker.elapsed() > limit) {
                end_group(child)?;
                return Ok(None);
            }
            ticker.tick();
            sleep(Duration::from_millis(100));
        }
    }
}

/// Asks a program to end. There is no safe call for it in the standard library.
pub(crate) fn terminate(child: &mut Child) -> Result<()> {
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    // One that has ended already needs nobody to ask.
    if status.success() || child.try_wait()?.is_some() { Ok(()) } else { bail!("cannot end a program") }
}

/// Ends a program and all that it started. There is no safe call for it in the standard library.
fn end_group(child: &mut Child) -> Result<()> {
    let group = format!("-{}", child.id());
    let status = Command::new("kill").args(["-KILL", "--", &group]).status()?;
    if !status.success() {
        child.kill()?;
    }
    child.wait()?;
    Ok(())
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { bail!("{} failed ({status})", line(command)) }
}

/// A command as one would type it, for messages.
fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

fn tail(file: &Path, lines: usize) -> String {
    let Ok(bytes) = fs::read(file) else {
        return String::from("(the log cannot be read)");
    };
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Finds a program on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn step(limit: Option<Duration>) -> Step<'static> {
        let name = format!("xtask-step-{}-{limit:?}.log", std::process::id());
        Step { what: "a step", usually: "a moment", log: std::env::temp_dir().join(name), limit }
    }

    #[test]
    fn a_step_that_hangs_is_ended_with_all_that_it_started() {
        let started = Instant::now();
        let step = step(Some(Duration::from_millis(300)));
        let ended = step.run(Command::new("sh").args(["-c", "sleep 60 & sleep 60"]));
        assert!(ended.is_err_and(|error| error.to_string().contains("time limit")));
        assert!(started.elapsed() < Duration::from_secs(20));
        fs::remove_file(&step.log).unwrap();
    }

    #[test]
    fn a_step_that_fails_shows_the_end_of_its_log() {
        let step = step(None);
        let ended = step.run(Command::new("sh").args(["-c", "echo the reason >&2; exit 3"]));
        assert!(ended.is_err_and(|error| error.to_string().contains("the reason")));
        fs::remove_file(&step.log).unwrap();
    }

    #[test]
    fn the_settings_that_people_choose_are_kept() {
        assert!(comes_from_outer_cargo("CARGO_PKG_NAME"));
        assert!(comes_from_outer_cargo("CARGO_MANIFEST_DIR"));
        assert!(!comes_from_outer_cargo("CARGO_TARGET_DIR"));
        assert!(!comes_from_outer_cargo("CARGO_NET_OFFLINE"));
    }
}
