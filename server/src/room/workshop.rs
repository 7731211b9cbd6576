//! Where rooms run: at the door, on the threads that serve sockets, while all that they do is light; for what may be heavy
//! on threads of their own, so that no document can hold up a socket, a ping or `/healthz`. And the turns in which rooms do
//! heavy work there, one at a time, so that one thread is always free for what is less heavy.
//!
//! It doesn't know what rooms do. Waking a thread costs more than applying what somebody types: with every room on
//! threads of its own, a delivered update cost half as much again (`bench relay`).

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::setpriority_process;
use rustix::time::{ClockId, clock_gettime};
use samsyn_shared::domain::limits;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::outbox::Unread;

/// Documents that are read, built or proven at once, on threads beside those of the rooms. Many more than there are
/// processors: the system shares these out, so that a document which opens in no time does not wait for those that take a second.
const BESIDE: usize = 32;

/// How far the threads of rooms step back behind those that serve sockets, as `nice` counts, and those beside them
/// behind both: where all have work, somebody's key and a ping go first, then what a room must do, then what may take
/// its time.
const ROOMS_STEP_BACK: i32 = 5;
const BESIDE_STEPS_BACK: i32 = 10;

/// The threads and turns that all rooms share. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// `None`: wherever the caller runs.
    threads: Option<Threads>,
    turns: Arc<Semaphore>,
    /// What rooms have made that waits for who reads it.
    unread: Unread,
}

#[derive(Debug, Clone)]
struct Threads {
    door: Handle,
    workshop: Handle,
}

/// Where a room runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the threads that serve sockets: nothing that takes long is done there.
    Door,
    Workshop,
}

impl Workshop {
    /// On the threads of whoever calls it: for programs that serve nobody, and for tests.
    #[must_use]
    pub fn here() -> Self {
        Self { threads: None, turns: Arc::new(Semaphore::new(1)), unread: Unread::default() }
    }

    /// On threads of its own, which run until the process ends, and at the door of the runtime that calls it.
    ///
    /// # Errors
    /// If the system gives no threads.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn start() -> io::Result<Self> {
        let threads = Builder::new_multi_thread()
            .worker_threads(limits::ROOM_THREADS)
            .max_blocking_threads(BESIDE)
            .thread_name("samsyn-room")
            .on_thread_start(|| step_back(ROOMS_STEP_BACK))
            .enable_time()
            .build()?;
        let workshop = threads.handle().clone();
        // Rooms are drained before the process ends; what is left then needs no end of its own.
        std::mem::forget(threads);
        let threads = Threads { door: Handle::current(), workshop };
        Ok(Self { threads: Some(threads), ..Self::here() })
    }

    /// Whether rooms run in two places.
    pub(super) const fn has_door(&self) -> bool {
        self.threads.is_some()
    }

    /// Runs a task in the workshop.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.spawn_at(Place::Workshop, task)
    }

    /// Runs a task in one of both places.
    pub(super) fn spawn_at<T: Send + 'static>(
        &self,
        place: Place,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match (&self.threads, place) {
            (Some(threads), Place::Door) => threads.door.spawn(task),
            (Some(threads), Place::Workshop) => threads.workshop.spawn(task),
            (None, _) => tokio::spawn(task),
        }
    }

    /// Does work that takes its time on a thread beside those of the rooms, of which there are a few.
    pub(super) fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.threads {
            Some(threads) => threads.workshop.spawn_blocking(|| {
                step_back(BESIDE_STEPS_BACK);
                work()
            }),
            None => tokio::task::spawn_blocking(work),
        }
    }

    /// What rooms have made that waits for who reads it.
    pub(super) const fn unread(&self) -> &Unread {
        &self.unread
    }

    /// Waits for a turn, which lasts until what is given is dropped. They are given in the order of asking.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.expect("nobody closes this semaphore")
    }
}

/// Lets the calling thread step back behind others.
fn step_back(nice: i32) {
    // On Linux this is the thread's own, and anybody may step back.
    if let Err(error) = setpriority_process(None, nice) {
        tracing::warn!(%error, "a thread of the rooms does not step back behind those that serve sockets");
    }
}

/// CPU time that the calling thread has used.
#[must_use]
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn threads_of_rooms_step_back_behind_the_door_and_what_is_beside_them_behind_both() {
        let workshop = Workshop::start().unwrap();
        let nice = || getpriority_process(None).unwrap();
        let door = workshop.spawn_at(Place::Door, async move { nice() }).await.unwrap();
        let room = workshop.spawn(async move { nice() }).await.unwrap();
        let beside = workshop.beside(nice).await.unwrap();
        assert!(door < room && room < beside, "{door}, {room}, {beside}");
    }
}
