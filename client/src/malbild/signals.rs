//! The signals that the views read: one for each part of the shared [`PageView`], and those of what the page does not know.

use leptos::prelude::*;
use samsyn_shared::Template;
use samsyn_shared::page::PageView;
use samsyn_shared::sync::device_log::Key;

use super::Malbild;
use crate::device::{Aside, DeviceError};

/// How far opening has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// On its way.
    Opening,
    /// All that the server had is here.
    Open,
    /// The server knows no such målbild for this browser.
    NoAccess,
    /// The server was not reached.
    Unreachable,
}

/// How a målbild opens.
#[derive(Clone, Copy)]
pub struct OpeningSignals {
    /// How far it has come.
    pub phase: RwSignal<Phase>,
    /// Its template, once known.
    pub template: RwSignal<Option<&'static Template>>,
}

impl Default for OpeningSignals {
    fn default() -> Self {
        Self { phase: RwSignal::new(Phase::Opening), template: RwSignal::new(None) }
    }
}

/// What this browser keeps.
#[derive(Clone, Copy, Default)]
pub struct DeviceSignals {
    /// Why this device does not keep what is written, if it doesn't.
    pub trouble: RwSignal<Option<DeviceError>>,
    /// What was set aside on it.
    pub asides: RwSignal<Vec<(Key, Aside)>>,
}

/// The versions of the parts that the signals have.
pub(super) type Versions = [u32; 8];

impl Malbild {
    /// Brings what a page shows to the views: the parts that have another version than `before`, and another value.
    pub(super) fn present(&self, view: &PageView, before: Versions) -> Versions {
        let PageView { sync, room, people, text, writer, caret, authorship, find } = view;
        let now = [
            sync.version(),
            room.version(),
            people.version(),
            text.version(),
            writer.version(),
            caret.version(),
            authorship.version(),
            find.version(),
        ];
        let is_new = |part: usize| before[part] != now[part];
        if is_new(0) {
            set_changed(self.sync, sync);
        }
        if is_new(1) {
            set_changed(self.room, room);
        }
        if is_new(2) {
            set_changed(self.people, people);
        }
        if is_new(3) {
            set_changed(self.text, text);
        }
        if is_new(4) {
            set_changed(self.writer, writer);
        }
        if is_new(5) {
            set_changed(self.caret, caret);
        }
        if is_new(6) {
            set_changed(self.authorship, authorship);
        }
        if is_new(7) {
            set_changed(self.find, find);
        }
        now
    }
}

/// Sets the signal only if the value changed, so that no view re-renders for nothing.
pub(super) fn set_changed<T: PartialEq + Clone + Send + Sync + 'static>(signal: RwSignal<T>, value: &T) {
    if signal.with_untracked(|old| old != value) {
        signal.set(value.clone());
    }
}
