//! The bytes of one stored record: a header that says what it is a piece of, a checksum over key and
//! payload, and at most 64 KiB of payload.
//!
//! It doesn't know the engine. Values are cut into chunks because sled puts those over about
//! 131 kB in blob files that it neither syncs nor frees.

use bytes::Bytes;

/// Payload bytes in one chunk, at most.
pub const CHUNK: usize = 64 * 1024 - HEADER;

/// crc32 (4) · version (1) · number (8) · chunk's index (4) · chunks in all (4).
const HEADER: usize = 21;
const VERSION: u8 = 1;

/// One chunk as it was read back, its checksum already verified.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The sequence number (or 0 for records that have none).
    pub seq: u64,
    /// Which chunk of the value this is, from 0.
    pub index: u32,
    /// How many chunks the value has; at least 1.
    pub count: u32,
    /// The chunk's part of the value.
    pub payload: &'a [u8],
}

/// Cuts `value` into chunks and calls `put` with the index and the bytes of each. An empty value is
/// one empty chunk. `key_of` gives the key under which a chunk will stand: the checksum covers it,
/// so that a record that turns up under another key is noticed.
pub fn encode(
    seq: u64,
    value: &[u8],
    key_of: impl Fn(u32) -> Vec<u8>,
    mut put: impl FnMut(Vec<u8>, Vec<u8>),
) {
    let count = u32::try_from(value.len().div_ceil(CHUNK).max(1))
        .expect("values are limited far below 2^32 chunks by the message limits");
    for index in 0..count {
        let start = index as usize * CHUNK;
        let payload = &value[start..value.len().min(start + CHUNK)];
        let key = key_of(index);
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend_from_slice(&[0; 4]);
        bytes.push(VERSION);
        bytes.extend_from_slice(&seq.to_be_bytes());
        bytes.extend_from_slice(&index.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(payload);
        let sum = checksum(&key, &bytes[4..]);
        bytes[..4].copy_from_slice(&sum.to_be_bytes());
        put(key, bytes);
    }
}

/// Verifies and takes apart one stored chunk.
///
/// # Errors
/// What is wrong with it, in words that hold nothing of the content.
pub fn decode<'a>(key: &[u8], bytes: &'a [u8]) -> Result<Chunk<'a>, &'static str> {
    if bytes.len() < HEADER {
        return Err("shorter than its header");
    }
    let sum = u32::from_be_bytes(array(&bytes[..4]));
    if sum != checksum(key, &bytes[4..]) {
        return Err("checksum differs");
    }
    if bytes[4] != VERSION {
        return Err("unknown record version");
    }
    let chunk = Chunk {
        seq: u64::from_be_bytes(array(&bytes[5..13])),
        index: u32::from_be_bytes(array(&bytes[13..17])),
        count: u32::from_be_bytes(array(&bytes[17..21])),
        payload: &bytes[HEADER..],
    };
    if chunk.index >= chunk.count { Err("chunk index beyond its count") } else { Ok(chunk) }
}

/// Puts the chunks of values together again, in the order in which an engine scans them.
#[derive(Debug, Default)]
pub struct Assembler {
    open: Option<(u64, u32, u32, Vec<u8>)>,
}

impl Assembler {
    /// Takes the next chunk; gives the whole value with its number when this was its last chunk.
    ///
    /// # Errors
    /// If the chunk isn't the one that must come next.
    pub fn push(&mut self, chunk: &Chunk<'_>) -> Result<Option<(u64, Bytes)>, &'static str> {
        let (seq, next, count, mut value) = match self.open.take() {
            Some(open) => open,
            None => (chunk.seq, 0, chunk.count, Vec::new()),
        };
        if chunk.seq != seq || chunk.index != next || chunk.count != count {
            return Err("a chunk is missing");
        }
        value.extend_from_slice(chunk.payload);
        if next + 1 == count {
            return Ok(Some((seq, Bytes::from(value))));
        }
        self.open = Some((seq, next + 1, count, value));
        Ok(None)
    }

    /// Whether nothing is left half assembled.
    ///
    /// # Errors
    /// If the last value lacks chunks.
    pub fn finish(self) -> Result<(), &'static str> {
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
        encode(7, value, |index| format!("k{index}").into_bytes(), |key, bytes| out.push((key, bytes)));
        out
    }

    #[test]
    fn a_value_of_any_length_comes_back_whole() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            let value: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let mut assembler = Assembler::default();
            let mut whole = None;
            for (key, bytes) in stored(&value) {
                assert!(bytes.len() <= 64 * 1024);
                whole = assembler.push(&decode(&key, &bytes).unwrap()).unwrap();
            }
            assert_eq!(whole, Some((7, Bytes::from(value))));
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
