//! Group commit: everything that waits, from all rooms and requests, goes to the disk with one
//! flush, on a thread of its own, marked with the time.
//!
//! It doesn't know what it writes. A commit costs the same however much is in it, so while many write and
//! nobody is in a hurry, there is one in [`limits::COMMIT_PACE`]; a quiet store commits at once. While the disk is full, appends wait with it and the rest is refused;
//! after any other I/O error it writes nothing more and refuses everything, because an fsync that
//! failed proves nothing about what a later one says.
//!
//! Invariant: A full disk loses nothing and needs no restart
//! (`a_full_disk_loses_nothing_and_all_is_saved_once_there_is_room`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use samsyn_shared::Seq;
use samsyn_shared::domain::limits;
use samsyn_shared::room::Urgency;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot, watch};

use super::health::Health;
use super::stopwatch::Stopwatch;
use super::{Store, StoreError, Time, Write};

/// How often a full disk is looked at.
const PROBE: Duration = Duration::from_millis(100);

/// What somebody waits for.
pub(super) struct Request {
    pub(super) kind: Kind,
    pub(super) reply: Reply,
}

/// What is asked.
pub(super) enum Kind {
    /// Done or refused at once.
    Commit(Vec<Write>),
    /// Waits while the disk is full.
    Append(Vec<Write>, Urgency),
    /// Ends the thread once all before it is stored.
    Close,
}

type Reply = oneshot::Sender<Outcome>;
type Outcome = Result<Vec<Option<Seq>>, StoreError>;

/// One who waits, by the count of its writes in a batch.
struct Waiting {
    count: usize,
    patient: bool,
    reply: Reply,
}

/// Requests that will be one commit.
#[derive(Default)]
struct Batch {
    writes: Vec<Write>,
    waiting: Vec<Waiting>,
    bytes: usize,
    hurry: bool,
    closing: Option<Reply>,
}

/// What the thread and those who use the store let each other know.
pub(super) struct Signals {
    pub(super) health: watch::Sender<Health>,
    /// Whether appends wait for a full disk no longer.
    pub(super) impatient: Arc<AtomicBool>,
    pub(super) stopwatch: Arc<Stopwatch>,
}

/// The thread's own state.
pub(super) struct Committer {
    engine: Arc<dyn Store>,
    inbox: mpsc::Receiver<Request>,
    health: watch::Sender<Health>,
    impatient: Arc<AtomicBool>,
    /// The last time that was given. Times don't go back while this runs, unless by so much that the clock was
    /// wrong before.
    clock: Time,
    stopwatch: Arc<Stopwatch>,
    /// Appends that wait for room on the disk, oldest first; at most one a room.
    parked: Vec<(Vec<Write>, Reply)>,
    /// When the last commit was begun.
    begun: Option<Instant>,
}

impl Committer {
    pub(super) fn new(engine: Arc<dyn Store>, inbox: mpsc::Receiver<Request>, signals: Signals) -> Self {
        let Signals { health, impatient, stopwatch } = signals;
        let (clock, parked) = (Time::default(), Vec::new());
        Self { engine, inbox, health, impatient, clock, stopwatch, parked, begun: None }
    }

    pub(super) fn run(mut self) {
        loop {
            let full = self.health() == Health::Full;
            let first = if full {
                std::thread::sleep(PROBE);
                self.look_again();
                match self.inbox.try_recv() {
                    Ok(request) => request,
                    Err(TryRecvError::Empty) => continue,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                let Some(request) = self.inbox.blocking_recv() else { return };
                request
            };
            let mut batch = Batch::default();
            batch.take(first);
            self.gather(&mut batch);
            let closing = batch.closing.take();
            self.commit_all(batch);
            if let Some(reply) = closing {
                self.inbox.close();
                self.refuse_parked(&StoreError::Full);
                tell(reply, Ok(Vec::new()));
                return;
            }
        }
    }

    /// Takes what waits, and what comes until the next commit is due. Who is in a hurry unparks the thread.
    fn gather(&mut self, batch: &mut Batch) {
        let due = self.begun.map(|begun| begun + limits::COMMIT_PACE);
        loop {
            while batch.closing.is_none() && batch.bytes < limits::COMMIT_BYTES {
                let Ok(request) = self.inbox.try_recv() else { break };
                batch.take(request);
            }
            let left = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(Instant::now()));
            if left.is_zero() || batch.hurry || batch.bytes >= limits::COMMIT_BYTES {
                return;
            }
            std::thread::park_timeout(left);
        }
    }

    fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// One commit for all; if a damaged Document spoils it before anything was written, one for each.
    fn commit_all(&mut self, batch: Batch) {
        if batch.waiting.is_empty() {
            return;
        }
        let outcome = self.commit(&batch.writes);
        let damaged = matches!(&outcome, Err(error) if error.is_damage());
        if !damaged || batch.waiting.len() == 1 {
            return self.answer(batch, outcome);
        }
        let mut rest = batch.writes.into_iter();
        for waiting in batch.waiting {
            let writes: Vec<_> = rest.by_ref().take(waiting.count).collect();
            let outcome = self.commit(&writes);
            self.answer(Batch { writes, waiting: vec![waiting], ..Batch::default() }, outcome);
        }
    }

    fn commit(&mut self, writes: &[Write]) -> Outcome {
        match self.health() {
            Health::Fine => {}
            Health::Full => return Err(StoreError::Full),
            Health::Failed => return Err(StoreError::Failed),
        }
        self.clock = following(self.clock, Time::now());
        let started = Instant::now();
        self.begun = Some(started);
        // Unwind safety: after a panic the engine is not used for writing again.
        let outcome = self.stopwatch.during(|| {
            catch_unwind(AssertUnwindSafe(|| self.engine.commit(writes, self.clock)))
                .unwrap_or_else(|_| Err(std::io::Error::other("the engine panicked").into()))
        });
        metrics::histogram!("samsyn_commit_seconds").record(started.elapsed());
        match &outcome {
            Ok(_) => metrics::counter!("samsyn_writes_stored_total").increment(writes.len() as u64),
            Err(error) if error.is_damage() => tracing::error!(%error, "a write was refused"),
            Err(error) => self.troubled(error),
        }
        outcome
    }

    fn troubled(&self, error: &StoreError) {
        if matches!(error, StoreError::Full) {
            tracing::error!(%error, "nothing is saved until there is room");
            self.health.send_replace(Health::Full);
        } else {
            tracing::error!(%error, "the store failed; nothing more is written or called saved");
            self.health.send_replace(Health::Failed);
        }
    }

    /// Whether there is room again; if so, what waited for it is stored.
    fn look_again(&mut self) {
        if self.impatient.load(Ordering::Acquire) {
            self.refuse_parked(&StoreError::Full);
        }
        let recovered = self.stopwatch.during(|| {
            catch_unwind(AssertUnwindSafe(|| self.engine.recover()))
                .unwrap_or_else(|_| Err(std::io::Error::other("the engine panicked").into()))
        });
        match recovered {
            Ok(()) => {
                tracing::info!("the disk has room again; what waited is being saved");
                self.health.send_replace(Health::Fine);
                let mut batch = Batch::default();
                for (writes, reply) in std::mem::take(&mut self.parked) {
                    batch.add(writes, true, reply);
                    if batch.bytes >= limits::COMMIT_BYTES {
                        self.commit_all(std::mem::take(&mut batch));
                    }
                }
                self.commit_all(batch);
            }
            Err(StoreError::Full) => {}
            Err(error) => {
                self.troubled(&error);
                self.refuse_parked(&StoreError::Failed);
            }
        }
    }

    /// Gives each of those who waited its share of the answer; the patient wait on while the disk is full.
    fn answer(&mut self, batch: Batch, outcome: Outcome) {
        let mut writes = batch.writes.into_iter();
        match outcome {
            Ok(given) => {
                let mut given = given.into_iter();
                for Waiting { count, reply, .. } in batch.waiting {
                    tell(reply, Ok(given.by_ref().take(count).collect()));
                }
            }
            Err(error) => {
                let may_wait = matches!(error, StoreError::Full) && !self.impatient.load(Ordering::Acquire);
                for Waiting { count, patient, reply } in batch.waiting {
                    let own = writes.by_ref().take(count).collect();
                    if patient && may_wait {
                        self.parked.push((own, reply));
                    } else {
                        tell(reply, Err(error.clone()));
                    }
                }
            }
        }
    }

    fn refuse_parked(&mut self, error: &StoreError) {
        for (_, reply) in self.parked.drain(..) {
            tell(reply, Err(error.clone()));
        }
    }
}

impl Batch {
    fn take(&mut self, Request { kind, reply }: Request) {
        match kind {
            Kind::Commit(writes) => {
                self.hurry = true;
                self.add(writes, false, reply);
            }
            Kind::Append(writes, urgency) => {
                self.hurry |= urgency == Urgency::Now;
                self.add(writes, true, reply);
            }
            Kind::Close => {
                self.hurry = true;
                self.closing = Some(reply);
            }
        }
    }

    fn add(&mut self, writes: Vec<Write>, patient: bool, reply: Reply) {
        self.bytes += writes.iter().map(Write::size).sum::<usize>();
        self.waiting.push(Waiting { count: writes.len(), patient, reply });
        self.writes.extend(writes);
    }
}

/// The time after `last` where the clock says `now`. One that was ahead by more than a little and was set right is
/// followed back: else all that is stored would bear one time until the clock is there again.
fn following(last: Time, now: Time) -> Time {
    if u128::from(last.since(now)) > limits::CLOCK_BACK.as_millis() { now } else { last.max(now) }
}

/// One who left meanwhile needs no answer.
fn tell(reply: Reply, outcome: Outcome) {
    reply.send(outcome).ok();
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::contract::{document, put};
    use super::super::memory::MemoryStore;
    use super::super::{ReadStore as _, Storage};
    use super::*;

    fn append(update: &'static [u8]) -> Write {
        Write::Append { document: document(1), update: Bytes::from_static(update) }
    }

    fn world() -> (Arc<MemoryStore>, Storage) {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::start(Arc::clone(&engine) as Arc<dyn Store>);
        (engine, storage)
    }

    async fn until(storage: &Storage, health: Health) {
        storage.health().wait_for(|now| *now == health).await.unwrap();
    }

    /// The first is begun at once; what comes while it is, or soon after, is one more.
    #[tokio::test]
    async fn what_nobody_hurries_for_shares_a_commit_and_what_somebody_does_is_not_kept_waiting() {
        let (engine, storage) = world();
        let before = engine.commits();
        let ask = |urgency| storage.append(document(1), vec![Bytes::from_static(b"a")], urgency);
        ask(Urgency::Batched).await.unwrap();
        let begun = Instant::now();
        futures_util::future::join_all((0..20).map(|_| ask(Urgency::Batched))).await;
        assert!(begun.elapsed() < limits::COMMIT_PACE * 20, "they are not stored one after the other");
        assert_eq!(engine.commits() - before, 2);
        let patient = ask(Urgency::Batched);
        let hurried = ask(Urgency::Now);
        futures_util::future::join_all([patient, hurried]).await;
        assert_eq!(engine.commits() - before, 3, "who hurries takes along who waits");
    }

    #[tokio::test]
    async fn each_caller_gets_the_numbers_of_its_own_writes() {
        let (_, storage) = world();
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
        let (engine, storage) = world();
        storage.commit(vec![append(b"a")]).await.unwrap();
        engine.fail_commits(true);
        assert!(matches!(storage.commit(vec![append(b"b")]).await, Err(StoreError::Io(_))));
        engine.fail_commits(false);
        assert!(matches!(storage.commit(vec![append(b"c")]).await, Err(StoreError::Failed)));
        let rooms = storage.append(document(1), vec![Bytes::from_static(b"d")], Urgency::Batched).await;
        assert!(matches!(rooms, Err(StoreError::Failed)));
        assert!(storage.has_failed() && *storage.health().borrow() == Health::Failed);
        assert_eq!(storage.load(document(1)).await.unwrap().unwrap().updates.len(), 1);
    }

    #[tokio::test]
    async fn a_full_disk_refuses_requests_and_keeps_rooms_waiting_until_there_is_room() {
        let (engine, storage) = world();
        engine.fill(true);
        assert!(matches!(storage.commit(vec![append(b"a")]).await, Err(StoreError::Full)));
        until(&storage, Health::Full).await;
        let rooms = (1..=5).map(|n| {
            let storage = storage.clone();
            tokio::spawn(async move {
                storage.append(document(n), vec![Bytes::from_static(b"b"); 3], Urgency::Batched).await
            })
        });
        let rooms: Vec<_> = rooms.collect();
        assert!(matches!(storage.commit(vec![put("k", b"v")]).await, Err(StoreError::Full)));
        assert!(rooms.iter().all(|room| !room.is_finished()));
        assert_eq!(engine.documents().unwrap(), []);
        engine.fill(false);
        for room in rooms {
            assert_eq!(room.await.unwrap().unwrap(), Seq(3));
        }
        until(&storage, Health::Fine).await;
        assert_eq!(storage.commit(vec![append(b"c")]).await.unwrap(), [Some(Seq(4))]);
    }

    #[tokio::test]
    async fn a_process_that_ends_does_not_wait_for_a_full_disk() {
        let (engine, storage) = world();
        engine.fill(true);
        let waits = storage.clone();
        let room =
            tokio::spawn(
                async move { waits.append(document(1), vec![Bytes::new()], Urgency::Batched).await },
            );
        until(&storage, Health::Full).await;
        storage.stop_waiting();
        assert!(matches!(room.await.unwrap(), Err(StoreError::Full)));
        storage.close().await;
    }

    #[test]
    fn a_clock_that_goes_back_a_little_is_waited_for_and_one_that_was_wrong_is_followed() {
        let back = limits::CLOCK_BACK.as_millis() as u64;
        let at = |ms| Time(1_000_000 + ms);
        assert_eq!(following(Time::default(), at(0)), at(0));
        assert_eq!(following(at(0), at(1)), at(1));
        assert_eq!(following(at(back), at(0)), at(back));
        assert_eq!(following(at(back + 1), at(0)), at(0));
    }

    #[tokio::test]
    async fn closing_stores_what_was_asked_before_and_refuses_what_comes_after() {
        let (_, storage) = world();
        let (early, ()) = tokio::join!(storage.commit(vec![append(b"a")]), storage.close());
        assert!(early.is_ok());
        assert!(matches!(storage.commit(vec![append(b"b")]).await, Err(StoreError::Closed)));
    }
}
