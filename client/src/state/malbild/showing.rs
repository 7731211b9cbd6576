//! From the document to what is shown: each change of it reaches the surfaces, the title and the signals
//! that do not show it yet. What others write is gathered and shown once a frame; what was changed by
//! this person's own command is shown at once.

use std::time::Duration;

use leptos::prelude::*;
use samsyn_shared::SectionKey;
use samsyn_shared::document::read_model::one_line;
use samsyn_shared::text::delta::{LineKind, plain};
use wasm_bindgen::JsValue;

use samsyn_shared::page::replica::{Change, Replica, TITLE};

use super::{By, Format, Malbild, set_changed};
use crate::state::binding::{Composed, Due};
use crate::state::now;
use crate::state::section::Section;

/// What is shown is compared with the document when nothing changed for this long.
const VERIFY_AFTER: Duration = Duration::from_millis(1500);

/// And at the latest this long after a change, in a section that is never at rest.
const VERIFY_BY: Duration = Duration::from_secs(15);

impl Malbild {
    /// Brings changes that were made here to the server and to the views.
    pub(super) fn show_own(&self, changes: &[Change]) {
        self.tell_edits();
        self.show(changes);
    }

    /// Has what was written here sent and kept.
    pub(super) fn tell_edits(&self) {
        let updates = self.with_replica(Replica::take_updates).unwrap_or_default();
        if let Some(port) = &*self.core().port.borrow() {
            updates.into_iter().for_each(|update| (port.edited)(update));
        }
    }

    /// Brings changes of the document to the views.
    pub fn show(&self, changes: &[Change]) {
        for change in changes {
            if change.key == TITLE {
                self.refresh_title();
            }
            if let Some(section) = self.section(change.key).filter(|_| !change.shown) {
                section.changed(&change.delta);
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
    fn show_soon(&self) {
        if self.core().showing_due.replace(true) {
            return;
        }
        let malbild = *self;
        request_animation_frame(move || {
            malbild.core().showing_due.set(false);
            malbild.sections().iter().for_each(|section| malbild.show_when_due(section));
        });
    }

    /// Scrolls the page by as much as `show` moved the caret, or what is looked at when the caret is not in
    /// sight: whoever writes keeps their place, whatever comes above it. Browsers' own anchoring holds on to
    /// other lines, or to none, so the style sheet switches it off while a text has the focus.
    fn keeping_in_place(&self, show: impl FnOnce()) {
        let active = self.active.get_untracked().and_then(|key| self.section(key));
        let caret = || active.as_ref().map_or(f64::NAN, |section| section.surface.caret_top());
        let side =
            |side: Result<JsValue, JsValue>| side.ok().and_then(|side| side.as_f64()).unwrap_or_default();
        let (width, height) = (side(window().inner_width()), side(window().inner_height()));
        let before = caret();
        if before.is_nan() {
            return show();
        }
        let looked_at = document().element_from_point((width / 2.0) as f32, (height / 3.0) as f32);
        let looked_at = looked_at.filter(|_| !(0.0..height).contains(&before));
        let top =
            || looked_at.as_ref().map_or_else(caret, |element| element.get_bounding_client_rect().top());
        // Some browsers scroll by whole pixels; what is left is made up for the next time.
        let drift = &self.core().drift;
        let wanted = top() - drift.get();
        show();
        window().scroll_by_with_x_and_y(0.0, top() - wanted);
        drift.set((top() - wanted).clamp(-1.0, 1.0));
    }

    /// Shows what waits in a section, unless that would disturb what is being composed there.
    fn show_when_due(&self, section: &Section) {
        let due = || section.due(now());
        if due() == Due::Never {
            return;
        }
        section.surface.settle();
        match due() {
            Due::Never => {}
            Due::Now => self.keeping_in_place(|| self.show_waiting(section)),
            // Whoever rests has left the word to all: it is deleted if others deleted it.
            Due::Interrupting => self.keeping_in_place(|| self.interrupt(section)),
            Due::After(rest) => {
                let malbild = *self;
                set_timeout(move || malbild.show_soon(), rest);
            }
        }
    }

    /// Shows what waits in a section now; what is being composed there ends with what it is.
    pub(super) fn show_at_once(&self, section: &Section) {
        section.surface.settle();
        self.save_word(section);
        self.interrupt(section);
    }

    fn interrupt(&self, section: &Section) {
        section.end_composition();
        self.show_waiting(section);
    }

    /// A word that is done stands whole though others deleted what was there of it while it was composed.
    fn save_word(&self, section: &Section) {
        if let Some(word) = section.saved_word() {
            self.edit(section.key, word, By::View);
        }
    }

    fn show_waiting(&self, section: &Section) {
        if section.due(now()) == Due::Never {
            return;
        }
        let shown = section.show_waiting();
        self.draw_carets_soon();
        let held = self.with_replica(|replica| replica.len(section.key));
        if held != Some(Ok(shown)) {
            section.reset(&self.read(section.key));
        }
        self.text_shown(section.key);
        self.refresh_format();
    }

    /// A word is being composed in a section from here to there, or no longer.
    pub(super) fn composing(&self, key: SectionKey, word: Option<(u32, u32)>, is_followed: bool) {
        let Some(section) = self.section(key) else { return };
        if let Some((from, to)) = word {
            return section.compose(Some(Composed { from, to, is_followed, touched: now() }));
        }
        self.save_word(&section);
        section.compose(None);
        self.show_when_due(&section);
    }

    pub(super) fn refresh_title(&self) {
        set_changed(self.title, one_line(&plain(&self.read(TITLE))));
    }

    pub(super) fn refresh_filled(&self) {
        let Some(template) = self.template.get_untracked() else { return };
        let keys = template.sections.iter().map(|section| section.key);
        let filled = self.with_replica(|replica| {
            keys.filter(|key| replica.len(*key).is_ok_and(|len| len > 1)).collect::<Vec<_>>()
        });
        set_changed(self.filled, filled.unwrap_or_default());
    }

    pub(super) fn refresh_format(&self) {
        let (can_undo, can_redo) = self.with_replica(|replica| replica.history()).unwrap_or_default();
        let mut format = Format { can_undo, can_redo, ..Format::default() };
        if let Some(section) = self.active.get_untracked().and_then(|key| self.section(key)) {
            format.unformatted = section.key == TITLE;
            format.bold = section.has_inline("bold");
            format.italic = section.has_inline("italic");
            format.underline = section.has_inline("underline");
            format.link = section.has_inline("link");
            match section.line() {
                LineKind::Paragraph => {}
                LineKind::Heading(level) => format.header = Some(level),
                LineKind::Item(list, _) => format.list = Some(list),
            }
        }
        set_changed(self.format, format);
        self.refresh_link(format.link);
    }

    /// Compares what is shown with the document once it is at rest, and the browser has nothing more urgent
    /// to do.
    fn verify_soon(&self) {
        let core = self.core();
        core.changed_at.set(now());
        if core.verify_by.get().is_none() {
            core.verify_by.set(Some(now() + VERIFY_BY));
            self.verify_after(VERIFY_AFTER);
        }
    }

    fn verify_after(&self, rest: Duration) {
        let malbild = *self;
        let verify = move || {
            let core = malbild.core();
            let due = core.verify_by.get().unwrap_or_default().min(core.changed_at.get() + VERIFY_AFTER);
            if let Some(rest) = due.checked_sub(now()).filter(|rest| !rest.is_zero()) {
                return malbild.verify_after(rest);
            }
            core.verify_by.set(None);
            let changed = malbild.sections().into_iter().filter(|section| section.is_changed());
            for section in changed {
                malbild.verify(&section);
            }
        };
        set_timeout(move || request_idle_callback(verify), rest);
    }

    /// Whether a section shows what the document holds, as far as it may now. It shows it anew if it doesn't.
    pub(super) fn verify(&self, section: &Section) -> bool {
        self.show_when_due(section);
        if section.due(now()) != Due::Never {
            // It waits for what is being composed, and is compared then.
            self.verify_soon();
            return true;
        }
        let held = self.read(section.key);
        let is_right = section.shows(&held);
        if !is_right {
            leptos::logging::warn!("a text surface parted from its document and was shown anew");
            section.reset(&held);
        }
        is_right
    }
}
