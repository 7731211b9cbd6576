//! The protocols: y-websocket's, and what two of the servers make of it.
//!
//! Samsyn's own dialect (`shared/PROTOCOL.md`) numbers the writes and says when they are on disk;
//! Hocuspocus writes the document's name before every message and wants to be shown a token first.
//! The bytes are made here anew rather than by Samsyn's own crate, because the bench stands outside.

use crate::update;
use crate::varint::{Reader, put_bytes, put_uint};

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// y-websocket's, as it is.
    Stock,
    /// The same with the messages of the WebSocket subprotocol `samsyn.v1`.
    Samsyn,
    /// The same with the document's name before each message.
    Hocuspocus,
    /// Updates in y-websocket's form, and nothing else: no handshake, nobody's presence.
    Floor,
}

/// The subprotocol that Samsyn's own clients offer.
pub(crate) const SUBPROTOCOL: &str = "samsyn.v1";

/// What a message of a server was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The server lets us in; only Hocuspocus says so.
    Admitted,
    /// The server asks what it lacks.
    Asked,
    /// The document, as an answer to our own asking.
    Document,
    /// An update, or several of them.
    Update,
    /// All writes up to this number are on disk.
    Saved(u64),
    /// Something was not taken.
    Refused,
    /// Presence and whatever else carries no text.
    Other,
}

/// One connection's manner of speaking.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    dialect: Dialect,
    prefix: Vec<u8>,
}

impl Speaker {
    /// `document` is the name that Hocuspocus knows the document by.
    #[must_use]
    pub(crate) fn new(dialect: Dialect, document: &str) -> Speaker {
        let mut prefix = Vec::new();
        if dialect == Dialect::Hocuspocus {
            put_bytes(&mut prefix, document.as_bytes());
        }
        Speaker { dialect, prefix }
    }

    /// The dialect.
    #[must_use]
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What has to be said and answered before all else.
    #[must_use]
    pub(crate) fn credentials(&self) -> Option<Vec<u8>> {
        (self.dialect == Dialect::Hocuspocus).then(|| {
            let mut message = self.start(&[2, 0]);
            put_bytes(&mut message, b"token");
            message
        })
    }

    /// "This is what I have": a state vector.
    #[must_use]
    pub(crate) fn ask(&self, vector: &[u8]) -> Vec<u8> {
        let mut message = self.start(&[0, 0]);
        put_bytes(&mut message, vector);
        message
    }

    /// Who is here: the name of participant `number`, for the `clock`th time.
    #[must_use]
    pub(crate) fn presence(&self, client: u64, clock: u64, number: usize) -> Vec<u8> {
        let state = format!(
            r##"{{"user":{{"name":"Deltagare {number}","color":"#1d6fa5","organisation":"Region {}"}}}}"##,
            number % 37
        );
        let mut entries = Vec::new();
        put_uint(&mut entries, 1);
        put_uint(&mut entries, client);
        put_uint(&mut entries, clock);
        put_bytes(&mut entries, state.as_bytes());
        let mut message = self.start(&[1]);
        put_bytes(&mut message, &entries);
        message
    }

    /// An update that was just made; `number` counts this connection's writes from 1.
    #[must_use]
    pub(crate) fn write(&self, number: u64, update: &[u8]) -> Vec<u8> {
        self.numbered(number, update, 2)
    }

    /// The answer to a server that asks: what it lacks.
    #[must_use]
    pub(crate) fn answer(&self, number: u64, update: Option<&[u8]>) -> Vec<u8> {
        self.numbered(number, update.unwrap_or(update::NOTHING), 1)
    }

    fn numbered(&self, number: u64, update: &[u8], step: u8) -> Vec<u8> {
        let mut message = match self.dialect {
            Dialect::Samsyn => {
                let mut message = self.start(&[101]);
                put_uint(&mut message, number);
                message
            }
            Dialect::Stock | Dialect::Hocuspocus | Dialect::Floor => self.start(&[0, step]),
        };
        put_bytes(&mut message, update);
        message
    }

    fn start(&self, types: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(self.prefix.len() + 96);
        message.extend_from_slice(&self.prefix);
        message.extend_from_slice(types);
        message
    }

    /// A piece of a longer message: whether that ends with it, and its bytes.
    #[must_use]
    pub(crate) fn part<'a>(&self, message: &'a [u8]) -> Option<(bool, &'a [u8])> {
        let mut reader = Reader::new(message);
        let is_part = self.dialect == Dialect::Samsyn && reader.uint()? == 108;
        is_part.then(|| Some((reader.uint()? == 1, reader.bytes()?))).flatten()
    }

    /// What a message is. `None` when it is not of the protocol.
    #[must_use]
    pub(crate) fn hear(&self, message: &[u8]) -> Option<Heard> {
        if self.dialect == Dialect::Floor {
            return Some(Heard::Update);
        }
        let mut reader = Reader::new(message);
        if self.dialect == Dialect::Hocuspocus {
            reader.bytes()?;
        }
        Some(match (reader.uint()?, self.dialect) {
            (0, _) | (4, Dialect::Hocuspocus) => match reader.uint()? {
                0 => Heard::Asked,
                1 => Heard::Document,
                2 => Heard::Update,
                _ => return None,
            },
            (2, Dialect::Hocuspocus) if reader.uint()? == 2 => Heard::Admitted,
            (2, _) => Heard::Refused,
            (102, Dialect::Samsyn) => Heard::Saved(reader.uint()?),
            (103, Dialect::Samsyn) => Heard::Refused,
            _ => Heard::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_wraps_the_same_update_its_own_way() {
        let written = |dialect| Speaker::new(dialect, "ab").write(7, &[9, 9]);
        assert_eq!(written(Dialect::Stock), [0, 2, 2, 9, 9]);
        assert_eq!(written(Dialect::Floor), [0, 2, 2, 9, 9]);
        assert_eq!(written(Dialect::Samsyn), [101, 7, 2, 9, 9]);
        assert_eq!(written(Dialect::Hocuspocus), [2, b'a', b'b', 0, 2, 2, 9, 9]);
    }

    #[test]
    fn each_dialect_is_understood() {
        let samsyn = Speaker::new(Dialect::Samsyn, "ab");
        assert_eq!(samsyn.hear(&[102, 5]), Some(Heard::Saved(5)));
        assert_eq!(samsyn.hear(&[0, 0, 1, 0]), Some(Heard::Asked));
        assert_eq!(samsyn.hear(&[0, 1, 2, 0, 0]), Some(Heard::Document));
        assert_eq!(samsyn.hear(&[100, 1, 2, 1, 1, 9]), Some(Heard::Other));
        assert_eq!(samsyn.part(&[108, 1, 2, 7, 8]), Some((true, &[7, 8][..])));
        assert_eq!(samsyn.part(&[102, 5]), None);
        let hocuspocus = Speaker::new(Dialect::Hocuspocus, "ab");
        assert_eq!(hocuspocus.hear(&[2, b'a', b'b', 2, 2]), Some(Heard::Admitted));
        assert_eq!(hocuspocus.hear(&[2, b'a', b'b', 4, 0, 1, 0]), Some(Heard::Asked));
        assert_eq!(hocuspocus.hear(&[2, b'a']), None);
        assert_eq!(Speaker::new(Dialect::Stock, "").hear(&[2, 0, 1, b'x']), Some(Heard::Refused));
    }
}
