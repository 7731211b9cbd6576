//! WebSocket framing, a client's side of it, as little as the generator needs.
//!
//! A client must mask what it sends. The mask here is zero: it is as valid as any other, the
//! server does the same work, and the generator does none. Extensions are not offered, so what comes
//! is plain; none of the servers splits a message.

/// What kind of frame it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A binary message, or a text one.
    Message,
    /// The other ends the connection.
    Close,
    /// Is answered with a pong of the same content.
    Ping,
    /// Needs no answer.
    Pong,
}

/// The most bytes of one frame that are taken, 64 MiB.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A frame at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What kind of frame it is.
    pub(crate) kind: Kind,
    /// What it holds.
    pub(crate) payload: &'a [u8],
    /// How many bytes the frame takes in all.
    pub(crate) length: usize,
}

/// What stands at the beginning of the bytes that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    /// A whole frame.
    Frame(Frame<'a>),
    /// More has to come first.
    Incomplete,
    /// Nothing that a server of this bench may send.
    Broken,
}

/// Reads one frame of a server.
#[must_use]
pub(crate) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let [first, second, rest @ ..] = bytes else {
        return Parsed::Incomplete;
    };
    let kind = match first {
        0x81 | 0x82 => Kind::Message,
        0x88 => Kind::Close,
        0x89 => Kind::Ping,
        0x8a => Kind::Pong,
        _ => return Parsed::Broken,
    };
    let (length, head) = match second {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
            None => return Parsed::Incomplete,
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Parsed::Incomplete,
        },
        128.. => return Parsed::Broken,
        length => (u64::from(*length), 2),
    };
    if length > LARGEST {
        return Parsed::Broken;
    }
    match bytes.get(head..head + length as usize) {
        Some(payload) => Parsed::Frame(Frame { kind, payload, length: head + payload.len() }),
        None => Parsed::Incomplete,
    }
}

/// Appends a binary message.
pub(crate) fn put_message(out: &mut Vec<u8>, payload: &[u8]) {
    put(out, 0x82, payload);
}

/// Appends the answer to a ping.
pub(crate) fn put_pong(out: &mut Vec<u8>, payload: &[u8]) {
    put(out, 0x8a, payload);
}

fn put(out: &mut Vec<u8>, first: u8, payload: &[u8]) {
    out.push(first);
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server would send: the same without mask.
    fn served(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_message(&mut out, payload);
        out[1] &= 0x7f;
        let mask = out.len() - payload.len() - 4;
        out.drain(mask..mask + 4);
        out
    }

    #[test]
    fn frames_of_every_size_are_read_once_they_are_whole() {
        for size in [0, 1, 125, 126, 0xffff, 0x10000, 100_000] {
            let payload = vec![7; size];
            let bytes = served(&payload);
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                if cut < bytes.len() {
                    assert_eq!(parse(&bytes[..cut]), Parsed::Incomplete, "{size} cut at {cut}");
                }
            }
            let frame = Frame { kind: Kind::Message, payload: &payload, length: bytes.len() };
            assert_eq!(parse(&bytes), Parsed::Frame(frame));
        }
    }

    #[test]
    fn what_no_server_sends_is_broken() {
        assert_eq!(parse(&[0x02, 0]), Parsed::Broken);
        assert_eq!(parse(&[0x82, 0x81, 0, 0]), Parsed::Broken);
        assert_eq!(parse(&[0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0]), Parsed::Broken);
    }
}
