//! Values inside an update or a presence: JSON as text, and lib0's own encoding of the same. It knows how
//! deep they may be, not what they mean.

use super::ScanError::{self, Malformed, TooDeep};
use crate::domain::limits;
use crate::lib0::Reader;

/// JSON, of a depth that its readers survive.
pub(crate) fn json(text: &str) -> Result<(), ScanError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits::VALUE_DEPTH {
            return Err(TooDeep);
        }
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Malformed("no JSON")),
    }
}

/// One value in lib0's encoding, however deep, without recursion. `spend` is told of each value in it.
pub(super) fn any(
    r: &mut Reader<'_>,
    mut spend: impl FnMut() -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    // For each open array or object: how many members are left, and whether they have keys.
    let mut open: Vec<(u64, bool)> = Vec::new();
    loop {
        spend()?;
        match r.byte()? {
            // undefined, null, false, true
            127 | 126 | 121 | 120 => {}
            125 => r.signed()?,
            124 => r.take(4).map(drop)?,
            123 | 122 => r.take(8).map(drop)?,
            119 => r.string().map(drop)?,
            118 => open.push((r.count(2)?, true)),
            117 => open.push((r.count(1)?, false)),
            116 => r.bytes().map(drop)?,
            _ => return Err(Malformed("an unknown value")),
        }
        if open.len() > limits::VALUE_DEPTH {
            return Err(TooDeep);
        }
        loop {
            match open.last_mut() {
                None => return Ok(()),
                Some((0, _)) => {
                    open.pop();
                }
                Some((left, keyed)) => {
                    *left -= 1;
                    if *keyed {
                        r.string()?;
                    }
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts_only() {
        assert_eq!(json(&format!("\"{}\\\"{}\"", "[".repeat(99), "{".repeat(99))), Ok(()));
        assert_eq!(json(&format!("{}{}", "[".repeat(64), "]".repeat(64))), Ok(()));
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        assert_eq!(json(&deep), Err(TooDeep));
        assert_eq!(json(&"[".repeat(100_000)), Err(TooDeep));
        for bad in ["", "{", "[1", "nul", "{\"a\"}", "1 2", "\"", "undefined"] {
            assert_eq!(json(bad), Err(Malformed("no JSON")), "{bad}");
        }
    }

    #[test]
    fn each_value_is_told_of() {
        let mut values = 0;
        let bytes = [118, 2, 1, b'a', 117, 2, 126, 120, 1, b'b', 119, 1, b'x'];
        let mut r = Reader::new(&bytes);
        any(&mut r, || {
            values += 1;
            Ok(())
        })
        .unwrap();
        r.end().unwrap();
        assert_eq!(values, 5);
    }
}
