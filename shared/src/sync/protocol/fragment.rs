//! Long messages in pieces: over a slow network a whole document takes minutes, and a browser tells of a message
//! only when all of it is there. So that a page can tell a slow connection from a dead one, it is sent piece by piece.

use bytes::Bytes;

use super::{DecodeError, Message};
use crate::domain::limits;

/// A piece of a message. All of its pieces follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Whether the message ends with it.
    pub is_last: bool,
    /// Some of the message's bytes.
    pub bytes: Bytes,
}

/// A message as it is sent to one of our own clients: itself, or its pieces if it is longer than
/// [`limits::PART_BYTES`].
pub fn parts(message: Bytes) -> impl Iterator<Item = Bytes> {
    let is_long = message.len() > limits::PART_BYTES;
    let mut left = Some(message);
    std::iter::from_fn(move || {
        let mut bytes = left.take()?;
        if !is_long {
            return Some(bytes);
        }
        if bytes.len() > limits::PART_BYTES {
            left = Some(bytes.split_off(limits::PART_BYTES));
        }
        Some(Message::Fragment(Fragment { is_last: left.is_none(), bytes }).encode())
    })
}

/// Puts messages together again.
#[derive(Debug, Default)]
pub struct Parts(Vec<u8>);

impl Parts {
    /// Takes a message. Gives it, or the one that ends with it, or nothing yet.
    ///
    /// # Errors
    /// [`DecodeError`] when the pieces are no message, are in pieces themselves, or are more than a document may have.
    pub fn take(&mut self, message: Message) -> Result<Option<Message>, DecodeError> {
        let Message::Fragment(part) = message else { return Ok(Some(message)) };
        if self.0.len() + part.bytes.len() > limits::DOCUMENT_BYTES + limits::READ_BYTES {
            return Err(DecodeError::Malformed);
        }
        self.0.extend_from_slice(&part.bytes);
        if !part.is_last {
            return Ok(None);
        }
        match Message::decode(std::mem::take(&mut self.0).into())? {
            Message::Fragment(_) => Err(DecodeError::Malformed),
            whole => Ok(Some(whole)),
        }
    }

    /// Forgets what is not whole: the connection that it came over has ended.
    pub fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_comes_in_pieces_and_is_the_same_again() {
        for length in [0, 100, limits::PART_BYTES, 3 * limits::PART_BYTES + 5] {
            let message = Message::Step2(vec![7; length].into());
            let mut together = Parts::default();
            let mut whole = Vec::new();
            for part in parts(message.encode()) {
                assert!(part.len() <= limits::PART_BYTES + limits::ENVELOPE_BYTES);
                whole.extend(together.take(Message::decode(part).expect("ours")).expect("ours"));
            }
            assert_eq!(whole, [message]);
        }
    }

    #[test]
    fn pieces_that_make_no_message_are_none() {
        let part = |is_last, bytes: Bytes| Message::Fragment(Fragment { is_last, bytes });
        let mut together = Parts::default();
        assert_eq!(together.take(part(false, Bytes::from_static(&[102]))), Ok(None));
        assert_eq!(together.take(part(true, Bytes::new())), Err(DecodeError::Truncated));
        let nested = part(true, Message::Compare.encode()).encode();
        assert_eq!(together.take(part(true, nested)), Err(DecodeError::Malformed));
    }
}
