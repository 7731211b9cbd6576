//! The bytes of a presence message, as y-protocols' awareness.js writes them: how many clients, and
//! for each its id, a clock that grows with each change, and its state as JSON. `null` means gone.

use bytes::Bytes;

use super::DecodeError;
use crate::document::scan::ScanError::{self, Malformed};
use crate::document::scan::value::json;
use crate::domain::limits;
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

/// Reads one. What came from a client goes through [`scan_presence`] instead.
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

/// Scans the body of a presence message, and gives the entries that may be shown to others. An entry whose
/// state is over [`limits::PRESENCE_BYTES`], no JSON or nested too deep, or after whose clock no greater one could
/// be told, is left out: it is ignored, not punished, since stock clients pass on what others say.
///
/// # Errors
/// [`ScanError::Malformed`] when it is no such body, or has more than [`limits::PRESENCE_ENTRIES`].
pub fn scan_presence(bytes: &[u8]) -> Result<Vec<PresenceEntry>, ScanError> {
    let mut r = Reader::new(bytes);
    let count = r.count(3)?;
    if count > limits::PRESENCE_ENTRIES {
        return Err(Malformed("too many presences"));
    }
    let mut entries = Vec::new();
    for _ in 0..count {
        let (client, clock, state) = (r.number()?, r.number()?, r.string()?);
        // The client's next clock is one more, and npm's lib0 throws at a larger number. Who passes such a clock on
        // was told it by another.
        let is_counted = clock + 1 < limits::NUMBER_END;
        if is_counted && state.len() <= limits::PRESENCE_BYTES && json(state).is_ok() {
            entries.push(PresenceEntry { client, clock, state: state.to_owned() });
        }
    }
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
