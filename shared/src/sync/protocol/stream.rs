//! The protocol over HTTP: the names that both sides use, and how several messages become one body. What
//! carries them, and what is in a message, is known elsewhere.

use bytes::Bytes;

use super::DecodeError;
use crate::lib0::{Reader, Writer};

/// The event that a stream begins with: its data is the secret that the client's requests must show.
pub const CONNECTION_EVENT: &str = "connection";

/// The event that a stream ends with: the last line of its data is a closing code and its reason.
pub const CLOSE_EVENT: &str = "close";

/// The header that shows the secret of the stream that a request belongs to.
pub const CONNECTION_HEADER: &str = "samsyn-connection";

/// The header with a request's number, counted from 1 for each stream.
pub const NUMBER_HEADER: &str = "samsyn-number";

/// Messages as one body: each with its length before it.
#[must_use]
pub fn pack<'a>(messages: impl IntoIterator<Item = &'a Bytes>) -> Bytes {
    let mut w = Writer::default();
    for message in messages {
        w.bytes(message);
    }
    w.finish()
}

/// The messages of a body, one by one, and an error in place of what is none. A body may hold very many.
pub fn unpack(body: &[u8]) -> impl Iterator<Item = Result<Bytes, DecodeError>> {
    let mut rest = Some(Reader::new(body));
    std::iter::from_fn(move || {
        let reader = rest.as_mut().filter(|reader| reader.end().is_err())?;
        let message = reader.bytes().map(Bytes::copy_from_slice);
        if message.is_err() {
            rest = None;
        }
        Some(message.map_err(DecodeError::from))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way_in_one_body() {
        let messages: Vec<_> = [0, 1, 127, 128, 70_000].map(|length| Bytes::from(vec![7; length])).into();
        assert_eq!(unpack(&pack(&messages)).collect::<Result<Vec<_>, _>>(), Ok(messages));
        assert_eq!(unpack(&[]).count(), 0);
    }

    #[test]
    fn what_is_cut_short_ends_in_an_error() {
        let body = pack(&[Bytes::from_static(b"one"), Bytes::from_static(b"two")]);
        let heard: Vec<_> = unpack(&body[..body.len() - 1]).collect();
        assert_eq!(heard, [Ok(Bytes::from_static(b"one")), Err(DecodeError::Truncated)]);
        assert_eq!(unpack(&[0xFF; 9]).collect::<Vec<_>>(), [Err(DecodeError::Malformed)]);
    }
}
