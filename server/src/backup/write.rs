//! Writes a backup: under another name until it is complete, on disk, and read back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use samsyn_shared::MalbildId;

use samsyn_shared::room::Broken;

use super::manifest::{
    DOCUMENTS, Damage, DocumentEntry, FileEntry, Manifest, RECORDS, RecordLine, highest_order,
};
use super::unfinished::{self, Unfinished};
use super::{BackupError, file, kept};
use crate::store::{DocumentId, Part, ReadStore, StoreError, Table, Time};

/// Writes a backup of everything to `to`, which must not be there. Blocks for long; rooms go on meanwhile.
/// What is damaged is named in the manifest and left out.
///
/// # Errors
/// [`BackupError`]; then there is nothing at `to`.
pub fn write(store: &dyn ReadStore, to: &Path, now: Time) -> Result<Manifest, BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = to.file_name().ok_or_else(|| BackupError::Exists(to.to_owned()))?;
    unfinished::clean(parent);
    let order = highest_order(parent)?.saturating_add(1);
    let unfinished = Unfinished::create(parent, name)?;
    let manifest = fill(store, unfinished.path(), (now, order))?;
    verify(unfinished.path(), &manifest)?;
    unfinished.finish(to)?;
    file::sync(parent)?;
    Ok(manifest)
}

fn fill(store: &dyn ReadStore, dir: &Path, made: (Time, u64)) -> Result<Manifest, BackupError> {
    let documents = dir.join(DOCUMENTS);
    file::make_directory(&documents)?;
    let mut damaged = Vec::new();
    let Records { lines, malbilder } = records(store, &mut damaged)?;
    file::put(&dir.join(RECORDS), &lines)?;
    let mut entries = Vec::new();
    let mut strays = BTreeSet::new();
    for id in store.documents()? {
        if !malbilder.contains(&id.malbild) {
            match store.get(Table::Malbild, &id.malbild.to_string()) {
                // It was made after the records were read, and so after this backup was begun.
                Ok(Some(_)) => continue,
                Ok(None) => {
                    strays.insert(id.malbild);
                }
                // It is named among the records.
                Err(error) if error.is_damage() => {}
                Err(error) => return Err(error.into()),
            }
        }
        match document(store, id) {
            Ok((seq, content)) => {
                let file = file_of(id);
                file::put(&dir.join(&file), &content)?;
                let (part, file) = (id.part.as_str().to_owned(), FileEntry::of(file, &content));
                entries.push(DocumentEntry { malbild: id.malbild, part, seq, file });
            }
            // Its damage is its own; whatever else the store says ends the backup.
            Err(Unreadable::Store(error)) if !error.is_damage() => return Err(error.into()),
            Err(error) => damaged.push(Damage { what: id.to_string(), problem: error.to_string() }),
        }
    }
    damaged.extend(strays.into_iter().map(|malbild| Damage {
        what: format!("{} record {malbild}", Table::Malbild.as_str()),
        problem: "it is missing".to_owned(),
    }));
    let manifest = Manifest::new(made, FileEntry::of(RECORDS.to_owned(), &lines), entries, damaged);
    for (name, content) in manifest.to_files() {
        file::put(&dir.join(name), &content)?;
    }
    file::sync(&documents)?;
    file::sync(dir)?;
    Ok(manifest)
}

/// The file of a Document, from the backup's directory.
pub(super) fn file_of(id: DocumentId) -> String {
    let ending = match id.part {
        Part::Content => "yjs",
        Part::Journal => "jsonl",
    };
    format!("{DOCUMENTS}/{}-{}.{ending}", id.malbild, id.part.as_str())
}

/// The part of this name.
pub(super) fn part_of(name: &str) -> Option<Part> {
    Part::ALL.into_iter().find(|part| part.as_str() == name)
}

/// Why a Document or a record can't be backed up.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("its content is missing")]
    Missing,
    #[error("{}", .0.0)]
    Broken(#[from] Broken),
    #[error("it is no text")]
    NoText,
    #[error("its key is no id")]
    NoId,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One Document's number and content.
fn document(store: &dyn ReadStore, id: DocumentId) -> Result<(u64, Bytes), Unreadable> {
    let loaded = store.load(id)?.ok_or(Unreadable::Missing)?;
    Ok((loaded.last.0, kept::whole(id.part, &loaded)?))
}

/// All records, as the backup keeps them.
struct Records {
    lines: Vec<u8>,
    /// Those whose record is among them.
    malbilder: BTreeSet<MalbildId>,
}

fn records(store: &dyn ReadStore, damaged: &mut Vec<Damage>) -> Result<Records, StoreError> {
    let (mut lines, mut malbilder) = (Vec::new(), BTreeSet::new());
    for table in Table::ALL {
        for key in store.keys(table, "")? {
            let text = match store.get(table, &key) {
                // It was removed meanwhile.
                Ok(None) => continue,
                Ok(Some(bytes)) => String::from_utf8(bytes.into()).map_err(|_| Unreadable::NoText),
                Err(error) if error.is_damage() => Err(Unreadable::Store(error)),
                Err(error) => return Err(error),
            };
            let text = match (table, key.parse()) {
                (Table::Malbild, Err(_)) => Err(Unreadable::NoId),
                (Table::Malbild, Ok(id)) => {
                    if text.is_ok() {
                        malbilder.insert(id);
                    }
                    text
                }
                _ => text,
            };
            match text {
                Ok(value) => {
                    let line = RecordLine { table: table.as_str().to_owned(), key, value };
                    serde_json::to_writer(&mut lines, &line).expect("plain strings become JSON in memory");
                    lines.push(b'\n');
                }
                Err(error) => {
                    let problem = error.to_string();
                    // A token's key is only its hash, and still no one's to read.
                    let shown = key.escape_debug();
                    let key: String =
                        if table == Table::Malbild { shown.collect() } else { shown.take(6).collect() };
                    damaged.push(Damage { what: format!("{} record {key}", table.as_str()), problem });
                }
            }
        }
    }
    Ok(Records { lines, malbilder })
}

/// Reads everything back, as a restore would.
fn verify(dir: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let read = Manifest::read(dir)?;
    read.records.read(dir)?;
    for entry in &read.documents {
        let content = Bytes::from(entry.file.read(dir)?);
        let part = part_of(&entry.part).ok_or_else(|| BackupError::Verify(dir.to_owned()))?;
        kept::prove(part, std::iter::once(&content))
            .map_err(|_| BackupError::Verify(dir.join(entry.file.name())))?;
    }
    if read.to_files() == manifest.to_files() { Ok(()) } else { Err(BackupError::Verify(dir.to_owned())) }
}
