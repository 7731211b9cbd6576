//! Which rooms are open. Opening is single-flight: however many join at once, a Document is loaded once. A load that
//! fails refuses the room, for those who waited for that load; the next one tries again.
//!
//! It doesn't know who may do what, nor HTTP.
//!
//! Invariant: Opening is single-flight, and what cannot be read is never served as empty
//! (`many_at_once_get_one_room`, `a_record_without_its_content_is_no_empty_document`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use samsyn_shared::document::read_model::ReadModel;
use samsyn_shared::journal::{Asked, State};
use samsyn_shared::room::{ActTaken, Dialect, JournalPage, NotTaken};
use samsyn_shared::{EntryNumber, MalbildId, Role, SeatId, Seq};
use tokio::sync::{oneshot, watch};

use crate::access::token;
use crate::malbild::{Beginning, MalbildError, MalbildRecord};
use crate::room::{Ended, Joined, Opening, RoomHandle, RoomReading, Workshop};
use crate::store::{DocumentId, Loaded, Storage, StoreError, Time, Write};

/// All open rooms of this process.
#[derive(Clone)]
pub struct Rooms {
    storage: Storage,
    workshop: Workshop,
    // A plain lock: held for a map operation, never across an await.
    all: Arc<Mutex<All>>,
}

/// Why a målbild's room isn't there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// The målbild isn't there, or can't be read, or nothing can be written.
    #[error(transparent)]
    Malbild(#[from] MalbildError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Malbild(error.into())
    }
}

#[derive(Default)]
struct All {
    open: HashMap<DocumentId, Opened>,
    stopping: bool,
}

type Opened = Shared<BoxFuture<'static, Result<RoomHandle, OpenError>>>;

impl Rooms {
    /// Over this store, with no room open. Rooms run where their caller does.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        Self::with_workshop(storage, Workshop::here())
    }

    /// Over this store, with no room open. Rooms run in this workshop.
    #[must_use]
    pub fn with_workshop(storage: Storage, workshop: Workshop) -> Self {
        Self { storage, workshop, all: Arc::default() }
    }

    /// Joins a connection to a målbild's content.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn join(
        &self,
        malbild: &MalbildRecord,
        (seat, role): (SeatId, Role),
        dialect: Dialect,
    ) -> Result<(RoomHandle, Joined), OpenError> {
        loop {
            let room = self.room(malbild).await?;
            match room.join((seat.clone(), role), dialect).await {
                Ok(joined) => return Ok((room, joined)),
                Err(Ended) => self.forget(malbild),
            }
        }
    }

    /// What a målbild says now.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn read(&self, malbild: &MalbildRecord) -> Result<ReadModel, OpenError> {
        loop {
            let room = self.room(malbild).await?;
            match room.read().await {
                Ok(model) => return Ok(model),
                Err(Ended) => self.forget(malbild),
            }
        }
    }

    /// Asks for an act. Where it is entered, `beside` becomes durable together with it.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn ask(
        &self,
        malbild: &MalbildRecord,
        asked: Asked,
        beside: Vec<Write>,
    ) -> Result<Result<ActTaken, NotTaken>, OpenError> {
        loop {
            let room = self.room(malbild).await?;
            match room.ask(asked.clone(), beside.clone()).await {
                Ok(answer) => return Ok(answer),
                // What came of it, the next one knows: the act has its identifier.
                Err(Ended) => self.forget(malbild),
            }
        }
    }

    /// A part of a målbild's journal, and where to hear of more.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn journal(
        &self,
        malbild: &MalbildRecord,
        from: EntryNumber,
    ) -> Result<(JournalPage, watch::Receiver<EntryNumber>), OpenError> {
        loop {
            let room = self.room(malbild).await?;
            // Before the reading, so that nothing falls between the two.
            let head = room.head();
            match room.journal(from).await {
                Ok(page) => return Ok((page, head)),
                Err(Ended) => self.forget(malbild),
            }
        }
    }

    /// What `look` sees in what the entries of a målbild's journal make together.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn look<T: Send + 'static>(
        &self,
        malbild: &MalbildRecord,
        look: impl Fn(&State) -> T + Clone + Send + 'static,
    ) -> Result<T, OpenError> {
        loop {
            let room = self.room(malbild).await?;
            match room.look(look.clone()).await {
                Ok(seen) => return Ok(seen),
                Err(Ended) => self.forget(malbild),
            }
        }
    }

    /// Ends a målbild's room, if it is open: what it holds is stored, and those in it come back. Then does
    /// `work`, and no room of the målbild opens before it is done: whoever joins meanwhile waits. A room that was
    /// open over `work`'s writes would compact them away.
    pub async fn closed<T>(&self, id: MalbildId, work: impl Future<Output = T>) -> T {
        let document = DocumentId::content(id);
        let (done, gate) = oneshot::channel::<()>();
        let rooms = self.clone();
        let waiting: Opened = async move {
            // It ends without a word: `work` is done, or was let go of.
            gate.await.ok();
            if rooms.lock().stopping {
                return Err(OpenError::Stopping);
            }
            let malbild = MalbildRecord::find(&rooms.storage, id).await?;
            open(rooms.storage, rooms.workshop, malbild, document).await
        }
        .boxed()
        .shared();
        let opened = self.lock().open.insert(document, waiting.clone());
        if let Some(opened) = opened
            && let Ok(room) = opened.await
        {
            room.drain().await;
        }
        let worked = work.await;
        drop(done);
        let mut all = self.lock();
        // Where nobody waited, there is nothing to open. The other handle is the map's own.
        if waiting.strong_count() == Some(2)
            && all.open.get(&document).is_some_and(|known| known.ptr_eq(&waiting))
        {
            all.open.remove(&document);
        }
        worked
    }

    /// How many rooms are open or opening.
    #[must_use]
    pub fn open_rooms(&self) -> usize {
        self.lock().open.len()
    }

    /// How all open rooms are doing together, and how many they are.
    #[must_use]
    pub fn reading(&self) -> (usize, RoomReading) {
        let all = self.lock();
        let open = || all.open.values().filter_map(|opened| opened.peek()?.as_ref().ok());
        (open().count(), open().map(RoomHandle::reading).sum())
    }

    /// Opens nothing more, and drains every room. Until all are, what they have not stored can be read.
    pub async fn drain(&self) {
        let rooms: Vec<Opened> = {
            let mut all = self.lock();
            all.stopping = true;
            all.open.values().cloned().collect()
        };
        let drained = rooms.into_iter().map(|room| async move {
            if let Ok(room) = room.await {
                room.drain().await;
            }
        });
        futures_util::future::join_all(drained).await;
        self.lock().open.clear();
    }

    async fn room(&self, malbild: &MalbildRecord) -> Result<RoomHandle, OpenError> {
        let id = DocumentId::content(malbild.id);
        let opened = {
            let mut all = self.lock();
            if all.stopping {
                return Err(OpenError::Stopping);
            }
            let open = || open(self.storage.clone(), self.workshop.clone(), malbild.clone(), id);
            all.open.entry(id).or_insert_with(open).clone()
        };
        let outcome = opened.clone().await;
        if outcome.is_err() {
            let mut all = self.lock();
            // Only this attempt is forgotten; another may have begun meanwhile.
            if all.open.get(&id).is_some_and(|known| known.ptr_eq(&opened)) {
                all.open.remove(&id);
            }
        }
        outcome
    }

    /// Forgets a room that has ended.
    fn forget(&self, malbild: &MalbildRecord) {
        let id = DocumentId::content(malbild.id);
        let mut all = self.lock();
        let ended = |opened: &Opened| matches!(opened.peek(), Some(Ok(room)) if room.is_ended());
        if all.open.get(&id).is_some_and(ended) {
            all.open.remove(&id);
        }
    }

    /// Forgets all rooms that have ended, so that their memory is given back.
    pub fn sweep(&self) {
        self.lock().open.retain(|_, opened| !matches!(opened.peek(), Some(Ok(room)) if room.is_ended()));
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().expect("no code panics while it holds this lock")
    }
}

/// Loads and starts a room, in a task of its own: a caller that goes away does not stop it for others.
fn open(storage: Storage, workshop: Workshop, malbild: MalbildRecord, id: DocumentId) -> Opened {
    let task = workshop.clone().spawn(async move {
        if storage.has_failed() {
            return Err(StoreError::Failed.into());
        }
        let opened = match load(&storage, &malbild).await {
            Ok((loaded, journal)) => {
                let MalbildRecord { template, epoch, past_epochs, .. } = malbild;
                let opening = Opening { id, epoch, past_epochs, template, loaded, journal };
                let storage = storage.clone();
                // Building a large document takes as long as many frames.
                let started = move || RoomHandle::start(opening, storage, &workshop);
                tokio::task::spawn_blocking(started).await.unwrap_or(Err(StoreError::Closed))
            }
            Err(error) => Err(error),
        };
        if let Err(error @ StoreError::Corrupt { document, .. }) = &opened {
            storage.set_aside(*document, error.to_string()).await;
        }
        Ok(opened?)
    });
    task.map(|outcome| outcome.unwrap_or(Err(OpenError::Stopping))).boxed().shared()
}

/// The content and the journal of a målbild. One that was made before there were journals gets one: with the seats of all
/// links that open it.
async fn load(storage: &Storage, malbild: &MalbildRecord) -> Result<(Loaded, Loaded), StoreError> {
    let (content, journal) = (DocumentId::content(malbild.id), DocumentId::journal(malbild.id));
    let what = "its record is there and its content is not";
    let loaded = storage.load(content).await?;
    let loaded = loaded.ok_or(StoreError::Corrupt { document: content, at: Seq(0), what })?;
    if let Some(journal) = storage.load(journal).await? {
        return Ok((loaded, journal));
    }
    let id = malbild.id;
    let seats = storage.read(move |store| token::seats_of(store, id)).await?;
    let first = Beginning::of(malbild, seats).write(Time::now(), &mut rand::rng());
    storage.commit(vec![first]).await?;
    let what = "its journal is gone again";
    let begun = storage.load(journal).await?;
    Ok((loaded, begun.ok_or(StoreError::Corrupt { document: journal, at: Seq(0), what })?))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;
    use samsyn_shared::{Epoch, Template};

    use super::*;
    use crate::malbild::birth::make;
    use crate::room::seated;
    use crate::store::Time;
    use crate::store::memory::MemoryStore;

    async fn world() -> (Rooms, Arc<MemoryStore>, MalbildRecord) {
        let engine = Arc::new(MemoryStore::default());
        let rooms = Rooms::new(Storage::start(Arc::clone(&engine) as Arc<dyn crate::store::Store>));
        let id = MalbildId::generate(&mut SmallRng::seed_from_u64(1));
        let malbild = MalbildRecord::new(id, Template::find("tom").unwrap(), Epoch(7), Time(0));
        make(&rooms.storage, &malbild, "Storm", Vec::new()).await.unwrap();
        (rooms, engine, malbild)
    }

    #[tokio::test]
    async fn what_was_made_is_found_and_reads_as_its_template() {
        let (rooms, _, malbild) = world().await;
        let found = MalbildRecord::find(&rooms.storage, malbild.id).await.unwrap();
        assert_eq!((found.epoch, found.template.name), (Epoch(7), "tom"));
        assert_eq!(rooms.read(&found).await.unwrap().title, "Storm");
        let other = MalbildId::generate(&mut SmallRng::seed_from_u64(2));
        assert!(matches!(MalbildRecord::find(&rooms.storage, other).await, Err(MalbildError::Unknown)));
    }

    #[tokio::test]
    async fn many_at_once_get_one_room() {
        let (rooms, _, malbild) = world().await;
        let joins = (0..50).map(|_| rooms.join(&malbild, seated(Role::Editor), Dialect::Own));
        let mut ids: Vec<u64> =
            futures_util::future::join_all(joins).await.into_iter().map(|j| j.unwrap().1.id.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=50).collect::<Vec<_>>());
        assert_eq!(rooms.open_rooms(), 1);
    }

    #[tokio::test]
    async fn a_damaged_document_refuses_its_room_and_no_other() {
        let (rooms, engine, malbild) = world().await;
        let id = MalbildId::generate(&mut SmallRng::seed_from_u64(3));
        let other = MalbildRecord::new(id, malbild.template, Epoch(8), Time(0));
        make(&rooms.storage, &other, "Annan", Vec::new()).await.unwrap();
        engine.corrupt(DocumentId::content(malbild.id));
        let refused = rooms.join(&malbild, seated(Role::Editor), Dialect::Own).await;
        assert!(matches!(refused, Err(OpenError::Malbild(MalbildError::Store(StoreError::Corrupt { .. })))));
        assert_eq!(rooms.open_rooms(), 0);
        assert_eq!(rooms.read(&other).await.unwrap().title, "Annan");
    }

    #[tokio::test]
    async fn a_record_without_its_content_is_no_empty_document() {
        let (rooms, _, malbild) = world().await;
        let ghost = MalbildRecord { id: MalbildId::generate(&mut SmallRng::seed_from_u64(4)), ..malbild };
        assert!(rooms.read(&ghost).await.is_err());
    }

    #[tokio::test]
    async fn a_room_that_ended_is_opened_anew() {
        let (rooms, _, malbild) = world().await;
        let room = rooms.room(&malbild).await.unwrap();
        room.drain().await;
        assert_eq!(rooms.read(&malbild).await.unwrap().title, "Storm");
        rooms.drain().await;
        assert!(matches!(rooms.read(&malbild).await, Err(OpenError::Stopping)));
    }
}
