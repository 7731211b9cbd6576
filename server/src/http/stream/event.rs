//! What a stream of events consists of, as bytes (HTML, 9.2: server-sent events). Pure: it doesn't know who
//! sends it, nor what is in a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use samsyn_shared::Token;
use samsyn_shared::sync::protocol::CloseCode;
use samsyn_shared::sync::protocol::stream::{CLOSE_EVENT, CONNECTION_EVENT};

/// Bytes of a message that become one piece of its event, 48 KiB: 64 KiB of text. What waits in the HTTP server
/// is bounded in pieces. It is divisible by three, so that pieces of base64 are base64 together.
const PIECE: usize = 48 * 1024;
const _: () = assert!(PIECE.is_multiple_of(3));

/// Bytes of nothing before the first event, 2 KiB: some of those in between wait for about as much before they
/// begin to pass an answer on.
const PADDING: usize = 2 * 1024;

/// The first event: the secret of the connection.
pub(super) fn connection(secret: &Token) -> Bytes {
    let padding = " ".repeat(PADDING);
    format!(":{padding}\n\nevent: {CONNECTION_EVENT}\ndata: {}\n\n", secret.reveal()).into()
}

/// A message as an event, piece by piece.
pub(super) fn message(message: Bytes) -> impl Iterator<Item = Bytes> {
    let pieces = message.len().div_ceil(PIECE);
    (0..pieces).map(move |number| {
        let piece = &message[number * PIECE..message.len().min((number + 1) * PIECE)];
        let mut text = String::with_capacity(piece.len() / 3 * 4 + 16);
        if number == 0 {
            text.push_str("data: ");
        }
        STANDARD.encode_string(piece, &mut text);
        if number + 1 == pieces {
            text.push_str("\n\n");
        }
        text.into()
    })
}

/// The last event: why the connection ends. An event that was begun ends up in its data, and not as a message.
pub(super) fn close(code: CloseCode) -> Bytes {
    format!("\nevent: {CLOSE_EVENT}\ndata: {} {}\n\n", code.number(), code.reason()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(length: usize) -> (usize, String) {
        let pieces: Vec<_> = message(vec![7; length].into()).collect();
        (pieces.len(), String::from_utf8(pieces.concat()).unwrap())
    }

    #[test]
    fn a_message_is_one_line_of_base64_however_many_pieces_it_takes() {
        for (length, count) in [(1, 1), (PIECE - 1, 1), (PIECE, 1), (PIECE + 1, 2), (3 * PIECE + 2, 4)] {
            let (pieces, text) = told(length);
            assert_eq!(pieces, count, "{length}");
            let base64 = text.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
            assert_eq!(STANDARD.decode(base64).unwrap(), vec![7; length]);
        }
    }

    #[test]
    fn an_end_in_the_middle_of_a_message_is_an_end_and_no_message() {
        let text = String::from_utf8([&b"data: AAAA"[..], &close(CloseCode::Slow)].concat()).unwrap();
        assert_eq!(text, "data: AAAA\nevent: close\ndata: 4429 slow\n\n");
    }
}
