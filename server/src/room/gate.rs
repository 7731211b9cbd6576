//! The gate before every decode: reads the raw bytes of an update or a state vector without recursion
//! and without trusting a declared count, and says what is in them.
//!
//! It doesn't know a room's document; whether something is missing is [`super::document`]'s to say. yrs
//! must never see what this refuses: some of it aborts the process (deep values), some allocates a
//! gigabyte (declared counts).

use std::collections::HashSet;
use std::ops::Range;

/// Client ids at or over this are refused: JavaScript can't hold them.
const CLIENT_END: u64 = samsyn_shared::limits::CLIENT_ID_END;
/// Clocks at or over this are refused: yrs computes with them as `i32`.
const CLOCK_END: u64 = 1 << 31;
/// How deep a value may be nested.
const DEPTH: usize = 64;

/// What an update brings and needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The blocks in it, in order: client and clocks. What a skip leaves out is not there.
    pub(crate) blocks: Vec<(u64, Range<u32>)>,
    /// What its blocks point at: origins and parents.
    pub(crate) needs: Vec<(u64, u32)>,
    /// What it deletes.
    pub(crate) deletes: Vec<(u64, Range<u32>)>,
}

/// Why bytes may not reach yrs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GateError {
    /// Not an update at all.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// An update with a kind of content that no målbild has.
    #[error("not allowed: {0}")]
    Forbidden(&'static str),
}

use GateError::{Forbidden, Malformed};

/// Scans an update (v1).
pub(crate) fn scan_update(bytes: &[u8]) -> Result<Scan, GateError> {
    let mut r = Reader { bytes };
    let mut scan = Scan::default();
    let mut clients = HashSet::new();
    for _ in 0..r.count(3)? {
        let blocks = r.count(2)?;
        let client = r.client()?;
        if !clients.insert(client) {
            return Err(Malformed("a client twice"));
        }
        let mut clock = r.clock()?;
        for _ in 0..blocks {
            let (length, real) = r.block(&mut scan.needs)?;
            let end = u64::from(clock) + length;
            if end >= CLOCK_END {
                return Err(Malformed("clock too large"));
            }
            let end = u32::try_from(end).expect("below 2^31");
            if real && end > clock {
                match scan.blocks.last_mut() {
                    Some((c, range)) if *c == client && range.end == clock => range.end = end,
                    _ => scan.blocks.push((client, clock..end)),
                }
            }
            clock = end;
        }
    }
    for _ in 0..r.count(2)? {
        let client = r.client()?;
        for _ in 0..r.count(2)? {
            let start = r.clock()?;
            let end = u64::from(start) + r.number()?;
            if end >= CLOCK_END {
                return Err(Malformed("deletion too large"));
            }
            scan.deletes.push((client, start..u32::try_from(end).expect("below 2^31")));
        }
    }
    r.end()?;
    Ok(scan)
}

/// Scans a state vector.
pub(crate) fn scan_vector(bytes: &[u8]) -> Result<(), GateError> {
    let mut r = Reader { bytes };
    for _ in 0..r.count(2)? {
        r.client()?;
        r.clock()?;
    }
    r.end()
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, GateError> {
        let (first, rest) = self.bytes.split_first().ok_or(Malformed("truncated"))?;
        self.bytes = rest;
        Ok(*first)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], GateError> {
        let length = usize::try_from(length).map_err(|_| Malformed("truncated"))?;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Malformed("truncated"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, GateError> {
        let mut number = 0_u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            if shift > 49 {
                return Err(Malformed("number too large"));
            }
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    /// A declared count of things that take at least `least` bytes each.
    fn count(&mut self, least: u64) -> Result<u64, GateError> {
        let count = self.number()?;
        if count > self.bytes.len() as u64 / least {
            Err(Malformed("count beyond the bytes"))
        } else {
            Ok(count)
        }
    }

    fn client(&mut self) -> Result<u64, GateError> {
        let client = self.number()?;
        if client >= CLIENT_END { Err(Malformed("client id too large")) } else { Ok(client) }
    }

    fn clock(&mut self) -> Result<u32, GateError> {
        let clock = self.number()?;
        if clock >= CLOCK_END {
            return Err(Malformed("clock too large"));
        }
        Ok(u32::try_from(clock).expect("below 2^31"))
    }

    fn string(&mut self) -> Result<&'a str, GateError> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Malformed("not UTF-8"))
    }

    /// JSON in a string: parsed once here, since its depth must be bounded and yrs must not choke on it.
    fn json(&mut self) -> Result<(), GateError> {
        let text = self.string()?;
        // What Yjs writes for undefined.
        if text != "undefined" && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
            return Err(Malformed("not JSON"));
        }
        let deepest = text.bytes().scan(0_usize, |depth, byte| {
            match byte {
                b'[' | b'{' => *depth += 1,
                b']' | b'}' => *depth = depth.saturating_sub(1),
                _ => {}
            }
            Some(*depth)
        });
        // Brackets inside strings only make this stricter.
        if deepest.max().unwrap_or(0) > DEPTH { Err(Forbidden("nested too deep")) } else { Ok(()) }
    }

    /// One block: how many clocks it takes, and whether it is more than a hole.
    fn block(&mut self, needs: &mut Vec<(u64, u32)>) -> Result<(u64, bool), GateError> {
        let info = self.byte()?;
        let kind = info & 0b1_1111;
        match info {
            0 => return Ok((self.number()?, true)),
            10 => return Ok((self.number()?, false)),
            // Yjs would read a hole here and yrs an item.
            _ if kind == 0 || kind == 10 => return Err(Malformed("a hole with an origin")),
            _ => {}
        }
        if info & 0x80 != 0 {
            needs.push((self.client()?, self.clock()?));
        }
        if info & 0x40 != 0 {
            needs.push((self.client()?, self.clock()?));
        }
        if info & 0xC0 == 0 {
            if self.number()? == 1 {
                self.string()?;
            } else {
                needs.push((self.client()?, self.clock()?));
            }
            if info & 0x20 != 0 {
                self.string()?;
            }
        }
        let length = match kind {
            1 => self.number()?,
            2 => {
                let count = self.count(1)?;
                for _ in 0..count {
                    self.json()?;
                }
                count
            }
            4 => self.string()?.encode_utf16().count() as u64,
            5 => {
                self.json()?;
                1
            }
            6 => {
                self.string()?;
                self.json()?;
                1
            }
            8 => {
                let count = self.count(1)?;
                for _ in 0..count {
                    self.any()?;
                }
                count
            }
            3 => return Err(Forbidden("binary content")),
            7 => return Err(Forbidden("a nested type")),
            9 => return Err(Forbidden("a subdocument")),
            11 => return Err(Forbidden("a move")),
            _ => return Err(Malformed("unknown content")),
        };
        Ok((length, true))
    }

    /// One value, however deep, without recursion.
    fn any(&mut self) -> Result<(), GateError> {
        // For each open array or object: how many members are left, and whether they have keys.
        let mut open: Vec<(u64, bool)> = Vec::new();
        loop {
            match self.byte()? {
                127 | 126 | 121 | 120 => {}
                125 => self.signed()?,
                124 => self.take(4).map(drop)?,
                123 | 122 => self.take(8).map(drop)?,
                119 => self.string().map(drop)?,
                118 => open.push((self.count(2)?, true)),
                117 => open.push((self.count(1)?, false)),
                116 => {
                    let length = self.number()?;
                    self.take(length)?;
                }
                _ => return Err(Malformed("unknown value")),
            }
            if open.len() > DEPTH {
                return Err(Forbidden("nested too deep"));
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
                            self.string()?;
                        }
                        break;
                    }
                }
            }
        }
    }

    fn signed(&mut self) -> Result<(), GateError> {
        for _ in 0..10 {
            if self.byte()? < 0x80 {
                return Ok(());
            }
        }
        Err(Malformed("number too large"))
    }

    fn end(&self) -> Result<(), GateError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Malformed("bytes after the end")) }
    }
}

#[cfg(test)]
mod tests {
    use samsyn_shared::{Template, document};
    use yrs::updates::decoder::Decode;
    use yrs::updates::encoder::Encode;
    use yrs::{Any, Array, Doc, Map, ReadTxn, StateVector, Text, Transact, Update, WriteTxn};

    use super::*;

    fn state(doc: &Doc) -> Vec<u8> {
        doc.try_transact().unwrap().encode_state_as_update_v1(&StateVector::default())
    }

    #[test]
    fn every_template_passes() {
        for template in Template::all() {
            let doc = document::seed(template, "Storm 😀", 7);
            let scan = scan_update(&state(&doc)).unwrap();
            let end = doc.try_transact().unwrap().state_vector().get(&yrs::block::ClientID::new(7));
            assert_eq!(scan.blocks, [(7, 0..end)]);
            scan_vector(&doc.try_transact().unwrap().state_vector().encode_v1()).unwrap();
        }
    }

    #[test]
    fn what_an_update_needs_and_deletes_is_seen() {
        let doc = document::seed(Template::find("tom").unwrap(), "ab", 7);
        let mut txn = doc.try_transact_mut().unwrap();
        let title = txn.get_or_insert_text("title");
        title.remove_range(&mut txn, 0, 1);
        let scan = scan_update(&txn.encode_update_v1()).unwrap();
        assert_eq!((scan.blocks, scan.deletes), (vec![], vec![(7, 0..1)]));
        let title = txn.get_or_insert_text("title");
        title.insert(&mut txn, 1, "x");
        let scan = scan_update(&txn.encode_update_v1()).unwrap();
        assert_eq!(scan.needs, [(7, 1)]);
    }

    #[test]
    fn values_of_a_map_pass_and_deep_ones_do_not() {
        for (depth, fine) in [(3, true), (60, true), (70, false), (8_000, false)] {
            // By hand: one client, one block, `meta` / `k` / one value nested `depth` times, no deletes.
            let mut bytes = vec![1, 1, 5, 0, 0x28, 1, 4];
            bytes.extend_from_slice(b"meta");
            bytes.extend_from_slice(&[1, b'k', 1]);
            for _ in 0..depth {
                bytes.extend_from_slice(&[117, 1]);
            }
            bytes.extend_from_slice(&[126, 0]);
            assert_eq!(scan_update(&bytes).is_ok(), fine, "{depth}");
            if depth < 100 {
                Update::decode_v1(&bytes).unwrap();
            }
        }
        let doc = document::replica(5);
        let mut txn = doc.try_transact_mut().unwrap();
        let map = txn.get_or_insert_map("meta");
        map.insert(&mut txn, "k", Any::from_json(r#"{"a":[1,-2.5,"x",null,true,{"b":1e300}]}"#).unwrap());
        txn.get_or_insert_array("list").push_back(&mut txn, 1_i64);
        scan_update(&txn.encode_update_v1()).unwrap();
    }

    #[test]
    fn what_yjs_and_yrs_would_read_differently_is_malformed() {
        let hole_with_origin = [1, 1, 5, 0, 0x80, 3, 0];
        assert_eq!(scan_update(&hole_with_origin), Err(Malformed("a hole with an origin")));
        let client_twice = [2, 1, 5, 0, 0, 3, 1, 5, 0, 0, 3, 0];
        assert_eq!(scan_update(&client_twice), Err(Malformed("a client twice")));
    }

    #[test]
    fn a_small_state_vector_cannot_declare_a_large_one() {
        let bomb = [0xFF, 0xFF, 0xFF, 0x7A, 1, 1, 1, 1, 1, 1, 1];
        assert_eq!(scan_vector(&bomb), Err(Malformed("count beyond the bytes")));
    }

    #[test]
    fn types_and_subdocuments_are_forbidden() {
        let doc = document::replica(5);
        let mut txn = doc.try_transact_mut().unwrap();
        txn.get_or_insert_map("m").insert(&mut txn, "t", yrs::TextPrelim::new("x"));
        assert_eq!(scan_update(&txn.encode_update_v1()), Err(Forbidden("a nested type")));
        drop(txn);
        let doc = document::replica(6);
        let mut txn = doc.try_transact_mut().unwrap();
        txn.get_or_insert_map("m").insert(&mut txn, "d", document::replica(9));
        assert_eq!(scan_update(&txn.encode_update_v1()), Err(Forbidden("a subdocument")));
    }

    #[test]
    fn every_truncation_is_malformed() {
        let bytes = state(&document::seed(Template::find("exempel-snoovader").unwrap(), "T", 7));
        for end in 0..bytes.len() {
            assert!(matches!(scan_update(&bytes[..end]), Err(Malformed(_))), "cut at {end}");
        }
    }
}
