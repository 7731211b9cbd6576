//! What lib0 writes, piece by piece: of it tests make updates and messages that no library would write.
//!
//! It doesn't know what they mean.

/// Bytes that grow.
#[derive(Debug, Clone, Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// One byte.
    #[must_use]
    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// A number, seven bits a byte.
    #[must_use]
    pub fn number(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8)
    }

    /// Several numbers.
    #[must_use]
    pub fn numbers(self, numbers: &[u64]) -> Self {
        numbers.iter().fold(self, |bytes, number| bytes.number(*number))
    }

    /// Bytes as they are.
    #[must_use]
    pub fn raw(mut self, raw: &[u8]) -> Self {
        self.0.extend_from_slice(raw);
        self
    }

    /// A length, and what is so long.
    #[must_use]
    pub fn string(self, text: impl AsRef<[u8]>) -> Self {
        self.number(text.as_ref().len() as u64).raw(text.as_ref())
    }

    /// Ends an update that deletes nothing.
    #[must_use]
    pub fn no_deletes(self) -> Self {
        self.number(0)
    }
}
