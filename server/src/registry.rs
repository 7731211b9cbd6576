//! Which målbilder there are, and the rooms that are open. Opening is single-flight: however many join at
//! once, a Document is loaded once. A load that fails refuses the room, for those who waited for that load;
//! the next one tries again.
//!
//! It doesn't know who may do what, nor HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use samsyn_shared::document::read_model::ReadModel;
use samsyn_shared::{Epoch, MalbildId, Role, Seq, Template, document};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use yrs::{ReadTxn as _, StateVector, Transact as _};

use samsyn_shared::room::Dialect;

use crate::room::{Ended, Joined, Opening, RoomHandle, RoomReading, Workshop};
use crate::store::{DocumentId, Loaded, Part, Storage, StoreError, Table, Write};

/// A målbild as the server keeps it beside its Documents.
#[derive(Debug, Clone)]
pub struct Malbild {
    /// Its name.
    pub id: MalbildId,
    /// What it was made from.
    pub template: &'static Template,
    /// The birth mark of its content.
    pub epoch: Epoch,
    /// The birth marks that its content had before its history was replaced.
    pub past_epochs: Vec<Epoch>,
}

impl Malbild {
    /// Reads a stored record.
    ///
    /// # Errors
    /// [`StoreError::CorruptRecord`] if it is none, [`OpenError::Template`].
    pub fn from_record(id: MalbildId, bytes: &[u8]) -> Result<Self, OpenError> {
        let record: Record = serde_json::from_slice(bytes).map_err(|_| StoreError::CorruptRecord {
            table: Table::Malbild,
            what: "not a målbild's record",
        })?;
        let template =
            Template::find(&record.template).ok_or_else(|| OpenError::Template(record.template.clone()))?;
        Ok(Self { id, template, epoch: record.epoch, past_epochs: record.past_epochs })
    }
}

/// Why a målbild or its room isn't there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// No such målbild.
    #[error("no such målbild")]
    Unknown,
    /// It can't be read, or nothing can be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was made from a template that this server doesn't know.
    #[error("unknown template {0}")]
    Template(String),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// All målbilder and all open rooms of this process.
#[derive(Clone)]
pub struct Registry {
    storage: Storage,
    workshop: Workshop,
    // A plain lock: held for a map operation, never across an await.
    rooms: Arc<Mutex<Rooms>>,
}

#[derive(Default)]
struct Rooms {
    open: HashMap<DocumentId, Opened>,
    stopping: bool,
}

type Opened = Shared<BoxFuture<'static, Result<RoomHandle, OpenError>>>;

#[derive(Serialize, Deserialize)]
struct Record {
    template: String,
    epoch: Epoch,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    past_epochs: Vec<Epoch>,
    /// Seconds since 1970.
    made: u64,
}

impl Registry {
    /// Over this store, with no room open. Rooms run where their caller does.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        Self::with_workshop(storage, Workshop::here())
    }

    /// Over this store, with no room open. Rooms run in this workshop.
    #[must_use]
    pub fn with_workshop(storage: Storage, workshop: Workshop) -> Self {
        Self { storage, workshop, rooms: Arc::default() }
    }

    /// Makes a målbild: its record, its seeded content and whatever `beside` holds (its tokens) become
    /// durable together, or none of it does. `client_id` is fresh; `made` is seconds since 1970.
    ///
    /// # Errors
    /// If the store can't be written.
    pub async fn create(
        &self,
        id: MalbildId,
        template: &'static Template,
        title: &str,
        client_id: u64,
        made: u64,
        beside: Vec<Write>,
    ) -> Result<Malbild, StoreError> {
        let epoch = Epoch(client_id);
        let past_epochs = Vec::new();
        let record = Record { template: template.identifier(), epoch, past_epochs, made };
        let value = serde_json::to_vec(&record).expect("plain strings and numbers become JSON");
        let seeded = document::seed(template, title, client_id);
        let snapshot = {
            let txn = seeded.try_transact().expect("a document that was made here has no other user");
            txn.encode_diff_v1(&StateVector::default())
        };
        let mut writes = vec![
            Write::Put { table: Table::Malbild, key: id.to_string(), value: value.into() },
            Write::Compact { document: DocumentId::content(id), snapshot: snapshot.into(), up_to: Seq(0) },
        ];
        writes.extend(beside);
        self.storage.commit(writes).await?;
        Ok(Malbild { id, template, epoch, past_epochs: record.past_epochs })
    }

    /// Makes a målbild out of what another was: it has the other's template and, since its history grew from
    /// the same seed, its epoch. Its Documents and whatever `beside` holds become durable together.
    /// `made` is seconds since 1970.
    ///
    /// # Errors
    /// If the other isn't known, or the store can't be written.
    pub async fn copy(
        &self,
        of: MalbildId,
        id: MalbildId,
        documents: Vec<(Part, Bytes)>,
        made: u64,
        beside: Vec<Write>,
    ) -> Result<(), OpenError> {
        let Malbild { template, epoch, past_epochs, .. } = self.find(of)?;
        let record = Record { template: template.identifier(), epoch, past_epochs, made };
        let value = serde_json::to_vec(&record).expect("plain strings and numbers become JSON");
        let mut writes = vec![Write::Put { table: Table::Malbild, key: id.to_string(), value: value.into() }];
        writes.extend(documents.into_iter().map(|(part, snapshot)| {
            let document = DocumentId { malbild: id, part };
            Write::Compact { document, snapshot, up_to: Seq(0) }
        }));
        writes.extend(beside);
        self.storage.commit(writes).await?;
        Ok(())
    }

    /// The record of a målbild.
    ///
    /// # Errors
    /// [`OpenError::Unknown`] and the others.
    pub fn find(&self, id: MalbildId) -> Result<Malbild, OpenError> {
        let bytes = self.storage.get(Table::Malbild, &id.to_string())?.ok_or(OpenError::Unknown)?;
        Malbild::from_record(id, &bytes)
    }

    /// Joins a connection to a målbild's content.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn join(
        &self,
        malbild: &Malbild,
        role: Role,
        dialect: Dialect,
    ) -> Result<(RoomHandle, Joined), OpenError> {
        loop {
            let room = self.room(malbild).await?;
            match room.join(role, dialect).await {
                Ok(joined) => return Ok((room, joined)),
                Err(Ended) => self.forget(malbild),
            }
        }
    }

    /// What a målbild says now.
    ///
    /// # Errors
    /// If its room doesn't open.
    pub async fn read(&self, malbild: &Malbild) -> Result<ReadModel, OpenError> {
        loop {
            let room = self.room(malbild).await?;
            match room.read().await {
                Ok(model) => return Ok(model),
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
        let (registry, storage, workshop) = (self.clone(), self.storage.clone(), self.workshop.clone());
        let waiting: Opened = async move {
            // It ends without a word: `work` is done, or was let go of.
            gate.await.ok();
            if registry.lock().stopping {
                return Err(OpenError::Stopping);
            }
            let malbild = registry.find(id)?;
            open(storage, workshop, malbild, document).await
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
        let mut rooms = self.lock();
        // Where nobody waited, there is nothing to open. The other handle is the map's own.
        if waiting.strong_count() == Some(2)
            && rooms.open.get(&document).is_some_and(|known| known.ptr_eq(&waiting))
        {
            rooms.open.remove(&document);
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
        let rooms = self.lock();
        let open = || rooms.open.values().filter_map(|opened| opened.peek()?.as_ref().ok());
        (open().count(), open().map(RoomHandle::reading).sum())
    }

    /// Opens nothing more, and drains every room. Until all are, what they have not stored can be read.
    pub async fn drain(&self) {
        let rooms: Vec<Opened> = {
            let mut rooms = self.lock();
            rooms.stopping = true;
            rooms.open.values().cloned().collect()
        };
        let drained = rooms.into_iter().map(|room| async move {
            if let Ok(room) = room.await {
                room.drain().await;
            }
        });
        futures_util::future::join_all(drained).await;
        self.lock().open.clear();
    }

    async fn room(&self, malbild: &Malbild) -> Result<RoomHandle, OpenError> {
        let id = DocumentId { malbild: malbild.id, part: Part::Content };
        let opened = {
            let mut rooms = self.lock();
            if rooms.stopping {
                return Err(OpenError::Stopping);
            }
            let open = || open(self.storage.clone(), self.workshop.clone(), malbild.clone(), id);
            rooms.open.entry(id).or_insert_with(open).clone()
        };
        let outcome = opened.clone().await;
        if outcome.is_err() {
            let mut rooms = self.lock();
            // Only this attempt is forgotten; another may have begun meanwhile.
            if rooms.open.get(&id).is_some_and(|known| known.ptr_eq(&opened)) {
                rooms.open.remove(&id);
            }
        }
        outcome
    }

    /// Forgets a room that has ended.
    fn forget(&self, malbild: &Malbild) {
        let id = DocumentId::content(malbild.id);
        let mut rooms = self.lock();
        let ended = |opened: &Opened| matches!(opened.peek(), Some(Ok(room)) if room.is_ended());
        if rooms.open.get(&id).is_some_and(ended) {
            rooms.open.remove(&id);
        }
    }

    /// Forgets all rooms that have ended, so that their memory is given back.
    pub fn sweep(&self) {
        self.lock().open.retain(|_, opened| !matches!(opened.peek(), Some(Ok(room)) if room.is_ended()));
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().expect("no code panics while it holds this lock")
    }
}

/// Loads and starts a room, in a task of its own: a caller that goes away does not stop it for others.
fn open(storage: Storage, workshop: Workshop, malbild: Malbild, id: DocumentId) -> Opened {
    let task = workshop.clone().spawn(async move {
        if storage.has_failed() {
            return Err(StoreError::Failed.into());
        }
        let opened = match load(storage.clone(), id).await {
            Ok(loaded) => {
                let Malbild { template, epoch, past_epochs, .. } = malbild;
                let opening = Opening { id, epoch, past_epochs, template, loaded };
                let storage = storage.clone();
                // Building a large document takes as long as many frames.
                let started = move || RoomHandle::start(opening, storage, &workshop);
                tokio::task::spawn_blocking(started).await.unwrap_or(Err(StoreError::Closed))
            }
            Err(error) => Err(error),
        };
        if let Err(error @ StoreError::Corrupt { .. }) = &opened {
            let what = error.to_string();
            let aside = tokio::task::spawn_blocking(move || storage.set_aside(id, &what));
            if aside.await.is_err() {
                tracing::error!(document = %id, "setting it aside was cut off");
            }
        }
        Ok(opened?)
    });
    task.map(|outcome| outcome.unwrap_or(Err(OpenError::Stopping))).boxed().shared()
}

async fn load(storage: Storage, id: DocumentId) -> Result<Loaded, StoreError> {
    let loaded = tokio::task::spawn_blocking(move || storage.load(id)).await;
    let what = "its record is there and its content is not";
    loaded.unwrap_or(Err(StoreError::Closed))?.ok_or(StoreError::Corrupt { document: id, at: Seq(0), what })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;
    use crate::store::memory::MemoryStore;

    async fn world() -> (Registry, Arc<MemoryStore>, Malbild) {
        let engine = Arc::new(MemoryStore::default());
        let registry = Registry::new(Storage::start(Arc::clone(&engine) as Arc<dyn crate::store::Store>));
        let id = MalbildId::generate(&mut SmallRng::seed_from_u64(1));
        let template = Template::find("tom").unwrap();
        let malbild = registry.create(id, template, "Storm", 7, 0, Vec::new()).await.unwrap();
        (registry, engine, malbild)
    }

    #[tokio::test]
    async fn what_was_made_is_found_and_reads_as_its_template() {
        let (registry, _, malbild) = world().await;
        let found = registry.find(malbild.id).unwrap();
        assert_eq!((found.epoch, found.template.name), (Epoch(7), "tom"));
        assert_eq!(registry.read(&found).await.unwrap().title, "Storm");
        let other = MalbildId::generate(&mut SmallRng::seed_from_u64(2));
        assert!(matches!(registry.find(other), Err(OpenError::Unknown)));
    }

    #[tokio::test]
    async fn many_at_once_get_one_room() {
        let (registry, _, malbild) = world().await;
        let joins = (0..50).map(|_| registry.join(&malbild, Role::Editor, Dialect::Own));
        let mut ids: Vec<u64> =
            futures_util::future::join_all(joins).await.into_iter().map(|j| j.unwrap().1.id.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=50).collect::<Vec<_>>());
        assert_eq!(registry.open_rooms(), 1);
    }

    #[tokio::test]
    async fn a_damaged_document_refuses_its_room_and_no_other() {
        let (registry, engine, malbild) = world().await;
        let id = MalbildId::generate(&mut SmallRng::seed_from_u64(3));
        let other = registry.create(id, malbild.template, "Annan", 8, 0, Vec::new()).await.unwrap();
        engine.corrupt(DocumentId::content(malbild.id));
        let refused = registry.join(&malbild, Role::Owner, Dialect::Own).await;
        assert!(matches!(refused, Err(OpenError::Store(StoreError::Corrupt { .. }))));
        assert_eq!(registry.open_rooms(), 0);
        assert_eq!(registry.read(&other).await.unwrap().title, "Annan");
    }

    #[tokio::test]
    async fn a_record_without_its_content_is_no_empty_document() {
        let (registry, _, malbild) = world().await;
        let ghost = Malbild { id: MalbildId::generate(&mut SmallRng::seed_from_u64(4)), ..malbild };
        assert!(registry.read(&ghost).await.is_err());
    }

    #[tokio::test]
    async fn a_room_that_ended_is_opened_anew() {
        let (registry, _, malbild) = world().await;
        let room = registry.room(&malbild).await.unwrap();
        room.drain().await;
        assert_eq!(registry.read(&malbild).await.unwrap().title, "Storm");
        registry.drain().await;
        assert!(matches!(registry.read(&malbild).await, Err(OpenError::Stopping)));
    }
}
