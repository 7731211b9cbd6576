//! What a person does to the texts: by typing, and by commands.

use super::binding::Due;
use super::command::autoformat::{self, autoformat};
use super::command::{Command, Outcome, Selection, backspace_grapheme, perform};
use super::replica::{By, TITLE, caret_after};
use super::shown_text::ShownText;
use super::{Change, Page, SurfaceEffect};
use crate::SectionKey;
use crate::text::delta::{Attributes, LineKind, Op, plain};

impl Page {
    /// The person changed what a surface shows: the lines from `at` on, as they were and as they are; `caret` is where it
    /// stands from there.
    pub fn edited(&mut self, key: SectionKey, at: u32, before: &[Op], after: &[Op], caret: Option<u32>) {
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

    /// The selection of a text is now here, in what is shown, with these attributes in all of it.
    pub fn selected(&mut self, key: SectionKey, selection: Selection, inline: Attributes) {
        if let Some(text) = self.text_mut(key) {
            text.select(selection, inline);
            self.refresh_format();
            self.announce_soon();
        }
    }

    /// A text has the focus.
    pub fn focused(&mut self, key: SectionKey) {
        self.view.caret.update(|caret| caret.active = Some(key));
        self.leave_link();
        self.refresh_format();
        self.announce_soon();
    }

    /// Performs a command in a text, which must show all that waits ([`Page::show_at_once`]). False when it means nothing
    /// there and the key is the browser's. `grapheme_before` says how long what a reader takes as one character is before
    /// a place.
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
        // A command acts on what the person sees, and that is what the document holds from here on.
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

    /// Changes the document as a command decided, and shows it at once.
    pub(super) fn carry_out(&mut self, key: SectionKey, outcome: Outcome) {
        self.carry_out_with(key, outcome, None);
    }

    /// The same, with a change elsewhere that is part of it.
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

    /// Puts the caret where something was undone.
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

    /// Whether others deleted some of the word that is being composed in a text: then [`Page::save_word`] is to be called
    /// before the composition ends.
    #[must_use]
    pub fn is_word_deleted(&self, key: SectionKey) -> bool {
        self.text(key).is_some_and(ShownText::is_word_deleted)
    }

    /// A word that is done stands whole though others deleted what was there of it while it was composed. `shown` is what
    /// the surface shows.
    pub fn save_word(&mut self, key: SectionKey, shown: &[Op]) {
        if let Some(word) = self.text_mut(key).and_then(|text| text.saved_word(shown)) {
            self.edit(key, word, By::View);
        }
    }

    /// What is to be done about what a text's surface does not show yet.
    #[must_use]
    pub fn due(&self, key: SectionKey) -> Due {
        self.text(key).map_or(Due::Never, |text| text.due(self.time))
    }
}

/// What was typed, where a command takes away the list that was made of it, right after that.
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

/// What stands before the caret in its line, of a text that the caret is in.
fn before_caret(text: &[Op], caret: u32) -> String {
    let units: Vec<u16> = plain(text).encode_utf16().take(caret as usize).collect();
    let line = units.rsplit(|unit| *unit == u16::from(b'\n')).next().unwrap_or_default();
    String::from_utf16_lossy(line)
}
