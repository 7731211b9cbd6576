//! One text as its surface shows it: its binding to the document, and what the surface last reported.

use std::time::Duration;

use super::binding::{Binding, Composed, Due};
use super::command::Selection;
use crate::SectionKey;
use crate::text::delta::{self, Attributes, LineKind, Op, plain, utf16_len, visible_lines};
use crate::text::line_index::LineIndex;

/// A text that has a surface.
#[derive(Debug)]
pub(super) struct ShownText {
    /// The title's key or a section's.
    pub(super) key: SectionKey,
    binding: Binding,
    inline: Attributes,
    /// Whether it changed since it was last compared with the document.
    pub(super) is_changed: bool,
}

impl ShownText {
    /// What the surface shows first.
    pub(super) fn of(key: SectionKey, text: &[Op]) -> Self {
        Self { key, binding: Binding::of(text), inline: Attributes::default(), is_changed: false }
    }

    /// Takes a report of the selection, and of the attributes that hold for all of it.
    pub(super) fn select(&mut self, selection: Selection, inline: Attributes) {
        self.binding.select(selection);
        self.inline = inline;
    }

    /// The selection, in the document's text.
    pub(super) fn selection(&self) -> Selection {
        self.binding.selection()
    }

    /// What the selection's first line is.
    pub(super) fn line(&self) -> LineKind {
        self.binding.line()
    }

    /// The lines that are shown.
    pub(super) const fn lines(&self) -> &LineIndex {
        self.binding.lines()
    }

    /// The person changed what is shown, as [`Binding::edited`] says; gives the change for the document.
    pub(super) fn edited(&mut self, at: u32, before: &[Op], after: &[Op], caret: Option<u32>) -> Vec<Op> {
        self.is_changed = true;
        self.binding.edited(at, before, after, caret)
    }

    /// The document changed, and the surface does not show it yet.
    pub(super) fn changed(&mut self, delta: &[Op]) {
        self.is_changed = true;
        self.binding.changed(delta);
    }

    /// A word is being composed, or no longer.
    pub(super) const fn compose(&mut self, composed: Option<Composed>) {
        self.binding.compose(composed);
    }

    /// Whether others deleted some of the word that is being composed.
    pub(super) fn is_word_deleted(&self) -> bool {
        self.binding.is_word_deleted()
    }

    /// The change that writes the word that is being composed again if others deleted some of it; none if it is there.
    pub(super) fn saved_word(&mut self, shown: &[Op]) -> Option<Vec<Op>> {
        let word = self.binding.composed().filter(|_| self.is_word_deleted())?;
        let to_end = utf16_len(&plain(shown)).checked_sub(word.to)?;
        let cut = [Op::delete(word.from), Op::retain(word.to - word.from), Op::delete(to_end)];
        let written = delta::compose(shown, &cut);
        Some(self.edited(word.from, &written, &written, None))
    }

    /// Whether a word is being composed.
    pub(super) const fn is_composing(&self) -> bool {
        self.binding.is_composing()
    }

    /// What is to be done about what the document has beyond what is shown.
    pub(super) fn due(&self, time: Duration) -> Due {
        self.binding.due(time)
    }

    /// Takes what waits; the caller shows it.
    pub(super) fn take_waiting(&mut self) -> Vec<Op> {
        self.binding.take()
    }

    /// This text is shown, whatever it was.
    pub(super) fn reset(&mut self, text: &[Op]) {
        self.binding.reset(text);
    }

    /// Where a place in what is shown is in the document.
    pub(super) fn in_document(&self, place: u32) -> u32 {
        self.binding.in_document(place)
    }

    /// Where a place in the document is in what is shown.
    pub(super) fn in_view(&self, place: u32) -> u32 {
        self.binding.in_view(place)
    }

    /// Whether all that is selected has an inline attribute.
    pub(super) fn has_inline(&self, name: &str) -> bool {
        self.inline.contains_key(name)
    }

    /// The attributes that hold for all that is selected, as they are typed on with.
    pub(super) const fn pen(&self) -> &Attributes {
        &self.inline
    }

    /// What the next typed text has when one attribute is switched.
    pub(super) fn pen_with(&self, name: &str, on: bool) -> Attributes {
        let mut attributes = self.inline.clone();
        if on {
            attributes.insert(name.to_owned(), true.into());
        } else {
            attributes.remove(name);
        }
        attributes
    }

    /// Whether what is shown is what the document holds.
    pub(super) fn is_right(&mut self, shown: &[Op], held: &[Op]) -> bool {
        self.is_changed = false;
        visible_lines(shown) == visible_lines(held)
    }
}
