//! The disk: a store whose commits take their time, fail, or are cut off by a crash, each all or nothing as the
//! store's contract says. Beside it, what would be there if the power went now.

use std::collections::VecDeque;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::Rng;
use rand::rngs::SmallRng;
use samsyn_server::store::memory::MemoryStore;
use samsyn_server::store::{DocumentId, Loaded, ReadStore as _, Store, Time, Write};
use samsyn_shared::journal::Entry;
use samsyn_shared::room::RoomJournal;
use samsyn_shared::{EntryNumber, MalbildId, Seq};

use super::content::{Content, Durable};

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is stored.
    Stored,
    /// The answer is an error, although all of it is stored.
    StoredInVain,
    /// The answer is an error, and nothing is stored.
    Lost,
}

/// Names one commit.
pub(super) type JobId = u64;

#[derive(Debug)]
struct Job {
    id: JobId,
    writes: Vec<Write>,
    fate: Fate,
}

#[derive(Debug)]
pub(super) struct Disk {
    store: MemoryStore,
    document: DocumentId,
    journal: DocumentId,
    /// Given to the disk and not yet committed, in order.
    jobs: VecDeque<Job>,
    next: JobId,
    durable: Durable,
    /// How many entries the journal on disk has.
    entered: EntryNumber,
    /// What somebody was told is saved.
    promised: Content,
}

impl Disk {
    /// A disk with a Document's first state on it.
    pub(super) fn new(first: Bytes) -> Result<Self> {
        let malbild = MalbildId::from_bytes([0; 12]);
        let (document, journal) = (DocumentId::content(malbild), DocumentId::journal(malbild));
        let store = MemoryStore::default();
        let durable = Durable::of([&first])?;
        store.commit(&[Write::Compact { document, snapshot: first, up_to: Seq(0) }], Time(0))?;
        let (promised, entered) = (Content::default(), EntryNumber(0));
        Ok(Self { store, document, journal, jobs: VecDeque::new(), next: 0, durable, entered, promised })
    }

    /// What a room that opens now would load.
    pub(super) fn load(&self) -> Result<Loaded> {
        self.store.load(self.document)?.context("the document is gone from the store")
    }

    /// The journal on disk.
    pub(super) fn journal(&self) -> Result<RoomJournal> {
        let loaded = self.store.load(self.journal)?;
        Ok(RoomJournal::read(loaded.iter().flat_map(Loaded::parts))?)
    }

    /// How many entries that has.
    pub(super) const fn entered(&self) -> EntryNumber {
        self.entered
    }

    /// Begins to enter entries, or all of them anew.
    pub(super) fn enter(&mut self, entries: Bytes, is_whole: bool, fate: Fate) -> JobId {
        let document = self.journal;
        let write = if is_whole {
            Write::Replace { document, snapshot: entries }
        } else {
            Write::Append { document, update: entries }
        };
        self.begin(vec![write], fate)
    }

    /// All that is on disk, the oldest first.
    pub(super) fn parts(&self) -> Result<Vec<Bytes>> {
        let loaded = self.load()?;
        Ok(loaded.snapshot.into_iter().chain(loaded.updates).collect())
    }

    /// What is on disk now, read as whoever loads it would.
    pub(super) const fn durable(&self) -> &Durable {
        &self.durable
    }

    /// Somebody sees this as saved.
    ///
    /// # Errors
    /// When it would not be there if the power went now.
    pub(super) fn promise(&mut self, content: Content) -> Result<()> {
        self.durable.holds(&content)?;
        self.promised.extend(content);
        Ok(())
    }

    /// Somebody who operates the server puts another history in the place of all that there is: no promise holds on.
    pub(super) fn replace(&mut self, first: Bytes, now: u64) -> Result<()> {
        self.ensure_idle()?;
        let write = Write::Replace { document: self.document, snapshot: first };
        self.store.commit(&[write], Time(now))?;
        self.promised = Content::default();
        self.verify()
    }

    /// Begins to append updates.
    pub(super) fn append(&mut self, updates: Vec<Bytes>, fate: Fate) -> JobId {
        let document = self.document;
        let append = |update| Write::Append { document, update };
        self.begin(updates.into_iter().map(append).collect(), fate)
    }

    /// Begins to replace the log by a snapshot.
    pub(super) fn compact(&mut self, snapshot: Bytes, up_to: Seq, fate: Fate) -> JobId {
        self.begin(vec![Write::Compact { document: self.document, snapshot, up_to }], fate)
    }

    fn begin(&mut self, writes: Vec<Write>, fate: Fate) -> JobId {
        let id = self.next;
        self.next += 1;
        self.jobs.push_back(Job { id, writes, fate });
        id
    }

    /// A commit takes place. Gives the numbers that it gave, none if its answer is an error or it was
    /// lost in a crash.
    pub(super) fn commit(&mut self, id: JobId, now: u64) -> Result<Option<Vec<Seq>>> {
        if self.jobs.front().is_none_or(|job| job.id != id) {
            return Ok(None);
        }
        let Some(job) = self.jobs.pop_front() else { return Ok(None) };
        if job.fate != Fate::Stored {
            // After an error nothing that waits is stored either.
            self.jobs.iter_mut().for_each(|later| later.fate = Fate::Lost);
        }
        if job.fate == Fate::Lost {
            return Ok(None);
        }
        let given = self.store.commit(&job.writes, Time(now))?;
        let appended = job.writes.iter().filter_map(|write| match write {
            Write::Append { document, update } if *document == self.document => Some(update),
            _ => None,
        });
        self.durable.add(appended)?;
        for write in &job.writes {
            if let Write::Append { document, update: entries }
            | Write::Replace { document, snapshot: entries } = write
                && *document == self.journal
                && let Some(last) = entries.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())
            {
                self.entered = Entry::decode(last)?.number;
            }
        }
        if job.writes.iter().any(|write| matches!(write, Write::Compact { .. })) {
            self.verify().context("after a compaction")?;
        }
        Ok((job.fate == Fate::Stored).then(|| given.into_iter().flatten().collect()))
    }

    /// The power goes: of the commits that are under way some have come to the disk, in order.
    ///
    /// # Errors
    /// When something that was promised is not there.
    pub(super) fn crash(&mut self, rng: &mut SmallRng, now: u64) -> Result<()> {
        let reached = rng.random_range(0..=self.jobs.len());
        for job in self.jobs.drain(..).take(reached) {
            if job.fate == Fate::Lost {
                break;
            }
            self.store.commit(&job.writes, Time(now))?;
        }
        self.verify().context("after a crash")
    }

    /// Reads everything again.
    ///
    /// # Errors
    /// When something that was promised is not there.
    pub(super) fn verify(&mut self) -> Result<()> {
        self.durable = Durable::of(&self.parts()?)?;
        self.entered = self.journal()?.stored();
        self.durable.holds(&self.promised).context("it was called saved")
    }

    /// # Errors
    /// When a commit is under way.
    pub(super) fn ensure_idle(&self) -> Result<()> {
        ensure!(self.jobs.is_empty(), "a commit is under way");
        Ok(())
    }
}
