//! The head of an HTTP request or answer, as far as whoever stands between two sides looks into it.

use anyhow::{Result, ensure};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Where a head ends.
const END: &[u8] = b"\r\n\r\n";

/// A head, and what was read with it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) head: Bytes,
    pub(super) rest: Bytes,
}

impl Head {
    /// Reads one.
    ///
    /// # Errors
    /// When it does not end.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Self> {
        let mut held = BytesMut::new();
        loop {
            if let Some(at) = held.windows(END.len()).position(|bytes| bytes == END) {
                let head = held.split_to(at + END.len()).freeze();
                return Ok(Self { head, rest: held.freeze() });
            }
            ensure!(from.read_buf(&mut held).await? > 0, "it ended before");
        }
    }

    /// Whether it asks for a WebSocket.
    pub(super) fn asks_for_websocket(&self) -> bool {
        let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
        head.lines().any(|line| {
            line.split_once(':').is_some_and(|(name, value)| name == "upgrade" && value.trim() == "websocket")
        })
    }

    /// All of it, without the headers that are for the next on the way alone.
    pub(super) fn stripped(&self) -> Bytes {
        let head = String::from_utf8_lossy(&self.head);
        let kept = head.split_inclusive("\r\n").filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !["upgrade", "connection"].contains(&name.as_str())
        });
        kept.map(str::as_bytes).chain([&self.rest[..]]).collect::<Vec<_>>().concat().into()
    }

    /// All of it.
    pub(super) fn whole(&self) -> Bytes {
        [&self.head[..], &self.rest[..]].concat().into()
    }
}
