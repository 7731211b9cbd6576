//! WebSocket frames as a server writes them (RFC 6455, 5.2): a message becomes one when it is sent, once for all who are
//! sent it, so that what waits for a connection is written from where it was made.
//!
//! It doesn't know who is sent what.

use std::io::Cursor;

use bytes::{Buf as _, Bytes};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// A message as it goes over the wire, one whole binary frame. A server's frames aren't masked, so all
/// receivers share it.
///
/// # Panics
/// Never: a vector takes every write.
#[must_use]
pub fn framed(message: &[u8]) -> Bytes {
    frame(OpCode::Data(Data::Binary), message)
}

/// The messages that the room sends as one, out of their frames (see [`framed`]).
pub(crate) fn unframed(mut frames: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let mut cursor = Cursor::new(&frames[..]);
        let (_, length) = FrameHeader::parse(&mut cursor).ok()??;
        let header = usize::try_from(cursor.position()).ok()?;
        frames.advance(header);
        Some(frames.split_to(usize::try_from(length).ok()?))
    })
}

/// Any frame that a server sends.
pub(crate) fn frame(opcode: OpCode, payload: &[u8]) -> Bytes {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    let length = payload.len() as u64;
    let mut frame = Vec::with_capacity(header.len(length) + payload.len());
    header.format(length, &mut frame).expect("a vector takes every write");
    frame.extend_from_slice(payload);
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_as_long_as_the_length_needs() {
        assert_eq!(framed(b"hej")[..], *b"\x82\x03hej");
        for (length, header) in
            [(125, &[0x82, 125][..]), (126, &[0x82, 126, 0, 126]), (65_535, &[0x82, 126, 255, 255])]
        {
            assert_eq!(framed(&vec![7; length])[..header.len()], *header);
        }
        assert_eq!(framed(&vec![7; 65_536])[..10], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
