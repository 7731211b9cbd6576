//! Writes a backup: under another name until it is complete, on disk, and read back.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::manifest::{Damage, DocumentEntry, FileEntry, Manifest, RecordLine};
use super::{BackupError, io_at, whole};
use crate::room::RoomDocument;
use crate::store::{DocumentId, Storage, StoreError, Table, Time};

/// Begins the names of backups that are not complete.
pub(super) const UNFINISHED: &str = ".unfinished-";
const DOCUMENTS: &str = "documents";
const RECORDS: &str = "records.jsonl";

/// Writes a backup of everything to `to`, which must not be there. Blocks for long; rooms go on meanwhile.
/// What is damaged is named in the manifest and left out.
///
/// # Errors
/// [`BackupError`]; then there is nothing at `to`.
pub fn write(storage: &Storage, to: &Path, now: Time) -> Result<Manifest, BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = to.file_name().ok_or_else(|| BackupError::Exists(to.to_owned()))?.to_string_lossy();
    let unfinished = parent.join(format!("{UNFINISHED}{name}"));
    // What is there was left by a process that died over it.
    remove(&unfinished)?;
    let outcome = fill(storage, &unfinished, now).and_then(|manifest| {
        verify(&unfinished, &manifest)?;
        fs::rename(&unfinished, to).map_err(io_at(to))?;
        sync(parent)?;
        Ok(manifest)
    });
    if outcome.is_err() {
        remove(&unfinished)?;
    }
    outcome
}

fn fill(storage: &Storage, dir: &Path, now: Time) -> Result<Manifest, BackupError> {
    let documents = dir.join(DOCUMENTS);
    fs::create_dir_all(&documents).map_err(io_at(&documents))?;
    let mut damaged = Vec::new();
    let records = records(storage, &mut damaged)?;
    put(&dir.join(RECORDS), &records)?;
    let mut entries = Vec::new();
    for id in storage.documents()? {
        match document(storage, id)? {
            Ok((seq, content)) => {
                let file = format!("{DOCUMENTS}/{}-{}.yjs", id.malbild, id.part.as_str());
                put(&dir.join(&file), &content)?;
                let (part, file) = (id.part.as_str().to_owned(), FileEntry::of(file, &content));
                entries.push(DocumentEntry { malbild: id.malbild, part, seq, file });
            }
            Err(problem) => damaged.push(Damage { what: id.to_string(), problem }),
        }
    }
    let manifest =
        Manifest::new(now.to_string(), FileEntry::of(RECORDS.to_owned(), &records), entries, damaged);
    let (name, content) = manifest.to_file();
    put(&dir.join(name), &content)?;
    sync(&documents)?;
    sync(dir)?;
    Ok(manifest)
}

/// One Document's number and content; the inner error is what is wrong with it.
fn document(storage: &Storage, id: DocumentId) -> Result<Result<(u64, Bytes), String>, StoreError> {
    let loaded = match storage.load(id) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Ok(Err("its content is missing".to_owned())),
        Err(error) if error.is_damage() => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    Ok(whole(&loaded).map(|content| (loaded.last.0, content)).map_err(str::to_owned))
}

fn records(storage: &Storage, damaged: &mut Vec<Damage>) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for table in Table::ALL {
        for key in storage.keys(table, "")? {
            let text = match storage.get(table, &key) {
                // It was removed meanwhile.
                Ok(None) => continue,
                Ok(Some(bytes)) => String::from_utf8(bytes.into()).map_err(|_| "it is no text".to_owned()),
                Err(error) if error.is_damage() => Err(error.to_string()),
                Err(error) => return Err(error),
            };
            match text {
                Ok(value) => {
                    let line = RecordLine { table: table.as_str().to_owned(), key, value };
                    serde_json::to_writer(&mut lines, &line).expect("plain strings become JSON in memory");
                    lines.push(b'\n');
                }
                Err(problem) => {
                    damaged.push(Damage { what: format!("{} record {key}", table.as_str()), problem });
                }
            }
        }
    }
    Ok(lines)
}

/// Reads everything back, as a restore would.
fn verify(dir: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let read = Manifest::read(dir)?;
    read.records.read(dir)?;
    for entry in &read.documents {
        let content = Bytes::from(entry.file.read(dir)?);
        RoomDocument::build(std::iter::once(&content), 0)
            .map_err(|_| BackupError::Verify(dir.join(entry.file.name())))?;
    }
    if read.to_file() == manifest.to_file() { Ok(()) } else { Err(BackupError::Verify(dir.to_owned())) }
}

fn put(path: &Path, content: &[u8]) -> Result<(), BackupError> {
    let mut file = fs::File::create(path).map_err(io_at(path))?;
    file.write_all(content).map_err(io_at(path))?;
    file.sync_all().map_err(io_at(path))
}

fn sync(dir: &Path) -> Result<(), BackupError> {
    fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_at(dir))
}

fn remove(dir: &PathBuf) -> Result<(), BackupError> {
    if dir.exists() { fs::remove_dir_all(dir).map_err(io_at(dir)) } else { Ok(()) }
}
