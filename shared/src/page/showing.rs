//! From the document to what is shown: each change of it reaches the surfaces and the view. What others write is gathered
//! and shown once a frame; what was changed by this person's own command is shown at once.

use std::time::Duration;

use super::binding::{Composed, Due};
use super::replica::TITLE;
use super::{Change, Format, Page, SurfaceEffect, peer};
use crate::SectionKey;
use crate::document::read_model::one_line;
use crate::domain::schema;
use crate::text::delta::{LineKind, Op, plain};

/// What is shown is compared with the document when nothing changed for this long.
const VERIFY_AFTER: Duration = Duration::from_millis(1500);

/// And at the latest this long after a change, in a section that is never at rest.
const VERIFY_BY: Duration = Duration::from_secs(15);

impl Page {
    /// Brings changes that were made here to the server and to what is shown.
    pub(super) fn show_own(&mut self, changes: &[Change]) {
        self.tell_edits();
        self.show(changes);
    }

    /// Has what was written here sent and kept.
    pub(super) fn tell_edits(&mut self) {
        for update in self.replica().take_updates() {
            self.tell_peer(peer::Event::Edited(update));
        }
    }

    /// Brings changes of the document to what is shown.
    pub(super) fn show(&mut self, changes: &[Change]) {
        for change in changes {
            if change.key == TITLE {
                self.refresh_title();
            }
            if let Some(text) = self.text_mut(change.key).filter(|_| !change.shown) {
                text.changed(&change.delta);
                self.show_soon();
            }
        }
        self.text_changed(changes);
        if !changes.is_empty() {
            self.refresh_filled();
            self.refresh_format();
            self.carry_carets(changes);
            self.verify_soon();
        }
    }

    /// Shows what waits before the next frame, once for all that came until then.
    pub(super) fn show_soon(&mut self) {
        self.due.showing = true;
        self.await_frame();
    }

    /// Shows what waits in a text, unless that would disturb what is being composed there. Its surface has reported all,
    /// and a composition that has rested ([`Due::Interrupting`]) was ended.
    pub fn show_when_due(&mut self, key: SectionKey) {
        match self.due(key) {
            Due::Never => {}
            Due::Now | Due::Interrupting => self.show_waiting(key, true),
            Due::After(rest) => {
                let due = self.time + rest;
                self.due.rested = Some(self.due.rested.map_or(due, |earlier| earlier.min(due)));
            }
        }
    }

    /// Shows what waits in a text now. Its surface has reported all, and composes nothing any more.
    pub fn show_at_once(&mut self, key: SectionKey) {
        self.show_waiting(key, false);
    }

    fn show_waiting(&mut self, key: SectionKey, keeps_place: bool) {
        if self.due(key) == Due::Never {
            return;
        }
        let Ok(length) = self.held().len(key) else { return };
        let Some(text) = self.text_mut(key) else { return };
        let delta = text.take_waiting();
        self.ask_surface(key, SurfaceEffect::Show { delta, length, keeps_place });
        self.draw_carets_soon();
        self.text_shown(key);
        self.refresh_format();
    }

    /// A text's surface does not show what it should: it shows all anew.
    pub fn show_anew(&mut self, key: SectionKey) {
        let held = self.read(key);
        if let Some(text) = self.text_mut(key) {
            text.reset(&held);
            self.ask_surface(key, SurfaceEffect::Reset(held));
            self.text_shown(key);
        }
    }

    /// A word is being composed in a text, from here to there in what is shown; or no longer. Whoever follows it is the
    /// browser, which then leaves it whole when the text around it changes.
    pub fn composing(&mut self, key: SectionKey, word: Option<(u32, u32)>, is_followed: bool) {
        let touched = self.time;
        if let Some(text) = self.text_mut(key) {
            text.compose(word.map(|(from, to)| Composed { from, to, is_followed, touched }));
        }
    }

    pub(super) fn refresh_title(&mut self) {
        let title = one_line(&plain(&self.read(TITLE)));
        self.view.text.update(|text| text.title = title);
    }

    pub(super) fn refresh_filled(&mut self) {
        let replica = self.held();
        let keys = replica.template().sections.iter().map(|section| section.key);
        let filled: Vec<_> = keys.filter(|key| replica.len(*key).is_ok_and(|len| len > 1)).collect();
        if filled != self.view.text.filled {
            self.view.text.update(|text| text.filled = filled);
        }
    }

    /// All of the text may be shown.
    pub fn refresh_text(&mut self) {
        self.refresh_title();
        self.refresh_filled();
    }

    pub(super) fn refresh_format(&mut self) {
        let (can_undo, can_redo) = self.held().history();
        let mut format = Format { can_undo, can_redo, ..Format::default() };
        if let Some(text) = self.active_text() {
            format.unformatted = text.key == TITLE;
            format.bold = text.has_inline(schema::BOLD);
            format.italic = text.has_inline(schema::ITALIC);
            format.underline = text.has_inline(schema::UNDERLINE);
            format.link = text.has_inline(schema::LINK);
            match text.line() {
                LineKind::Paragraph => {}
                LineKind::Heading(level) => format.header = Some(level),
                LineKind::Item(list, _) => format.list = Some(list),
            }
        }
        if format != self.view.caret.format {
            self.view.caret.update(|caret| caret.format = format);
        }
        self.refresh_link(format.link);
    }

    /// Compares what is shown with the document once it is at rest.
    fn verify_soon(&mut self) {
        let latest = self.due.verify.map_or(self.time + VERIFY_BY, |(_, latest)| latest);
        self.due.verify = Some((latest.min(self.time + VERIFY_AFTER), latest));
    }

    /// The texts that changed since they were last compared with the document.
    #[must_use]
    pub fn changed_texts(&self) -> Vec<SectionKey> {
        self.texts.iter().filter(|text| text.is_changed).map(|text| text.key).collect()
    }

    /// Whether a text's surface, which shows this, shows what the document holds, as far as it may now. It shows it anew
    /// if it doesn't.
    pub fn verify(&mut self, key: SectionKey, shown: &[Op]) -> bool {
        if self.due(key) != Due::Never {
            // It waits for what is being composed, and is compared then.
            self.verify_soon();
            return true;
        }
        let held = self.read(key);
        let is_right = self.text_mut(key).is_none_or(|text| text.is_right(shown, &held));
        if !is_right {
            self.show_anew(key);
        }
        is_right
    }
}
