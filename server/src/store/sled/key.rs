//! The keys under which everything stands in sled's one tree.
//!
//! | key | holds |
//! | --- | --- |
//! | `d` part id `l` number chunk | what was lost before the store was salvaged: the numbers from this one to the one in it |
//! | `d` part id `p` number chunk | a restore point: how many chunks its snapshot has |
//! | `d` part id `s` number chunk | the snapshot that covers the log up to and with number |
//! | `d` part id `u` number chunk | updates, packed, from this number on |
//! | `r` table NUL key NUL chunk | a record |
//! | `commit` chunk | nothing; written by a commit that only removes, so that its number is there |
//! | `format` | the version of this table |
//! | `probe` | nothing; written when the disk was full, to see that it is not |
//!
//! Numbers and chunk indices are big-endian, so scans meet them in order. A restore point has a record
//! of its own, so that thinning reads no snapshot.

use samsyn_shared::{MalbildId, Seq};

use super::super::{DocumentId, Part, Table};

pub(super) const FORMAT: &str = "format";
pub(super) const COMMIT: &str = "commit";
pub(super) const PROBE: &str = "probe";
/// The bytes of a Document's prefix.
const DOCUMENT: usize = 14;
/// The bytes of a chunk's index at a key's end.
const INDEX: usize = 4;

/// The bytes of a whole key of a Document.
pub(super) const DOCUMENT_KEY: usize = DOCUMENT + 1 + 8 + INDEX;

/// The kinds of key that a Document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Lost = b'l',
    Point = b'p',
    Snapshot = b's',
    Updates = b'u',
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Point => "point",
            Self::Snapshot => "snapshot",
            Self::Updates => "updates",
        }
    }
}

/// What a Document's key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DocumentKey {
    pub(super) kind: Kind,
    pub(super) number: Seq,
    pub(super) index: u32,
}

impl DocumentKey {
    pub(super) fn parse(key: &[u8]) -> Result<Self, &'static str> {
        let rest = key.get(DOCUMENT..).filter(|rest| rest.len() == 1 + 8 + INDEX);
        let Some((kind, rest)) = rest.and_then(<[u8]>::split_first) else {
            return Err("a key of another length");
        };
        let kind = match kind {
            b'l' => Kind::Lost,
            b'p' => Kind::Point,
            b's' => Kind::Snapshot,
            b'u' => Kind::Updates,
            _ => return Err("an unknown kind of key"),
        };
        let (number, index) = rest.split_at(8);
        let number = u64::from_be_bytes(number.try_into().expect("a number has eight bytes"));
        let index = u32::from_be_bytes(index.try_into().expect("the length was checked"));
        Ok(Self { kind, number: Seq(number), index })
    }
}

pub(super) fn document(document: DocumentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(DOCUMENT + 1 + 8 + INDEX);
    key.extend([b'd', part_byte(document.part)]);
    key.extend_from_slice(document.malbild.as_bytes());
    key
}

pub(super) fn kind(document: DocumentId, kind: Kind) -> Vec<u8> {
    let mut key = self::document(document);
    key.push(kind as u8);
    key
}

pub(super) fn numbered(document: DocumentId, kind: Kind, number: Seq) -> Vec<u8> {
    let mut key = self::kind(document, kind);
    key.extend_from_slice(&number.0.to_be_bytes());
    key
}

/// The Document that a key belongs to, and the first key behind all of that Document's.
pub(super) fn owner(key: &[u8]) -> Option<(DocumentId, Vec<u8>)> {
    let prefix = key.get(..DOCUMENT)?;
    let part = Part::ALL.into_iter().find(|part| part_byte(*part) == prefix[1])?;
    let malbild = MalbildId::from_bytes(prefix[2..].try_into().ok()?);
    let mut behind = prefix.to_vec();
    // Kinds are letters, so nothing of the Document stands behind this.
    behind.push(u8::MAX);
    Some((DocumentId { malbild, part }, behind))
}

/// Where the keys of Documents begin.
pub(super) const DOCUMENTS: &[u8] = b"d";

pub(super) fn table(table: Table) -> Vec<u8> {
    let mut key = vec![b'r'];
    key.extend_from_slice(table.as_str().as_bytes());
    key.push(0);
    key
}

pub(super) fn record(table: Table, name: &str) -> Vec<u8> {
    let mut key = self::table(table);
    key.extend_from_slice(name.as_bytes());
    key.push(0);
    key
}

/// The name in a record's key: what stands between the table's prefix and NUL and the chunk's index.
pub(super) fn name(key: &[u8], table_prefix: usize) -> String {
    let end = key.len().saturating_sub(INDEX + 1).max(table_prefix);
    String::from_utf8_lossy(&key[table_prefix..end]).into_owned()
}

pub(super) fn part_byte(part: Part) -> u8 {
    match part {
        Part::Content => b'c',
        Part::Journal => b'j',
    }
}

/// Whether a key is of a record that counts: of a Document or a table.
pub(super) fn counts(key: &[u8]) -> bool {
    matches!(key.first(), Some(b'd' | b'r'))
}
