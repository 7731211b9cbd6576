//! Many updates in the payload of one stored record: each behind its length (4 bytes). What a room
//! appends at once becomes one record, because the engine's cost is for each record.
//!
//! It doesn't know numbers or keys, and calls nothing of sled's.

use bytes::{Buf as _, Bytes};

/// Bytes that an update needs beside its own.
pub(super) const OVERHEAD: usize = 4;

/// Adds an update to a pack.
pub(super) fn push(pack: &mut Vec<u8>, update: &[u8]) {
    let length = u32::try_from(update.len()).expect("a message is limited far below 4 GiB");
    pack.extend_from_slice(&length.to_be_bytes());
    pack.extend_from_slice(update);
}

/// The updates of a pack, without copying them.
///
/// # Errors
/// If the lengths don't fit the bytes.
pub(super) fn open(mut pack: Bytes) -> Result<Vec<Bytes>, &'static str> {
    let mut updates = Vec::new();
    while !pack.is_empty() {
        if pack.len() < OVERHEAD {
            return Err("an update's length is cut off");
        }
        let length = pack.get_u32() as usize;
        if pack.len() < length {
            return Err("an update is cut off");
        }
        updates.push(pack.split_to(length));
    }
    Ok(updates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_back_and_a_cut_is_noticed() {
        let mut pack = Vec::new();
        for update in [&b"a"[..], b"", b"abc"] {
            push(&mut pack, update);
        }
        assert_eq!(open(pack.clone().into()).unwrap(), [&b"a"[..], b"", b"abc"]);
        for end in [1, 4, 7, 10, pack.len() - 1] {
            assert!(open(Bytes::copy_from_slice(&pack[..end])).is_err(), "{end}");
        }
        assert!(open(Bytes::new()).unwrap().is_empty());
    }
}
