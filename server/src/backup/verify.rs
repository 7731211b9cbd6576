//! Verifies the chain of every journal in a store, and names the first entry that is not as it was entered. It changes
//! nothing.

use std::fmt;

use bytes::Bytes;
use samsyn_shared::room::{JournalDamage, RoomJournal};
use samsyn_shared::{EntryNumber, MalbildId};

use crate::store::{DocumentId, Part, ReadStore, StoreError};

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// One for each journal, in the order of the målbilder.
    pub journals: Vec<VerifiedJournal>,
}

/// What was found of one journal.
#[derive(Debug)]
pub struct VerifiedJournal {
    malbild: MalbildId,
    /// What the whole chain is; or what is wrong with it.
    pub outcome: Result<Whole, Broken>,
}

/// A chain that verifies from its first entry to its last.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    entries: EntryNumber,
    head: String,
}

/// Where a chain breaks.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// What was entered does not follow from what is before it.
    #[error(transparent)]
    Chain(#[from] JournalDamage),
    /// The disk does not give an entry back as it was written.
    #[error("entry {} can't be read: {what}", .number.0)]
    Disk {
        /// The first that is missing.
        number: EntryNumber,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Verified {
    /// Whether every chain verifies.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.journals.iter().all(|journal| journal.outcome.is_ok())
    }
}

impl fmt::Display for VerifiedJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(Whole { entries, head }) => {
                write!(f, "{}: {} entries verify, head {head}", self.malbild, entries.0)
            }
            Err(broken) => write!(f, "journal-broken: {}: {broken}", self.malbild),
        }
    }
}

/// Verifies all journals. Blocks for long; rooms go on meanwhile.
///
/// # Errors
/// If the store can't be read at all.
pub fn verify(store: &dyn ReadStore) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    for document in store.documents()?.into_iter().filter(|document| document.part == Part::Journal) {
        let outcome = match store.load(document) {
            Ok(loaded) => of(loaded.iter().flat_map(|loaded| loaded.parts())),
            Err(error) if error.is_damage() => Err(broken(store, document)?),
            Err(error) => return Err(error),
        };
        verified.journals.push(VerifiedJournal { malbild: document.malbild, outcome });
    }
    Ok(verified)
}

fn of<'a>(parts: impl Iterator<Item = &'a Bytes>) -> Result<Whole, Broken> {
    let journal = RoomJournal::read(parts)?;
    Ok(Whole { entries: journal.stored(), head: journal.tip().hash().to_string() })
}

/// Which entry of a journal that does not load is the first that can't be read.
fn broken(store: &dyn ReadStore, document: DocumentId) -> Result<Broken, StoreError> {
    let mut read = Vec::new();
    let mut what = "a record of it is missing";
    for record in store.records(document)? {
        match record.verified {
            Ok(verified) => read.push(verified.payload),
            Err(wrong) => {
                what = wrong;
                break;
            }
        }
    }
    // Where a record is missing altogether, the chain of those that are there says which.
    Ok(match RoomJournal::read(read.iter()) {
        Ok(journal) => Broken::Disk { number: journal.stored().next(), what },
        Err(damage) => damage.into(),
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;
    use samsyn_shared::Template;
    use samsyn_shared::api::CreateMalbild;
    use samsyn_shared::domain::malbild_kind::MalbildKind;

    use super::*;
    use crate::malbild::birth::Birth;
    use crate::store::memory::MemoryStore;
    use crate::store::{Storage, Store, Time, Write};
    use std::sync::Arc;

    #[tokio::test]
    async fn the_entry_that_a_changed_byte_broke_is_named() {
        let engine = Arc::new(MemoryStore::default());
        let storage = Storage::start(Arc::clone(&engine) as Arc<dyn Store>);
        let template = Template::find("tom").unwrap().name.to_owned();
        let asked = CreateMalbild { title: "T".to_owned(), template, kind: MalbildKind::Ovning };
        let mut rng = SmallRng::seed_from_u64(1);
        let id = Birth::of(&asked, Time(5), &mut rng).unwrap().store(&storage).await.unwrap().malbild();
        let document = DocumentId::journal(id);
        let first = engine.load(document).unwrap().unwrap().updates[0].clone();
        assert!(verify(&*engine).unwrap().is_whole());
        engine.corrupt(document);
        let told = verify(&*engine).unwrap().journals[0].to_string();
        assert_eq!(told, format!("journal-broken: {id}: entry 1 can't be read: damaged on demand"));
        // Somebody with the disk in their hands makes a real målbild of it.
        let engine = Arc::new(MemoryStore::default());
        let changed = String::from_utf8(first.to_vec()).unwrap().replace("ovning", "skarpt");
        let replace = Write::Replace { document, snapshot: changed.into() };
        engine.commit(&[replace], Time(6)).unwrap();
        let found = verify(&*engine).unwrap();
        assert!(!found.is_whole());
        let told = found.journals[0].to_string();
        assert_eq!(told, format!("journal-broken: {id}: the body of entry 1 is not the one that was hashed"));
    }
}
