//! lib0's encoding, as far as Yjs and its protocols use it: numbers of seven bits a byte, the lowest
//! first, and lengths before bytes. It doesn't know what the numbers and bytes mean.
//!
//! Nothing here trusts what it reads: a length or a count is held against the bytes that are left before
//! anything is done with it.

use bytes::Bytes;

use crate::domain::limits::NUMBER_END;

/// Reads from the front of some bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

/// Why there is nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// The bytes end inside a value, or a count says more than they can hold.
    Truncated,
    /// Bytes follow the end.
    Trailing,
    /// A number is [`NUMBER_END`] or more.
    TooLarge,
    /// A text is not UTF-8.
    NotUtf8,
}

impl ReadError {
    /// The error in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Truncated => "cut short",
            Self::Trailing => "bytes after the end",
            Self::TooLarge => "a number too large",
            Self::NotUtf8 => "a text that is not UTF-8",
        }
    }
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, ReadError> {
        let (first, rest) = self.0.split_first().ok_or(ReadError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    /// So many bytes.
    pub(crate) fn take(&mut self, length: u64) -> Result<&'a [u8], ReadError> {
        let length = usize::try_from(length).map_err(|_| ReadError::Truncated)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ReadError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn number(&mut self) -> Result<u64, ReadError> {
        let mut number = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return if number < NUMBER_END { Ok(number) } else { Err(ReadError::TooLarge) };
            }
        }
        Err(ReadError::TooLarge)
    }

    /// A number with a sign: six bits in its first byte.
    pub(crate) fn signed(&mut self) -> Result<(), ReadError> {
        let first = self.byte()?;
        let mut magnitude = u64::from(first & 0x3F);
        let (mut shift, mut more) = (6, first & 0x80 != 0);
        while more {
            if shift > 48 {
                return Err(ReadError::TooLarge);
            }
            let byte = self.byte()?;
            magnitude |= u64::from(byte & 0x7F) << shift;
            (shift, more) = (shift + 7, byte & 0x80 != 0);
        }
        if magnitude < NUMBER_END { Ok(()) } else { Err(ReadError::TooLarge) }
    }

    /// A declared count of things that take at least `least` bytes each.
    pub(crate) fn count(&mut self, least: u64) -> Result<u64, ReadError> {
        let count = self.number()?;
        if count > self.0.len() as u64 / least { Err(ReadError::Truncated) } else { Ok(count) }
    }

    /// Bytes with their length before them.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.number()?;
        self.take(length)
    }

    /// A text with its length in bytes before it.
    pub(crate) fn string(&mut self) -> Result<&'a str, ReadError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| ReadError::NotUtf8)
    }

    /// Bytes that are left.
    pub(crate) const fn left(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    pub(crate) const fn end(self) -> Result<(), ReadError> {
        if self.0.is_empty() { Ok(()) } else { Err(ReadError::Trailing) }
    }
}

/// Writes what [`Reader`] reads.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn number(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes without their length.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn finish(self) -> Bytes {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8]) -> Result<u64, ReadError> {
        let mut r = Reader::new(bytes);
        let number = r.number()?;
        r.end()?;
        Ok(number)
    }

    #[test]
    fn numbers_end_where_javascripts_do() {
        for n in [0, 1, 127, 128, 300, u64::from(u32::MAX), NUMBER_END - 1] {
            let mut w = Writer::default();
            w.number(n);
            assert_eq!(number(&w.finish()), Ok(n));
        }
        for n in [NUMBER_END, NUMBER_END + 1, u64::MAX] {
            let mut w = Writer::default();
            w.number(n);
            assert_eq!(number(&w.finish()), Err(ReadError::TooLarge));
        }
        assert_eq!(number(&[0x80; 9]), Err(ReadError::TooLarge));
        assert_eq!(number(&[0x80; 3]), Err(ReadError::Truncated));
    }

    #[test]
    fn a_signed_number_ends_there_too() {
        let signed = |bytes: &[u8]| Reader::new(bytes).signed();
        assert_eq!(signed(&[0x7F]), Ok(()), "-63");
        assert_eq!(
            signed(&[0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F]),
            Ok(()),
            "2^53 - 1 = 6 + 6·7 + 5 bits"
        );
        assert_eq!(
            signed(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]),
            Err(ReadError::TooLarge),
            "2^53"
        );
        assert_eq!(signed(&[0xFF; 12]), Err(ReadError::TooLarge));
        assert_eq!(signed(&[0xFF; 2]), Err(ReadError::Truncated));
    }

    #[test]
    fn a_count_or_a_length_beyond_the_bytes_is_refused_before_it_is_used() {
        let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 1];
        assert_eq!(Reader::new(&huge).count(1), Err(ReadError::Truncated));
        assert_eq!(Reader::new(&huge).bytes(), Err(ReadError::Truncated));
        assert_eq!(Reader::new(&[2, 0, 0, 0]).count(2), Err(ReadError::Truncated));
    }
}
