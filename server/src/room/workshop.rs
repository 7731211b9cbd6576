//! Where rooms run: threads of their own, so that no document can hold up a socket, a ping or `/healthz`; and the
//! turns in which rooms do heavy work there, one at a time, so that one thread is always free for what is light.
//!
//! It doesn't know what rooms do.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use samsyn_shared::limits;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// Documents that are read, built or proven at once, on threads beside those of the rooms.
const BESIDE: usize = 2;

/// The threads and turns that all rooms share. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// `None`: wherever the caller runs.
    threads: Option<Handle>,
    turns: Arc<Semaphore>,
}

impl Workshop {
    /// On the threads of whoever calls it: for programs that serve nobody, and for tests.
    #[must_use]
    pub fn here() -> Self {
        Self { threads: None, turns: Arc::new(Semaphore::new(1)) }
    }

    /// On threads of its own, which run until the process ends.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn start() -> io::Result<Self> {
        let threads = Builder::new_multi_thread()
            .worker_threads(limits::ROOM_THREADS)
            .max_blocking_threads(BESIDE)
            .thread_name("samsyn-room")
            .enable_time()
            .build()?;
        let handle = threads.handle().clone();
        // Rooms are drained before the process ends; what is left then needs no end of its own.
        std::mem::forget(threads);
        Ok(Self { threads: Some(handle), turns: Arc::new(Semaphore::new(1)) })
    }

    /// Runs a task there.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.threads {
            Some(threads) => threads.spawn(task),
            None => tokio::spawn(task),
        }
    }

    /// Waits for a turn, which lasts until what is given is dropped. They are given in the order of asking.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.expect("nobody closes this semaphore")
    }
}

/// CPU time that the calling thread has used.
#[must_use]
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
