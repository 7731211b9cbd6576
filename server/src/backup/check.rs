//! Verifies a whole store: every record of every Document and table, their numbers, and that all
//! snapshots and logs still make Documents. It changes nothing.

use std::fmt;

use samsyn_shared::MalbildId;

use super::kept;
use crate::access::grant::Grant;
use crate::access::token::TokenRecord;
use crate::malbild::{MalbildError, MalbildRecord};
use crate::store::{DocumentId, Loaded, Part, ReadStore, Record, StoreError, Table};

/// What was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    documents: usize,
    journals: usize,
    records: usize,
    restore_points: usize,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// A stable word.
    pub code: &'static str,
    place: String,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.code, self.place, self.what)
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { problems, documents, journals, records, restore_points } = self;
        let count = problems.len();
        write!(
            f,
            "checked {documents} documents, {journals} journals, {restore_points} restore points, {records} records: {count} problems"
        )
    }
}

/// Verifies everything. Blocks for long; rooms go on meanwhile.
///
/// # Errors
/// If the store can't be read at all.
pub fn check(store: &dyn ReadStore) -> Result<Checked, StoreError> {
    let mut checked = Checked::default();
    for document in store.documents()? {
        checked.document(store, document)?;
    }
    for table in Table::ALL {
        for key in store.keys(table, "")? {
            checked.record(store, table, &key)?;
        }
    }
    Ok(checked)
}

impl Checked {
    fn document(&mut self, store: &dyn ReadStore, document: DocumentId) -> Result<(), StoreError> {
        match document.part {
            Part::Content => self.documents += 1,
            Part::Journal => self.journals += 1,
        }
        for record in store.records(document)? {
            self.records += 1;
            if let Err(what) = record.verified {
                self.add("record-damaged", &document, what);
            }
        }
        match store.load(document) {
            Ok(None) => self.add("document-damaged", &document, "its content is missing"),
            Ok(Some(loaded)) => self.loaded(document, "document-broken", &loaded),
            Err(error) => self.failed("document-damaged", &document, error)?,
        }
        match store.restore_points(document) {
            Ok(points) => {
                // The newest is what was loaded.
                for point in points.iter().rev().skip(1) {
                    self.restore_points += 1;
                    match store.load_at(document, point.at) {
                        Ok(loaded) => {
                            let loaded = loaded.iter();
                            loaded.for_each(|loaded| self.loaded(document, "restore-point-broken", loaded));
                        }
                        Err(error) => self.failed("restore-point-damaged", &document, error)?,
                    }
                }
            }
            Err(error) => self.failed("restore-point-damaged", &document, error)?,
        }
        if matches!(store.get(Table::Malbild, &document.malbild.to_string()), Ok(None)) {
            self.add("record-missing", &document, "there is no record of its målbild");
        }
        Ok(())
    }

    fn loaded(&mut self, document: DocumentId, code: &'static str, loaded: &Loaded) {
        if let Err(broken) = kept::prove(document.part, loaded.parts()) {
            self.add(code, &document, broken.0);
        }
    }

    fn record(&mut self, store: &dyn ReadStore, table: Table, key: &str) -> Result<(), StoreError> {
        self.records += 1;
        // A token's key is only its hash, and still no one's to read.
        // What a key holds may be anything, and is shown in a terminal.
        let shown = key.escape_debug();
        let shown: String = if table == Table::Malbild { shown.collect() } else { shown.take(6).collect() };
        let place = format!("{} {shown}", table.as_str());
        let read = match table {
            Table::Malbild => return self.malbild(store, key, &place),
            Table::Token => find::<TokenRecord>(store, key),
            Table::Session => find::<Grant>(store, key),
        };
        read.or_else(|error| self.failed("record-damaged", &place, error))
    }

    fn malbild(&mut self, store: &dyn ReadStore, key: &str, place: &str) -> Result<(), StoreError> {
        match find::<MalbildRecord>(store, key) {
            Ok(()) => {}
            Err(MalbildError::Store(error)) => self.failed("record-damaged", &place, error)?,
            Err(error) => self.add("record-damaged", &place, error),
        }
        if let Ok(id) = key.parse::<MalbildId>()
            && let Ok(None) = store.load(DocumentId::content(id))
        {
            self.add("content-missing", &place, "its record is there and its content is not");
        }
        Ok(())
    }

    fn failed(
        &mut self,
        code: &'static str,
        place: &impl fmt::Display,
        error: StoreError,
    ) -> Result<(), StoreError> {
        if !error.is_damage() {
            return Err(error);
        }
        self.add(code, place, error);
        Ok(())
    }

    fn add(&mut self, code: &'static str, place: &impl fmt::Display, what: impl fmt::Display) {
        self.problems.push(Problem { code, place: place.to_string(), what: what.to_string() });
    }
}

/// Whether a record, if it is still there, reads as one of its kind.
fn find<R: Record>(store: &dyn ReadStore, key: &str) -> Result<(), R::Error> {
    let what = "its key is not one of its kind";
    let key = key.parse().map_err(|_| StoreError::CorruptRecord { table: R::TABLE, what })?;
    store.find::<R>(&key).map(drop)
}
