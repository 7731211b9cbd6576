//! The bytes of a presence message, as y-protocols' `awareness.js` writes them: how many clients, and
//! for each its id, a clock that grows with each change, and its state as JSON. `null` means gone.

use bytes::Bytes;

use super::DecodeError;
use crate::lib0::{Reader, Writer};

/// One client's presence at one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceEntry {
    /// The client's id.
    pub client: u64,
    /// Grows with each change of this client's.
    pub clock: u64,
    /// JSON; `null` when the client is gone.
    pub state: String,
}

/// The body of a [`super::Message::Presence`].
#[must_use]
pub fn encode_presence(entries: &[PresenceEntry]) -> Bytes {
    let mut w = Writer::default();
    w.number(entries.len() as u64);
    for entry in entries {
        w.number(entry.client).number(entry.clock).bytes(entry.state.as_bytes());
    }
    w.finish()
}

/// Reads one. What came from a client goes through [`crate::scan::presence`] instead.
///
/// # Errors
/// [`DecodeError`] when the bytes are not exactly such a body.
pub fn decode_presence(bytes: &[u8]) -> Result<Vec<PresenceEntry>, DecodeError> {
    let mut r = Reader::new(bytes);
    let entries = (0..r.count(3)?)
        .map(|_| {
            let (client, clock, state) = (r.number()?, r.number()?, r.string()?);
            Ok(PresenceEntry { client, clock, state: state.to_owned() })
        })
        .collect::<Result<_, DecodeError>>()?;
    r.end()?;
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_survives_its_bytes() {
        let entries = vec![
            PresenceEntry { client: 1, clock: 2, state: r#"{"user":{"name":"Åsa"}}"#.into() },
            PresenceEntry { client: (1 << 53) - 1, clock: 0, state: "null".into() },
        ];
        assert_eq!(decode_presence(&encode_presence(&entries)), Ok(entries));
        assert_eq!(decode_presence(&encode_presence(&[])), Ok(vec![]));
    }

    #[test]
    fn a_huge_declared_count_allocates_nothing() {
        let bytes = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1];
        assert_eq!(decode_presence(&bytes), Err(DecodeError::Truncated));
    }
}
