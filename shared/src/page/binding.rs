//! What binds one section's text in the document to the text that its surface shows, pure: which lines
//! are shown, what the document has beyond them, and when the surface may be told. It knows no
//! document, no surface and no clock.
//!
//! The two texts may differ by `waiting`, a change of what is shown: what others wrote since the last
//! frame, or while a word is being composed in a line that they changed. Places and changes cross in both
//! directions through it, so that neither side has to wait for the other.
//!
//! Invariant: A composition is not ended by what others write around it, and its word stands whole and once though
//! others delete it (the tests named `scenario_20_…`,
//! `a_word_that_others_delete_while_it_is_composed_stands_whole`).

use std::time::Duration;

use super::command::Selection;
use crate::domain::schema;
use crate::text::delta::{First, LineKind, Op, compose, moved, plain, transform, unmoved, utf16_len};
use crate::text::diff::diff;
use crate::text::line_index::{LineIndex, Span};

/// A composition that was not touched for this long no longer holds back what others wrote. Keyboards of
/// phones compose nearly every word, and leave the last one open.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// One section's binding.
#[derive(Debug)]
pub struct Binding {
    /// The lines that are shown.
    lines: LineIndex,
    /// What the document has beyond what is shown.
    waiting: Vec<Op>,
    /// Where the selection is in what is shown.
    selection: Selection,
    /// The word that is being composed.
    composed: Option<Composed>,
}

/// A word that is being composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composed {
    /// Where it begins, in what is shown.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Whether the browser follows it when the text around it changes; else its line is left as it is.
    pub is_followed: bool,
    /// When it was touched last.
    pub touched: Duration,
}

/// What is to be done about what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing waits.
    Never,
    /// Show it.
    Now,
    /// End the composition, and show it: it has rested for too long.
    Interrupting,
    /// Ask again after this long, or when the composition ends.
    After(Duration),
}

impl Binding {
    /// Of a text, given as inserts, that is shown as it is.
    #[must_use]
    pub fn of(text: &[Op]) -> Self {
        let lines = LineIndex::of(text);
        Self { lines, waiting: Vec::new(), selection: Selection::default(), composed: None }
    }

    /// All is shown anew.
    pub fn reset(&mut self, text: &[Op]) {
        self.lines = LineIndex::of(text);
        self.waiting.clear();
    }

    /// The person changed the lines from `at` on; `caret` is where it stands from there. Gives the change
    /// for the document.
    pub fn edited(&mut self, at: u32, before: &[Op], after: &[Op], caret: Option<u32>) -> Vec<Op> {
        let mut edit = diff(before, after, caret);
        if at > 0 && !edit.is_empty() {
            edit.insert(0, Op::retain(at));
        }
        self.lines.apply(&edit);
        if self.waiting.is_empty() {
            return edit;
        }
        let edit = self.with_whole_word(at, edit, after);
        let for_document = transform(&self.waiting, &edit, First::Later);
        self.waiting = transform(&edit, &self.waiting, First::Earlier);
        for_document
    }

    /// The change with all of the word that is being composed in it, where others deleted some of that: else only the
    /// letters that are new would be left of it.
    fn with_whole_word(&self, at: u32, edit: Vec<Op>, after: &[Op]) -> Vec<Op> {
        let Some(word) = self.composed.filter(|_| self.is_word_deleted()) else { return edit };
        let (from, to) = (moved(&edit, word.from, false), moved(&edit, word.to, true));
        let length = utf16_len(&plain(after));
        if from < at || at + length < to {
            return edit;
        }
        let rest = at + length - to;
        let word = compose(after, &[Op::delete(from - at), Op::retain(to - from), Op::delete(rest)]);
        compose(&edit, &[vec![Op::retain(from), Op::delete(to - from)], word].concat())
    }

    /// Whether others deleted some of the word that is being composed, which is still shown.
    #[must_use]
    pub fn is_word_deleted(&self) -> bool {
        let Some(Composed { from, to, .. }) = self.composed else { return false };
        let mut place = 0_u32;
        self.waiting.iter().any(|op| {
            let start = place;
            place = start.saturating_add(op.passes());
            matches!(op, Op::Delete { .. }) && start < to && from < place
        })
    }

    /// The document changed, and the surface does not show it.
    pub fn changed(&mut self, delta: &[Op]) {
        self.waiting = compose(&self.waiting, delta);
    }

    /// Takes what waits; the caller shows it.
    pub fn take(&mut self) -> Vec<Op> {
        let delta = std::mem::take(&mut self.waiting);
        self.lines.apply(&delta);
        delta
    }

    /// The selection is now here, in what is shown.
    pub fn select(&mut self, selection: Selection) {
        self.selection = selection;
    }

    /// The selection, in the document.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let Selection { anchor, head } = self.selection;
        Selection { anchor: self.in_document(anchor), head: self.in_document(head) }
    }

    /// Where a place in what is shown is in the document.
    #[must_use]
    pub fn in_document(&self, place: u32) -> u32 {
        moved(&self.waiting, place, false)
    }

    /// Where a place in the document is in what is shown.
    #[must_use]
    pub fn in_view(&self, place: u32) -> u32 {
        unmoved(&self.waiting, place)
    }

    /// The lines that are shown.
    #[must_use]
    pub const fn lines(&self) -> &LineIndex {
        &self.lines
    }

    /// What the selection's first line is.
    #[must_use]
    pub fn line(&self) -> LineKind {
        self.lines.line_at(self.selection.anchor.min(self.selection.head)).kind
    }

    /// A word is being composed, or no longer.
    pub const fn compose(&mut self, composed: Option<Composed>) {
        self.composed = composed;
    }

    /// The word that is being composed.
    #[must_use]
    pub const fn composed(&self) -> Option<Composed> {
        self.composed
    }

    /// Whether a word is being composed.
    #[must_use]
    pub const fn is_composing(&self) -> bool {
        self.composed.is_some()
    }

    /// What is to be done about what waits.
    #[must_use]
    pub fn due(&self, now: Duration) -> Due {
        if self.waiting.is_empty() {
            return Due::Never;
        }
        let Some(word) = self.composed else { return Due::Now };
        if !disturbs(&self.waiting, &self.lines.line_at(word.from), &word) {
            return Due::Now;
        }
        match PATIENCE.checked_sub(now.saturating_sub(word.touched)) {
            Some(left) if !left.is_zero() => Due::After(left),
            _ => Due::Interrupting,
        }
    }
}

/// Whether to show this change would end what is composed in a line. What is written and deleted around the word
/// leaves it whole, and a line that becomes a heading keeps its text's node; a line that is split before the word, or
/// joined to another, is drawn anew.
fn disturbs(change: &[Op], line: &Span, word: &Composed) -> bool {
    let mut place = 0_u32;
    change.iter().any(|op| {
        let (from, to) = (place, place.saturating_add(op.passes()));
        place = to;
        let (first, end) = if word.is_followed { (word.from, word.to) } else { (line.start, line.end()) };
        let in_word = from < end && first < to;
        match op {
            Op::Insert { insert, .. } => {
                let in_line = (line.start..=line.end()).contains(&from);
                let splits = insert.contains('\n') && from <= word.from;
                in_line && (splits || !word.is_followed || (word.from < from && from < word.to))
            }
            Op::Retain { attributes, .. } => {
                let end = from <= line.end() && line.end() < to;
                let is_item = matches!(line.kind, LineKind::Item(..));
                let redraws = |name: &String| match name.as_str() {
                    schema::HEADER => end && is_item,
                    schema::LIST => end,
                    schema::INDENT => false,
                    _ => in_word,
                };
                attributes.keys().any(redraws)
            }
            Op::Delete { .. } => {
                in_word || (from < line.start && line.start <= to) || (from <= line.end() && line.end() < to)
            }
        }
    })
}

#[cfg(test)]
mod tests;
