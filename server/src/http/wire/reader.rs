//! Bytes of a WebSocket in, what they say out (RFC 6455, the server's side, no extensions). Pure: it is fed
//! whatever a read brought, and keeps only what is incomplete.
//!
//! It doesn't know sockets, rooms, or what is in a message.

use std::io::Cursor;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// Bytes of a control frame's payload, at most (RFC 6455, 5.5).
const CONTROL_BYTES: u64 = 125;

/// Something that the other side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// A whole binary message.
    Message(Bytes),
    /// To be answered with a pong of the same payload.
    Ping(Bytes),
    Pong,
    /// The last thing it says, with its code if it gave one. To be answered with the same.
    Close(Option<u16>),
}

/// What it must not say. Nothing that follows is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Offence {
    #[error("not the WebSocket protocol: {0}")]
    Protocol(&'static str),
    #[error("a text message")]
    Text,
    #[error("a message over the limit")]
    TooLarge,
    #[error("most of what is unfinished in this process")]
    Crowded,
}

/// What is incomplete of what one connection says. An idle one keeps nothing.
#[derive(Debug)]
pub(super) struct Reader {
    /// Bytes of the largest message.
    limit: usize,
    /// The beginning of a frame, as it came.
    frame: Vec<u8>,
    /// The payloads of a message's first fragments.
    message: Option<Vec<u8>>,
    /// After an offence or a close, all that comes is ignored.
    deaf: bool,
}

/// A frame's header, judged.
struct Header {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// Bytes of the header itself.
    size: usize,
    /// Bytes of the whole frame.
    end: usize,
}

impl Reader {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, frame: Vec::new(), message: None, deaf: false }
    }

    /// Takes what was read, which it overwrites, and adds what it says to `heard`.
    ///
    /// # Errors
    /// [`Offence`], after what was said before it.
    pub(super) fn take(&mut self, mut bytes: &mut [u8], heard: &mut Vec<Heard>) -> Result<(), Offence> {
        while !bytes.is_empty() && !self.deaf {
            let taken = self.step(bytes, heard).inspect_err(|_| self.deafen())?;
            bytes = &mut bytes[taken..];
        }
        Ok(())
    }

    /// Takes one frame, or what there is of it; says how many bytes that was.
    fn step(&mut self, bytes: &mut [u8], heard: &mut Vec<Heard>) -> Result<usize, Offence> {
        if self.frame.is_empty()
            && let Some(header) = self.header(bytes)?
            && header.end <= bytes.len()
        {
            heard.extend(self.frame(&header, &mut bytes[header.size..header.end])?);
            return Ok(header.end);
        }
        let mut taken = 0;
        let header = loop {
            if let Some(header) = self.header(&self.frame)? {
                break header;
            }
            let Some(byte) = bytes.get(taken) else { return Ok(taken) };
            self.frame.push(*byte);
            taken += 1;
        };
        let rest = &bytes[taken..];
        let rest = &rest[..rest.len().min(header.end - self.frame.len())];
        taken += rest.len();
        self.keep(rest, header.end);
        if self.frame.len() == header.end {
            let mut frame = std::mem::take(&mut self.frame);
            heard.extend(self.frame(&header, &mut frame[header.size..])?);
        }
        Ok(taken)
    }

    /// Keeps a part of a frame. Space is taken as bytes come, never because a header declared them, and at
    /// the end there is no more of it than the frame has bytes.
    fn keep(&mut self, bytes: &[u8], end: usize) {
        let needed = self.frame.len() + bytes.len();
        if needed > self.frame.capacity() {
            let capacity = needed.max(2 * self.frame.capacity()).min(end);
            self.frame.reserve_exact(capacity - self.frame.len());
        }
        self.frame.extend_from_slice(bytes);
    }

    /// The header that the bytes begin with, once it is there.
    fn header(&self, bytes: &[u8]) -> Result<Option<Header>, Offence> {
        let mut cursor = Cursor::new(bytes);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Offence::Protocol("an unknown opcode"))?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let FrameHeader { is_final, rsv1, rsv2, rsv3, opcode, mask } = header;
        if rsv1 || rsv2 || rsv3 {
            return Err(Offence::Protocol("an extension that wasn't agreed on"));
        }
        let mask = mask.ok_or(Offence::Protocol("a frame without a mask"))?;
        let fragments = match (opcode, &self.message) {
            (OpCode::Control(_), _) if !is_final || length > CONTROL_BYTES => {
                return Err(Offence::Protocol("a control frame that is too long or in fragments"));
            }
            (OpCode::Control(_), _) | (OpCode::Data(Data::Binary), None) => 0,
            (OpCode::Data(Data::Continue), Some(message)) => message.len(),
            (OpCode::Data(_), Some(_)) => return Err(Offence::Protocol("a message within another")),
            (OpCode::Data(Data::Text), None) => return Err(Offence::Text),
            (OpCode::Data(_), None) => return Err(Offence::Protocol("a fragment of nothing")),
        };
        let length = usize::try_from(length).map_err(|_| Offence::TooLarge)?;
        if length > self.limit - fragments {
            return Err(Offence::TooLarge);
        }
        let size = usize::try_from(cursor.position()).expect("a header has 14 bytes at most");
        Ok(Some(Header { opcode, is_final, mask, size, end: size + length }))
    }

    /// What a whole frame says, if it says something already.
    fn frame(&mut self, header: &Header, payload: &mut [u8]) -> Result<Option<Heard>, Offence> {
        unmask(payload, header.mask);
        let heard = match header.opcode {
            OpCode::Control(Control::Ping) => Heard::Ping(Bytes::copy_from_slice(payload)),
            OpCode::Control(Control::Pong) => Heard::Pong,
            OpCode::Control(_) => {
                let code = close_code(payload)?;
                self.deafen();
                Heard::Close(code)
            }
            OpCode::Data(_) if header.is_final => match self.message.take() {
                None => Heard::Message(Bytes::copy_from_slice(payload)),
                Some(mut message) => {
                    message.extend_from_slice(payload);
                    Heard::Message(message.into_boxed_slice().into())
                }
            },
            OpCode::Data(_) => {
                self.message.get_or_insert_default().extend_from_slice(payload);
                return Ok(None);
            }
        };
        Ok(Some(heard))
    }

    /// Bytes of space that is taken by what is incomplete.
    pub(super) fn kept(&self) -> usize {
        self.frame.capacity() + self.message.as_ref().map_or(0, Vec::capacity)
    }

    /// Forgets what is incomplete, and understands nothing any more.
    pub(super) fn deafen(&mut self) {
        *self = Self { deaf: true, ..Self::new(self.limit) };
    }
}

/// The code of a close frame, if it has one (RFC 6455, 5.5.1 and 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Offence> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Offence::Protocol("half a close code")) };
    };
    let code = u16::from_be_bytes(*code);
    if !CloseCode::from(code).is_allowed() {
        return Err(Offence::Protocol("a close code that nobody may send"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Offence::Protocol("a close reason that is no text"));
    }
    Ok(Some(code))
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 200_000;
    const BINARY: u8 = 0x82;
    const BEGIN: u8 = 0x02;
    const MORE: u8 = 0x00;
    const END: u8 = 0x80;
    const PING: u8 = 0x89;
    const PONG: u8 = 0x8A;
    const CLOSE: u8 = 0x88;

    /// A masked frame, as a client writes it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x37, 0xFA, 0x21, 0x3D];
        let length = payload.len();
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    fn sample(length: usize) -> Vec<u8> {
        (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    fn message(payload: &[u8]) -> Heard {
        Heard::Message(Bytes::copy_from_slice(payload))
    }

    /// What a reader makes of these pieces.
    fn hear<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Heard>, Result<(), Offence>) {
        let (mut reader, mut heard) = (Reader::new(LIMIT), Vec::new());
        for piece in pieces {
            let taken = reader.take(&mut piece.to_vec(), &mut heard);
            if taken.is_err() {
                return (heard, taken);
            }
        }
        (heard, Ok(()))
    }

    fn offence(bytes: &[u8]) -> Offence {
        let whole = hear([bytes]);
        assert_eq!(whole, hear(bytes.chunks(1)), "in one piece and byte by byte");
        assert_eq!(whole.0, [], "nothing was said before");
        whole.1.unwrap_err()
    }

    #[test]
    fn every_cut_gives_the_same() {
        let parts = [
            frame(BINARY, b""),
            frame(PING, b"are you there"),
            frame(BEGIN, &sample(130)),
            frame(PONG, b""),
            frame(MORE, &sample(3)),
            frame(PING, b""),
            frame(END, b"end"),
            frame(BINARY, &sample(300)),
            frame(CLOSE, b"\x03\xE8bye"),
        ];
        let said = parts.concat();
        let fragments = [&sample(130)[..], &sample(3), b"end"].concat();
        let expected = vec![
            message(b""),
            Heard::Ping(Bytes::from_static(b"are you there")),
            Heard::Pong,
            Heard::Ping(Bytes::new()),
            message(&fragments),
            message(&sample(300)),
            Heard::Close(Some(1000)),
        ];
        assert_eq!(hear([&said[..]]), (expected.clone(), Ok(())));
        assert_eq!(hear(said.chunks(1)), (expected.clone(), Ok(())));
        for first in 1..said.len() {
            let (one, two) = said.split_at(first);
            assert_eq!(hear([one, two]), (expected.clone(), Ok(())), "cut at {first}");
            assert_eq!(hear(said.chunks(first)), (expected.clone(), Ok(())), "pieces of {first}");
        }
    }

    #[test]
    fn every_length_is_read_and_takes_no_more_space_than_it_needs() {
        for length in [0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536, LIMIT] {
            let said = frame(BINARY, &sample(length));
            for piece in [1, 1000, 65_536, said.len()] {
                let (mut reader, mut heard) = (Reader::new(LIMIT), Vec::new());
                for bytes in said.chunks(piece) {
                    reader.take(&mut bytes.to_vec(), &mut heard).unwrap();
                    assert!(reader.frame.capacity() <= said.len().max(16));
                }
                assert_eq!(heard, [message(&sample(length))], "{length} bytes in pieces of {piece}");
                assert_eq!((reader.frame.capacity(), reader.message), (0, None), "nothing is kept");
            }
        }
    }

    #[test]
    fn a_declared_length_takes_no_space() {
        let said = frame(BINARY, &sample(LIMIT));
        let mut reader = Reader::new(LIMIT);
        reader.take(&mut said[..20].to_vec(), &mut Vec::new()).unwrap();
        assert!(reader.frame.capacity() < 100);
    }

    #[test]
    fn over_the_limit_is_an_offence_before_it_has_come() {
        let said = frame(BINARY, &sample(LIMIT + 1));
        assert_eq!(offence(&said[..14]), Offence::TooLarge);
        let endless = [BINARY, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
        assert_eq!(offence(&endless), Offence::TooLarge);
        let fragments = [frame(BEGIN, &sample(LIMIT - 1)), frame(MORE, &sample(2))].concat();
        assert_eq!(hear([&fragments[..]]), (vec![], Err(Offence::TooLarge)));
    }

    #[test]
    fn what_breaks_the_protocol_is_an_offence() {
        let unmasked = [BINARY, 1, b'x'];
        let broken = [
            &unmasked[..],
            &frame(BINARY | 0x40, b"x"),
            &frame(BINARY | 0x20, b"x"),
            &frame(BINARY | 0x10, b"x"),
            &frame(0x83, b"x"),
            &frame(0x8B, b"x"),
            &frame(END, b"x"),
            &frame(MORE, b"x"),
            &[frame(BEGIN, b"x"), frame(BINARY, b"x")].concat(),
            &[frame(BEGIN, b"x"), frame(0x81, b"x")].concat(),
            &frame(0x09, b"a ping in fragments"),
            &frame(PING, &sample(126)),
            &frame(CLOSE, b"\x03"),
            &frame(CLOSE, &1005_u16.to_be_bytes()),
            &frame(CLOSE, &999_u16.to_be_bytes()),
            &frame(CLOSE, b"\x03\xE8\xFF"),
        ];
        for bytes in broken {
            assert!(matches!(offence(bytes), Offence::Protocol(_)), "{bytes:?}");
        }
        assert_eq!(offence(&frame(0x81, b"text")), Offence::Text);
        assert_eq!(offence(&frame(0x01, b"text in fragments")), Offence::Text);
    }

    #[test]
    fn what_was_said_before_an_offence_counts_and_what_comes_after_does_not() {
        let (mut reader, mut heard) = (Reader::new(LIMIT), Vec::new());
        let mut said = [frame(BINARY, b"one"), frame(0xFF, b"")].concat();
        assert!(reader.take(&mut said, &mut heard).is_err());
        assert_eq!(reader.take(&mut frame(BINARY, b"two"), &mut heard), Ok(()));
        assert_eq!(heard, [message(b"one")]);
    }

    #[test]
    fn an_empty_frame_is_heard_with_its_last_byte() {
        let said = frame(PING, b"");
        for cut in 1..said.len() {
            let (one, two) = said.split_at(cut);
            assert_eq!(hear([one, two]).0, [Heard::Ping(Bytes::new())], "cut at {cut}");
        }
    }

    #[test]
    fn nothing_follows_a_close() {
        let said = [frame(CLOSE, b""), frame(BINARY, b"one"), vec![0xFF]].concat();
        assert_eq!(hear([&said[..]]), (vec![Heard::Close(None)], Ok(())));
    }
}
