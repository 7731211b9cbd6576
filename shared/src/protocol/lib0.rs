//! lib0's encoding, as far as the protocol needs it: numbers of seven bits a byte, the lowest first,
//! and lengths before bytes. A number over 2^53 is refused, as JavaScript could not hold it.

use bytes::{Buf, Bytes};

use super::DecodeError;

#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn finish(self) -> Bytes {
        self.0.into()
    }
}

pub(super) struct Reader(Bytes);

impl Reader {
    pub(super) const fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(super) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            if !self.0.has_remaining() {
                return Err(DecodeError::Truncated);
            }
            let byte = self.0.get_u8();
            if shift > 49 {
                return Err(DecodeError::Malformed);
            }
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        if number > 1 << 53 { Err(DecodeError::Malformed) } else { Ok(number) }
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| DecodeError::Truncated)?;
        if length > self.0.remaining() {
            return Err(DecodeError::Truncated);
        }
        Ok(self.0.split_to(length))
    }

    pub(super) fn string(&mut self) -> Result<String, DecodeError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| DecodeError::Malformed)
    }

    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.0.has_remaining() { Err(DecodeError::Trailing) } else { Ok(()) }
    }
}
