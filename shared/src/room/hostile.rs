//! Updates that once broke yrs, for the tests of the room and of its document. From `shared/hostile-updates/` of
//! the project: each panicked yrs 0.28.1 when it was found.

use bytes::Bytes;

/// All of them.
pub(super) fn updates() -> Vec<Bytes> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let lines = include_str!("hostile_updates.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|hex| hex.as_bytes().chunks(2).map(digits).collect()).collect()
}
