//! The marks by which an update is known wherever it arrives.
//!
//! A mark is nine ASCII characters of document text, `<WWWCCCC>`: the writer and its counter in
//! hexadecimal. A server may merge updates as it likes: the text of a mark stays in one piece,
//! because nobody writes inside it, and Yjs joins the runs of one writer without anything between.
//! So one pass over a frame's bytes finds every update in it, without decoding any.

/// Bytes, and UTF-16 code units, of one mark.
pub(crate) const LENGTH: usize = 9;

/// The most writers that can be told apart, and the number of the one that wrote what was there
/// from the beginning.
pub(crate) const SEED: u16 = 0xfff;

/// One update's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Who wrote it: 0 to 4094, or [`SEED`].
    pub(crate) writer: u16,
    /// Which of the writer's updates it is, from 0.
    pub(crate) counter: u16,
}

impl Marker {
    /// Its characters.
    #[must_use]
    pub(crate) fn text(self) -> String {
        format!("<{:03x}{:04x}>", self.writer, self.counter)
    }
}

/// Calls `found` for every mark in the bytes, in their order.
pub(crate) fn scan(bytes: &[u8], mut found: impl FnMut(Marker)) {
    let mut at = 0;
    while at + LENGTH <= bytes.len() {
        if bytes[at] == b'<' && bytes[at + LENGTH - 1] == b'>' {
            let digits = &bytes[at + 1..at + LENGTH - 1];
            if let Some(value) = hexadecimal(digits) {
                found(Marker { writer: (value >> 16) as u16, counter: value as u16 });
                at += LENGTH;
                continue;
            }
        }
        at += 1;
    }
}

/// The value of small hexadecimal digits, if they all are.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u32::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Marker> {
        let mut markers = Vec::new();
        scan(bytes, |marker| markers.push(marker));
        markers
    }

    #[test]
    fn marks_are_found_between_and_beside_other_bytes() {
        let first = Marker { writer: 1, counter: 0 };
        let second = Marker { writer: SEED, counter: 0xffff };
        let mut bytes = vec![0, b'<', b'1', 200, b'<'];
        bytes.extend(first.text().into_bytes());
        bytes.extend(second.text().into_bytes());
        bytes.extend([b'>', b'<']);
        bytes.extend(first.text().into_bytes());
        assert_eq!(all(&bytes), [first, second, first]);
    }

    #[test]
    fn what_is_cut_or_almost_a_mark_is_none() {
        assert!(all(b"<0010000").is_empty());
        assert!(all(b"<001000G>").is_empty());
        assert!(all(b"<00100000>").is_empty());
        assert!(all(b"").is_empty());
    }
}
