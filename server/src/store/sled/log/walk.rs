//! Walks the log as it is on disk and makes of it what sled's recovery should: the pages, and where the log ends.
//! It changes nothing.
//!
//! sled takes whatever does not verify for the torn end of its log, and writes over what follows. Here that
//! is decided by what was acked: all up to the last commit whose number stands in the file beside the store was synced, so only what
//! lies behind it can be torn ([`Tail`]).

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::super::key;
use super::message::{
    self, Kind, Message, SEGMENT, SEGMENT_BYTES, SEGMENT_HEADER, may_begin, put_number, segment_header,
};
use super::page::{Data, Link, Node, batch_end, root};

/// The name of sled's default tree.
const TREE: &[u8] = b"__sled__default";
/// The page with the names of trees.
pub(super) const META: u64 = 0;

/// What a log is read from.
pub(in crate::store) trait Source {
    /// Bytes in all.
    fn length(&self) -> io::Result<u64>;
    /// Reads at an offset until the buffer is full or there is no more.
    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
}

impl Source for std::fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let mut done = 0;
        while done < into.len() {
            match self.read_at(&mut into[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) lsn: u64,
    pub(super) offset: u64,
    pub(super) size: usize,
}

/// What a page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Free,
    Counter,
    /// The page of the tree's root.
    Meta(Option<u64>),
    Node(Node),
    /// It verifies and is none of these.
    Unknown,
}

/// A page, as the log has it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) base: Spot,
    pub(super) changes: Vec<Spot>,
    pub(super) content: Content,
}

/// Where the log ends: in the segment with this number and offset, at this place of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct End {
    pub(in crate::store) lsn: u64,
    pub(in crate::store) offset: u64,
    pub(in crate::store) at: usize,
    /// The rest of the segment is known to be empty.
    pub(in crate::store) is_closed: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(in crate::store) struct Walked {
    pub(super) pages: HashMap<u64, Page>,
    /// `None` if there is no segment.
    pub(in crate::store) end: Option<End>,
    /// Where the segments begin that stand behind the end.
    pub(in crate::store) beyond: Vec<u64>,
    /// Checksum over all bytes.
    pub(in crate::store) sum: u32,
    /// Messages that verify and count.
    pub(in crate::store) messages: u64,
}

/// A message's change, and where it stands.
pub(super) enum Change {
    Whole(Content),
    Link(Link),
}

impl Change {
    /// What a message at an offset changes; `None` if it is about no page.
    pub(super) fn of(message: &Message<'_>, offset: u64) -> Option<Self> {
        let body = offset + (message.size - message.body.len()) as u64;
        Some(match message.kind {
            Kind::Canceled | Kind::Cap | Kind::Batch => return None,
            Kind::Free => Self::Whole(Content::Free),
            Kind::Counter => Self::Whole(Content::Counter),
            Kind::Meta => Self::Whole(Content::Meta(root(message.body, TREE))),
            Kind::Node => Self::Whole(Node::read(message.body, body).map_or(Content::Unknown, Content::Node)),
            Kind::Link => Link::read(message.body, body).map_or(Self::Whole(Content::Unknown), Self::Link),
            Kind::Blob => Self::Whole(Content::Unknown),
        })
    }

    /// The highest number of a commit that is in it.
    pub(super) fn commit(&self) -> u64 {
        let of = |place: &super::page::Place| place.head.map_or(0, |head| head.commit);
        match self {
            Self::Whole(Content::Node(Node { data: Data::Leaf(leaf), .. })) => {
                leaf.values().map(of).max().unwrap_or(0)
            }
            Self::Link(Link::Set(_, place)) => of(place),
            _ => 0,
        }
    }
}

/// Where the part of the log begins that may be torn: in it the first thing that does not verify, or that does not follow, is
/// the log's end. Two things tell what was synced: the headers of segments, and the last commit that was acked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Tail {
    /// Behind the first of the two that is met.
    Early,
    /// Behind both, where the last commit is known. Between the two sled frees segments, so there a segment that is missing
    /// is not the end.
    Late,
}

/// Changes that count together or not at all.
struct Batch {
    /// The last number that belongs to it.
    last: u64,
    /// Where the log ends if it does not count.
    before: End,
    changes: Vec<(u64, Spot, Change)>,
}

/// Walks a log of which the commit with number `acked` was synced; 0: it is not known.
///
/// # Errors
/// If something can't be read.
pub(in crate::store) fn walk(source: &impl Source, acked: u64, tail: Tail) -> io::Result<Walked> {
    let length = source.length()?;
    let mut segments = Vec::new();
    let mut stable = 0;
    let mut unread: BTreeSet<u64> = (0..length).step_by(SEGMENT).collect();
    for offset in (0..length).step_by(SEGMENT) {
        let mut first = [0; SEGMENT_HEADER];
        source.read(offset, &mut first)?;
        if let Some(header) = segment_header(&first) {
            stable = stable.max(header.stable);
            segments.push((header.lsn, offset));
        }
    }
    segments.sort_unstable();
    let mut walk = Walk {
        walked: Walked::default(),
        batch: None,
        acked,
        tail,
        is_past_stable: false,
        is_past_acked: false,
    };
    let mut buffer = vec![0; SEGMENT];
    let mut expected = None;
    let mut ended = false;
    for (lsn, offset) in segments.iter().copied() {
        // What may be torn lies in segments that follow each other.
        ended |= walk.may_be_torn() && expected != Some(lsn);
        if ended {
            walk.walked.beyond.push(offset);
            continue;
        }
        walk.is_past_stable |= lsn >= stable / SEGMENT_BYTES * SEGMENT_BYTES;
        let read = source.read(offset, &mut buffer)?;
        unread.remove(&offset);
        walk.walked.add_to_sum(offset, &buffer[..read]);
        ended = !walk.segment(&buffer[..read], lsn, offset);
        expected = Some(lsn + SEGMENT_BYTES);
    }
    walk.finish(&segments);
    // All of it is read, also where nothing counts, so that a disk that can't be read is noticed now.
    for offset in unread {
        let read = source.read(offset, &mut buffer)?;
        walk.walked.add_to_sum(offset, &buffer[..read]);
    }
    Ok(walk.walked)
}

struct Walk {
    walked: Walked,
    batch: Option<Batch>,
    acked: u64,
    tail: Tail,
    /// Whether what sled says was stable was met, and the last commit that was acked.
    is_past_stable: bool,
    is_past_acked: bool,
}

impl Walk {
    /// Whether the log may be torn from here on.
    fn may_be_torn(&self) -> bool {
        match self.tail {
            Tail::Early => self.is_past_stable || self.is_past_acked,
            Tail::Late => self.is_past_stable && self.is_past_acked,
        }
    }

    /// Goes through a segment; gives whether the log goes on behind it.
    fn segment(&mut self, bytes: &[u8], lsn: u64, offset: u64) -> bool {
        let mut end = End { lsn, offset, at: SEGMENT_HEADER, is_closed: false };
        while !end.is_closed {
            let read = message::message(bytes, end.at).filter(|read| read.segment == lsn / SEGMENT_BYTES);
            let Some(read) = read else { break };
            if !self.message(&read, end) {
                break;
            }
            end.at += read.size;
            end.is_closed = read.kind == Kind::Cap || !may_begin(end.at);
        }
        self.walked.end = Some(end);
        if !end.is_closed && !self.may_be_torn() {
            // It was overwritten after it had become free, or is damaged: the tally tells.
            self.settle(u64::MAX);
        }
        end.is_closed || !self.may_be_torn()
    }

    /// Takes a message; gives whether it makes sense.
    fn message(&mut self, read: &Message<'_>, at: End) -> bool {
        let spot = Spot { lsn: at.lsn + at.at as u64, offset: at.offset + at.at as u64, size: read.size };
        self.settle(spot.lsn);
        if read.kind == Kind::Batch {
            let Some(last) = batch_end(read.body) else { return false };
            match &mut self.batch {
                Some(open) => open.last = open.last.max(last),
                None => self.batch = Some(Batch { last, before: at, changes: Vec::new() }),
            }
        }
        self.walked.messages += 1;
        let Some(change) = Change::of(read, spot.offset) else { return true };
        self.is_past_acked |= self.acked > 0 && change.commit() >= self.acked;
        match &mut self.batch {
            Some(batch) => batch.changes.push((read.page, spot, change)),
            None => self.walked.apply(read.page, spot, change),
        }
        true
    }

    /// Makes a batch count that has ended before this number.
    fn settle(&mut self, now: u64) {
        if let Some(batch) = self.batch.take_if(|batch| batch.last < now) {
            for (page, spot, change) in batch.changes {
                self.walked.apply(page, spot, change);
            }
        }
    }

    /// Cuts off a batch that is not whole.
    fn finish(&mut self, segments: &[(u64, u64)]) {
        let Some(end) = self.walked.end else { return };
        self.settle(if end.is_closed { end.lsn + SEGMENT_BYTES } else { end.lsn + end.at as u64 });
        let Some(torn) = self.batch.take() else { return };
        self.walked.end = Some(torn.before);
        let beyond = segments.iter().filter(|(lsn, _)| *lsn > torn.before.lsn);
        self.walked.beyond = beyond.map(|(_, offset)| *offset).collect();
    }
}

impl Walked {
    /// The sum does not depend on the order in which segments are read.
    fn add_to_sum(&mut self, offset: u64, bytes: &[u8]) {
        let mut sum = crc32fast::Hasher::new();
        sum.update(bytes);
        sum.update(&offset.to_le_bytes());
        self.sum = self.sum.wrapping_add(sum.finalize());
    }

    /// Whether no record that counts is in it.
    pub(in crate::store) fn is_bare(&self) -> bool {
        self.pages.values().all(|page| match &page.content {
            Content::Node(Node { data: Data::Leaf(leaf), .. }) => !leaf.keys().any(|key| key::counts(key)),
            _ => true,
        })
    }

    fn apply(&mut self, page: u64, spot: Spot, change: Change) {
        match change {
            Change::Whole(content) => {
                self.pages.insert(page, Page { base: spot, changes: Vec::new(), content });
            }
            Change::Link(link) => {
                // One whose page was written anew elsewhere, or freed, is of no use.
                let Some(found) = self.pages.get_mut(&page).filter(|page| page.content != Content::Free)
                else {
                    return;
                };
                found.changes.push(spot);
                if let Content::Node(node) = &mut found.content {
                    node.apply(link);
                }
            }
        }
    }

    /// What sled reads first when it opens: its table of pages, as of the segment behind the end. With it, sled
    /// reads and decides nothing by itself.
    ///
    /// # Errors
    /// If a page is missing.
    pub(in crate::store) fn snapshot(&self) -> Result<(u64, Vec<u8>), &'static str> {
        let next = self.end.map_or(0, |end| end.lsn + SEGMENT_BYTES);
        let mut bytes = (next + 1).to_le_bytes().to_vec();
        // There is no segment to be continued.
        bytes.push(0);
        for page in 0..self.pages.len() as u64 {
            let page = self.pages.get(&page).ok_or("a page is missing")?;
            let changes = u8::try_from(page.changes.len() + 1).map_err(|_| "a page with too many changes")?;
            let is_free = page.content == Content::Free;
            bytes.push(if is_free { 0 } else { changes });
            for spot in std::iter::once(&page.base).chain(&page.changes) {
                bytes.extend_from_slice(&spot.lsn.to_le_bytes());
                bytes.push(0);
                put_number(&mut bytes, spot.offset);
                if is_free {
                    break;
                }
                put_number(&mut bytes, spot.size as u64);
            }
        }
        let (length, sum) = (bytes.len() as u64, crc32fast::hash(&bytes));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&sum.to_le_bytes());
        Ok((next, bytes))
    }
}
