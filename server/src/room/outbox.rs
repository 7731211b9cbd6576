//! What one connection is still to be sent: the room puts frames in at one end, the connection's task has
//! the other. While nothing waits, a frame goes from the room into the socket at once: waking a task for each
//! frame of each receiver would cost more than the write.
//!
//! It doesn't know what a socket is, nor what is in a frame. What waits is bounded in bytes, and nothing in
//! here ever blocks.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::CloseCode;
use tokio::sync::Notify;

/// What keeping a frame costs beside its bytes, so that many tiny ones can't outgrow the limit.
const FRAME_COST: usize = 64;

/// Bytes that are written in one go, 64 KiB. Neither does the room write a larger frame itself (hundreds may
/// ask it for a whole document at once), nor does a connection that flushes one keep the room waiting.
pub(super) const WRITE_CHUNK: usize = 64 * 1024;

/// Where frames go.
pub trait Pipe: Send + Sync {
    /// Writes what can be written at once, and says how many bytes that was.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if nothing can be written now; any other if nothing ever will.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// More waits for a connection than may: it reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection reads too slowly")]
pub struct Overfull;

/// The room's end. When it is dropped, the connection is closed: with what [`Outbox::close`] said, or because
/// the room failed.
#[derive(Debug)]
pub struct Outbox(Arc<Line>);

/// The connection's end. When it is dropped, the socket is let go, and what the room still says is forgotten.
#[derive(Debug)]
pub struct Outlet(Arc<Line>);

impl Outbox {
    /// Both ends. Frames wait until the connection's is attached to a pipe.
    #[must_use]
    pub fn new() -> (Self, Outlet) {
        let line = Arc::new(Line { state: Mutex::default(), stirred: Notify::new() });
        (Self(Arc::clone(&line)), Outlet(line))
    }

    /// Sends a frame (see [`framed`](crate::frame::framed)): writes it if nothing waits, and else has it wait. What a connection that has
    /// ended is sent is forgotten.
    ///
    /// # Errors
    /// [`Overfull`]; the frame isn't sent.
    pub fn push(&self, frame: &Bytes) -> Result<(), Overfull> {
        self.0.push(frame)
    }

    /// Says why the connection must close; the first reason stands. What waits goes before, unless the connection
    /// was too slow.
    pub fn close(&self, code: CloseCode) {
        self.0.state().closing.get_or_insert(code);
        self.0.stirred.notify_one();
    }

    /// How long it has taken nothing of all that waits for it, if that is more than a moment's work.
    #[must_use]
    pub fn stuck_for(&self) -> Duration {
        let state = self.0.state();
        state.moved.filter(|_| state.waiting > WRITE_CHUNK).map_or(Duration::ZERO, |moved| moved.elapsed())
    }

    /// Bytes that wait, what keeping them costs included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.state().waiting
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.close(CloseCode::RoomFailed);
    }
}

impl Outlet {
    /// Connects the pipe. What the room has said since the join waits for [`Outlet::flush`].
    pub fn attach(&self, pipe: Arc<dyn Pipe>) {
        self.0.state().pipe = Some(pipe);
    }

    /// Sends a control frame of the connection's own, in order with the room's.
    ///
    /// # Errors
    /// [`Overfull`]; the frame isn't sent.
    pub fn push(&self, frame: &Bytes) -> Result<(), Overfull> {
        self.0.push(frame)
    }

    /// Writes what waits, as far as it goes; `true` if something is left.
    ///
    /// # Errors
    /// The pipe's, once nothing can be written any more.
    pub fn flush(&self) -> io::Result<bool> {
        loop {
            // The lock is let go between two writes.
            match self.0.state().write_next() {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the frame that waits first, whole: for a connection that has no pipe, and fetches what it is sent.
    #[must_use]
    pub fn take(&self) -> Option<Bytes> {
        let mut state = self.0.state();
        let Some(first) = state.frames.pop_front() else {
            // An idle connection keeps no queue.
            state.frames = VecDeque::new();
            return None;
        };
        state.waiting -= cost(&first);
        state.moved = Some(Instant::now());
        Some(first)
    }

    /// Waits until there is something to flush that the room could not write, or a reason to close.
    pub async fn stirred(&self) {
        self.0.stirred.notified().await;
    }

    /// Why the connection must close, once it must.
    #[must_use]
    pub fn closing(&self) -> Option<CloseCode> {
        self.0.state().closing
    }

    /// Has the close frame as the last one; what is sent after it is forgotten. What waits goes before it
    /// only if `all`; but a frame that is begun is always finished.
    pub fn finish(&self, last: Bytes, all: bool) {
        let mut state = self.0.state();
        if !all {
            let kept = usize::from(state.begun);
            state.frames.truncate(kept);
            state.waiting = state.frames.iter().map(cost).sum();
        }
        state.keep(last);
        state.ended = true;
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        state.pipe = None;
        state.frames = VecDeque::new();
        state.waiting = 0;
    }
}

/// The bytes of large frames that exist, over all rooms. Whoever sends many the same frame has one of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicUsize>);

impl Unread {
    /// Counts a frame for as long as anybody has it.
    pub(super) fn count(&self, frame: Vec<u8>) -> Bytes {
        self.0.fetch_add(frame.len(), Ordering::Relaxed);
        Bytes::from_owner(Counted { frame, of: self.clone() })
    }

    /// How many there are.
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted {
    frame: Vec<u8>,
    of: Unread,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.frame.len(), Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Line {
    /// Held for one write at most.
    state: Mutex<State>,
    stirred: Notify,
}

#[derive(Default)]
struct State {
    pipe: Option<Arc<dyn Pipe>>,
    /// What waits, in order; of the first, what isn't written yet.
    frames: VecDeque<Bytes>,
    /// Whether some of the first is written.
    begun: bool,
    /// The sum of the frames' costs.
    waiting: usize,
    /// When some of them was taken last, or the first began to wait.
    moved: Option<Instant>,
    closing: Option<CloseCode>,
    /// Nothing is taken any more.
    ended: bool,
}

fn cost(frame: &Bytes) -> usize {
    frame.len() + FRAME_COST
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }

    fn push(&self, frame: &Bytes) -> Result<(), Overfull> {
        let mut state = self.state();
        if state.ended {
            return Ok(());
        }
        if let Some(first) = state.frames.front() {
            let behind = state.waiting - cost(first);
            if behind > 0 && behind + cost(frame) > limits::OUTBOX_BYTES {
                return Err(Overfull);
            }
            // The connection's task is waiting for the socket already.
            state.keep(frame.clone());
            return Ok(());
        }
        let written = if frame.len() > WRITE_CHUNK { 0 } else { state.write(frame) };
        if written < frame.len() {
            state.begun = written > 0;
            state.keep(frame.slice(written..));
            drop(state);
            self.stirred.notify_one();
        }
        Ok(())
    }
}

impl State {
    /// Writes what the pipe takes of a frame. An error isn't told here: the task meets it when it flushes.
    fn write(&self, frame: &[u8]) -> usize {
        self.pipe.as_ref().and_then(|pipe| pipe.try_write(frame).ok()).unwrap_or(0)
    }

    fn keep(&mut self, frame: Bytes) {
        if self.frames.is_empty() {
            self.moved = Some(Instant::now());
        }
        self.waiting += cost(&frame);
        self.frames.push_back(frame);
    }

    /// Writes some of what waits first; `false` if nothing waits.
    fn write_next(&mut self) -> io::Result<bool> {
        let Some(first) = self.frames.front_mut() else {
            // An idle connection keeps no queue.
            self.frames = VecDeque::new();
            return Ok(false);
        };
        let pipe = self.pipe.as_ref().ok_or(io::ErrorKind::WouldBlock)?;
        let written = pipe.try_write(&first[..first.len().min(WRITE_CHUNK)])?;
        self.moved = Some(Instant::now());
        if written == first.len() {
            self.waiting -= cost(first);
            self.begun = false;
            self.frames.pop_front();
        } else {
            self.waiting -= written;
            self.begun |= written > 0;
            first.advance(written);
        }
        Ok(true)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("attached", &self.pipe.is_some())
            .field("waiting", &self.waiting)
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
