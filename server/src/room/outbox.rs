//! The send queue of one connection, with two ends: the room pushes frames into the [`Outbox`], the connection's task has
//! the [`Outlet`]. If the queue is empty, the room writes the frame to the connection's pipe itself: waking a task for each
//! frame of each receiver would cost more than the write.
//!
//! It doesn't know sockets beyond [`Pipe`], nor what is in a frame. The queue is bounded by [`limits::OUTBOX_BYTES`]; its
//! first frame, and one of any size behind that, are not counted. The lock is held for one write at most, and that never
//! blocks.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::CloseCode;
use tokio::sync::Notify;

/// Bytes that a queued frame counts beside its own, so that many tiny ones can't outgrow the limit.
const FRAME_COST: usize = 64;

/// The largest single write, 64 KiB. The room queues a larger frame instead of writing it (hundreds of clients may ask for
/// a whole document at once), and [`Outlet::flush`] lets go of the lock between two writes, so the room never waits long.
pub(super) const WRITE_CHUNK: usize = 64 * 1024;

/// Where frames go.
pub trait Pipe: Send + Sync {
    /// Writes what can be written at once, and says how many bytes that was.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if nothing can be written now; any other if nothing ever will.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// The queue is full: the connection reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection reads too slowly")]
pub struct Overfull;

/// The room's end. Dropping it closes the connection: with the code of [`Outbox::close`], or because the room failed.
#[derive(Debug)]
pub struct Outbox(Arc<Queue>);

/// The connection's end. Dropping it drops the pipe and the queued frames, and later ones too; and lets whoever made it
/// know, so that a connection which goes before anybody has begun to serve it does not stay in the room.
pub struct Outlet {
    queue: Arc<Queue>,
    dropped: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Outbox {
    /// Both ends. Frames are queued until a pipe is attached.
    #[must_use]
    pub fn new() -> (Self, Outlet) {
        let queue = Arc::new(Queue { state: Mutex::default(), woken: Notify::new() });
        (Self(Arc::clone(&queue)), Outlet { queue, dropped: None })
    }

    /// Sends a frame (see [`framed`](crate::frame::framed)): writes it if the queue is empty, else queues it. After the
    /// connection has ended, the frame is dropped.
    ///
    /// # Errors
    /// [`Overfull`]; the frame isn't sent.
    pub fn push(&self, frame: &Bytes) -> Result<(), Overfull> {
        self.0.push(frame)
    }

    /// Sets the code with which the connection must close; the first one stands. The connection's task sends the queued
    /// frames first, unless the code [is abrupt](CloseCode::is_abrupt).
    pub fn close(&self, code: CloseCode) {
        self.0.state().closing.get_or_insert(code);
        self.0.woken.notify_one();
    }

    /// For how long the connection has read nothing while more than 64 KiB are queued; zero otherwise.
    #[must_use]
    pub fn stuck_for(&self) -> Duration {
        let state = self.0.state();
        state.moved.filter(|_| state.waiting > WRITE_CHUNK).map_or(Duration::ZERO, |moved| moved.elapsed())
    }

    /// Bytes that are queued, with what each frame counts beside its own.
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
    /// Has `dropped` called once this end is dropped.
    #[must_use]
    pub(super) fn telling(mut self, dropped: impl FnOnce() + Send + Sync + 'static) -> Self {
        self.dropped = Some(Box::new(dropped));
        self
    }

    /// Attaches the pipe. Frames that the room has sent since the join wait for [`Outlet::flush`].
    pub fn attach(&self, pipe: Arc<dyn Pipe>) {
        self.queue.state().pipe = Some(pipe);
    }

    /// Sends a control frame of the connection's own, in order with the room's.
    ///
    /// # Errors
    /// [`Overfull`]; the frame isn't sent.
    pub fn push(&self, frame: &Bytes) -> Result<(), Overfull> {
        self.queue.push(frame)
    }

    /// Writes queued frames until the pipe takes no more. Returns whether any are left.
    ///
    /// # Errors
    /// The pipe's, once nothing can be written any more.
    pub fn flush(&self) -> io::Result<bool> {
        loop {
            // The lock is let go between two writes.
            match self.queue.state().write_next() {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the first queued frame: for the HTTP transport, which has no pipe and pulls frames.
    #[must_use]
    pub fn take(&self) -> Option<Bytes> {
        let mut state = self.queue.state();
        let Some(first) = state.frames.pop_front() else {
            // An idle connection keeps no queue.
            state.frames = VecDeque::new();
            return None;
        };
        state.waiting -= cost(&first);
        state.moved = Some(Instant::now());
        Some(first)
    }

    /// Waits until the room has queued a frame that it could not write, or has set a close code.
    pub async fn woken(&self) {
        self.queue.woken.notified().await;
    }

    /// Why the connection must close, once it must.
    #[must_use]
    pub fn closing(&self) -> Option<CloseCode> {
        self.queue.state().closing
    }

    /// Queues the close frame as the last one; later frames are dropped. Unless `all`, the frames that are queued are
    /// dropped too, but for one that is partly written.
    pub fn finish(&self, last: Bytes, all: bool) {
        let mut state = self.queue.state();
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
        let mut state = self.queue.state();
        state.ended = true;
        state.pipe = None;
        state.frames = VecDeque::new();
        state.waiting = 0;
        drop(state);
        if let Some(dropped) = self.dropped.take() {
            dropped();
        }
    }
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outlet").field(&self.queue).finish()
    }
}

/// A counter of the bytes of large frames that are alive in the process. A frame that many receivers share counts once.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicUsize>);

impl Unread {
    /// Counts a frame until its last holder drops it.
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
struct Queue {
    /// Held for one write at most.
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Default)]
struct State {
    pipe: Option<Arc<dyn Pipe>>,
    /// The queued frames, in order; of the first, the part that is not written yet.
    frames: VecDeque<Bytes>,
    /// Whether part of the first is written.
    begun: bool,
    /// The sum of the frames' costs.
    waiting: usize,
    /// When bytes last left the queue, or when it last became non-empty.
    moved: Option<Instant>,
    closing: Option<CloseCode>,
    /// Whether later frames are dropped.
    ended: bool,
}

fn cost(frame: &Bytes) -> usize {
    frame.len() + FRAME_COST
}

impl Queue {
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
            // The connection's task waits for the pipe already.
            state.keep(frame.clone());
            return Ok(());
        }
        let written = if frame.len() > WRITE_CHUNK { 0 } else { state.write(frame) };
        if written < frame.len() {
            state.begun = written > 0;
            state.keep(frame.slice(written..));
            drop(state);
            self.woken.notify_one();
        }
        Ok(())
    }
}

impl State {
    /// Writes as much of a frame as the pipe takes now. The connection's task meets an error when it flushes.
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

    /// Writes a chunk of the first queued frame. Returns false if none is queued.
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
