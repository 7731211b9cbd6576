//! The way to the store for everyone: durable writes through the committer, reads on threads that may wait for the
//! disk.
//!
//! It doesn't know what it writes, nor which engine it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::Seq;
use samsyn_shared::domain::limits;
use samsyn_shared::room::Urgency;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};

use super::committer::{Committer, Kind, Request, Signals};
use super::health::Health;
use super::rescue::Rescue;
use super::stopwatch::Stopwatch;
use super::{DocumentId, Loaded, ReadStore, Store, StoreError, Time, Write};

/// The store, as everyone uses it. Cloning it is cheap.
#[derive(Clone)]
pub struct Storage {
    engine: Arc<dyn ReadStore>,
    requests: mpsc::Sender<Request>,
    health: watch::Receiver<Health>,
    impatient: Arc<AtomicBool>,
    stopwatch: Arc<Stopwatch>,
    waiting: Arc<AtomicUsize>,
    /// Who may read now.
    reads: Arc<Semaphore>,
    rescue: Option<Arc<Rescue>>,
    /// The committer's thread, to be woken when it waits for more.
    committer: Thread,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// One who waits for a commit, counted until this is dropped.
struct Waits(Arc<AtomicUsize>);

impl Waits {
    fn count(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(waiting))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Storage {
    /// Starts the committer's thread over an engine.
    #[must_use]
    pub fn start(engine: Arc<dyn Store>) -> Self {
        let (requests, inbox) = mpsc::channel(limits::STORE_QUEUE);
        let (tell, health) = watch::channel(Health::Fine);
        let (impatient, stopwatch) = (Arc::<AtomicBool>::default(), Arc::new(Stopwatch::new()));
        let signals =
            Signals { health: tell, impatient: Arc::clone(&impatient), stopwatch: Arc::clone(&stopwatch) };
        let committer = Committer::new(Arc::clone(&engine), inbox, signals);
        let thread = std::thread::Builder::new()
            .name("samsyn-store".into())
            .spawn(move || committer.run())
            .expect("a process that cannot start one thread cannot serve");
        let committer = thread.thread().clone();
        let thread = Arc::new(Mutex::new(Some(thread)));
        Self { requests, health, impatient, stopwatch, committer, thread, ..Self::only_reading(engine) }
    }

    /// Over a store that is only read: whatever is written is refused with [`StoreError::Closed`].
    #[must_use]
    pub fn only_reading(engine: Arc<dyn ReadStore>) -> Self {
        let (requests, _) = mpsc::channel(1);
        let (_, health) = watch::channel(Health::Fine);
        Self {
            engine,
            requests,
            health,
            impatient: Arc::default(),
            stopwatch: Arc::new(Stopwatch::new()),
            waiting: Arc::default(),
            reads: Arc::new(Semaphore::new(limits::STORE_READS)),
            rescue: None,
            committer: std::thread::current(),
            thread: Arc::default(),
        }
    }

    /// With a directory in which damaged Documents are set aside.
    #[must_use]
    pub fn with_rescue(self, dir: &Path) -> Self {
        Self { rescue: Some(Arc::new(Rescue::new(dir))), ..self }
    }

    /// Makes `writes` durable together; they are when this returns. One entry a write, as
    /// [`Store::commit`] gives them. For requests that somebody waits for: trouble is told at once.
    ///
    /// # Errors
    /// [`StoreError::Full`] while the disk is full, [`StoreError::Failed`] after another I/O error,
    /// [`StoreError::Closed`] while shutting down, else what the engine said.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<Vec<Option<Seq>>, StoreError> {
        let _waits = Waits::count(&self.waiting);
        self.request(Kind::Commit(writes)).await
    }

    /// Appends updates to a Document; they are durable when this returns, with the number of the last of
    /// them. For rooms: it may share a commit with what comes soon after, unless somebody is in a hurry; it waits through a full disk, and stores them once there is room. Updates may then
    /// have been stored twice, which changes no Document.
    ///
    /// # Errors
    /// What does not pass by itself: as [`Storage::commit`], and [`StoreError::Full`] only after
    /// [`Storage::stop_waiting`].
    pub async fn append(
        &self,
        document: DocumentId,
        updates: Vec<Bytes>,
        urgency: Urgency,
    ) -> Result<Seq, StoreError> {
        let writes = updates.into_iter().map(|update| Write::Append { document, update }).collect();
        let given = self.request(Kind::Append(writes, urgency)).await?;
        Ok(given.into_iter().flatten().max().unwrap_or_default())
    }

    /// Makes entries of a journal and what belongs to them durable, all or nothing, without waiting for company; it waits
    /// through a full disk. They may then have been stored twice.
    ///
    /// # Errors
    /// As [`Storage::append`].
    pub async fn enter(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.request(Kind::Append(writes, Urgency::Now)).await.map(drop)
    }

    /// Does `work` on a thread that may wait for the disk, and gives what came of it: it sees everything that was
    /// committed before. At most [`limits::STORE_READS`] run at once, since each thread costs memory, and more of them do
    /// not read faster.
    ///
    /// # Errors
    /// What `work` says; [`StoreError::Closed`] while the process ends.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&dyn ReadStore) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.reads).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        // The place is the thread's: a caller who goes away does not make room for another.
        self.read_long(move |store| {
            let read = work(store);
            drop(place);
            read
        })
        .await
    }

    /// As [`Storage::read`], for what reads the whole store, or computes with what it has read: it keeps no other reading
    /// waiting.
    ///
    /// # Errors
    /// As [`Storage::read`].
    pub async fn read_long<T, E>(
        &self,
        work: impl FnOnce(&dyn ReadStore) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let engine = Arc::clone(&self.engine);
        blocking(move || work(&*engine)).await?
    }

    /// Reads a whole Document.
    ///
    /// # Errors
    /// As [`ReadStore::load`].
    pub async fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        self.read(move |store| store.load(document)).await
    }

    /// Whether anything can be stored, now and whenever that changes.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Whether writing has stopped for good after an I/O error.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        *self.health.borrow() == Health::Failed
    }

    /// For how long the commit under way has been so: zero while there is none. It answers at once also while
    /// the disk doesn't.
    #[must_use]
    pub fn committing_for(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    /// Whether the disk has not answered for so long that it must be called hanging.
    #[must_use]
    pub fn hangs(&self) -> bool {
        self.committing_for() >= limits::COMMIT_HANGS
    }

    /// Calls of [`Storage::commit`] that have no answer yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sets aside what is stored of a damaged Document, for rescue, once; where that can't be done, says so
    /// in the log. Nothing is removed from the store.
    pub async fn set_aside(&self, document: DocumentId, what: String) {
        let Some(rescue) = self.rescue.clone() else { return };
        let why = what.clone();
        let written = self.read(move |store| -> Result<_, StoreError> {
            Ok(rescue.set_aside(document, &why, &store.records(document)?, Time::now())?)
        });
        match written.await {
            Ok(Some(path)) => {
                tracing::error!(%document, what, path = %path.display(), "set aside for rescue")
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%document, what, %error, "it could not be set aside for rescue"),
        }
    }

    /// From now on appends don't wait for a full disk either: the process wants to end.
    pub fn stop_waiting(&self) {
        self.impatient.store(true, Ordering::Release);
    }

    /// Stores all that was asked before, then ends the thread. Later writes are refused.
    pub async fn close(&self) {
        let Some(thread) = self.thread.lock().await.take() else { return };
        self.stop_waiting();
        if let Err(error) = self.request(Kind::Close).await {
            tracing::error!(%error, "the store did not close in order");
        }
        match blocking(move || thread.join()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("the store's thread panicked"),
            Err(error) => tracing::error!(%error, "nobody waited for the store's thread"),
        }
    }

    async fn request(&self, kind: Kind) -> Result<Vec<Option<Seq>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let hurry = !matches!(kind, Kind::Append(_, Urgency::Batched));
        self.requests.send(Request { kind, reply }).await.map_err(|_| StoreError::Closed)?;
        if hurry {
            self.committer.unpark();
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// Does `work` on a thread that may wait for a disk. A panic in it is the caller's.
///
/// # Errors
/// [`StoreError::Closed`] while the process ends.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Err(StoreError::Closed),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::super::contract::{document, put};
    use super::super::memory::MemoryStore;
    use super::*;

    #[tokio::test]
    async fn what_was_committed_is_read_and_a_panic_in_reading_is_the_callers_alone() {
        let storage = Storage::start(Arc::new(MemoryStore::default()));
        storage.commit(vec![put("k", b"v")]).await.unwrap();
        let read = storage.read(|store| store.get(Table::Token, "k"));
        assert_eq!(read.await.unwrap().unwrap(), "v");
        let own = storage.clone();
        let ended = tokio::spawn(async move {
            own.read(|_| -> Result<(), StoreError> { panic!("a reader's own fault") }).await
        });
        assert!(ended.await.unwrap_err().is_panic());
        assert_eq!(storage.load(document(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn few_read_at_once_and_who_reads_everything_keeps_nobody_waiting() {
        let storage = Storage::start(Arc::new(MemoryStore::default()));
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let (begun, mut begins) = mpsc::unbounded_channel();
        for _ in 0..2 * limits::STORE_READS {
            let (storage, gate, begun) = (storage.clone(), Arc::clone(&gate), begun.clone());
            tokio::spawn(async move {
                let read = storage.read(move |_| {
                    begun.send(()).unwrap();
                    // It ends once it is let go.
                    gate.lock().unwrap().recv().ok();
                    Ok::<_, StoreError>(())
                });
                read.await.unwrap();
            });
        }
        for _ in 0..limits::STORE_READS {
            begins.recv().await.unwrap();
        }
        assert!(storage.read_long(|store| store.documents()).await.unwrap().is_empty());
        assert!(begins.try_recv().is_err(), "no more than may read at once");
        for _ in 0..2 * limits::STORE_READS {
            go.send(()).unwrap();
        }
        for _ in 0..limits::STORE_READS {
            begins.recv().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_store_that_is_only_read_takes_no_write() {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::only_reading(Arc::clone(&engine) as Arc<dyn ReadStore>);
        assert!(matches!(storage.commit(vec![put("k", b"v")]).await, Err(StoreError::Closed)));
        assert_eq!(storage.read(|store| store.keys(Table::Token, "")).await.unwrap(), Vec::<String>::new());
        storage.close().await;
        assert_eq!(engine.commits(), 0);
    }
}
