//! What the tree holds that the pages make, and whether that is all that it should.
//!
//! The leaves are gone through from the first to the last, as sled does; each of its indexes must lead to pages
//! that are there, or sled would find nothing.

use std::collections::BTreeMap;

use super::super::key;
use super::page::{Data, Node, Place};
use super::walk::{Content, META, Walked};

/// The store's records by their keys, and where they stand.
pub(in crate::store) type Records = BTreeMap<Vec<u8>, Place>;

/// How a store stands, by its own records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct Standing {
    /// The number of the last commit.
    pub(in crate::store) commit: u64,
    /// The sum of the records' shares.
    pub(in crate::store) tally: u64,
}

impl Walked {
    /// All records.
    ///
    /// # Errors
    /// What is wrong with the tree.
    pub(in crate::store) fn records(&self) -> Result<Records, &'static str> {
        let Some(Content::Meta(Some(root))) = self.pages.get(&META).map(|page| &page.content) else {
            return Err("the page with the tree's root is missing");
        };
        let mut page = self.leftmost(*root)?;
        let mut records = Records::new();
        let mut low: &[u8] = &[];
        // Each page is in the chain once, at most.
        for _ in 0..self.pages.len() {
            let node = self.node(page)?;
            let Data::Leaf(leaf) = &node.data else { return Err("an index among the leaves") };
            if node.low != low {
                return Err("a leaf is missing");
            }
            records.extend(leaf.iter().map(|(key, place)| (key.clone(), *place)));
            match node.next {
                Some(next) if !node.high.is_empty() => (page, low) = (next, &node.high),
                None if node.high.is_empty() => return Ok(records),
                _ => return Err("the last leaf is missing"),
            }
        }
        Err("the leaves go round in a circle")
    }

    /// Goes through all indexes; gives the first leaf.
    fn leftmost(&self, root: u64) -> Result<u64, &'static str> {
        let mut level = vec![root];
        let mut visited = 0;
        loop {
            let mut below = Vec::new();
            for page in &level {
                visited += 1;
                if visited > self.pages.len() {
                    return Err("the indexes go round in a circle");
                }
                if let Data::Index(children) = &self.node(*page)?.data {
                    below.extend_from_slice(children);
                }
            }
            if below.is_empty() {
                return level.first().copied().ok_or("an empty index");
            }
            level = below;
        }
    }

    fn node(&self, page: u64) -> Result<&Node, &'static str> {
        match self.pages.get(&page).map(|page| &page.content) {
            Some(Content::Node(node)) => Ok(node),
            _ => Err("a page of the tree is missing"),
        }
    }
}

/// How records stand, if that is how the last commit left them.
///
/// # Errors
/// What is wrong.
pub(in crate::store) fn standing(records: &Records) -> Result<Standing, &'static str> {
    let mut standing = Standing::default();
    let mut expected = None;
    for (key, place) in records {
        let Some(head) = place.head else {
            if key::counts(key) {
                return Err("a record without a header");
            }
            continue;
        };
        if key::counts(key) {
            standing.tally = standing.tally.wrapping_add(head.share(key));
        }
        if head.commit > standing.commit {
            standing.commit = head.commit;
            expected = Some(head.tally);
        }
    }
    match expected {
        Some(expected) if expected != standing.tally => Err("records are missing"),
        _ => Ok(standing),
    }
}
