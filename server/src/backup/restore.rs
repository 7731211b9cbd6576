//! Brings målbilder back: from a backup what is missing or damaged, and from a restore point a new one.
//! What is healthy is never written over.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use samsyn_shared::{MalbildId, Role, Token};

use super::manifest::{DocumentEntry, Manifest, RecordLine};
use super::{BackupError, whole};
use crate::access::{session, token};
use crate::registry::{OpenError, Registry};
use crate::room::RoomDocument;
use crate::store::{DocumentId, Part, RestorePoint, Storage, StoreError, Table, Time, Write};

/// What was done with a målbild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there, and is now.
    Restored,
    /// Something of it was damaged or missing, and is as in the backup now.
    Repaired(Vec<String>),
    /// It is healthy, and was left as it is.
    Healthy,
    /// It could not be brought back.
    Failed(String),
}

/// Brings back what is missing or damaged, of all målbilder or of one. Each keeps its id, its epoch, its
/// tokens and its sessions, so what clients still hold flows back.
///
/// # Errors
/// [`BackupError`] if the backup as a whole or the store can't be used.
pub async fn restore(
    storage: &Storage,
    registry: &Registry,
    from: &Path,
    only: Option<MalbildId>,
) -> Result<BTreeMap<MalbildId, Outcome>, BackupError> {
    let manifest = Manifest::read(from)?;
    let records = read_records(from, &manifest)?;
    let backup = Backup { dir: from, manifest, records };
    let mut outcomes = BTreeMap::new();
    for record in &backup.records {
        if record.table != Table::Malbild.as_str() {
            continue;
        }
        let Ok(id) = record.key.parse::<MalbildId>() else { continue };
        if only.is_none_or(|only| only == id) {
            outcomes.insert(id, backup.bring_back(storage, registry, record, id).await?);
        }
    }
    match only {
        Some(only) if outcomes.is_empty() => Err(BackupError::Lacks(only)),
        _ => Ok(outcomes),
    }
}

/// A backup that was opened.
struct Backup<'a> {
    dir: &'a Path,
    manifest: Manifest,
    records: Vec<RecordLine>,
}

/// What has to be written to bring a målbild back.
struct Plan {
    writes: Vec<Write>,
    /// In words, what it is for.
    repairs: Vec<String>,
    /// What is known of the målbild itself.
    record: State,
}

impl Backup<'_> {
    async fn bring_back(
        &self,
        storage: &Storage,
        registry: &Registry,
        record: &RecordLine,
        id: MalbildId,
    ) -> Result<Outcome, BackupError> {
        match self.plan(storage, record, id).await? {
            Err(why) => return Ok(Outcome::Failed(why)),
            Ok(plan) if plan.writes.is_empty() => return Ok(Outcome::Healthy),
            Ok(_) => {}
        }
        // A room that is open may hold more than the disk, and stores it when it ends.
        registry.end(id).await;
        let mut plan = match self.plan(storage, record, id).await? {
            Err(why) => return Ok(Outcome::Failed(why)),
            Ok(plan) if plan.writes.is_empty() => return Ok(Outcome::Healthy),
            Ok(plan) => plan,
        };
        // With the grants of sessions each browser comes back by itself, and brings what it has.
        let granted = |line: &&RecordLine, table| match table {
            Table::Malbild => false,
            Table::Token => token::opens(&line.value, id),
            Table::Session => session::opens(&line.key, id),
        };
        for table in [Table::Token, Table::Session] {
            let lines = self.records.iter().filter(|line| line.table == table.as_str());
            for line in lines.filter(|line| granted(line, table)) {
                // One that is not there may have been taken away, unless the målbild itself was gone.
                let found = state(storage.get(table, &line.key))?;
                if found == State::Damaged || (found == State::Missing && plan.record != State::Healthy) {
                    plan.writes.push(put(table, line));
                }
            }
        }
        storage.commit(plan.writes).await?;
        Ok(match plan.record {
            State::Missing => Outcome::Restored,
            State::Healthy | State::Damaged => Outcome::Repaired(plan.repairs),
        })
    }

    /// The inner error says why the backup can't help.
    async fn plan(
        &self,
        storage: &Storage,
        record: &RecordLine,
        id: MalbildId,
    ) -> Result<Result<Plan, String>, BackupError> {
        let known = state(storage.get(Table::Malbild, &record.key))?;
        let mut plan = Plan { writes: Vec::new(), repairs: Vec::new(), record: known };
        if known != State::Healthy {
            plan.repairs.push("its record".to_owned());
            plan.writes.push(put(Table::Malbild, record));
        }
        let documents: Vec<_> = self.manifest.documents.iter().filter(|entry| entry.malbild == id).collect();
        if documents.is_empty() && known == State::Missing {
            return Ok(Err("the backup does not hold its content".to_owned()));
        }
        for entry in documents {
            let Some(part) = Part::ALL.into_iter().find(|part| part.as_str() == entry.part) else { continue };
            let document = DocumentId { malbild: id, part };
            let found = document_state(storage.clone(), document).await?;
            if found == State::Healthy {
                continue;
            }
            let snapshot = match read_document(self.dir, entry) {
                Ok(snapshot) => snapshot,
                Err(error) => return Ok(Err(error.to_string())),
            };
            if found == State::Damaged {
                let aside = storage.clone();
                let setting = tokio::task::spawn_blocking(move || aside.set_aside(document, "restored over"));
                setting.await.map_err(|_| StoreError::Closed)?;
            }
            plan.repairs.push(format!("its {}", entry.part));
            plan.writes.push(Write::Replace { document, snapshot });
        }
        Ok(Ok(plan))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Healthy,
    Damaged,
    Missing,
}

fn state<T>(read: Result<Option<T>, StoreError>) -> Result<State, StoreError> {
    match read {
        Ok(Some(_)) => Ok(State::Healthy),
        Ok(None) => Ok(State::Missing),
        Err(error) if error.is_damage() => Ok(State::Damaged),
        Err(error) => Err(error),
    }
}

async fn document_state(storage: Storage, document: DocumentId) -> Result<State, StoreError> {
    let reading = tokio::task::spawn_blocking(move || match storage.load(document) {
        Ok(Some(loaded)) if whole(&loaded).is_err() => Ok(State::Damaged),
        read => state(read),
    });
    reading.await.unwrap_or(Err(StoreError::Closed))
}

fn read_records(from: &Path, manifest: &Manifest) -> Result<Vec<RecordLine>, BackupError> {
    let bytes = manifest.records.read(from)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parsed: Result<_, _> = lines.map(serde_json::from_slice).collect();
    parsed.map_err(|error| BackupError::Format {
        path: from.join(manifest.records.name()),
        what: error.to_string(),
    })
}

fn read_document(from: &Path, entry: &DocumentEntry) -> Result<Bytes, BackupError> {
    let content = Bytes::from(entry.file.read(from)?);
    RoomDocument::build(std::iter::once(&content), 0)
        .map_err(|_| BackupError::Verify(from.join(entry.file.name())))?;
    Ok(content)
}

fn put(table: Table, record: &RecordLine) -> Write {
    Write::Put { table, key: record.key.clone(), value: record.value.clone().into() }
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
    #[error("restore-point-damaged: {0}")]
    Broken(&'static str),
    /// The målbild or the store.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// The restore points of a målbild's content, oldest first. Blocks.
///
/// # Errors
/// [`PointError::Open`].
pub fn points(
    storage: &Storage,
    registry: &Registry,
    malbild: MalbildId,
) -> Result<Vec<RestorePoint>, PointError> {
    registry.find(malbild)?;
    Ok(storage.restore_points(DocumentId::content(malbild)).map_err(OpenError::from)?)
}

/// Makes a new målbild, with tokens of its own, of what another was at a time. The other is not touched.
///
/// # Errors
/// [`PointError`].
pub async fn as_new(
    storage: &Storage,
    registry: &Registry,
    of: MalbildId,
    at: Time,
) -> Result<(MalbildId, Vec<(Role, Token)>), PointError> {
    let reading = storage.clone();
    let read = tokio::task::spawn_blocking(move || {
        let read = |part| reading.load_at(DocumentId { malbild: of, part }, at);
        let loaded = Part::ALL.into_iter().map(|part| Ok((part, read(part)?)));
        let documents: Vec<_> = loaded.collect::<Result<_, StoreError>>().map_err(OpenError::from)?;
        let whole = documents.into_iter().filter_map(|(part, loaded)| {
            loaded.map(|loaded| whole(&loaded).map(|whole| (part, whole)).map_err(PointError::Broken))
        });
        whole.collect::<Result<Vec<_>, PointError>>()
    });
    let documents = read.await.unwrap_or(Err(OpenError::Store(StoreError::Closed).into()))?;
    if !documents.iter().any(|(part, _)| *part == Part::Content) {
        registry.find(of)?;
        return Err(PointError::None { malbild: of, at });
    }
    let (id, secrets) = {
        let mut rng = rand::rng();
        let id = MalbildId::generate(&mut rng);
        (id, Role::ALL.map(|role| (role, Token::generate(&mut rng))))
    };
    let records = secrets.iter().map(|(role, secret)| token::record(id, *role, &secret.hash())).collect();
    registry.copy(of, id, documents, Time::now().0 / 1000, records).await?;
    Ok((id, secrets.into()))
}
