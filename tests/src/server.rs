//! The real server as a process of its own, with a data directory of its own, that can be killed and
//! started again.

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
    data: TempDir,
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
        let data = TempDir::new()?;
        let (say, said) = mpsc::unbounded_channel();
        let (child, address) = spawn(data.path(), "127.0.0.1:0", arguments, &say).await?;
        Ok(Self { child, address, data, said, say })
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
        self.data.path()
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
        let id = self.child.id().context("the server has ended already")?;
        let pid = Pid::from_raw(i32::try_from(id)?).context("no process id")?;
        Ok(kill_process(pid, Signal::TERM)?)
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
        if self.child.try_wait()?.is_none() {
            bail!("the server is running");
        }
        let (child, address) = spawn(self.data.path(), &self.address, &[], &self.say).await?;
        self.child = child;
        self.address = address;
        Ok(())
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
fn program() -> Result<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/samsyn");
    let path = std::env::var_os("SAMSYN_SERVER").map_or(built, PathBuf::from);
    path.canonicalize().with_context(|| {
        format!("no server at {}; run `cargo xtask build` or set SAMSYN_SERVER", path.display())
    })
}

async fn spawn(
    data: &Path,
    listen: &str,
    arguments: &[&str],
    say: &mpsc::UnboundedSender<String>,
) -> Result<(Child, String)> {
    let program = program()?;
    let mut child = Command::new(&program)
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
    let (heard, mut lines) = mpsc::unbounded_channel();
    tokio::spawn(forward(child.stdout.take().context("stdout is piped")?, heard));
    let listening = async {
        while let Some(line) = lines.recv().await {
            if let Some(address) = line.strip_prefix("listening on http://") {
                return Ok(address.trim().to_owned());
            }
        }
        bail!("the server ended before it listened")
    };
    let address = timeout(PATIENCE, listening).await.context("the server does not listen")??;
    Ok((child, address))
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
