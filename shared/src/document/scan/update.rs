//! The scan of an update (version 1): blocks by client, then what is deleted.

use std::collections::HashSet;

use super::ScanError::{self, Forbidden, Malformed};
use super::placed::{PlacedBlock, PlacedClient};
use super::{CLOCK_END, UpdateScan, clock, value};
use crate::domain::{limits, schema};
use crate::lib0::{ReadError, Reader};

/// Scans an update (version 1).
///
/// # Errors
/// [`ScanError`] when yrs must not see it.
pub fn update(bytes: &[u8]) -> Result<UpdateScan, ScanError> {
    let mut scan = Scan::of(bytes, None);
    scan.whole()?;
    Ok(scan.found)
}

/// As [`update`], and where in the bytes each block stands.
pub(super) fn placed(bytes: &[u8]) -> Result<(UpdateScan, Vec<PlacedClient>), ScanError> {
    let mut scan = Scan::of(bytes, Some(Vec::new()));
    scan.whole()?;
    Ok((scan.found, scan.placed.unwrap_or_default()))
}

struct Scan<'a> {
    r: Reader<'a>,
    bytes: usize,
    /// How many more clients, blocks, ranges and values may come.
    left: usize,
    found: UpdateScan,
    /// Where the blocks stand, if that is asked for.
    placed: Option<Vec<PlacedClient>>,
}

/// A block: how many clocks it takes, and whether it is more than a hole.
struct Block {
    length: u64,
    real: bool,
}

impl<'a> Scan<'a> {
    fn of(bytes: &'a [u8], placed: Option<Vec<PlacedClient>>) -> Self {
        let (r, found) = (Reader::new(bytes), UpdateScan::default());
        Self { r, bytes: bytes.len(), left: limits::UPDATE_ITEMS, found, placed }
    }

    fn whole(&mut self) -> Result<(), ScanError> {
        self.blocks()?;
        self.deletes()?;
        if self.r.is_empty() { Ok(()) } else { Err(ReadError::Trailing.into()) }
    }

    /// How far it has read, in bytes.
    fn at(&self) -> usize {
        self.bytes - self.r.left()
    }

    fn blocks(&mut self) -> Result<(), ScanError> {
        let mut clients = HashSet::new();
        for _ in 0..self.r.count(3)? {
            self.spend()?;
            let blocks = self.r.count(2)?;
            let client = self.r.number()?;
            if !clients.insert(client) {
                return Err(Malformed("a client twice"));
            }
            let mut start = clock(&mut self.r)?;
            if let Some(placed) = &mut self.placed {
                placed.push(PlacedClient { client, start, blocks: Vec::new() });
            }
            for _ in 0..blocks {
                self.spend()?;
                let (at, needs) = (self.at(), self.found.needs.len());
                let Block { length, real } = self.block(client, start)?;
                if length == 0 {
                    return Err(Malformed("an empty block"));
                }
                let end = end(start, length)?;
                self.found.largest = self.found.largest.max(self.at() - at);
                let bytes = at..self.at();
                if let Some(placed) = self.placed.as_mut().and_then(|placed| placed.last_mut()) {
                    placed.blocks.push(PlacedBlock { end, bytes, needs: needs..self.found.needs.len() });
                }
                if real {
                    self.found.items += 1;
                    match self.found.blocks.last_mut() {
                        Some((c, range)) if *c == client && range.end == start => range.end = end,
                        _ => self.found.blocks.push((client, start..end)),
                    }
                }
                start = end;
            }
        }
        Ok(())
    }

    fn deletes(&mut self) -> Result<(), ScanError> {
        let mut clients = HashSet::new();
        for _ in 0..self.r.count(2)? {
            self.spend()?;
            let client = self.r.number()?;
            if !clients.insert(client) {
                return Err(Malformed("a client twice"));
            }
            for _ in 0..self.r.count(2)? {
                self.spend()?;
                let start = clock(&mut self.r)?;
                let length = self.r.number()?;
                if length == 0 {
                    // yrs would wait for what lies there.
                    return Err(Malformed("an empty deletion"));
                }
                self.found.deletes.push((client, start..end(start, length)?));
            }
        }
        Ok(())
    }

    fn spend(&mut self) -> Result<(), ScanError> {
        spend(&mut self.left)
    }

    fn block(&mut self, client: u64, start: u32) -> Result<Block, ScanError> {
        let info = self.r.byte()?;
        let kind = info & 0b1_1111;
        match info {
            0 => return Ok(Block { length: self.r.number()?, real: true }),
            10 => return Ok(Block { length: self.r.number()?, real: false }),
            // Yjs would read a hole here and yrs an item.
            _ if kind == 0 || kind == 10 => return Err(Malformed("a hole with an origin")),
            _ => {}
        }
        let left = if info & 0x80 == 0 { None } else { Some(self.origin(client, start)?) };
        let right = if info & 0x40 == 0 { None } else { Some(self.origin(client, start)?) };
        if left.is_some() && left == right {
            // Between which halves it stands would depend on how the block there happens to be split.
            return Err(Malformed("a block between one and the same"));
        }
        let keyed = left.is_none() && right.is_none() && self.parent(info & 0x20 != 0, (client, start))?;
        if keyed && matches!(kind, 4..=6) {
            return Err(Forbidden("a text in a map"));
        }
        Ok(Block { length: self.content(kind)?, real: true })
    }

    /// What a block stands beside.
    fn origin(&mut self, client: u64, start: u32) -> Result<(u64, u32), ScanError> {
        let origin = (self.r.number()?, clock(&mut self.r)?);
        if origin.0 == client && origin.1 >= start {
            return Err(Malformed("a block beside itself"));
        }
        self.found.needs.push(origin);
        Ok(origin)
    }

    /// The type that a block stands in: a root, since nothing is nested. Whether it stands there under a key.
    fn parent(&mut self, keyed: bool, block: (u64, u32)) -> Result<bool, ScanError> {
        if self.r.number()? != 1 {
            return Err(Forbidden("a nested type"));
        }
        let root = self.r.string()?;
        if keyed {
            self.r.string()?;
        }
        match (keyed, schema::is_text(root), schema::is_map(root)) {
            (true, true, _) => return Err(Forbidden("a key in a text")),
            (false, _, true) => return Err(Forbidden("a text in a map")),
            _ => {}
        }
        match self.found.roots.get_mut(root) {
            Some(blocks) => blocks.push(block),
            None => drop(self.found.roots.insert(root.to_owned(), vec![block])),
        }
        Ok(keyed)
    }

    fn content(&mut self, kind: u8) -> Result<u64, ScanError> {
        match kind {
            // Content that is gone: only its length is left.
            1 => Ok(self.r.number()?),
            2 => {
                let count = self.r.count(1)?;
                for _ in 0..count {
                    self.spend()?;
                    let text = self.r.string()?;
                    // What Yjs writes for undefined.
                    if text != "undefined" {
                        value::json(text)?;
                    }
                }
                Ok(count)
            }
            4 => Ok(self.r.string()?.encode_utf16().count() as u64),
            // An embed.
            5 => value::json(self.r.string()?).map(|()| 1),
            // A format: its name and its value.
            6 => {
                self.r.string()?;
                value::json(self.r.string()?).map(|()| 1)
            }
            8 => {
                let count = self.r.count(1)?;
                for _ in 0..count {
                    value::any(&mut self.r, || spend(&mut self.left))?;
                }
                Ok(count)
            }
            3 => Err(Forbidden("binary content")),
            7 => Err(Forbidden("a nested type")),
            9 => Err(Forbidden("a subdocument")),
            11 => Err(Forbidden("a move")),
            _ => Err(Malformed("an unknown content")),
        }
    }
}

fn spend(left: &mut usize) -> Result<(), ScanError> {
    *left = left.checked_sub(1).ok_or(Forbidden("too many blocks or values"))?;
    Ok(())
}

/// The clock after so many from `start`.
fn end(start: u32, length: u64) -> Result<u32, ScanError> {
    let end = u64::from(start).checked_add(length).and_then(|end| u32::try_from(end).ok());
    end.filter(|end| *end < CLOCK_END).ok_or(Malformed("a clock too large"))
}

#[cfg(test)]
mod tests {
    use yrs::updates::encoder::Encode;
    use yrs::{Any, Array, Doc, Map, ReadTxn, StateVector, Text, Transact, WriteTxn};

    use super::*;
    use crate::{Template, document};

    fn state(doc: &Doc) -> Vec<u8> {
        doc.try_transact().unwrap().encode_state_as_update_v1(&StateVector::default())
    }

    #[test]
    fn every_template_passes() {
        for template in Template::all() {
            let doc = document::seed(template, "Storm 😀", 7);
            let scan = update(&state(&doc)).unwrap();
            let end = doc.try_transact().unwrap().state_vector().get(&yrs::block::ClientID::new(7));
            assert_eq!(scan.blocks, [(7, 0..end)]);
            let vector = doc.try_transact().unwrap().state_vector().encode_v1();
            assert_eq!(crate::document::scan::vector(&vector), Ok(vec![(7, end)]));
        }
    }

    #[test]
    fn what_an_update_needs_and_deletes_is_seen() {
        let doc = document::seed(Template::find("tom").unwrap(), "ab", 7);
        let mut txn = doc.try_transact_mut().unwrap();
        let title = txn.get_or_insert_text("title");
        title.remove_range(&mut txn, 0, 1);
        let scan = update(&txn.encode_update_v1()).unwrap();
        assert_eq!((scan.blocks, scan.deletes), (vec![], vec![(7, 0..1)]));
        let title = txn.get_or_insert_text("title");
        title.insert(&mut txn, 1, "x");
        let scan = update(&txn.encode_update_v1()).unwrap();
        assert_eq!(scan.needs, [(7, 1)]);
    }

    #[test]
    fn an_update_names_the_roots_in_which_it_puts_something_first() {
        let doc = document::seed(Template::find("tom").unwrap(), "ab", 7);
        let here = doc.try_transact().unwrap().state_vector();
        let here = |client: u64| here.get(&yrs::block::ClientID::new(client));
        let whole = update(&state(&doc)).unwrap();
        let named: Vec<_> = whole.roots.keys().map(String::as_str).collect();
        assert_eq!(named, ["authors", "meta", "section:text", "title"]);
        assert_eq!(whole.written_roots(here).count(), 0, "all of it is here");
        let mut txn = doc.try_transact_mut().unwrap();
        let title = txn.get_or_insert_text("title");
        title.insert(&mut txn, 1, "beside another");
        let other = txn.get_or_insert_text("section:other");
        other.insert(&mut txn, 0, "alone");
        let scan = update(&txn.encode_update_v1()).unwrap();
        assert_eq!(scan.written_roots(here).collect::<Vec<_>>(), ["section:other"]);
    }

    #[test]
    fn every_value_of_a_map_and_an_array_passes() {
        let doc = document::replica(5);
        let mut txn = doc.try_transact_mut().unwrap();
        let map = txn.get_or_insert_map("meta");
        map.insert(&mut txn, "k", Any::from_json(r#"{"a":[1,-2.5,"x",null,true,{"b":1e300}]}"#).unwrap());
        txn.get_or_insert_array("list").push_back(&mut txn, 1_i64);
        update(&txn.encode_update_v1()).unwrap();
    }

    #[test]
    fn a_key_that_was_written_often_passes() {
        let doc = document::seed(Template::find("tom").unwrap(), "T", 7);
        for language in ["en", "fi", "sv"] {
            let mut txn = doc.try_transact_mut().unwrap();
            txn.get_or_insert_map("meta").insert(&mut txn, "language", language);
        }
        let scan = update(&state(&doc)).unwrap();
        assert_eq!(scan.deletes.len(), 2, "what was written before: {:?}", scan.deletes);
    }

    #[test]
    fn every_truncation_is_malformed() {
        let bytes = state(&document::seed(Template::find("exempel-snoovader").unwrap(), "T", 7));
        for end in 0..bytes.len() {
            assert!(matches!(update(&bytes[..end]), Err(Malformed(_))), "cut at {end}");
        }
    }
}
