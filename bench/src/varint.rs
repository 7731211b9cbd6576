//! lib0's variable-length integers and byte strings, as Yjs and its protocols write them.

/// Appends an integer, seven bits an octet, the lowest first.
pub(crate) fn put_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and so many bytes; a string is written the same way.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads from the beginning of what is left. `None` when it was cut short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// The next integer; at most ten octets.
    pub(crate) fn uint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (index, octet) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(octet & 0x7f) << (7 * index);
            if octet & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Some(value);
            }
        }
        None
    }

    /// The next byte string.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.uint()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [0, 1, 127, 128, 300, 1 << 20, (1 << 53) - 1, u64::MAX >> 1] {
            let mut out = Vec::new();
            put_uint(&mut out, value);
            put_bytes(&mut out, b"abc");
            let mut reader = Reader::new(&out);
            assert_eq!(reader.uint(), Some(value));
            assert_eq!(reader.bytes(), Some(&b"abc"[..]));
            assert_eq!(reader.uint(), None);
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_no_string() {
        assert_eq!(Reader::new(&[5, b'a']).bytes(), None);
        assert_eq!(Reader::new(&[0x80; 12]).uint(), None);
    }
}
