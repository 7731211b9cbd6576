//! Takes out of a log whatever verifies, however damaged the rest is: message after message in the order in which
//! they were written, and behind one that does not verify the next that does.
//!
//! It doesn't know Documents. What a later message says was removed is kept apart: where something is damaged, it may
//! be what is needed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use super::super::chunk;
use super::super::key;
use super::message::{self, Kind, Message, SEGMENT, SEGMENT_BYTES, SEGMENT_HEADER, segment_header};
use super::page::{Data, Link, Node, Place, batch_end};
use super::tree::Records;
use super::walk::{Change, Content, Source};

/// All that was found of the records.
#[derive(Debug, Default)]
pub(in crate::store) struct Gathered {
    /// Those that were there in the end.
    pub(in crate::store) alive: Records,
    /// Those that were removed or replaced.
    pub(in crate::store) gone: BTreeMap<Vec<u8>, Place>,
    /// Places at which something does not verify with something behind it that does.
    pub(in crate::store) holes: usize,
    /// The highest number of a commit that was found.
    pub(in crate::store) commit: u64,
    nodes: HashMap<u64, Node>,
    /// Changes of pages that were not found: when, what they say of their key, and where the value stands.
    loose: Vec<(u64, Vec<u8>, Place)>,
    /// The keys that each node covers, and when it was written: it says of each of them whether it is there.
    covered: Vec<(u64, Vec<u8>, Vec<u8>)>,
}

/// Gathers from a log of which the commit with number `acked` was synced; 0: it is not known. What comes
/// behind it was never acked, and may be half there.
///
/// # Errors
/// If something can't be read.
pub(in crate::store) fn gather(source: &impl Source, acked: u64) -> io::Result<Gathered> {
    let mut buffer = vec![0; SEGMENT];
    let mut segments = Vec::new();
    for offset in (0..source.length()?).step_by(SEGMENT) {
        let read = source.read(offset, &mut buffer)?;
        let bytes = &buffer[..read];
        let number = segment_header(bytes).map(|header| header.lsn / SEGMENT_BYTES);
        // Where its header is damaged, its messages say its number.
        let number = number.or_else(|| next(bytes, SEGMENT_HEADER, None).map(|(_, read)| read.segment));
        segments.extend(number.map(|number| (number, offset)));
    }
    segments.sort_unstable();
    let end = first_unacked(source, &segments, acked)?;
    let mut gathered = Gathered::default();
    for (number, offset) in segments {
        let read = source.read(offset, &mut buffer)?;
        gathered.segment(&buffer[..read], number, offset, end);
    }
    gathered.tie(source)?;
    Ok(gathered)
}

/// The first message from a place on that verifies, and where it stands. Nearly everything else is told by a few
/// bytes; how much is summed in vain is bounded.
fn next(bytes: &[u8], from: usize, number: Option<u64>) -> Option<(usize, Message<'_>)> {
    let mut budget = 64 * SEGMENT;
    for at in from..bytes.len() {
        let Some(size) = plausible(&bytes[at..], number) else { continue };
        budget = budget.checked_sub(size)?;
        if let Some(read) = message::message(bytes, at)
            && number.is_none_or(|number| read.segment == number)
        {
            return Some((at, read));
        }
    }
    None
}

/// Whether a message of a segment may begin here, and how many bytes it would have.
fn plausible(bytes: &[u8], number: Option<u64>) -> Option<usize> {
    if !(1..12).contains(bytes.get(4)?) {
        return None;
    }
    let mut rest = &bytes[5..];
    let length = usize::try_from(message::number(&mut rest)?).ok()?;
    let found = message::number(&mut rest)?;
    let fits = length <= rest.len() && number.is_none_or(|number| number == found);
    fits.then_some(length)
}

/// The number of the first message that belongs to a commit after the one that was acked. A commit is numbered
/// only once the one before was acked, so there is one such at most; if there are more, `acked` is of another store.
fn first_unacked(source: &impl Source, segments: &[(u64, u64)], acked: u64) -> io::Result<Option<u64>> {
    if acked == 0 {
        return Ok(None);
    }
    let mut buffer = vec![0; SEGMENT];
    let (mut first, mut highest) = (None, 0);
    for (number, offset) in segments {
        let read = source.read(*offset, &mut buffer)?;
        let bytes = &buffer[..read];
        let (mut at, mut batch) = (SEGMENT_HEADER, None);
        while let Some((found, read)) = next(bytes, at, Some(*number)) {
            at = found + read.size;
            let lsn = number * SEGMENT_BYTES + found as u64;
            match (read.kind, batch_end(read.body)) {
                (Kind::Batch, Some(last)) => batch = Some((lsn, last)),
                _ => batch = batch.filter(|(_, last)| *last >= lsn),
            }
            let commit = Change::of(&read, 0).map_or(0, |change| change.commit());
            highest = highest.max(commit);
            if commit > acked && first.is_none() {
                first = Some(batch.map_or(lsn, |(begun, _)| begun));
            }
        }
    }
    Ok(first.filter(|_| highest == acked + 1))
}

impl Gathered {
    fn segment(&mut self, bytes: &[u8], number: u64, offset: u64, end: Option<u64>) {
        let mut at = SEGMENT_HEADER;
        while let Some((found, read)) = next(bytes, at, Some(number)) {
            let lsn = number * SEGMENT_BYTES + found as u64;
            if end.is_some_and(|end| lsn >= end) {
                return;
            }
            if found > at {
                self.holes += 1;
            }
            at = found + read.size;
            if read.kind == Kind::Cap {
                return;
            }
            self.message(&read, lsn, bytes, offset);
        }
    }

    fn message(&mut self, read: &Message<'_>, lsn: u64, bytes: &[u8], base: u64) {
        let offset = base + lsn % SEGMENT_BYTES;
        let Some(change) = Change::of(read, offset) else { return };
        self.commit = self.commit.max(change.commit());
        let value = |place: &Place| {
            let start = usize::try_from(place.offset - base).ok()?;
            bytes.get(start..)?.get(..place.length as usize)
        };
        let verifies =
            |key: &[u8], place: &Place| value(place).is_some_and(|value| chunk::decode(key, value).is_ok());
        match change {
            Change::Whole(Content::Node(node)) => {
                if let Data::Leaf(leaf) = &node.data {
                    self.covered.push((lsn, node.low.clone(), node.high.clone()));
                    let covered: Vec<_> = self
                        .alive
                        .range(node.low.clone()..)
                        .take_while(|(key, _)| node.covers(key))
                        .filter(|(key, _)| !leaf.contains_key(*key))
                        .map(|(key, _)| key.clone())
                        .collect();
                    covered.iter().for_each(|key| self.remove(key));
                    for (key, place) in leaf.iter().filter(|(key, place)| verifies(key, place)) {
                        self.set(key, *place);
                    }
                }
                self.nodes.insert(read.page, node);
            }
            Change::Whole(_) => drop(self.nodes.remove(&read.page)),
            Change::Link(Link::Set(suffix, place)) => {
                // The page that is known may be another than the one that was changed.
                let key = self.nodes.get(&read.page).map(|node| node.whole_key(&suffix));
                match key.filter(|key| verifies(key, &place)) {
                    Some(key) => self.set(&key, place),
                    None => self.loose.push((lsn, suffix, place)),
                }
            }
            Change::Link(Link::Del(suffix)) => {
                if let Some(key) = self.nodes.get(&read.page).map(|node| node.whole_key(&suffix)) {
                    self.remove(&key);
                }
            }
            Change::Link(_) => {}
        }
    }

    fn set(&mut self, key: &[u8], place: Place) {
        if !key::counts(key) {
            return;
        }
        let before = self.alive.insert(key.to_vec(), place);
        if let Some(before) = before.filter(|before| before.head != place.head) {
            self.gone.insert(key.to_vec(), before);
        }
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(place) = self.alive.remove(key) {
            self.gone.insert(key.to_vec(), place);
        }
    }

    /// Finds the keys of changes whose page is lost: a record's checksum covers its key, and what the page left
    /// out of it is how other keys begin.
    fn tie(&mut self, source: &impl Source) -> io::Result<()> {
        let loose = std::mem::take(&mut self.loose);
        let mut beginnings: BTreeMap<usize, BTreeSet<Vec<u8>>> = BTreeMap::new();
        if !loose.is_empty() {
            for key in self.alive.keys().chain(self.gone.keys()) {
                for end in 0..=key.len() {
                    beginnings.entry(end).or_default().insert(key[..end].to_vec());
                }
            }
        }
        for (lsn, suffix, place) in loose {
            let mut value = vec![0; place.length as usize];
            source.read(place.offset, &mut value)?;
            let keys = beginnings.values().flatten().filter_map(|beginning| {
                let may_be = match beginning.first().or(suffix.first())? {
                    b'd' => beginning.len() + suffix.len() == key::DOCUMENT_KEY,
                    first => *first == b'r',
                };
                may_be.then(|| [beginning, &suffix[..]].concat())
            });
            let found = keys.into_iter().find(|key| chunk::decode(key, &value).is_ok());
            let Some(key) = found else { continue };
            let is_known = |records: &Records| {
                let known = records.get(&key).and_then(|known| known.head).map_or(0, |head| head.commit);
                known >= place.head.map_or(0, |head| head.commit)
            };
            if is_known(&self.alive) || is_known(&self.gone) {
                continue;
            }
            let covers = |low: &[u8], high: &[u8]| *low <= *key && (high.is_empty() || *key < *high);
            if self.covered.iter().any(|(at, low, high)| *at > lsn && covers(low, high)) {
                self.gone.insert(key, place);
            } else {
                self.set(&key, place);
            }
        }
        Ok(())
    }
}
