//! The signals that the views read: one for each part of the shared [`PageView`], and those of what the page does not know.

use leptos::prelude::*;
use samsyn_shared::Template;
use samsyn_shared::page::{PageView, Versioned};
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
pub(super) type Versions = [u32; 9];

impl Malbild {
    /// Brings what a page shows to the views. `shown` are the versions that they have.
    pub(super) fn present(&self, view: &PageView, shown: &mut Versions) {
        let PageView { sync, connection, room, people, text, writer, caret, authorship, find } = view;
        let [s0, s1, s2, s3, s4, s5, s6, s7, s8] = shown;
        present_part(self.sync, sync, s0);
        present_part(self.connection, connection, s1);
        present_part(self.room, room, s2);
        present_part(self.people, people, s3);
        present_part(self.text, text, s4);
        present_part(self.writer, writer, s5);
        present_part(self.caret, caret, s6);
        present_part(self.authorship, authorship, s7);
        present_part(self.find, find, s8);
    }
}

/// A part that has the version which is shown is not looked at.
fn present_part<T: PartialEq + Clone + Send + Sync + 'static>(
    signal: RwSignal<T>,
    part: &Versioned<T>,
    shown: &mut u32,
) {
    if *shown != part.version() {
        *shown = part.version();
        set_changed(signal, part);
    }
}

/// Sets the signal only if the value changed, so that no view re-renders for nothing.
pub(super) fn set_changed<T: PartialEq + Clone + Send + Sync + 'static>(signal: RwSignal<T>, value: &T) {
    if signal.with_untracked(|old| old != value) {
        signal.set(value.clone());
    }
}
