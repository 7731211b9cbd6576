//! The bytes of one stored record: a header that says what it is a piece of and in which commit it was stored, a
//! checksum over key and payload, and a piece of a value.
//!
//! It calls nothing of sled's. Values are cut into chunks because of sled: what it writes in one piece and is
//! over about 131 kB goes to blob files that it neither syncs nor frees. A piece is a whole leaf of its tree, and
//! it splits leaves at some 16 records, whatever their size: twice as many chunks must stay below that.

use std::hash::Hasher as _;

use bytes::Bytes;
use fnv::FnvHasher;

use super::super::Time;

/// Bytes of one record, at most.
const RECORD: usize = 4 * 1024;
const _: () = assert!(30 * RECORD < 128 * 1024);

/// Payload bytes in one chunk, at most.
pub(super) const CHUNK: usize = RECORD - HEADER;

/// crc32 (4) · version (1) · number (8) · time (8) · chunk's index (4) · chunks in all (4) · commit (8) · the
/// store's tally after that commit (8).
const HEADER: usize = 45;
const VERSION: u8 = 3;
/// The same, without what tells of the commit.
const OLD_HEADER: usize = 29;
const OLD_VERSION: u8 = 2;

/// What the header of a chunk says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The sequence number (or 0 for records that have none).
    pub(super) seq: u64,
    /// When it was stored.
    pub(super) time: Time,
    /// Which chunk of the value this is, from 0.
    pub(super) index: u32,
    /// How many chunks the value has.
    pub(super) count: u32,
    /// The number of the commit that stored it; 0 from before commits had numbers.
    pub(super) commit: u64,
    /// The tally of the whole store after that commit.
    pub(super) tally: u64,
}

impl Head {
    /// Reads the header of a record; `None` for what is none. It verifies nothing.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let short = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        let (commit, tally) = match *bytes.get(4)? {
            VERSION => (number(29)?, number(37)?),
            OLD_VERSION => (0, 0),
            _ => return None,
        };
        let (seq, time) = (number(5)?, Time(number(13)?));
        Some(Self { seq, time, index: short(21)?, count: short(25)?, commit, tally })
    }

    /// This record's share of the store's tally: a sum of these over all records says whether all are there.
    pub(super) fn share(&self, key: &[u8]) -> u64 {
        let mut hasher = FnvHasher::default();
        hasher.write(key);
        for number in [self.seq, self.time.0, u64::from(self.index), u64::from(self.count), self.commit] {
            hasher.write(&number.to_be_bytes());
        }
        hasher.finish()
    }
}

/// One chunk as it was read back, its checksum already verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    /// The sequence number (or 0 for records that have none).
    pub(super) seq: u64,
    /// When it was stored.
    pub(super) time: Time,
    /// Which chunk of the value this is, from 0.
    pub(super) index: u32,
    /// How many chunks the value has; at least 1.
    pub(super) count: u32,
    /// The chunk's part of the value.
    pub(super) payload: &'a [u8],
}

/// A whole value, put together from its chunks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// Its number.
    pub(super) seq: u64,
    /// When it was stored.
    pub(super) time: Time,
    /// The value.
    pub(super) value: Bytes,
}

/// How many chunks a value of this many bytes becomes; an empty one is one empty chunk.
#[must_use]
pub(super) fn chunks(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(CHUNK).max(1))
        .expect("values are limited far below 2^32 chunks by the message limits")
}

/// Cuts `value` into chunks and calls `put` with the key and the bytes of each, to be sealed: `prefix` and the
/// chunk's index make its key. The checksum covers the key, so that a record that turns up under another one is
/// noticed.
pub(super) fn encode(
    prefix: &[u8],
    (seq, time): (u64, Time),
    value: &[u8],
    mut put: impl FnMut(&[u8], &[u8]),
) {
    let count = chunks(value.len());
    let mut key = prefix.to_vec();
    let mut bytes = Vec::with_capacity(HEADER + value.len().min(CHUNK));
    for index in 0..count {
        let start = index as usize * CHUNK;
        let payload = &value[start..value.len().min(start + CHUNK)];
        key.truncate(prefix.len());
        key.extend_from_slice(&index.to_be_bytes());
        bytes.clear();
        bytes.extend_from_slice(&[0; 4]);
        bytes.push(VERSION);
        bytes.extend_from_slice(&seq.to_be_bytes());
        bytes.extend_from_slice(&time.0.to_be_bytes());
        bytes.extend_from_slice(&index.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&[0; HEADER - OLD_HEADER]);
        bytes.extend_from_slice(payload);
        put(&key, &bytes);
    }
}

/// Writes into a record of this version in which commit it is stored, and what the store's tally is then; and its
/// checksum. Anything else is left as it is.
pub(super) fn seal(key: &[u8], bytes: &mut [u8], commit: u64, tally: u64) {
    if bytes.len() < HEADER || bytes[4] != VERSION {
        return;
    }
    bytes[29..37].copy_from_slice(&commit.to_be_bytes());
    bytes[37..45].copy_from_slice(&tally.to_be_bytes());
    let sum = checksum(key, &bytes[4..]);
    bytes[..4].copy_from_slice(&sum.to_be_bytes());
}

/// A record that verifies, as one of this version, to be sealed anew.
pub(super) fn renew(key: &[u8], bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let chunk = decode(key, bytes)?;
    let mut new = bytes[..OLD_HEADER].to_vec();
    new[4] = VERSION;
    new.extend_from_slice(&[0; HEADER - OLD_HEADER]);
    new.extend_from_slice(chunk.payload);
    Ok(new)
}

/// Verifies and takes apart one stored chunk.
///
/// # Errors
/// What is wrong with it, in words that hold nothing of the content.
pub(super) fn decode<'a>(key: &[u8], bytes: &'a [u8]) -> Result<Chunk<'a>, &'static str> {
    if bytes.len() < OLD_HEADER {
        return Err("shorter than its header");
    }
    let sum = u32::from_be_bytes(array(&bytes[..4]));
    if sum != checksum(key, &bytes[4..]) {
        return Err("checksum differs");
    }
    let header = match bytes[4] {
        VERSION if bytes.len() >= HEADER => HEADER,
        OLD_VERSION => OLD_HEADER,
        _ => return Err("unknown record version"),
    };
    let chunk = Chunk {
        seq: u64::from_be_bytes(array(&bytes[5..13])),
        time: Time(u64::from_be_bytes(array(&bytes[13..21]))),
        index: u32::from_be_bytes(array(&bytes[21..25])),
        count: u32::from_be_bytes(array(&bytes[25..29])),
        payload: &bytes[header..],
    };
    if chunk.index >= chunk.count { Err("chunk index beyond its count") } else { Ok(chunk) }
}

/// Puts the chunks of values together again, in the order in which an engine scans them.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    seq: u64,
    time: Time,
    next: u32,
    count: u32,
    value: Vec<u8>,
}

impl Assembler {
    /// Takes the next chunk; gives the whole value when this was its last one.
    ///
    /// # Errors
    /// If the chunk isn't the one that must come next.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>) -> Result<Option<Whole>, &'static str> {
        let Chunk { seq, time, count, .. } = *chunk;
        let mut open =
            self.open.take().unwrap_or_else(|| Open { seq, time, next: 0, count, value: Vec::new() });
        if (seq, time, chunk.index, count) != (open.seq, open.time, open.next, open.count) {
            return Err("a chunk is missing");
        }
        open.value.extend_from_slice(chunk.payload);
        open.next += 1;
        if open.next == count {
            return Ok(Some(Whole { seq, time, value: open.value.into() }));
        }
        self.open = Some(open);
        Ok(None)
    }

    /// Whether nothing is left half assembled.
    ///
    /// # Errors
    /// If the last value lacks chunks.
    pub(super) fn finish(self) -> Result<(), &'static str> {
        if self.open.is_some() { Err("the last chunk is missing") } else { Ok(()) }
    }
}

fn checksum(key: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize()
}

fn array<const N: usize>(slice: &[u8]) -> [u8; N] {
    slice.try_into().expect("the caller's slice has exactly N bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut out = Vec::new();
        encode(b"k", (7, Time(9)), value, |key, bytes| {
            let mut bytes = bytes.to_vec();
            seal(key, &mut bytes, 3, 4);
            out.push((key.to_vec(), bytes));
        });
        out
    }

    #[test]
    fn a_value_of_any_length_comes_back_whole() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            let value: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let mut assembler = Assembler::default();
            let mut whole = None;
            for (key, bytes) in stored(&value) {
                assert!(bytes.len() <= RECORD);
                whole = assembler.push(&decode(&key, &bytes).unwrap()).unwrap();
            }
            assert_eq!(whole, Some(Whole { seq: 7, time: Time(9), value: value.into() }));
            assembler.finish().unwrap();
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (key, good) = stored(b"text").remove(0);
        for i in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[i / 8] ^= 1 << (i % 8);
            assert!(decode(&key, &bad).is_err(), "bit {i}");
        }
    }

    #[test]
    fn a_record_says_its_commit_and_one_of_the_old_version_that_it_has_none() {
        let (key, bytes) = stored(b"text").remove(0);
        let head = Head::read(&bytes).unwrap();
        assert_eq!((head.seq, head.time, head.count, head.commit, head.tally), (7, Time(9), 1, 3, 4));
        let mut old = [&bytes[..OLD_HEADER], &bytes[HEADER..]].concat();
        old[4] = OLD_VERSION;
        let sum = checksum(&key, &old[4..]);
        old[..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(Head::read(&old).unwrap().commit, 0);
        assert_eq!(decode(&key, &old).unwrap().payload, b"text");
        let mut renewed = renew(&key, &old).unwrap();
        seal(&key, &mut renewed, 3, 4);
        assert_eq!(renewed, bytes);
        assert!((0..OLD_HEADER).all(|end| Head::read(&bytes[..end]).is_none()));
    }

    #[test]
    fn a_record_under_another_key_is_noticed() {
        let (_, bytes) = stored(b"text").remove(0);
        assert_eq!(decode(b"k1", &bytes), Err("checksum differs"));
    }

    #[test]
    fn a_missing_chunk_is_noticed() {
        let chunks = stored(&vec![1; 2 * CHUNK]);
        let mut assembler = Assembler::default();
        assert!(assembler.push(&decode(&chunks[1].0, &chunks[1].1).unwrap()).is_err());
        let mut assembler = Assembler::default();
        assert_eq!(assembler.push(&decode(&chunks[0].0, &chunks[0].1).unwrap()), Ok(None));
        assert!(assembler.finish().is_err());
    }
}
