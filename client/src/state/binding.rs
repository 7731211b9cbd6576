//! What binds one section's text in the document to the text that its surface shows, pure: which lines
//! are shown, what the document has beyond them, and when the surface may be told. It knows no
//! document, no surface and no clock.
//!
//! The two texts may differ by `waiting`, a change of what is shown: what others wrote since the last
//! frame, or while a word is being composed in a line that they changed. Places and changes cross in both
//! directions through it, so that neither side has to wait for the other.

use std::time::Duration;

use samsyn_shared::delta::{First, LineKind, Op, compose, moved, transform, unmoved};
use samsyn_shared::diff::diff;
use samsyn_shared::line_index::{LineIndex, Span};
use samsyn_shared::schema;

use crate::editor::command::Selection;

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
    /// When a word that is being composed was touched last.
    composed: Option<Duration>,
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
        let for_document = transform(&self.waiting, &edit, First::Later);
        self.waiting = transform(&edit, &self.waiting, First::Earlier);
        for_document
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
    pub const fn compose(&mut self, composed: Option<Duration>) {
        self.composed = composed;
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
        let Some(touched) = self.composed else { return Due::Now };
        if !disturbs(&self.waiting, &self.lines.line_at(self.selection.head)) {
            return Due::Now;
        }
        match PATIENCE.checked_sub(now.saturating_sub(touched)) {
            Some(left) if !left.is_zero() => Due::After(left),
            _ => Due::Interrupting,
        }
    }
}

/// Whether to show this change would redraw the text of a line, and so end what is composed in it. A line
/// that becomes a heading keeps its text's node.
fn disturbs(change: &[Op], line: &Span) -> bool {
    let mut place = 0;
    change.iter().any(|op| match op {
        Op::Insert { .. } => (line.start..=line.end()).contains(&place),
        Op::Retain { retain, attributes } => {
            let (from, to) = (place, place.saturating_add(*retain));
            place = to;
            let text = from < line.end() && line.start < to;
            let end = from <= line.end() && line.end() < to;
            let is_item = matches!(line.kind, LineKind::Item(..));
            let redraws = |name: &String| match name.as_str() {
                schema::HEADER => end && is_item,
                schema::LIST => end,
                schema::INDENT => false,
                _ => text,
            };
            attributes.keys().any(redraws)
        }
        Op::Delete { delete } => {
            let (from, to) = (place, place + delete);
            place = to;
            from <= line.end() && line.start <= to
        }
    })
}

#[cfg(test)]
mod tests;
