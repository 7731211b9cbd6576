//! Brings målbilder back: from a backup what is missing, damaged or older than there, and from a restore point
//! a new one. Nothing that a healthy one holds is written over.
//!
//! Invariant: Nothing is called restored that is not as it was backed up
//! (`no_changed_byte_of_any_file_of_a_backup_is_called_restored`), and nothing that a store holds is lost by
//! restoring (`a_store_that_was_shortened_is_brought_forward_and_loses_nothing_of_its_own`); no room is open over
//! such writes (`no_room_opens_while_a_malbild_is_closed_for_work`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use samsyn_shared::domain::limits;
use samsyn_shared::{Epoch, MalbildId};
use yrs::StateVector;
use yrs::updates::decoder::Decode as _;

use samsyn_shared::journal::Origin;
use samsyn_shared::room::{Broken, RoomDocument, RoomJournal};

use super::manifest::Damage;
use super::outcome::{Hindrance, Outcome, Repair};
use super::source::Source;
use super::{BackupError, kept};
use crate::malbild::copy::copy;
use crate::malbild::{FirstTokens, MalbildError, MalbildRecord};
use crate::rooms::Rooms;
use crate::store::{
    DocumentId, Loaded, Part, ReadStore, Record as _, RestorePoint, Storage, StoreError, Time, Write,
    blocking,
};

/// Målbilder that are written at once, at most: their writes share a commit.
const AT_ONCE: usize = 256;

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// Whether the backup is of the first format, whose manifest has no checksum.
    pub unverified: bool,
    /// What was done with each målbild.
    pub outcomes: BTreeMap<MalbildId, Outcome>,
    /// What the backup says that it lacks beside målbilder: tokens and sessions that were damaged.
    pub lacking: Vec<Damage>,
}

/// Brings back what is missing, damaged or older than in the backup, of all målbilder or of one. Each keeps its
/// id, its epoch, its tokens and its sessions, so what clients still hold flows back. What is done when it is cut
/// off is whole for each målbild; it is run again.
///
/// # Errors
/// [`BackupError`] if the backup as a whole or the store can't be used.
pub async fn restore(
    storage: &Storage,
    rooms: &Rooms,
    from: &Path,
    only: Option<MalbildId>,
) -> Result<Restored, BackupError> {
    let from = from.to_owned();
    let mut source = blocking(move || Source::open(&from)).await??;
    if let Some(only) = only {
        if !source.holds(only) {
            return Err(BackupError::Lacks(only));
        }
        source.malbilder.retain(|id, _| *id == only);
        source.lacking.clear();
    }
    source.malbilder.retain(|_, copy| copy.is_of_a_malbild());
    let (unverified, lacking) = (source.unverified, std::mem::take(&mut source.lacking));
    let restoring = Restoring { storage: storage.clone(), source: Arc::new(source) };
    let mut outcomes = BTreeMap::new();
    for ids in restoring.portions() {
        let plans = restoring.plan_all(ids).await?;
        // All at once, so that they share commits; each is a write of its own, whole or not at all.
        let carried = plans.into_iter().map(|(id, plan)| restoring.carry_out(rooms, id, plan));
        for done in join_all(carried).await {
            let (id, outcome) = done?;
            outcomes.insert(id, outcome);
        }
    }
    Ok(Restored { unverified, outcomes, lacking })
}

/// A restore under way.
#[derive(Clone)]
struct Restoring {
    storage: Storage,
    source: Arc<Source>,
}

/// What is to be done with a målbild.
enum Plan {
    /// Nothing.
    Leave(Outcome),
    /// These writes, together.
    Write(Work),
}

struct Work {
    writes: Vec<Write>,
    /// Documents that are written over though something of them is stored.
    aside: Vec<DocumentId>,
    outcome: Outcome,
    /// Whether the målbild may be open in a room.
    may_be_open: bool,
}

impl Restoring {
    /// The målbilder in portions whose Documents fit into memory, several at a time.
    fn portions(&self) -> Vec<Vec<MalbildId>> {
        let mut portions: Vec<Vec<MalbildId>> = Vec::new();
        let mut bytes = 0;
        for (id, copy) in &self.source.malbilder {
            bytes += copy.bytes();
            match portions.last_mut() {
                Some(ids) if ids.len() < AT_ONCE && bytes <= limits::COMMIT_BYTES as u64 => ids.push(*id),
                _ => {
                    bytes = copy.bytes();
                    portions.push(vec![*id]);
                }
            }
        }
        portions
    }

    async fn plan_all(&self, ids: Vec<MalbildId>) -> Result<Vec<(MalbildId, Plan)>, BackupError> {
        let own = self.clone();
        self.storage
            .read_long(move |store| ids.into_iter().map(|id| Ok((id, own.plan(store, id)?))).collect())
            .await
    }

    async fn carry_out(
        &self,
        rooms: &Rooms,
        id: MalbildId,
        plan: Plan,
    ) -> Result<(MalbildId, Outcome), BackupError> {
        let outcome = match plan {
            Plan::Leave(outcome) => outcome,
            Plan::Write(work) if !work.may_be_open => self.write(work).await?,
            Plan::Write(_) => {
                // A room that is open may hold more than the disk, and stores it when it ends.
                let again = async {
                    let own = self.clone();
                    match self.storage.read_long(move |store| own.plan(store, id)).await? {
                        Plan::Leave(outcome) => Ok(outcome),
                        Plan::Write(work) => self.write(work).await,
                    }
                };
                rooms.closed(id, again).await?
            }
        };
        Ok((id, outcome))
    }

    async fn write(&self, Work { writes, aside, outcome, .. }: Work) -> Result<Outcome, BackupError> {
        for document in aside {
            self.storage.set_aside(document, "restored over".to_owned()).await;
        }
        match self.storage.commit(writes).await {
            Ok(_) => Ok(outcome),
            Err(error) if error.is_damage() => Ok(Outcome::Failed(Hindrance::Damaged(error))),
            Err(error) => Err(error.into()),
        }
    }

    fn plan(&self, store: &dyn ReadStore, id: MalbildId) -> Result<Plan, BackupError> {
        let found = find(store, id)?;
        match self.work(store, id, &found) {
            Ok(plan) => Ok(plan),
            Err(Hindrance::Backup(BackupError::Store(error))) => Err(error.into()),
            Err(why) => Ok(Plan::Leave(Outcome::Failed(why))),
        }
    }

    fn work(&self, store: &dyn ReadStore, id: MalbildId, found: &Found) -> Result<Plan, Hindrance> {
        let copy = self.source.malbilder.get(&id).ok_or(Hindrance::Unnamed)?;
        if matches!(found.record, State::Foreign) {
            return Err(Hindrance::NewerVersion);
        }
        let Some(record) = &copy.record else {
            return if found.is_healthy() {
                Ok(Plan::Leave(Outcome::Healthy))
            } else {
                Err(copy.lacks("record"))
            };
        };
        let theirs = MalbildRecord::decode(&id, record.as_bytes()).map_err(Hindrance::Record)?;
        if let State::Healthy(ours) = &found.record
            && ours.epoch != theirs.epoch
        {
            return if found.is_healthy() && ours.past_epochs.contains(&theirs.epoch) {
                Ok(Plan::Leave(Outcome::Newer))
            } else {
                Err(Hindrance::AnotherHistory)
            };
        }
        let mut work = Work {
            writes: Vec::new(),
            aside: Vec::new(),
            outcome: Outcome::Healthy,
            may_be_open: !matches!(found.record, State::Missing),
        };
        let mut repairs = Vec::new();
        if !matches!(found.record, State::Healthy(_)) {
            // As it was written: also what a newer version has put into it is kept.
            let (key, value) = (id.to_string(), record.clone().into());
            work.writes.push(Write::Put { table: MalbildRecord::TABLE, key, value });
            repairs.push(Repair::Record);
        }
        let mut forwarded = false;
        for (part, state) in &found.documents {
            let document = DocumentId { malbild: id, part: *part };
            let backup = self.source.read(document)?;
            let is_optional = *part != Part::Content && matches!(state, State::Missing);
            match (state, backup) {
                (State::Healthy(loaded), Some(backup)) => {
                    // Without a record, only the content itself says which history it is of.
                    if *part == Part::Content
                        && !matches!(found.record, State::Healthy(_))
                        && !is_of(loaded, theirs.epoch)?
                    {
                        return Err(Hindrance::AnotherHistory);
                    }
                    let beyond = kept::beyond(*part, loaded, &backup)?;
                    forwarded |= beyond.is_some();
                    work.writes.extend(beyond.map(|update| Write::Append { document, update }));
                }
                (State::Healthy(_), None) => {}
                (_, None) if is_optional && !copy.misses(part.as_str()) => {}
                (_, None) => return Err(copy.lacks(part.as_str())),
                (state, Some(snapshot)) => {
                    if !matches!(state, State::Missing) {
                        work.aside.push(document);
                    }
                    repairs.push(Repair::Document(*part));
                    let made = self.source.made.unwrap_or_default();
                    let snapshot = kept::put_back(*part, snapshot, (made, Time::now()))?;
                    work.writes.push(Write::Replace { document, snapshot });
                }
            }
        }
        if work.writes.is_empty() {
            return Ok(Plan::Leave(Outcome::Healthy));
        }
        // With the grants of sessions each browser comes back by itself, and brings what it has.
        let was_gone = !matches!(found.record, State::Healthy(_));
        let wanted = |table, key: &str| match store.get(table, key) {
            Ok(Some(_)) => Ok(false),
            // It may have been taken away, unless the målbild itself was gone.
            Ok(None) => Ok(was_gone),
            Err(error) if error.is_damage() => Ok(true),
            Err(error) => Err(BackupError::Store(error)),
        };
        work.writes.extend(copy.grants(wanted)?);
        work.outcome = match (&found.record, repairs.is_empty()) {
            (State::Missing, _) => Outcome::Restored,
            (_, true) => Outcome::Forwarded,
            (_, false) => {
                repairs.extend(forwarded.then_some(Repair::Beyond));
                Outcome::Repaired(repairs)
            }
        };
        Ok(Plan::Write(work))
    }
}

/// What a store holds of a målbild.
struct Found {
    record: State<MalbildRecord>,
    documents: Vec<(Part, State<Loaded>)>,
}

enum State<T> {
    Healthy(T),
    Damaged,
    Missing,
    /// Of a newer version.
    Foreign,
}

impl Found {
    fn is_healthy(&self) -> bool {
        let is_whole = |(part, state): &(Part, State<Loaded>)| match state {
            State::Healthy(_) => true,
            State::Missing => *part != Part::Content,
            State::Damaged | State::Foreign => false,
        };
        matches!(self.record, State::Healthy(_)) && self.documents.iter().all(is_whole)
    }
}

/// What the store holds of a målbild.
fn find(store: &dyn ReadStore, id: MalbildId) -> Result<Found, BackupError> {
    let record = match store.find(&id) {
        Ok(Some(record)) => State::Healthy(record),
        Ok(None) => State::Missing,
        Err(MalbildError::Template(_)) => State::Foreign,
        Err(MalbildError::Store(error)) if !error.is_damage() => return Err(error.into()),
        Err(_) => State::Damaged,
    };
    let mut documents = Vec::new();
    for part in Part::ALL {
        let state = match store.load(DocumentId { malbild: id, part }) {
            Ok(None) => State::Missing,
            Ok(Some(loaded)) if kept::prove(part, loaded.parts()).is_err() => State::Damaged,
            Ok(Some(loaded)) => State::Healthy(loaded),
            Err(error) if error.is_damage() => State::Damaged,
            Err(error) => return Err(error.into()),
        };
        documents.push((part, state));
    }
    Ok(Found { record, documents })
}

/// Whether a Document grew from the seed of this epoch, which is the first client in it.
fn is_of(loaded: &Loaded, epoch: Epoch) -> Result<bool, Broken> {
    let vector = RoomDocument::build(loaded.parts(), 0)?.vector()?;
    let vector = StateVector::decode_v1(&vector).map_err(|_| Broken("its state vector does not decode"))?;
    Ok(vector.iter().any(|(client, _)| client.get() == epoch.0))
}

/// Why a målbild can't be brought back as it was.
#[derive(Debug, thiserror::Error)]
pub enum PointError {
    /// No restore point is that old.
    #[error("no-restore-point: there is none of {malbild} from {at} or before")]
    None {
        /// The målbild.
        malbild: MalbildId,
        /// When it was asked for.
        at: Time,
    },
    /// What is stored from then doesn't make a Document.
    #[error("restore-point-damaged: {}", .0.0)]
    Broken(Broken),
    /// The målbild or the store.
    #[error(transparent)]
    Malbild(#[from] MalbildError),
}

impl From<StoreError> for PointError {
    fn from(error: StoreError) -> Self {
        Self::Malbild(error.into())
    }
}

/// The restore points of a målbild's content, oldest first.
///
/// # Errors
/// [`PointError::Malbild`].
pub fn points(store: &dyn ReadStore, malbild: MalbildId) -> Result<Vec<RestorePoint>, PointError> {
    store.find::<MalbildRecord>(&malbild)?.ok_or(MalbildError::Unknown)?;
    Ok(store.restore_points(DocumentId::content(malbild))?)
}

/// Makes a new målbild, with tokens of its own, of what another was at a time. The other is not touched.
///
/// # Errors
/// [`PointError`].
pub async fn as_new(
    storage: &Storage,
    of: MalbildId,
    at: Time,
    now: Time,
) -> Result<FirstTokens, PointError> {
    let read = move |store: &dyn ReadStore| -> Result<_, PointError> {
        let content =
            store.load_at(DocumentId::content(of), at)?.ok_or(PointError::None { malbild: of, at })?;
        let content = kept::whole(Part::Content, &content).map_err(PointError::Broken)?;
        let journal = store.load(DocumentId::journal(of))?;
        let journal = journal.and_then(|journal| RoomJournal::read(journal.parts()).ok());
        let origin = journal.map(|journal| Origin {
            malbild: of,
            number: journal.tip().number(),
            hash: journal.tip().hash(),
        });
        Ok((store.find::<MalbildRecord>(&of)?.ok_or(MalbildError::Unknown)?, content, origin))
    };
    let (record, content, origin) = storage.read_long(read).await?;
    let (tokens, writes) = {
        let mut rng = rand::rng();
        let tokens = FirstTokens::generate(MalbildId::generate(&mut rng), &mut rng);
        let writes = copy((record, content), origin, &tokens, (now, &mut rng));
        (tokens, writes)
    };
    storage.commit(writes).await?;
    Ok(tokens)
}
