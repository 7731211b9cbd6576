//! Group commit: everything that waits, from all rooms and requests, goes to the disk with one
//! flush, on a thread of its own.
//!
//! It doesn't know what it writes. After the first I/O error it writes nothing more and refuses
//! everything, because an fsync that failed proves nothing about what a later one says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use samsyn_shared::Seq;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{DocumentId, Loaded, Store, StoreError, Table, Write};

/// Requests that may wait for the disk. When it is full, callers wait: a room has one append in flight,
/// so this bounds nothing but rooms.
const QUEUE: usize = 1024;
/// Bytes that one commit gathers before it flushes, so that one flush stays short.
const COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// The way to the store for everyone: durable writes through the committer, reads straight from
/// the engine. Cloning it is cheap.
#[derive(Clone)]
pub struct Storage {
    engine: Arc<dyn Store>,
    requests: mpsc::Sender<Request>,
    failed: Arc<AtomicBool>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

struct Request {
    /// `None` asks the thread to end once all before it is stored.
    writes: Option<Vec<Write>>,
    reply: oneshot::Sender<Result<Vec<Option<Seq>>, StoreError>>,
}

impl Storage {
    /// Starts the committer's thread over an engine.
    #[must_use]
    pub fn start(engine: Arc<dyn Store>) -> Self {
        let (requests, inbox) = mpsc::channel(QUEUE);
        let failed = Arc::new(AtomicBool::new(false));
        let committer = Committer { engine: Arc::clone(&engine), inbox, failed: Arc::clone(&failed) };
        let thread = std::thread::Builder::new()
            .name("samsyn-store".into())
            .spawn(move || committer.run())
            .expect("a process that cannot start one thread cannot serve");
        Self { engine, requests, failed, thread: Arc::new(Mutex::new(Some(thread))) }
    }

    /// Makes `writes` durable together; they are when this returns. One entry a write, as
    /// [`Store::commit`] gives them.
    ///
    /// # Errors
    /// [`StoreError::Failed`] after an earlier I/O error, [`StoreError::Closed`] while shutting down,
    /// else what the engine said.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<Vec<Option<Seq>>, StoreError> {
        self.request(Some(writes)).await
    }

    /// Reads a whole Document. Blocks for as long as the disk needs: call it where that is allowed.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn load(&self, document: DocumentId) -> Result<Option<Loaded>, StoreError> {
        self.engine.load(document)
    }

    /// Reads a record; short, from the engine's cache in nearly all cases.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get(&self, table: Table, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.engine.get(table, key)
    }

    /// The keys in a table that start with a prefix.
    ///
    /// # Errors
    /// As [`Store::keys`].
    pub fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.engine.keys(table, prefix)
    }

    /// Whether writing has stopped for good after an I/O error.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Stores all that was asked before, then ends the thread. Later writes are refused.
    pub async fn close(&self) {
        let Some(thread) = self.thread.lock().await.take() else { return };
        if let Err(error) = self.request(None).await {
            tracing::error!(%error, "the store did not close in order");
        }
        if tokio::task::spawn_blocking(move || thread.join()).await.is_err() {
            tracing::error!("nobody waited for the store's thread");
        }
    }

    async fn request(&self, writes: Option<Vec<Write>>) -> Result<Vec<Option<Seq>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request { writes, reply }).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

struct Committer {
    engine: Arc<dyn Store>,
    inbox: mpsc::Receiver<Request>,
    failed: Arc<AtomicBool>,
}

impl Committer {
    fn run(mut self) {
        while let Some(first) = self.inbox.blocking_recv() {
            let mut writes = Vec::new();
            let mut waiting: Vec<Waiting> = Vec::new();
            let mut bytes = 0;
            let mut next = Some(first);
            let mut closing = None;
            while let Some(request) = next {
                let Some(asked) = request.writes else {
                    closing = Some(request.reply);
                    break;
                };
                bytes += asked.iter().map(size).sum::<usize>();
                waiting.push((asked.len(), request.reply));
                writes.extend(asked);
                next = if bytes < COMMIT_BYTES { self.inbox.try_recv().ok() } else { None };
            }
            if !waiting.is_empty() {
                self.commit_all(&writes, waiting);
            }
            if let Some(reply) = closing {
                self.inbox.close();
                answer(vec![(0, reply)], Ok(Vec::new()));
                return;
            }
        }
    }

    /// One commit for all; if a damaged Document spoils it before anything was written, one for each.
    fn commit_all(&self, writes: &[Write], waiting: Vec<Waiting>) {
        let outcome = self.commit(writes);
        let damaged = matches!(outcome, Err(StoreError::Corrupt { .. }));
        if !damaged || waiting.len() == 1 {
            return answer(waiting, outcome);
        }
        let mut rest = writes;
        for (count, reply) in waiting {
            let (own, others) = rest.split_at(count);
            rest = others;
            answer(vec![(count, reply)], self.commit(own));
        }
    }

    fn commit(&self, writes: &[Write]) -> Result<Vec<Option<Seq>>, StoreError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError::Failed);
        }
        let started = std::time::Instant::now();
        let outcome = self.engine.commit(writes);
        metrics::histogram!("samsyn_commit_seconds").record(started.elapsed());
        match &outcome {
            Ok(_) => metrics::counter!("samsyn_writes_stored_total").increment(writes.len() as u64),
            Err(error @ StoreError::Corrupt { .. }) => tracing::error!(%error, "a write was refused"),
            Err(error) => {
                self.failed.store(true, Ordering::Release);
                tracing::error!(%error, "the store failed; nothing more is written or called saved");
            }
        }
        outcome
    }
}

type Waiting = (usize, oneshot::Sender<Result<Vec<Option<Seq>>, StoreError>>);

/// Gives each of those who waited its share of the answer. One who left meanwhile needs none.
fn answer(waiting: Vec<Waiting>, outcome: Result<Vec<Option<Seq>>, StoreError>) {
    match outcome {
        Ok(given) => {
            let mut given = given.into_iter();
            for (count, reply) in waiting {
                reply.send(Ok(given.by_ref().take(count).collect())).ignore_if_gone();
            }
        }
        Err(error) => {
            for (_, reply) in waiting {
                reply.send(Err(error.clone())).ignore_if_gone();
            }
        }
    }
}

/// Names the one case in which a failed send is no error.
trait Gone {
    fn ignore_if_gone(self);
}

impl<T> Gone for Result<(), T> {
    fn ignore_if_gone(self) {
        drop(self);
    }
}

fn size(write: &Write) -> usize {
    match write {
        Write::Append { update, .. } => update.len(),
        Write::Compact { snapshot, .. } => snapshot.len(),
        Write::Put { value, .. } => value.len(),
        Write::Delete { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::{document, put};
    use super::super::memory::MemoryStore;
    use super::*;

    fn append(update: &'static [u8]) -> Write {
        Write::Append { document: document(1), update: Bytes::from_static(update) }
    }

    #[tokio::test]
    async fn each_caller_gets_the_numbers_of_its_own_writes() {
        let storage = Storage::start(Arc::new(MemoryStore::default()));
        let asks = (0..50).map(|_| {
            let storage = storage.clone();
            tokio::spawn(
                async move { storage.commit(vec![append(b"a"), put("k", b"v"), append(b"b")]).await },
            )
        });
        let mut all = Vec::new();
        for ask in asks.collect::<Vec<_>>() {
            let given = ask.await.unwrap().unwrap();
            let (first, last) = (given[0].unwrap(), given[2].unwrap());
            assert_eq!((given.len(), given[1], last), (3, None, first.next()));
            all.extend([first.0, last.0]);
        }
        all.sort_unstable();
        assert_eq!(all, (1..=100).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn after_an_io_error_nothing_more_is_acked() {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::start(Arc::clone(&engine) as Arc<dyn Store>);
        storage.commit(vec![append(b"a")]).await.unwrap();
        engine.fail_commits(true);
        assert!(matches!(storage.commit(vec![append(b"b")]).await, Err(StoreError::Io(_))));
        engine.fail_commits(false);
        assert!(matches!(storage.commit(vec![append(b"c")]).await, Err(StoreError::Failed)));
        assert!(storage.has_failed());
        assert_eq!(storage.load(document(1)).unwrap().unwrap().updates.len(), 1);
    }

    #[tokio::test]
    async fn closing_stores_what_was_asked_before_and_refuses_what_comes_after() {
        let storage = Storage::start(Arc::new(MemoryStore::default()));
        let (early, ()) = tokio::join!(storage.commit(vec![append(b"a")]), storage.close());
        assert!(early.is_ok());
        assert!(matches!(storage.commit(vec![append(b"b")]).await, Err(StoreError::Closed)));
    }
}
