//! From the model to what is shown: each change of the replica reaches the surface, the title and the
//! signals that do not show it yet.

use std::time::Duration;

use leptos::prelude::*;
use samsyn_shared::delta::{LineKind, Op, plain};
use samsyn_shared::read_model::one_line;

use super::{Format, Malbild, inserts, set_changed};
use crate::state::replica::{Change, Place, Replica};

/// The views are compared with the model when nothing was written for this long.
const VERIFY_AFTER: Duration = Duration::from_millis(1500);

impl Malbild {
    /// Brings changes of the model to the views, and what was made here to the server.
    pub(super) fn show(&self, changes: &[Change]) {
        for change in changes {
            match change.place {
                Place::Title => self.refresh_title(),
                Place::Section(key) if !change.shown => self.show_in(key, &change.delta),
                Place::Section(_) => {}
            }
        }
        let updates = self.with_replica(Replica::take_updates).unwrap_or_default();
        if let Some(port) = &*self.core().port.borrow() {
            updates.into_iter().for_each(|update| (port.edited)(update));
        }
        self.text_changed(changes);
        if !changes.is_empty() {
            self.refresh_filled();
            self.refresh_format();
            self.draw_carets_soon();
            self.verify_soon();
        }
    }

    pub(super) fn show_in(&self, key: &'static str, delta: &[Op]) {
        let Some(section) = self.section(key) else { return };
        let shown = section.surface.apply(&inserts(delta));
        let held = self.with_replica(|replica| replica.len(Place::Section(key)));
        if held != Some(Ok(shown)) {
            section.surface.reset(&inserts(&self.read(Place::Section(key))));
        }
    }

    pub(super) fn refresh_title(&self) {
        set_changed(self.title, one_line(&plain(&self.read(Place::Title))));
    }

    pub(super) fn refresh_filled(&self) {
        let Some(template) = self.template.get_untracked() else { return };
        let keys = template.sections.iter().map(|section| section.key);
        let filled = self.with_replica(|replica| {
            keys.filter(|key| replica.len(Place::Section(key)).is_ok_and(|len| len > 1)).collect::<Vec<_>>()
        });
        set_changed(self.filled, filled.unwrap_or_default());
    }

    pub(super) fn refresh_format(&self) {
        let (can_undo, can_redo) = self.with_replica(|replica| replica.history()).unwrap_or_default();
        let mut format = Format { can_undo, can_redo, ..Format::default() };
        if let Some(section) = self.active.get_untracked().and_then(|key| self.section(key)) {
            format.bold = section.has_inline("bold");
            format.italic = section.has_inline("italic");
            format.underline = section.has_inline("underline");
            match section.line() {
                LineKind::Paragraph => {}
                LineKind::Heading(level) => format.header = Some(level),
                LineKind::Item(list, _) => format.list = Some(list),
            }
        }
        set_changed(self.format, format);
    }

    /// When writing pauses, the views are compared with the model; one that differs shows it anew.
    pub(super) fn verify_soon(&self) {
        let core = self.core();
        if core.verify_due.replace(true) {
            return;
        }
        let malbild = *self;
        set_timeout(
            move || {
                malbild.core().verify_due.set(false);
                for section in malbild.sections() {
                    let held = malbild.read(Place::Section(section.key));
                    if !section.shows(&held) {
                        leptos::logging::warn!("a text surface parted from its document and was shown anew");
                        section.surface.reset(&inserts(&held));
                    }
                }
            },
            VERIFY_AFTER,
        );
    }
}
