//! A page's local input: edits that a surface reports, selections, commands, undo, and the state of compositions (IME).
//! Each becomes deltas in the document and effects on surfaces.

use super::binding::Due;
use super::command::autoformat::{self, autoformat};
use super::command::{Command, Outcome, Selection, backspace_grapheme, perform};
use super::replica::{By, TITLE, caret_after};
use super::shown_text::ShownText;
use super::{Change, Page, SurfaceEffect};
use crate::SectionKey;
use crate::text::delta::{Attributes, LineKind, Op, plain};

/// What a person changed on a surface.
#[derive(Debug)]
pub struct SurfaceEdit {
    /// The offset of the first line that changed, in what the surface shows.
    pub at: u32,
    /// The lines that changed, as they were.
    pub before: Vec<Op>,
    /// The same lines as they are.
    pub after: Vec<Op>,
    /// The caret's offset from `at`, if it is there.
    pub caret: Option<u32>,
}

impl Page {
    /// Handles an edit of a surface.
    pub fn edited(&mut self, key: SectionKey, edit: &SurfaceEdit) {
        let SurfaceEdit { at, ref before, ref after, caret } = *edit;
        self.typed = None;
        let Some(text) = self.text_mut(key) else { return };
        let delta = text.edited(at, before, after, caret);
        if delta.is_empty() {
            return;
        }
        if key == TITLE {
            return self.edited_title(delta);
        }
        let mark = caret.map(|caret| (text.in_document(at + caret), before_caret(after, caret)));
        let mark = mark.filter(|(_, mark)| !text.is_composing() && autoformat::is_mark(mark));
        self.edit(key, delta.clone(), By::View);
        if let Some((caret, mark)) = mark {
            self.show_at_once(key);
            let outcome = self.text(key).and_then(|text| autoformat(&delta, text.lines(), caret, &mark));
            if let Some(outcome) = outcome {
                let start = outcome.selection.head;
                self.carry_out(key, outcome);
                self.typed = Some((key, start, mark));
            }
        }
    }

    /// Handles a new selection, in positions of the surface. `inline` holds the attributes that all of the selected text
    /// has.
    pub fn selected(&mut self, key: SectionKey, selection: Selection, inline: Attributes) {
        if let Some(text) = self.text_mut(key) {
            text.select(selection, inline);
            self.refresh_format();
            self.announce_soon();
        }
    }

    /// Handles that a text got the focus.
    pub fn focused(&mut self, key: SectionKey) {
        self.view.caret.update(|caret| caret.active = Some(key));
        self.leave_link();
        self.refresh_format();
        self.announce_soon();
    }

    /// Performs a command in a text. Returns false if the command does not apply there or the person may not write: then
    /// the browser handles the key.
    ///
    /// `grapheme_before(p)` is the UTF-16 length of the grapheme cluster that ends at position `p` of the surface. It
    /// measures the surface, so the effects of [`Page::show_at_once`] must have been performed before this is called.
    pub fn command(
        &mut self,
        key: SectionKey,
        command: Command,
        grapheme_before: &dyn Fn(u32) -> u32,
    ) -> bool {
        if !self.may_write() || self.text(key).is_none() {
            return false;
        }
        if let Some(is_meant) = (key == TITLE).then(|| self.perform_in_title(command)).flatten() {
            return is_meant;
        }
        // Pending changes of others are shown first: from here on, surface and document hold the same text.
        self.show_at_once(key);
        match command {
            Command::Undo | Command::Redo => {
                let replica = self.replica();
                let undone = if command == Command::Undo { replica.undo() } else { replica.redo() };
                self.show_own(&undone);
                self.go_to(&undone);
                return true;
            }
            Command::Link => {
                self.ask_for_link(key);
                return true;
            }
            _ => {}
        }
        let typed = self.typed.take();
        let Some(text) = self.text(key) else { return false };
        if let Some(outcome) = typed.and_then(|typed| unmeant(text, command, &typed)) {
            self.carry_out(key, outcome);
            return true;
        }
        let on = command.inline().is_some_and(|name| text.has_inline(name));
        let selection = text.selection();
        let outcome = perform(command, text.lines(), selection, on).or_else(|| {
            let is_caret = command == Command::Backspace && selection.anchor == selection.head;
            is_caret.then(|| backspace_grapheme(selection.head, grapheme_before(selection.head)))?
        });
        if let Some(outcome) = outcome {
            self.carry_out(key, outcome);
            return true;
        }
        let pen = command.inline().map(|name| text.pen_with(name, !on));
        let is_meant = pen.is_some();
        if let Some(pen) = pen {
            self.ask_surface(key, SurfaceEffect::SetPen(pen));
        }
        is_meant
    }

    pub(super) fn edit(&mut self, key: SectionKey, delta: Vec<Op>, by: By) {
        self.edit_all(vec![(key, delta)], by);
    }

    /// Changes several texts as one edit.
    pub(super) fn edit_all(&mut self, edits: Vec<(SectionKey, Vec<Op>)>, by: By) {
        let edited = self.replica().edit(edits, by);
        self.show_own(&edited.expect("no transaction outlives a function of Replica"));
    }

    /// Applies a command's outcome to the document, shows it at once and sets the selection.
    pub(super) fn carry_out(&mut self, key: SectionKey, outcome: Outcome) {
        self.carry_out_with(key, outcome, None);
    }

    /// As [`Page::carry_out`], with a change of another text in the same edit.
    pub(super) fn carry_out_with(
        &mut self,
        key: SectionKey,
        outcome: Outcome,
        elsewhere: Option<(SectionKey, Vec<Op>)>,
    ) {
        self.edit_all([(key, outcome.delta)].into_iter().chain(elsewhere).collect(), By::Command);
        self.show_at_once(key);
        self.ask_surface(key, SurfaceEffect::Select(outcome.selection));
    }

    /// Moves the focus and the caret to the first change of an undo or redo.
    fn go_to(&mut self, changes: &[Change]) {
        let Some(change) = changes.first().filter(|change| self.text(change.key).is_some()) else { return };
        let caret = Selection::caret(caret_after(&change.delta));
        self.show_at_once(change.key);
        self.ask_surface(change.key, SurfaceEffect::Focus);
        self.ask_surface(change.key, SurfaceEffect::Select(caret));
    }

    /// Whether a word is being composed in a text.
    #[must_use]
    pub fn is_composing(&self, key: SectionKey) -> bool {
        self.text(key).is_some_and(ShownText::is_composing)
    }

    /// Whether others have deleted part of the word that is being composed in a text: then [`Page::save_word`] must be
    /// called before the composition ends.
    #[must_use]
    pub fn is_word_deleted(&self, key: SectionKey) -> bool {
        self.text(key).is_some_and(ShownText::is_word_deleted)
    }

    /// Re-inserts the composed word if others deleted part of it meanwhile. `shown` is the surface's text.
    pub fn save_word(&mut self, key: SectionKey, shown: &[Op]) {
        if let Some(word) = self.text_mut(key).and_then(|text| text.saved_word(shown)) {
            self.edit(key, word, By::View);
        }
    }

    /// When the pending changes of a text may be shown.
    #[must_use]
    pub fn due(&self, key: SectionKey) -> Due {
        self.text(key).map_or(Due::Never, |text| text.due(self.time))
    }
}

/// Undoes a list autoformat (`- ` became a list): gives back the typed marker if Backspace, or the command for the same
/// list, follows directly. `None` otherwise.
fn unmeant(
    text: &ShownText,
    command: Command,
    (key, start, mark): &(SectionKey, u32, String),
) -> Option<Outcome> {
    let takes_away = match (command, text.line()) {
        (Command::Backspace, _) => true,
        (Command::List(list), LineKind::Item(now, _)) => list == now,
        _ => false,
    };
    let is_there = *key == text.key && text.selection() == Selection::caret(*start);
    (takes_away && is_there).then(|| autoformat::give_back(text.lines(), *start, mark))
}

/// The text between the start of the caret's line and the caret, which is an offset in `text`.
fn before_caret(text: &[Op], caret: u32) -> String {
    let units: Vec<u16> = plain(text).encode_utf16().take(caret as usize).collect();
    let line = units.rsplit(|unit| *unit == u16::from(b'\n')).next().unwrap_or_default();
    String::from_utf16_lossy(line)
}
