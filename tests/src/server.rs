//! The real server as a process of its own, with a data directory of its own, that can be killed and
//! started again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::until::PATIENCE;

/// A server that dies with this value. What it said on stderr is shown when the test fails.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
    data: PathBuf,
    // Held, not read: the directory is removed when it is dropped.
    _own_data: Option<TempDir>,
    said: mpsc::UnboundedReceiver<String>,
    say: mpsc::UnboundedSender<String>,
}

impl Server {
    /// Starts one on a free port, with nothing in it.
    ///
    /// # Errors
    /// When it does not say that it listens.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one with more arguments.
    ///
    /// # Errors
    /// When it does not say that it listens.
    pub async fn start_with(arguments: &[&str]) -> Result<Self> {
        Self::start_on(None, &[], arguments).await
    }

    /// Starts one on a directory of the caller's, which stays.
    ///
    /// # Errors
    /// When it does not say that it listens.
    pub async fn start_in(data: &Path) -> Result<Self> {
        Self::start_on(Some(data), &[], &[]).await
    }

    /// Starts one as the command of another program, such as `strace`. That program must leave the server
    /// in its own process, or what kills the server would kill only that program.
    ///
    /// # Errors
    /// When it does not say that it listens.
    pub async fn start_under(before: &[OsString]) -> Result<Self> {
        Self::start_on(None, before, &[]).await
    }

    async fn start_on(data: Option<&Path>, before: &[OsString], arguments: &[&str]) -> Result<Self> {
        let own_data = if data.is_none() { Some(TempDir::new()?) } else { None };
        let data = own_data.as_ref().map(TempDir::path).or(data).context("one of the two is there")?;
        let data = data.to_owned();
        let (say, said) = mpsc::unbounded_channel();
        let (mut child, lines) = spawn(&data, "127.0.0.1:0", before, arguments, &say)?;
        let address = listening(&mut child, lines).await?;
        Ok(Self { child, address, data, _own_data: own_data, said, say })
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `http://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its data is.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The most memory that the process has had so far, in bytes.
    ///
    /// # Errors
    /// When there is no such process, or the system does not tell.
    pub fn peak_memory(&self) -> Result<u64> {
        let id = self.child.id().context("the server has ended already")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(peak.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// What `kill -9` does: it gets no chance to do anything.
    ///
    /// # Errors
    /// When there is no such process.
    pub async fn kill9(&mut self) -> Result<()> {
        self.child.kill().await.context("the server could not be killed")
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal_stop()?;
        self.stopped().await
    }

    /// Asks it to stop (SIGTERM).
    ///
    /// # Errors
    /// When there is no such process.
    pub fn signal_stop(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// What `kill -9` does, without waiting for its end: that is [`Server::stopped`].
    ///
    /// # Errors
    /// When there is no such process.
    pub fn signal_kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    /// Its process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn process(&self) -> Result<u32> {
        self.child.id().context("the server has ended already")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.process()?)?).context("no process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// What it has said on stderr since this was last asked.
    pub fn said(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.said.try_recv().ok()).collect()
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// When it does not.
    pub async fn stopped(&mut self) -> Result<ExitStatus> {
        Ok(timeout(PATIENCE, self.child.wait()).await.context("the server did not stop")??)
    }

    /// Starts it again, on the same data and the same port, once it is dead.
    ///
    /// # Errors
    /// When it is alive, or does not say that it listens.
    pub async fn restart(&mut self) -> Result<()> {
        let lines = self.spawn_again()?;
        self.address = listening(&mut self.child, lines).await?;
        Ok(())
    }

    /// Starts it again and kills it as soon as it holds a file of its data open whose path ends so: it is
    /// reading what it had.
    ///
    /// # Errors
    /// When it is alive, or does not open such a file.
    pub async fn restart_and_kill_at_opening(&mut self, file: &str) -> Result<()> {
        // Held, so that what it prints goes somewhere.
        let _lines = self.spawn_again()?;
        let id = self.process()?;
        let opening = async {
            while !has_open(id, file)? {
                // Looked at as often as can be: the moment is short.
                tokio::task::yield_now().await;
            }
            Ok::<_, anyhow::Error>(())
        };
        timeout(PATIENCE, opening).await.with_context(|| format!("{file} is not opened"))??;
        self.kill9().await
    }

    fn spawn_again(&mut self) -> Result<mpsc::UnboundedReceiver<String>> {
        if self.child.try_wait()?.is_none() {
            bail!("the server is running");
        }
        let (child, lines) = spawn(&self.data, &self.address, &[], &[], &self.say)?;
        self.child = child;
        Ok(lines)
    }
}

impl Drop for Server {
    /// Tells what the server said. The test runner shows it only for a test that failed.
    fn drop(&mut self) {
        while let Ok(line) = self.said.try_recv() {
            eprintln!("server {}: {line}", self.address);
        }
    }
}

/// Where the server's program is: `SAMSYN_SERVER`, else what `cargo xtask build` leaves.
///
/// # Errors
/// When it is not there.
pub fn program() -> Result<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/samsyn");
    let path = std::env::var_os("SAMSYN_SERVER").map_or(built, PathBuf::from);
    path.canonicalize().with_context(|| {
        format!("no server at {}; run `cargo xtask build` or set SAMSYN_SERVER", path.display())
    })
}

/// Runs the program; answers with the lines of its stdout.
fn spawn(
    data: &Path,
    listen: &str,
    before: &[OsString],
    arguments: &[&str],
    say: &mpsc::UnboundedSender<String>,
) -> Result<(Child, mpsc::UnboundedReceiver<String>)> {
    let program = program()?;
    let mut words = before.iter().map(OsString::as_os_str).chain([program.as_os_str()]);
    let mut child = Command::new(words.next().context("the program is a word at least")?)
        .args(words)
        .args(["serve", "--listen", listen, "--data"])
        .arg(data)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    tokio::spawn(forward(child.stderr.take().context("stderr is piped")?, say.clone()));
    let (heard, lines) = mpsc::unbounded_channel();
    tokio::spawn(forward(child.stdout.take().context("stdout is piped")?, heard));
    Ok((child, lines))
}

/// Waits until a server listens; answers with `HOST:PORT`.
async fn listening(child: &mut Child, mut lines: mpsc::UnboundedReceiver<String>) -> Result<String> {
    let listening = async {
        while let Some(line) = lines.recv().await {
            if let Some(address) = line.strip_prefix("listening on http://") {
                return Ok(address.trim().to_owned());
            }
        }
        bail!("the server ended before it listened: {:?}", child.wait().await)
    };
    timeout(PATIENCE, listening).await.context("the server does not listen")?
}

/// Whether a process holds a file open whose path ends so.
fn has_open(process: u32, file: &str) -> Result<bool> {
    let open = std::fs::read_dir(format!("/proc/{process}/fd"))?;
    // A descriptor may be closed between the listing and the look.
    let mut paths = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Ok(paths.any(|path| path.ends_with(file)))
}

/// Passes lines on until there are no more, or nobody wants them.
async fn forward(from: impl AsyncRead + Unpin, to: mpsc::UnboundedSender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if to.send(line).is_err() {
            return;
        }
    }
}
