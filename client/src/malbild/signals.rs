//! The signals that the views read, a group for each part of the shared [`PageView`]. A part whose version is what it was
//! is not looked at, and a signal is set only if its value changed, so that no view re-renders for nothing.

use leptos::prelude::*;
use samsyn_shared::page::people::Person;
use samsyn_shared::page::{
    AuthorshipView, FindView, Format, Hit, Identity, PageView, RoomView, SyncView, Told,
};
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::device_log::Key;
use samsyn_shared::sync::protocol::DiskHealth;
use samsyn_shared::sync::transport::Transport;
use samsyn_shared::text::paste::PasteError;
use samsyn_shared::{Role, SectionKey, SyncStatus, Template};

use super::{LinkBox, Malbild};
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

/// [`SyncView`].
#[derive(Clone, Copy)]
pub struct SyncSignals {
    /// What the status line may claim.
    pub status: RwSignal<SyncStatus>,
    /// How many of this device's updates are not known to be on the server's disk.
    pub pending: RwSignal<usize>,
    /// What the status line says, and of how many updates.
    pub said: RwSignal<(SyncStatus, usize)>,
    /// Since when the server is not reached, in milliseconds since 1970.
    pub cut_at: RwSignal<Option<f64>>,
    /// Since when all is known to be on the server's disk, in milliseconds since 1970.
    pub saved_at: RwSignal<Option<f64>>,
    /// The transport over which the server is reached, while it is.
    pub transport: RwSignal<Option<Transport>>,
    /// Why syncing ended for good, if it did.
    pub stopped: RwSignal<Option<Stopped>>,
}

impl Default for SyncSignals {
    fn default() -> Self {
        let SyncView { status, pending, said, cut_at, saved_at, transport, stopped } = SyncView::default();
        Self {
            status: RwSignal::new(status),
            pending: RwSignal::new(pending),
            said: RwSignal::new(said),
            cut_at: RwSignal::new(cut_at),
            saved_at: RwSignal::new(saved_at),
            transport: RwSignal::new(transport),
            stopped: RwSignal::new(stopped),
        }
    }
}

/// [`RoomView`].
#[derive(Clone, Copy)]
pub struct RoomSignals {
    /// What keeps the server from saving, if something does.
    pub disk: RwSignal<DiskHealth>,
    /// How many are connected.
    pub connected: RwSignal<usize>,
    /// How many of them have all that it holds.
    pub in_step: RwSignal<usize>,
    /// When all that the room had accepted was last known to be on disk, in milliseconds since 1970.
    pub on_disk_at: RwSignal<Option<f64>>,
}

impl Default for RoomSignals {
    fn default() -> Self {
        let RoomView { disk, connected, in_step, on_disk_at } = RoomView::default();
        Self {
            disk: RwSignal::new(disk),
            connected: RwSignal::new(connected),
            in_step: RwSignal::new(in_step),
            on_disk_at: RwSignal::new(on_disk_at),
        }
    }
}

/// `PeopleView`.
#[derive(Clone, Copy, Default)]
pub struct PeopleSignals {
    /// Those who are here.
    pub here: RwSignal<Vec<Person>>,
    /// Those who were here and were lost.
    pub lost: RwSignal<Vec<Person>>,
}

/// `TextView`.
#[derive(Clone, Copy, Default)]
pub struct TextSignals {
    /// The title, one line.
    pub title: RwSignal<String>,
    /// The keys of the sections that have text, in the page's order.
    pub filled: RwSignal<Vec<SectionKey>>,
}

/// `WriterView`, with the place of the link.
#[derive(Clone, Copy)]
pub struct WriterSignals {
    /// Who it is, once they said so.
    pub me: RwSignal<Option<Identity>>,
    /// What they may do.
    pub role: RwSignal<Role>,
    /// The text that has the caret, or had it last.
    pub active: RwSignal<Option<SectionKey>>,
    /// What holds at the caret.
    pub format: RwSignal<Format>,
    /// The link at the caret, or the one that is being written.
    pub link: RwSignal<Option<LinkBox>>,
    /// Why the last paste put nothing in.
    pub not_pasted: RwSignal<Option<PasteError>>,
}

impl Default for WriterSignals {
    fn default() -> Self {
        Self {
            me: RwSignal::new(None),
            role: RwSignal::new(Role::Reader),
            active: RwSignal::new(None),
            format: RwSignal::new(Format::default()),
            link: RwSignal::new(None),
            not_pasted: RwSignal::new(None),
        }
    }
}

/// `AuthorshipView`.
#[derive(Clone, Copy, Default)]
pub struct AuthorshipSignals {
    /// Whether it is shown.
    pub shown: RwSignal<bool>,
    /// What the legend says.
    pub told: RwSignal<Told>,
}

/// `FindView`.
#[derive(Clone, Copy, Default)]
pub struct FindSignals {
    /// Whether they look for something.
    pub open: RwSignal<bool>,
    /// The words.
    pub words: RwSignal<String>,
    /// In how many places they stand.
    pub count: RwSignal<usize>,
    /// Which of these places is looked at, from 1 on; 0 when there is none.
    pub current: RwSignal<usize>,
    /// Those of them that are in headings, and whether it is the one that is looked at.
    pub in_headings: RwSignal<Vec<(Hit, bool)>>,
}

/// The versions of the parts that the signals have.
pub(super) type Versions = [u32; 7];

impl Malbild {
    /// Brings what a page shows to the views. `before` are the versions that they have. The link's place is its surface's.
    pub(super) fn present(&self, view: &PageView, before: Versions) -> Versions {
        let PageView { sync, room, people, text, writer, authorship, find } = view;
        let now = [
            sync.version(),
            room.version(),
            people.version(),
            text.version(),
            writer.version(),
            authorship.version(),
            find.version(),
        ];
        let is_new = |part: usize| before[part] != now[part];
        if is_new(0) {
            set_changed(self.sync.status, &sync.status);
            set_changed(self.sync.pending, &sync.pending);
            set_changed(self.sync.said, &sync.said);
            set_changed(self.sync.cut_at, &sync.cut_at);
            set_changed(self.sync.saved_at, &sync.saved_at);
            set_changed(self.sync.transport, &sync.transport);
            set_changed(self.sync.stopped, &sync.stopped);
        }
        if is_new(1) {
            set_changed(self.room.disk, &room.disk);
            set_changed(self.room.connected, &room.connected);
            set_changed(self.room.in_step, &room.in_step);
            set_changed(self.room.on_disk_at, &room.on_disk_at);
        }
        if is_new(2) {
            set_changed(self.people.here, &people.here);
            set_changed(self.people.lost, &people.lost);
        }
        if is_new(3) {
            set_changed(self.text.title, &text.title);
            set_changed(self.text.filled, &text.filled);
        }
        if is_new(4) {
            set_changed(self.writer.me, &writer.me);
            set_changed(self.writer.role, &writer.role);
            set_changed(self.writer.active, &writer.active);
            set_changed(self.writer.format, &writer.format);
            set_changed(self.writer.not_pasted, &writer.not_pasted);
        }
        if is_new(5) {
            let AuthorshipView { shown, told } = &**authorship;
            set_changed(self.authorship.shown, shown);
            set_changed(self.authorship.told, told);
        }
        if is_new(6) {
            let FindView { open, words, count, current, in_headings } = &**find;
            set_changed(self.find.open, open);
            set_changed(self.find.words, words);
            set_changed(self.find.count, count);
            set_changed(self.find.current, current);
            set_changed(self.find.in_headings, in_headings);
        }
        now
    }
}

/// Sets the signal only if the value changed. A function of its own for each type, since copies of it are what weighs here.
#[inline(never)]
pub(super) fn set_changed<T: PartialEq + Clone + Send + Sync + 'static>(signal: RwSignal<T>, value: &T) {
    if signal.with_untracked(|old| old != value) {
        signal.set(value.clone());
    }
}
