//! What a page shows, in parts: each has a version, which is another whenever something of it is.

use std::ops::Deref;

use super::Identity;
use super::finding::Hit;
use super::links::LinkAtCaret;
use super::parties::{Group, Party};
use super::people::Person;
use crate::sync::client_session::Stopped;
use crate::sync::protocol::DiskHealth;
use crate::sync::transport::Transport;
use crate::text::delta::List;
use crate::text::paste::PasteError;
use crate::{Role, SectionKey, SyncStatus};

/// All that a page shows beside its texts, which their surfaces show.
#[derive(Debug, Clone, Default)]
pub struct PageView {
    /// How it is in step with the server: what a key changes.
    pub sync: Versioned<SyncView>,
    /// How the server is reached, and what is said of all that.
    pub connection: Versioned<ConnectionView>,
    /// How the room is doing.
    pub room: Versioned<RoomView>,
    /// The others.
    pub people: Versioned<PeopleView>,
    /// What there is of text.
    pub text: Versioned<TextView>,
    /// Who writes here.
    pub writer: Versioned<WriterView>,
    /// What holds where they write.
    pub caret: Versioned<CaretView>,
    /// Who wrote which words.
    pub authorship: Versioned<AuthorshipView>,
    /// What somebody looks for.
    pub find: Versioned<FindView>,
}

/// A part of the view, with its version.
#[derive(Debug, Clone, Default)]
pub struct Versioned<T> {
    value: T,
    version: u32,
}

impl<T> Versioned<T> {
    /// Another number whenever something of it may be different.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    pub(super) fn update(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut self.value);
        self.version = self.version.wrapping_add(1);
    }
}

impl<T> Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// How the page is in step with the server.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncView {
    /// What the status line may claim.
    pub status: SyncStatus,
    /// How many of this device's updates are not known to be on the server's disk.
    pub pending: usize,
    /// Since when all is known to be on the server's disk, in milliseconds since 1970.
    pub saved_at: Option<f64>,
}

impl Default for SyncView {
    fn default() -> Self {
        Self { status: SyncStatus::Offline, pending: 0, saved_at: None }
    }
}

/// How the server is reached, and what is said of it: nothing of it changes with each key.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionView {
    /// What the status line says, and of how many updates: what it may claim, or for a moment less.
    pub said: (SyncStatus, usize),
    /// Since when the server is not reached, in milliseconds since 1970.
    pub cut_at: Option<f64>,
    /// The transport over which the server is reached, while it is.
    pub transport: Option<Transport>,
}

impl Default for ConnectionView {
    fn default() -> Self {
        Self { said: (SyncStatus::Offline, 0), cut_at: None, transport: None }
    }
}

/// How the room is doing; nothing of it is known while the server does not say so.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomView {
    /// What keeps the server from saving, if something does.
    pub disk: DiskHealth,
    /// How many are connected.
    pub connected: usize,
    /// How many of them have all that it holds.
    pub in_step: usize,
    /// When all that the room had accepted was last known to be on disk, in milliseconds since 1970.
    pub on_disk_at: Option<f64>,
}

impl Default for RoomView {
    fn default() -> Self {
        Self { disk: DiskHealth::Healthy, connected: 0, in_step: 0, on_disk_at: None }
    }
}

/// The others.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PeopleView {
    /// Those who are here.
    pub here: Vec<Person>,
    /// Those who were here and were lost.
    pub lost: Vec<Person>,
}

/// What there is of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextView {
    /// The title, one line.
    pub title: String,
    /// The keys of the sections that have text, in the page's order.
    pub filled: Vec<SectionKey>,
}

/// Who writes here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterView {
    /// Who it is, once they said so.
    pub me: Option<Identity>,
    /// What they may do.
    pub role: Role,
    /// Why syncing ended for good, if it did: then nothing more is written.
    pub stopped: Option<Stopped>,
}

impl Default for WriterView {
    fn default() -> Self {
        Self { me: None, role: Role::Reader, stopped: None }
    }
}

/// What holds where they write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaretView {
    /// The text that has the caret, or had it last.
    pub active: Option<SectionKey>,
    /// What holds at the caret.
    pub format: Format,
    /// The link at the caret, or the one that is being written.
    pub link: Option<LinkAtCaret>,
    /// Why the last paste put nothing in.
    pub not_pasted: Option<PasteError>,
}

/// What holds at the caret, for the toolbar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    /// All that is selected is bold.
    pub bold: bool,
    /// All that is selected is italic.
    pub italic: bool,
    /// All that is selected is underlined.
    pub underline: bool,
    /// All that is selected is a link.
    pub link: bool,
    /// The line is a heading of this level.
    pub header: Option<u8>,
    /// The line is an item of this list.
    pub list: Option<List>,
    /// The text can have none of these, as the title.
    pub unformatted: bool,
    /// There is something to undo.
    pub can_undo: bool,
    /// There is something to redo.
    pub can_redo: bool,
}

/// Who wrote which words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthorshipView {
    /// Whether it is shown.
    pub shown: bool,
    /// What the legend says.
    pub told: Told,
}

/// What the legend says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// All who wrote, with their part of the text.
    pub parties: Vec<Party>,
    /// Who wrote what the caret is behind, and their name, if they have one.
    pub at_caret: Option<(Group, String)>,
}

/// What somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindView {
    /// Whether they look for something.
    pub open: bool,
    /// The words.
    pub words: String,
    /// In how many places they stand.
    pub count: usize,
    /// Which of these places is looked at, from 1 on; 0 when there is none.
    pub current: usize,
    /// Those of them that are in headings, and whether it is the one that is looked at.
    pub in_headings: Vec<(Hit, bool)>,
}
