//! A backup that is read: all of its lists are judged before anything is taken from it, and what it holds is
//! sorted by målbild once, so that the work grows with what is in it.
//!
//! It doesn't know what a store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use samsyn_shared::MalbildId;

use super::manifest::{DOCUMENTS, Damage, DocumentEntry, FILE, Manifest, RECORDS, RecordLine};
use super::outcome::Hindrance;
use super::write::{file_of, part_of};
use super::{BackupError, FormatError, file, io_at, kept};
use crate::access::grant::Grant;
use crate::access::token::TokenRecord;
use crate::store::{DocumentId, Part, Record, Table, Time, Write};

/// Characters of a token's or a session's key that are shown: it is a hash, and still nobody's to read.
const SHOWN: usize = 6;

/// Bytes of a record's key, at most, as [`Write::Put`] has it.
const KEY: usize = 200;

/// A backup whose lists are sound. Its Documents' files are verified when they are read.
#[derive(Debug)]
pub(super) struct Source {
    dir: PathBuf,
    /// Whether nothing says that the manifest is as it was written.
    pub(super) unverified: bool,
    /// When it was made, if that can be read.
    pub(super) made: Option<Time>,
    /// What it holds, or says that it doesn't hold, of each målbild.
    pub(super) malbilder: BTreeMap<MalbildId, Copy>,
    /// What it lacks that is no part of a målbild itself.
    pub(super) lacking: Vec<Damage>,
}

/// What a backup holds of one målbild.
#[derive(Debug, Default)]
pub(super) struct Copy {
    /// Its record, as it was stored.
    pub(super) record: Option<String>,
    documents: BTreeMap<Part, DocumentEntry>,
    /// The tokens that open it, and the sessions that use them.
    pub(super) grants: Vec<(Table, RecordLine)>,
    /// Why something of it is not there.
    damaged: BTreeMap<String, String>,
}

impl Source {
    /// Reads the lists. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if there is no backup, or if its lists are not as they were written, or name what can't
    /// be in a backup.
    pub(super) fn open(dir: &Path) -> Result<Self, BackupError> {
        let manifest = Manifest::read(dir)?;
        let documents = dir.join(DOCUMENTS);
        if !manifest.documents.is_empty() && !file::is_directory(&documents).map_err(io_at(&documents))? {
            return Err(format_error(&documents, "it is no directory"));
        }
        let (unverified, made) = (manifest.is_unverified(), manifest.made_at());
        let mut source =
            Self { dir: dir.to_owned(), unverified, made, malbilder: BTreeMap::new(), lacking: Vec::new() };
        if manifest.records.name() != RECORDS {
            return Err(format_error(&dir.join(FILE), "the records are in a file of another name"));
        }
        for line in manifest.records.read(dir)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line = serde_json::from_slice(line)
                .map_err(|error: serde_json::Error| format_error(&dir.join(RECORDS), error))?;
            source.record(line).map_err(|what| format_error(&dir.join(RECORDS), what))?;
        }
        source.only_one_of_each().map_err(|what| format_error(&dir.join(RECORDS), what))?;
        for entry in manifest.documents {
            source.document(entry).map_err(|what| format_error(&dir.join(FILE), what))?;
        }
        for damage in manifest.damaged {
            source.damage(damage);
        }
        Ok(source)
    }

    fn record(&mut self, line: RecordLine) -> Result<(), &'static str> {
        let table = Table::ALL.into_iter().find(|table| table.as_str() == line.table);
        let table = table.ok_or("a record is of a table that this program doesn't know")?;
        if line.key.len() > KEY || line.key.contains('\0') {
            return Err("a record has a key that no store takes");
        }
        let malbild = match table {
            Table::Malbild => {
                let id = line.key.parse::<MalbildId>().ok().filter(|id| id.to_string() == line.key);
                let copy = self.malbilder.entry(id.ok_or("a målbild's record has a key that is no id")?);
                return match copy.or_default().record.replace(line.value) {
                    None => Ok(()),
                    Some(_) => Err("a målbild has two records"),
                };
            }
            Table::Token => decoded::<TokenRecord>(&line).map(|(_, token)| token.malbild),
            Table::Session => decoded::<Grant>(&line).map(|(key, _)| key.uses.malbild),
        };
        match malbild {
            Some(malbild) => self.malbilder.entry(malbild).or_default().grants.push((table, line)),
            None => {
                let what = format!("{} record {}", table.as_str(), line.key);
                self.lack(Damage { what, problem: "it is no record of its kind".to_owned() });
            }
        }
        Ok(())
    }

    fn only_one_of_each(&self) -> Result<(), &'static str> {
        for copy in self.malbilder.values() {
            let keys: BTreeSet<_> = copy.grants.iter().map(|(table, line)| (table, &line.key)).collect();
            if keys.len() != copy.grants.len() {
                return Err("a token or session has two records");
            }
        }
        Ok(())
    }

    fn document(&mut self, entry: DocumentEntry) -> Result<(), &'static str> {
        let part = part_of(&entry.part).ok_or("a Document is of a part that this program doesn't know")?;
        if entry.file.name() != file_of(DocumentId { malbild: entry.malbild, part }) {
            return Err("a Document is in a file of another name");
        }
        match self.malbilder.entry(entry.malbild).or_default().documents.insert(part, entry) {
            None => Ok(()),
            Some(_) => Err("a Document is there twice"),
        }
    }

    fn damage(&mut self, damage: Damage) {
        let of_record = damage.what.strip_prefix("malbild record ").map(|id| (id, "record"));
        let named = of_record.or_else(|| damage.what.split_once('/'));
        match named.and_then(|(id, what)| Some((id.parse().ok()?, what.to_owned()))) {
            Some((id, what)) => {
                self.malbilder.entry(id).or_default().damaged.insert(what, damage.problem);
            }
            None => self.lack(damage),
        }
    }

    fn lack(&mut self, Damage { what, problem }: Damage) {
        let what = match what.rsplit_once(' ') {
            Some((kind, key)) => format!("{kind} {}…", key.escape_debug().take(SHOWN).collect::<String>()),
            None => what,
        };
        self.lacking.push(Damage { what, problem });
    }

    /// Whether this målbild is in it.
    pub(super) fn holds(&self, id: MalbildId) -> bool {
        self.malbilder.get(&id).is_some_and(Copy::is_of_a_malbild)
    }

    /// The content of a Document, proven to load; `None` if it isn't in the backup. Blocks.
    pub(super) fn read(&self, document: DocumentId) -> Result<Option<Bytes>, BackupError> {
        let copy = self.malbilder.get(&document.malbild);
        let Some(entry) = copy.and_then(|copy| copy.documents.get(&document.part)) else { return Ok(None) };
        let (content, path) = (Bytes::from(entry.file.read(&self.dir)?), self.dir.join(entry.file.name()));
        // As what clients send: somebody else may have written the file.
        kept::admit(document.part, &content)
            .map_err(|why| BackupError::Refused { path: path.clone(), why })?;
        kept::prove(document.part, std::iter::once(&content)).map_err(|_| BackupError::Verify(path))?;
        Ok(Some(content))
    }
}

impl Copy {
    /// Whether anything of the målbild itself is named: a token of one that was made later says nothing.
    pub(super) fn is_of_a_malbild(&self) -> bool {
        self.record.is_some() || !self.documents.is_empty() || !self.damaged.is_empty()
    }

    /// The bytes of its Documents.
    pub(super) fn bytes(&self) -> u64 {
        self.documents.values().map(|entry| entry.file.bytes).sum()
    }

    /// Whether it says of itself that it should hold this record or part.
    pub(super) fn misses(&self, what: &str) -> bool {
        self.damaged.contains_key(what)
    }

    /// Why its record or a part of it is not in the backup.
    pub(super) fn lacks(&self, what: &'static str) -> Hindrance {
        Hindrance::Lacks { what, problem: self.damaged.get(what).cloned() }
    }

    /// The writes that put back all that opens it, for which `wanted` says so.
    pub(super) fn grants<E>(&self, wanted: impl Fn(Table, &str) -> Result<bool, E>) -> Result<Vec<Write>, E> {
        let mut writes = Vec::new();
        for (table, line) in &self.grants {
            if wanted(*table, &line.key)? {
                let (key, value) = (line.key.clone(), line.value.clone().into());
                writes.push(Write::Put { table: *table, key, value });
            }
        }
        Ok(writes)
    }
}

/// A record of a kind and its key, if the line holds one.
fn decoded<R: Record>(line: &RecordLine) -> Option<(R::Key, R)> {
    let key = line.key.parse().ok()?;
    let record = R::decode(&key, line.value.as_bytes()).ok()?;
    Some((key, record))
}

fn format_error(path: &Path, what: impl Into<FormatError>) -> BackupError {
    BackupError::Format { path: path.to_owned(), what: what.into() }
}
