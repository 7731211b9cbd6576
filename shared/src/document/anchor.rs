//! An anchor in a text: a phrase that somebody points at, wherever it goes. It follows its words when text
//! comes before it or into it, and knows when nothing of them is left. Its two ends are Yjs' relative
//! positions, so any client of the document can read them.

use serde::{Deserialize, Serialize};
use yrs::branch::{Branch, BranchPtr};
use yrs::{Assoc, IndexedSequence, ReadTxn, StickyIndex, TextRef};

use crate::document;
use crate::text::delta::{plain, utf16_len};

/// A phrase in one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// At the first character, so that what comes right before is no part of it.
    start: StickyIndex,
    /// At the last character, so that what comes right behind is none either.
    end: StickyIndex,
    quote: String,
}

/// Where an anchor is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// From and to these indexes, in UTF-16 code units.
    Placed(u32, u32),
    /// Nothing of it is left.
    Orphaned,
}

impl Anchor {
    /// An anchor on what stands from one index to another; none when nothing stands there.
    #[must_use]
    pub fn of(text: &TextRef, txn: &impl ReadTxn, from: u32, to: u32) -> Option<Self> {
        let quote = cut(&units(text, txn), from, to)?;
        if from >= to {
            return None;
        }
        let start = text.sticky_index(txn, from, Assoc::After)?;
        let end = text.sticky_index(txn, to, Assoc::Before)?;
        Some(Self { start, end, quote })
    }

    /// The words that it was put on.
    #[must_use]
    pub fn quote(&self) -> &str {
        &self.quote
    }

    /// Where it is now. Words that were deleted and brought back by undo are new items for everybody but
    /// who undid it, so its own words are looked for where its ends are, too. (Only who undid it finds them when
    /// they had been changed since the mark was made, or when what stood behind them was deleted with them.)
    #[must_use]
    pub fn resolve(&self, text: &TextRef, txn: &impl ReadTxn) -> Standing {
        let index = |end: &StickyIndex| {
            let offset = end.get_offset(txn)?;
            (offset.branch == BranchPtr::from(AsRef::<Branch>::as_ref(text))).then_some(offset.index)
        };
        let (Some(from), Some(to)) = (index(&self.start), index(&self.end)) else {
            return Standing::Orphaned;
        };
        let (units, len) = (units(text, txn), utf16_len(&self.quote));
        let ends = [(from, to), (to.wrapping_sub(len), to), (from, from + len)];
        let quoted =
            ends.into_iter().find(|(from, to)| cut(&units, *from, *to).is_some_and(|s| s == self.quote));
        match quoted.or((from < to).then_some((from, to))) {
            Some((from, to)) => Standing::Placed(from, to),
            None => Standing::Orphaned,
        }
    }
}

fn units(text: &TextRef, txn: &impl ReadTxn) -> Vec<u16> {
    plain(&document::read(text, txn)).encode_utf16().collect()
}

fn cut(units: &[u16], from: u32, to: u32) -> Option<String> {
    String::from_utf16(units.get(from as usize..to as usize)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::delta::{Attributes, Op};
    use yrs::undo::UndoManager;
    use yrs::updates::decoder::Decode;
    use yrs::{Doc, StateVector, Text, Transact, Update, WriteTxn};

    /// Two replicas of one text, a mark on `phrase` made at the first, as the second reads it.
    struct Marked {
        one: Doc,
        two: Doc,
        mark: Anchor,
    }

    fn text(doc: &Doc) -> TextRef {
        doc.try_transact_mut().expect("free").get_or_insert_text("t")
    }

    impl Marked {
        fn new(words: &str, phrase: &str) -> Self {
            let (one, two) = (document::replica(1), document::replica(2));
            let text = text(&one);
            document::change(&text, &mut one.try_transact_mut().expect("free"), 0, &[Op::insert(words)]);
            let from = utf16_len(words.split(phrase).next().expect("there is a first"));
            let mark = Anchor::of(&text, &one.try_transact().expect("free"), from, from + utf16_len(phrase));
            let json = serde_json::to_string(&mark.expect("a phrase")).expect("plain JSON");
            let marked = Self { one, two, mark: serde_json::from_str(&json).expect("as it was written") };
            marked.exchange();
            marked
        }

        fn exchange(&self) {
            for (from, to) in [(&self.one, &self.two), (&self.two, &self.one)] {
                let vector = to.try_transact().expect("free").state_vector();
                let update = from.try_transact().expect("free").encode_state_as_update_v1(&vector);
                let update = Update::decode_v1(&update).expect("made by yrs");
                to.try_transact_mut().expect("free").apply_update(update).expect("applies");
            }
        }

        /// Changes the text at one of them, and has both know.
        fn change(&self, doc: &Doc, at: u32, ops: &[Op]) {
            let text = text(doc);
            document::change(&text, &mut doc.try_transact_mut().expect("free"), at, ops);
            self.exchange();
        }

        /// What the mark is on, the same for both; none when it is orphaned.
        fn marked(&self) -> Option<String> {
            let read = |doc: &Doc| {
                let text = text(doc);
                let txn = doc.try_transact().expect("free");
                match self.mark.resolve(&text, &txn) {
                    Standing::Placed(from, to) => cut(&units(&text, &txn), from, to),
                    Standing::Orphaned => None,
                }
            };
            let (one, two) = (read(&self.one), read(&self.two));
            assert_eq!(one, two, "the two replicas place it differently");
            one
        }
    }

    #[test]
    fn a_mark_follows_its_words_and_takes_in_what_comes_into_them() {
        let it = Marked::new("ett 😀 viktigt ord till\n", "viktigt ord");
        it.change(&it.two, 0, &[Op::insert("före\n")]);
        assert_eq!(it.marked().as_deref(), Some("viktigt ord"));
        it.change(&it.two, 12 + 7, &[Op::insert("\n")]);
        assert_eq!(it.marked().as_deref(), Some("viktigt\n ord"));
        let heading: Attributes = [("header".to_owned(), 1.into())].into();
        let bold: Attributes = [("bold".to_owned(), true.into())].into();
        it.change(&it.one, 19, &[Op::Retain { retain: 1, attributes: heading }]);
        it.change(&it.one, 9, &[Op::Retain { retain: 8, attributes: bold }]);
        assert_eq!(it.marked().as_deref(), Some("viktigt\n ord"));
    }

    #[test]
    fn a_mark_does_not_grow_at_its_ends() {
        let it = Marked::new("abc", "b");
        it.change(&it.two, 1, &[Op::insert("före")]);
        it.change(&it.two, 6, &[Op::insert("efter")]);
        assert_eq!(it.marked().as_deref(), Some("b"));
        let it = Marked::new("hela", "hela");
        it.change(&it.two, 0, &[Op::insert("före")]);
        it.change(&it.two, 8, &[Op::insert("efter")]);
        assert_eq!(it.marked().as_deref(), Some("hela"));
    }

    #[test]
    fn a_mark_holds_to_what_is_left_and_is_orphaned_when_nothing_is() {
        let it = Marked::new("ett två tre fyra\n", "två tre");
        it.change(&it.two, 4, &[Op::delete(3)]);
        assert_eq!(it.marked().as_deref(), Some(" tre"));
        it.change(&it.two, 7, &[Op::delete(3)]);
        assert_eq!(it.marked().as_deref(), Some(" tr"));
        // More than the rest of it goes, from both sides.
        it.change(&it.two, 2, &[Op::delete(6)]);
        assert_eq!(it.marked(), None);
        assert_eq!(it.mark.quote(), "två tre");
        it.change(&it.one, 2, &[Op::insert("annat")]);
        assert_eq!(it.marked(), None);
    }

    #[test]
    fn undoing_the_deletion_brings_a_mark_back_for_everybody() {
        for (from, len) in [(4, 7), (4, 3), (6, 5), (8, 8), (2, 9)] {
            let it = Marked::new("ett två tre fyra\n", "två tre");
            let mut undo: UndoManager<()> = UndoManager::new();
            undo.expand_scope(&it.two, &text(&it.two));
            it.change(&it.two, from, &[Op::delete(len)]);
            assert_ne!(it.marked().as_deref(), Some("två tre"));
            undo.undo_blocking();
            it.exchange();
            assert_eq!(it.marked().as_deref(), Some("två tre"), "{len} from {from}");
        }
    }

    #[test]
    fn nothing_and_what_is_not_there_take_no_mark_and_a_mark_is_of_one_text_and_one_document() {
        let it = Marked::new("abc", "b");
        let text = text(&it.one);
        let txn = it.one.try_transact().expect("free");
        assert_eq!(Anchor::of(&text, &txn, 1, 1), None);
        assert_eq!(Anchor::of(&text, &txn, 2, 9), None);
        let other = document::replica(3);
        let mut txn = other.try_transact_mut().expect("free");
        let text = txn.get_or_insert_text("t");
        text.insert(&mut txn, 0, "abc");
        assert_eq!(it.mark.resolve(&text, &txn), Standing::Orphaned);
        let elsewhere = txn.get_or_insert_text("u");
        assert_eq!(it.mark.resolve(&elsewhere, &txn), Standing::Orphaned);
        assert!(txn.encode_state_as_update_v1(&StateVector::default()).len() > 2);
    }
}
