//! An open målbild as its page is arranged: which panel is open, and whether the sheet is alone. What
//! the panels show is in their own files.

use leptos::prelude::*;

use crate::malbild::Malbild;

/// What opens beside the sheet; one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Panel {
    Contents,
    People,
    /// Who wrote which words.
    Authors,
    Keys,
    Share,
    /// The owner's link, once.
    Made,
    /// What was set aside on this device.
    Aside,
}

/// An open målbild and how its page is arranged.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub malbild: Malbild,
    pub panel: RwSignal<Option<Panel>>,
    /// The sheet alone, large.
    pub wall: RwSignal<bool>,
}

impl Desk {
    /// Opens a panel, or closes it when it is open.
    pub(super) fn toggle(self, panel: Panel) {
        self.panel.update(|open| *open = if *open == Some(panel) { None } else { Some(panel) });
    }

    /// Whether the panel is open, as `aria-expanded` says it.
    pub(super) fn expanded(self, panel: Panel) -> &'static str {
        if self.panel.get() == Some(panel) { "true" } else { "false" }
    }

    /// Closes what is open.
    pub(super) fn close_panel(self) {
        self.panel.set(None);
    }
}
