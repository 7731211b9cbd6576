//! The file beside the store that says how many commits were acked, and the last number of each Document. It is
//! synced after each commit, so a store that was shortened, or put back to an older state, shows.
//!
//! It doesn't know the engine. It is written in place, always the same bytes of the same length: two slots for the
//! count, in turn, so that a torn write leaves the one before; and behind them a slot for each Document, none
//! of which crosses a sector.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use samsyn_shared::{MalbildId, Seq};

use super::super::{DocumentId, Part};
use super::key::part_byte;

const NAME: &str = "commits";
const MAGIC: &[u8; 8] = b"samsyn-c";
/// Bytes from one slot of the count to the next: a sector.
const APART: u64 = 512;
/// Where the Documents begin.
const DOCUMENTS: u64 = 4096;
/// A Document: id (12) · part (1) · whether it began with a snapshot (1) · nothing (2) · last number (8) · nothing (4)
/// · crc32 (4).
const DOCUMENT: usize = 32;

/// What is known of a Document.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    /// Its last number.
    pub(super) seq: Seq,
    /// Whether a snapshot of it was ever stored.
    pub(super) is_based: bool,
}

/// What the file said when it was read.
#[derive(Debug, Default, Clone)]
pub(super) struct Counted {
    /// The number of the last commit that was acked; `None` if the file does not say.
    pub(super) acked: Option<u64>,
    /// What it said of each Document.
    pub(super) last: BTreeMap<DocumentId, Last>,
    slots: HashMap<DocumentId, Slot>,
    end: u64,
}

/// Where a Document stands in the file, and what stands there.
#[derive(Debug, Clone, Copy)]
struct Slot {
    at: u64,
    last: Last,
}

/// The file, open.
#[derive(Debug)]
pub(super) struct Commits {
    file: File,
    slots: HashMap<DocumentId, Slot>,
    end: u64,
}

impl Counted {
    /// Reads the file of a data directory, and changes nothing.
    pub(super) fn read(dir: &Path) -> io::Result<Self> {
        match std::fs::read(dir.join(NAME)) {
            Ok(bytes) => Ok(Self::parse(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::parse(&[])),
            Err(error) => Err(error),
        }
    }

    fn parse(bytes: &[u8]) -> Self {
        let slot = |index: u64| {
            let at = usize::try_from(index * APART).ok()?;
            let slot: &[u8; 20] = bytes.get(at..)?.first_chunk()?;
            let count = u64::from_be_bytes(*slot[8..].first_chunk()?);
            (*slot == count_slot(count)).then_some(count)
        };
        let mut counted = Self { acked: slot(0).max(slot(1)), end: DOCUMENTS, ..Self::default() };
        let documents = usize::try_from(DOCUMENTS).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        for (slot, at) in documents.chunks_exact(DOCUMENT).zip((DOCUMENTS..).step_by(DOCUMENT)) {
            counted.end = at + DOCUMENT as u64;
            let Some((document, last)) = read_document(slot) else { continue };
            counted.last.insert(document, last);
            counted.slots.insert(document, Slot { at, last });
        }
        counted
    }
}

impl Commits {
    /// Opens the file, makes it say `acked` and what else is `known`, and syncs it with the directory.
    pub(super) fn open(
        dir: &Path,
        counted: &Counted,
        acked: u64,
        known: &BTreeMap<DocumentId, Last>,
    ) -> io::Result<Self> {
        let path = dir.join(NAME);
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        if file.metadata()?.len() < DOCUMENTS {
            file.write_all_at(&[0; DOCUMENTS as usize], 0)?;
        }
        let mut commits = Self { file, slots: counted.slots.clone(), end: counted.end };
        // Both slots, or the other one could say more.
        for count in [acked, acked + 1] {
            commits.file.write_all_at(&count_slot(acked), count % 2 * APART)?;
        }
        for (document, last) in known {
            commits.put(*document, *last)?;
        }
        commits.file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(commits)
    }

    /// Says durably that a commit was synced, and which Documents it brought how far.
    pub(super) fn ack(&mut self, commit: u64, ends: &BTreeMap<DocumentId, Last>) -> io::Result<()> {
        for (document, last) in ends {
            self.put(*document, *last)?;
        }
        self.file.write_all_at(&count_slot(commit), commit % 2 * APART)?;
        self.file.sync_data()
    }

    /// Writes what is new of a Document. Its number never goes back.
    fn put(&mut self, document: DocumentId, last: Last) -> io::Result<()> {
        let before = self.slots.get(&document).copied();
        let at = before.map_or(self.end, |slot| slot.at);
        let known = before.map(|slot| slot.last).unwrap_or_default();
        let last = Last { seq: last.seq.max(known.seq), is_based: last.is_based || known.is_based };
        if before.is_some_and(|slot| slot.last == last) {
            return Ok(());
        }
        self.file.write_all_at(&document_slot(document, last), at)?;
        self.end = self.end.max(at + DOCUMENT as u64);
        self.slots.insert(document, Slot { at, last });
        Ok(())
    }
}

fn count_slot(count: u64) -> [u8; 20] {
    let mut slot = [0; 20];
    slot[..8].copy_from_slice(MAGIC);
    slot[8..16].copy_from_slice(&count.to_be_bytes());
    let sum = crc32fast::hash(&slot[..16]);
    slot[16..].copy_from_slice(&sum.to_be_bytes());
    slot
}

fn document_slot(document: DocumentId, last: Last) -> [u8; DOCUMENT] {
    let mut slot = [0; DOCUMENT];
    slot[..12].copy_from_slice(document.malbild.as_bytes());
    slot[12] = part_byte(document.part);
    slot[13] = u8::from(last.is_based);
    slot[16..24].copy_from_slice(&last.seq.0.to_be_bytes());
    let sum = crc32fast::hash(&slot[..28]);
    slot[28..].copy_from_slice(&sum.to_be_bytes());
    slot
}

fn read_document(slot: &[u8]) -> Option<(DocumentId, Last)> {
    let malbild = MalbildId::from_bytes(*slot.first_chunk()?);
    let part = Part::ALL.into_iter().find(|part| Some(&part_byte(*part)) == slot.get(12))?;
    let document = DocumentId { malbild, part };
    let seq = Seq(u64::from_be_bytes(*slot.get(16..)?.first_chunk()?));
    let last = Last { seq, is_based: *slot.get(13)? == 1 };
    (slot == document_slot(document, last)).then_some((document, last))
}

#[cfg(test)]
mod tests {
    use super::super::super::contract;
    use super::*;

    #[test]
    fn what_was_acked_is_read_again_and_one_torn_slot_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let counted = Counted::read(dir.path()).unwrap();
        assert_eq!(counted.acked, None);
        let mut commits = Commits::open(dir.path(), &counted, 4, &BTreeMap::new()).unwrap();
        for (commit, number) in [(5, 1), (6, 2), (7, 2)] {
            let last = Last { seq: Seq(commit), is_based: number == 1 };
            let ends = BTreeMap::from([(contract::document(number), last)]);
            commits.ack(commit, &ends).unwrap();
        }
        let counted = Counted::read(dir.path()).unwrap();
        assert_eq!(counted.acked, Some(7));
        let last = |seq, is_based| Last { seq: Seq(seq), is_based };
        let expected = [(contract::document(1), last(5, true)), (contract::document(2), last(7, false))];
        assert_eq!(counted.last, BTreeMap::from(expected));
        let mut bytes = std::fs::read(dir.path().join(NAME)).unwrap();
        bytes[usize::try_from(APART).unwrap() + 12] ^= 1;
        bytes[usize::try_from(DOCUMENTS).unwrap() + 20] ^= 1;
        let torn = Counted::parse(&bytes);
        assert_eq!((torn.acked, torn.last.len()), (Some(6), 1));
        // A directory that is opened anew goes on in the same places.
        let again = Commits::open(dir.path(), &counted, 7, &counted.last).unwrap();
        assert_eq!((again.end, again.slots.len()), (DOCUMENTS + 64, 2));
    }

    #[test]
    fn a_file_of_anything_says_nothing() {
        for bytes in [vec![], vec![0; 10_000], vec![7; 4097]] {
            let counted = Counted::parse(&bytes);
            assert_eq!((counted.acked, counted.last.len()), (None, 0));
        }
    }
}
