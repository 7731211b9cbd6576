//! The bytes of sled's log: segment headers and messages, each with its checksum. Pure over bytes; whatever they
//! hold, reading them takes time in proportion to their number and panics never.
//!
//! It doesn't know files, pages or what is kept in them.

/// Bytes of a segment. sled's own default, which its `conf` repeats.
pub(in crate::store) const SEGMENT: usize = 512 * 1024;
/// The same, as offsets are counted.
pub(in crate::store) const SEGMENT_BYTES: u64 = SEGMENT as u64;
/// Bytes of a segment's header: crc32 (4) · lsn (8) · what was stable then (8), the last two inverted.
pub(super) const SEGMENT_HEADER: usize = 20;
/// No message begins in this many bytes at a segment's end.
const RED_ZONE: usize = 32;
const LSN_MASK: u64 = 0x7FFF_FFFF_FFFF_FFFF;

/// The header of a segment that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// The log sequence number of the segment's first byte.
    pub(super) lsn: u64,
    /// Up to where the log was stable when the segment was begun; 0 if nothing was.
    pub(super) stable: u64,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing came of it.
    Canceled,
    /// The rest of the segment is empty.
    Cap,
    /// The messages up to the number in it count all or not at all.
    Batch,
    /// A page that is free.
    Free,
    /// The generator of ids.
    Counter,
    /// The names of trees.
    Meta,
    /// A page, whole.
    Node,
    /// A change of a page.
    Link,
    /// Something whose bytes are in a file of its own. None is ever written by us.
    Blob,
}

/// A message that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    /// The segment's number, which is its lsn divided by its size.
    pub(super) segment: u64,
    /// The page.
    pub(super) page: u64,
    pub(super) body: &'a [u8],
    /// Bytes of header and body.
    pub(super) size: usize,
}

/// Reads the header of a segment from its first bytes.
pub(super) fn segment_header(bytes: &[u8]) -> Option<SegmentHeader> {
    let bytes: &[u8; SEGMENT_HEADER] = bytes.first_chunk()?;
    let (sum, rest) = bytes.split_at(4);
    if !u32_at(sum) ^ crc32fast::hash(rest) != 0 {
        return None;
    }
    let lsn = u64_at(&rest[..8]) ^ LSN_MASK;
    let stable = u64_at(&rest[8..]) ^ LSN_MASK;
    // Both are signed; nothing is stable in the first segment.
    let stable = if i64::try_from(stable).is_ok() { stable } else { 0 };
    let is_aligned = i64::try_from(lsn).is_ok() && lsn.is_multiple_of(SEGMENT_BYTES);
    is_aligned.then_some(SegmentHeader { lsn, stable })
}

/// The same header, if the log was stable only up to here.
#[cfg(test)]
pub(in crate::store) fn with_stable(header: &[u8], stable: u64) -> [u8; SEGMENT_HEADER] {
    let mut bytes = *header.first_chunk::<SEGMENT_HEADER>().expect("a header");
    bytes[12..].copy_from_slice(&(stable ^ LSN_MASK).to_le_bytes());
    let sum = !crc32fast::hash(&bytes[4..]);
    bytes[..4].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Whether a message may begin at this place of a segment.
pub(super) fn may_begin(at: usize) -> bool {
    (SEGMENT_HEADER..=SEGMENT - RED_ZONE).contains(&at)
}

/// Reads the message that begins at a place of a segment, which may be cut short.
pub(super) fn message(segment: &[u8], at: usize) -> Option<Message<'_>> {
    if !may_begin(at) {
        return None;
    }
    let header = segment.get(at..)?;
    let kind = kind(*header.get(4)?)?;
    let mut rest = &header[5..];
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let segment_number = number(&mut rest)?;
    let page = number(&mut rest)?;
    let head = header.len() - rest.len();
    let body = rest.get(..length)?;
    let mut sum = crc32fast::Hasher::new();
    sum.update(body);
    sum.update(&header[4..head]);
    if !sum.finalize() != u32_at(header) {
        return None;
    }
    Some(Message { kind, segment: segment_number, page, body, size: head + length })
}

/// The bytes that end a segment in which nothing more will be written from this place on; none where no
/// message may begin.
pub(in crate::store) fn cap(lsn: u64, at: usize) -> Vec<u8> {
    let mut bytes = vec![0; SEGMENT.saturating_sub(at)];
    if !may_begin(at) {
        return bytes;
    }
    let length = (bytes.len() - RED_ZONE) as u64;
    let mut head = vec![0, 0, 0, 0, 2];
    put_number(&mut head, length);
    put_number(&mut head, lsn / SEGMENT_BYTES);
    put_number(&mut head, u64::MAX);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&vec![0; bytes.len() - RED_ZONE]);
    sum.update(&head[4..]);
    head[..4].copy_from_slice(&(!sum.finalize()).to_le_bytes());
    bytes[..head.len()].copy_from_slice(&head);
    bytes
}

fn kind(byte: u8) -> Option<Kind> {
    Some(match byte {
        1 => Kind::Canceled,
        2 => Kind::Cap,
        3 => Kind::Batch,
        4 => Kind::Free,
        5 => Kind::Counter,
        6 => Kind::Meta,
        8 => Kind::Node,
        10 => Kind::Link,
        7 | 9 | 11 => Kind::Blob,
        _ => return None,
    })
}

/// A number of one to nine bytes, as sled writes them.
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    let (value, length) = match *first {
        short @ 0..=240 => (u64::from(short), 0),
        two @ 241..=248 => (240 + 256 * (u64::from(two) - 241) + u64::from(*rest.first()?), 1),
        249 => (2288 + 256 * u64::from(*rest.first()?) + u64::from(*rest.get(1)?), 2),
        long => {
            let length = usize::from(long) - 247;
            let mut all = [0; 8];
            all[..length].copy_from_slice(rest.get(..length)?);
            (u64::from_le_bytes(all), length)
        }
    };
    *bytes = &rest[length..];
    Some(value)
}

/// Writes a number as [`number`] reads it.
pub(super) fn put_number(out: &mut Vec<u8>, value: u64) {
    match value {
        0..=240 => out.push(low(value)),
        241..=2287 => out.extend([low((value - 240) / 256 + 241), low((value - 240) % 256)]),
        2288..=67823 => out.extend([249, low((value - 2288) / 256), low((value - 2288) % 256)]),
        _ => {
            let length = (8 - value.leading_zeros() as usize / 8).max(3);
            out.push(low(247 + length as u64));
            out.extend_from_slice(&value.to_le_bytes()[..length]);
        }
    }
}

/// The lowest byte, where the rest is known to be zero.
fn low(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// The first four bytes, which are there.
fn u32_at(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The first eight bytes, which are there.
pub(super) fn u64_at(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng as _, RngCore as _, SeedableRng as _};

    use super::*;

    #[test]
    fn a_number_of_any_size_comes_back() {
        for value in [0, 240, 241, 2287, 2288, 67823, 67824, 1 << 24, 1 << 32, 1 << 40, 1 << 56, u64::MAX] {
            for value in [value.saturating_sub(1), value, value.saturating_add(1)] {
                let mut bytes = Vec::new();
                put_number(&mut bytes, value);
                assert_eq!(number(&mut &bytes[..]), Some(value));
                assert_eq!(number(&mut &bytes[..bytes.len() - 1]), None, "{value} cut short");
            }
        }
    }

    #[test]
    fn a_cap_is_a_message_to_the_segments_end_and_one_wrong_bit_makes_it_none() {
        for at in [SEGMENT_HEADER, 4096, SEGMENT - 100, SEGMENT - RED_ZONE] {
            let mut segment = vec![0; SEGMENT];
            segment[at..].copy_from_slice(&cap(7 * SEGMENT_BYTES, at));
            let read = message(&segment, at).unwrap();
            assert_eq!((read.kind, read.segment, read.page), (Kind::Cap, 7, u64::MAX));
            segment[at + 6] ^= 1;
            assert_eq!(message(&segment, at), None);
        }
        assert_eq!(cap(0, SEGMENT - 5), [0; 5]);
    }

    #[test]
    fn random_bytes_are_no_message_and_no_panic() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut bytes = vec![0; 4096];
        for _ in 0..2_000 {
            rng.fill_bytes(&mut bytes);
            let at = rng.random_range(0..bytes.len());
            bytes[at..][..1].fill(rng.random_range(0..12));
            assert_eq!(message(&bytes, at), None);
            assert_eq!(segment_header(&bytes[at..]), None);
        }
        assert_eq!(message(&[], 20), None);
        assert_eq!(segment_header(&[0; 40]), None);
    }
}
