//! The sync protocol's messages and their bytes. What a message causes is a session's or a room's to
//! decide.
//!
#![doc = include_str!("../../PROTOCOL.md")]

mod awareness;
mod close;
mod fragment;
mod room_health;
pub mod stream;

use bytes::Bytes;

pub use awareness::{PresenceEntry, decode_presence, encode_presence, scan_presence};
pub use close::CloseCode;
pub use fragment::{Fragment, Parts, parts};
pub use room_health::{DiskHealth, RoomHealth};

use crate::document::fingerprint::Fingerprint;
use crate::lib0::{ReadError, Reader, Writer};
use crate::{Epoch, Role, WriteNumber};

/// The WebSocket subprotocol that a client offers to get the project's own messages.
pub const SUBPROTOCOL: &str = "samsyn.v1";

/// The version of the project's own messages.
pub const VERSION: u64 = 1;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// 0 0: "this is what I have", a state vector; the answer is [`Message::Step2`].
    Step1(Bytes),
    /// 0 1: the update with what the other lacked.
    Step2(Bytes),
    /// 0 2: a change.
    Update(Bytes),
    /// 1: presence, as [`decode_presence`] reads it.
    Presence(Bytes),
    /// 2: something was denied; from the server only.
    Denied(String),
    /// 3: "who is here?"
    QueryPresence,
    /// 100: the server's first message.
    Hello(Hello),
    /// 101: an update with the sender's number, from one of our clients; a step 2 too.
    Write(WriteNumber, Bytes),
    /// 102: all that the room held once the write of this number was handled is on disk.
    Saved(WriteNumber),
    /// 103: the write of this number was not taken, and why (one of [`refusal`]'s codes).
    Refused(WriteNumber, String),
    /// 104: the connection's role from now on.
    RoleChanged(Role),
    /// 105: how the room is doing.
    RoomHealth(RoomHealth),
    /// 106: "what do you hold?"; from one of our clients.
    Compare,
    /// 107: what the room holds once all is handled that came before the question.
    Held(Fingerprint),
    /// 108: a piece of a message that is too long to arrive in one go; see [`parts`].
    Fragment(Fragment),
}

/// What a client of ours must know before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The Document's birth mark.
    pub epoch: Epoch,
    /// What this connection may do.
    pub role: Role,
    /// The server's [`VERSION`].
    pub protocol: u64,
    /// The server's [`crate::domain::schema::VERSION`].
    pub schema: u64,
    /// Bytes of the largest update that the server takes in one message.
    pub message_bytes: u64,
    /// Bytes of the largest document, as one update.
    pub document_bytes: u64,
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a message.
    #[error("truncated message")]
    Truncated,
    /// Bytes follow the message.
    #[error("bytes after the end of the message")]
    Trailing,
    /// A message type that nobody knows.
    #[error("unknown message type {0}")]
    UnknownType(u64),
    /// A number of 2^53 or more, a text that is not UTF-8, a role or a health of the disk that does not exist.
    #[error("malformed value")]
    Malformed,
}

impl From<ReadError> for DecodeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Truncated => Self::Truncated,
            ReadError::Trailing => Self::Trailing,
            ReadError::TooLarge | ReadError::NotUtf8 => Self::Malformed,
        }
    }
}

/// Codes of [`Message::Refused`].
pub mod refusal {
    /// The role may not write here.
    pub const ROLE: &str = "role";
    /// The update does not apply.
    pub const INVALID: &str = "invalid";
    /// The update is over [`crate::domain::limits::MESSAGE_BYTES`].
    pub const TOO_LARGE: &str = "too-large";
    /// The document would grow over [`crate::domain::limits::DOCUMENT_BYTES`].
    pub const DOCUMENT_FULL: &str = "document-full";
}

impl Message {
    /// The message's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut w = Writer::default();
        match self {
            Self::Step1(vector) => w.number(0).number(0).bytes(vector),
            Self::Step2(update) => w.number(0).number(1).bytes(update),
            Self::Update(update) => w.number(0).number(2).bytes(update),
            Self::Presence(presence) => w.number(1).bytes(presence),
            Self::Denied(reason) => w.number(2).number(0).bytes(reason.as_bytes()),
            Self::QueryPresence => w.number(3),
            Self::Hello(hello) => w
                .number(100)
                .number(hello.epoch.0)
                .number(hello.role.to_byte().into())
                .number(hello.protocol)
                .number(hello.schema)
                .number(hello.message_bytes)
                .number(hello.document_bytes),
            Self::Write(n, update) => w.number(101).number(n.0).bytes(update),
            Self::Saved(n) => w.number(102).number(n.0),
            Self::Refused(n, code) => w.number(103).number(n.0).bytes(code.as_bytes()),
            Self::RoleChanged(role) => w.number(104).number(role.to_byte().into()),
            Self::RoomHealth(health) => w
                .number(105)
                .number(health.connected)
                .number(health.in_step)
                .number(health.on_disk_at)
                .number(health.disk.number()),
            Self::Compare => w.number(106),
            Self::Held(held) => w.number(107).bytes(&held.vector).bytes(&held.deleted.to_le_bytes()),
            Self::Fragment(part) => w.number(108).number(part.is_last.into()).bytes(&part.bytes),
        };
        w.finish()
    }

    /// The message that these bytes are. What it holds shares them; nothing of their size is allocated.
    ///
    /// # Errors
    /// [`DecodeError`] when they are not exactly one message.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a frame is given away: the message goes on sharing it"
    )]
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut r = Reader::new(&bytes);
        let shared = |part: &[u8]| bytes.slice_ref(part);
        let message = match r.number()? {
            0 => match r.number()? {
                0 => Self::Step1(shared(r.bytes()?)),
                1 => Self::Step2(shared(r.bytes()?)),
                2 => Self::Update(shared(r.bytes()?)),
                other => return Err(DecodeError::UnknownType(other)),
            },
            1 => Self::Presence(shared(r.bytes()?)),
            2 => match r.number()? {
                0 => Self::Denied(r.string()?.to_owned()),
                other => return Err(DecodeError::UnknownType(other)),
            },
            3 => Self::QueryPresence,
            100 => Self::Hello(Hello {
                epoch: Epoch(r.number()?),
                role: role(&mut r)?,
                protocol: r.number()?,
                schema: r.number()?,
                message_bytes: r.number()?,
                document_bytes: r.number()?,
            }),
            101 => Self::Write(WriteNumber(r.number()?), shared(r.bytes()?)),
            102 => Self::Saved(WriteNumber(r.number()?)),
            103 => Self::Refused(WriteNumber(r.number()?), r.string()?.to_owned()),
            104 => Self::RoleChanged(role(&mut r)?),
            105 => Self::RoomHealth(RoomHealth {
                connected: r.number()?,
                in_step: r.number()?,
                on_disk_at: r.number()?,
                disk: DiskHealth::from_number(r.number()?).ok_or(DecodeError::Malformed)?,
            }),
            106 => Self::Compare,
            107 => Self::Held(Fingerprint {
                vector: shared(r.bytes()?),
                deleted: u64::from_le_bytes(r.bytes()?.try_into().map_err(|_| DecodeError::Malformed)?),
            }),
            108 => Self::Fragment(Fragment { is_last: r.number()? == 1, bytes: shared(r.bytes()?) }),
            other => return Err(DecodeError::UnknownType(other)),
        };
        r.end()?;
        Ok(message)
    }
}

fn role(r: &mut Reader<'_>) -> Result<Role, DecodeError> {
    let byte = u8::try_from(r.number()?).ok();
    byte.and_then(Role::from_byte).ok_or(DecodeError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Message> {
        let b = Bytes::from_static(b"abc");
        let hello = Hello {
            epoch: Epoch((1 << 53) - 1),
            role: Role::Editor,
            protocol: 1,
            schema: 1,
            message_bytes: 8 << 20,
            document_bytes: 32 << 20,
        };
        let health = RoomHealth {
            connected: 37,
            in_step: 36,
            on_disk_at: 1_795_000_000_000,
            disk: DiskHealth::DiskFull,
        };
        vec![
            Message::Step1(b.clone()),
            Message::Step2(b.clone()),
            Message::Update(Bytes::new()),
            Message::Presence(b.clone()),
            Message::Denied("nej".into()),
            Message::QueryPresence,
            Message::Hello(hello),
            Message::Write(WriteNumber(300), b),
            Message::Saved(WriteNumber(1)),
            Message::Refused(WriteNumber(2), refusal::ROLE.into()),
            Message::RoleChanged(Role::Reader),
            Message::RoomHealth(health),
            Message::Compare,
            Message::Held(Fingerprint { vector: Bytes::from_static(b"v"), deleted: u64::MAX - 1 }),
            Message::Fragment(Fragment { is_last: true, bytes: Bytes::from_static(b"abc") }),
            Message::Fragment(Fragment { is_last: false, bytes: Bytes::new() }),
        ]
    }

    #[test]
    fn every_message_survives_its_bytes() {
        for message in all() {
            assert_eq!(Message::decode(message.encode()), Ok(message));
        }
    }

    #[test]
    fn no_message_may_be_truncated_or_trailed() {
        for message in all() {
            let bytes = message.encode();
            for end in 0..bytes.len() {
                assert!(Message::decode(bytes.slice(..end)).is_err(), "{message:?} cut at {end}");
            }
            let trailed = [&bytes[..], b"\0"].concat();
            assert_eq!(Message::decode(trailed.into()), Err(DecodeError::Trailing), "{message:?}");
        }
    }

    /// Made with npm's yjs 13.6.33, y-protocols 1.0.7 and lib0 0.2.120:
    /// ```js
    /// const doc = new Y.Doc(); doc.clientID = 300; doc.getText("t").insert(0, "å");
    /// writeVarUint(e, 0); syncProtocol.writeSyncStep1(e, doc);                       // step 1
    /// writeVarUint(e, 0); syncProtocol.writeSyncStep2(e, doc);                       // step 2
    /// writeVarUint(e, 0); syncProtocol.writeUpdate(e, Y.encodeStateAsUpdate(doc));   // update
    /// writeVarUint(e, 2); authProtocol.writePermissionDenied(e, "nej");              // denied
    /// awareness.setLocalState({ user: { name: "Åsa" } });
    /// writeVarUint(e, 1); writeVarUint8Array(e, encodeAwarenessUpdate(awareness, [300]));
    /// ```
    #[test]
    fn the_bytes_are_those_of_y_protocols() {
        let update = Bytes::from_static(&[1, 1, 172, 2, 0, 4, 1, 1, 116, 2, 195, 165, 0]);
        let entry = PresenceEntry { client: 300, clock: 1, state: r#"{"user":{"name":"Åsa"}}"#.to_owned() };
        for (message, bytes) in [
            (Message::Step1(Bytes::from_static(&[1, 172, 2, 1])), &[0, 0, 4, 1, 172, 2, 1][..]),
            (Message::Step2(update.clone()), &[0, 1, 13, 1, 1, 172, 2, 0, 4, 1, 1, 116, 2, 195, 165, 0]),
            (Message::Update(update), &[0, 2, 13, 1, 1, 172, 2, 0, 4, 1, 1, 116, 2, 195, 165, 0]),
            (Message::Denied("nej".to_owned()), &[2, 0, 3, 110, 101, 106]),
            (
                Message::Presence(encode_presence(&[entry])),
                &[
                    1, 29, 1, 172, 2, 1, 24, 123, 34, 117, 115, 101, 114, 34, 58, 123, 34, 110, 97, 109, 101,
                    34, 58, 34, 195, 133, 115, 97, 34, 125, 125,
                ],
            ),
            (Message::QueryPresence, &[3]),
        ] {
            assert_eq!(message.encode(), bytes, "{message:?}");
            assert_eq!(Message::decode(Bytes::copy_from_slice(bytes)), Ok(message));
        }
    }

    #[test]
    fn hostile_bytes_are_an_error_and_no_panic() {
        for bytes in [
            &[0xFF; 12][..],
            &[0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            &[103, 1, 2, 0xC3, 0x28],
            &[9],
            &[104, 4],
            &[105, 1, 1, 1, 3],
        ] {
            assert!(Message::decode(Bytes::copy_from_slice(bytes)).is_err(), "{bytes:?}");
        }
    }
}
