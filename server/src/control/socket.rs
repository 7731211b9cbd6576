//! The control socket in the data directory: one JSON line in, one JSON line out, for this server's own
//! user (and root) alone.
//!
//! It doesn't know what requests mean.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use samsyn_shared::domain::limits;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::{Answer, Operator, Request};

/// Bytes of a request, at most: a path and a few words.
const REQUEST: u64 = 64 * 1024;

/// Where the socket of a data directory is.
#[must_use]
pub fn path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// A socket that listens, and is gone from the directory when this is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Listens. What a process that died left there is replaced: whoever calls this holds the directory.
    ///
    /// # Errors
    /// If the system doesn't let it, as where the path is longer than a socket's may be (108 bytes).
    pub fn bind(data: &Path) -> io::Result<Self> {
        let path = path(data);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers until it is told to stop. What is being done then is let go of; nothing of it is half done.
    pub async fn serve(self, operator: Operator, stopping: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (operator, stopping) = (operator.clone(), stopping.clone());
                    tokio::spawn(async move {
                        let answered = tokio::select! {
                            () = stopping.cancelled() => return,
                            answered = answer(stream, &operator) => answered,
                        };
                        if let Err(error) = answered {
                            tracing::warn!(%error, "a request on the control socket was not answered");
                        }
                    });
                }
                Err(error) => {
                    // Descriptors are short, or memory is: that passes, and who asks waits in the backlog.
                    tracing::error!(%error, "a request on the control socket was not accepted");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the control socket was not removed");
        }
    }
}

async fn answer(mut stream: UnixStream, operator: &Operator) -> io::Result<()> {
    // Between its making and its mode, others may have come.
    let asks = stream.peer_cred()?.uid();
    if asks != 0 && asks != rustix::process::geteuid().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (read, mut write) = stream.split();
    let mut line = String::new();
    BufReader::new(read.take(REQUEST)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            tracing::info!(?request, "asked on the control socket");
            operator.perform(request).await
        }
        Err(error) => Answer::failed(format!("control-request: {error}")),
    };
    let mut line = serde_json::to_vec(&answer).expect("plain strings and numbers become JSON");
    line.push(b'\n');
    write.write_all(&line).await?;
    write.shutdown().await
}

/// Asks the server that listens there.
///
/// # Errors
/// If nobody does, or the answer does not come.
pub async fn ask(path: &Path, request: &Request) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(path).await?;
    let mut line = serde_json::to_vec(request).expect("plain strings and numbers become JSON");
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    serde_json::from_str(&answer).map_err(|_| io::ErrorKind::UnexpectedEof.into())
}
