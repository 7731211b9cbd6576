//! What messages say about pages: sled's tree, a page a node, with the keys in it and where each value stands
//! in the file. Pure over bytes, and as safe as [`super::message`].
//!
//! It doesn't know which messages count.

use std::collections::BTreeMap;

use super::super::chunk::Head;
use super::message::{number, u64_at};

/// Where a value stands in the file, and what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Place {
    pub(in crate::store) offset: u64,
    pub(in crate::store) length: u32,
    /// `None` for what is no record of ours.
    pub(in crate::store) head: Option<Head>,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The node to the right, if there is one.
    pub(super) next: Option<u64>,
    /// The first key that may be in it.
    pub(super) low: Vec<u8>,
    /// The first key that may not; empty for the last node.
    pub(super) high: Vec<u8>,
    prefix: usize,
    /// The child that is being merged into its neighbour.
    merging: Option<u64>,
    pub(super) data: Data,
}

/// What is in a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    Leaf(BTreeMap<Vec<u8>, Place>),
    Index(Vec<u64>),
}

/// A change of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// The key lacks the node's prefix.
    Set(Vec<u8>, Place),
    Del(Vec<u8>),
    /// A child is about to be merged into its neighbour.
    Merging(u64),
    /// The parent forgets a child that was merged into its neighbour.
    Merged,
    /// The node is what is being merged; it changes no content.
    Closed,
}

impl Node {
    /// Reads a node whose body begins at an offset of the file.
    pub(super) fn read(body: &[u8], offset: u64) -> Option<Self> {
        let mut rest = body;
        let at = |rest: &[u8]| offset + (body.len() - rest.len()) as u64;
        let next = number(&mut rest)?;
        let merging = number(&mut rest)?;
        let prefix = usize::from(*rest.get(1)?);
        rest = &rest[2..];
        let low = bytes(&mut rest)?.to_vec();
        let high = bytes(&mut rest)?.to_vec();
        let start = low.get(..prefix)?;
        let (kind, tail) = rest.split_first()?;
        rest = tail;
        let count = usize::try_from(number(&mut rest)?).ok()?;
        // Each key takes a byte at least.
        let mut keys = Vec::with_capacity(count.min(rest.len()));
        for _ in 0..count {
            keys.push([start, bytes(&mut rest)?].concat());
        }
        let data = match kind {
            0 => {
                let mut leaf = BTreeMap::new();
                for key in keys {
                    let value = bytes(&mut rest)?;
                    leaf.insert(key, place(value, at(rest)));
                }
                Data::Leaf(leaf)
            }
            1 => Data::Index(keys.iter().map(|_| number(&mut rest)).collect::<Option<_>>()?),
            _ => return None,
        };
        let page = |page: u64| (page != 0).then_some(page);
        Some(Self { next: page(next), low, high, prefix, merging: page(merging), data })
    }

    /// Makes a change.
    pub(super) fn apply(&mut self, link: Link) {
        match (link, &mut self.data) {
            (Link::Set(key, place), Data::Leaf(leaf)) => {
                leaf.insert([&self.low[..self.prefix], &key].concat(), place);
            }
            (Link::Del(key), Data::Leaf(leaf)) => {
                leaf.remove(&[&self.low[..self.prefix], &key].concat());
            }
            (Link::Merging(child), _) => self.merging = Some(child),
            (Link::Merged, Data::Index(children)) => {
                let merged = self.merging.take();
                children.retain(|child| Some(*child) != merged);
            }
            _ => {}
        }
    }

    /// A key as a link of this node has it.
    pub(super) fn whole_key(&self, key: &[u8]) -> Vec<u8> {
        [&self.low[..self.prefix], key].concat()
    }

    /// Whether a key belongs here.
    pub(super) fn covers(&self, key: &[u8]) -> bool {
        *self.low <= *key && (self.high.is_empty() || *key < *self.high)
    }
}

impl Link {
    /// Reads a link whose body begins at an offset of the file.
    pub(super) fn read(body: &[u8], offset: u64) -> Option<Self> {
        let (kind, mut rest) = body.split_first()?;
        Some(match kind {
            0 => {
                let key = bytes(&mut rest)?.to_vec();
                let value = bytes(&mut rest)?;
                Self::Set(key, place(value, offset + (body.len() - rest.len()) as u64))
            }
            1 => Self::Del(bytes(&mut rest)?.to_vec()),
            2 => Self::Merging(number(&mut rest)?),
            3 => Self::Merged,
            4 => Self::Closed,
            _ => return None,
        })
    }
}

/// The page that a tree's name leads to.
pub(super) fn root(body: &[u8], name: &[u8]) -> Option<u64> {
    let mut rest = body;
    while !rest.is_empty() {
        let found = bytes(&mut rest)?;
        let page = number(&mut rest)?;
        if found == name {
            return Some(page);
        }
    }
    None
}

/// The number in a batch's manifest.
pub(super) fn batch_end(body: &[u8]) -> Option<u64> {
    (body.len() == 8).then(|| u64_at(body))
}

/// Where a value stands that ends at an offset.
fn place(value: &[u8], end: u64) -> Place {
    // A message is shorter than a segment.
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    Place { offset: end.saturating_sub(value.len() as u64), length, head: Head::read(value) }
}

/// Bytes behind their length.
fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (bytes, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{RngCore as _, SeedableRng as _};

    use super::*;

    /// A leaf from `d` to `e`, with prefix `d`, and one key `da` whose value is `v`.
    const LEAF: &[u8] = &[7, 0, 0, 1, 1, b'd', 2, b'd', b'z', 0, 1, 1, b'a', 1, b'v'];

    #[test]
    fn a_leaf_is_read_and_changed_with_its_prefix() {
        let mut node = Node::read(LEAF, 100).unwrap();
        assert_eq!((node.next, node.covers(b"dy"), node.covers(b"dz")), (Some(7), true, false));
        let Data::Leaf(leaf) = &node.data else { panic!("a leaf") };
        assert_eq!(leaf[&b"da"[..]], Place { offset: 114, length: 1, head: None });
        node.apply(Link::read(&[0, 1, b'b', 2, b'v', b'w'], 200).unwrap());
        node.apply(Link::read(&[1, 1, b'a'], 300).unwrap());
        let Data::Leaf(leaf) = &node.data else { panic!("a leaf") };
        assert_eq!(leaf.keys().collect::<Vec<_>>(), [b"db"]);
        assert_eq!(leaf[&b"db"[..]].offset, 204);
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        for end in 0..LEAF.len() {
            assert_eq!(Node::read(&LEAF[..end], 0), None, "{end}");
        }
        assert_eq!(Link::read(&[0, 1], 0), None);
        assert_eq!(root(&[1, b'a', 5, 9], b"b"), None);
        assert_eq!(root(&[1, b'a', 5], b"a"), Some(5));
    }

    #[test]
    fn random_bytes_are_no_panic_and_no_allocation_beyond_their_number() {
        let mut rng = SmallRng::seed_from_u64(2);
        let mut bytes = [0; 64];
        for round in 0..200_000 {
            rng.fill_bytes(&mut bytes);
            bytes[..8].iter_mut().for_each(|byte| *byte %= 9);
            let bytes = &bytes[..round % 64];
            drop((Node::read(bytes, 0), Link::read(bytes, 0), root(bytes, b"x"), batch_end(bytes)));
        }
    }
}
