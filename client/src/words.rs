//! Every word that the page says to a person, in each of its languages. Headings, questions and
//! reminders are not here: they are the template's. A language is a constant of [`Words`], so one that
//! lacks a word does not compile.
//!
//! Invariant: No word that a person reads stands in a view
//! (`the_views_have_their_words_from_the_catalogue`).

mod en;
mod sv;

use std::sync::OnceLock;

use samsyn_shared::api::ErrorCode;
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::protocol::DiskHealth;
use samsyn_shared::sync::transport::Transport;
use samsyn_shared::text::hyperlink::LinkError;
use samsyn_shared::text::paste::PasteError;
use samsyn_shared::{Role, SyncStatus};

use crate::device::DeviceError;
use crate::state::preferences::{Language, Theme};

/// The product's name, which is the same in every language.
pub const NAME: &str = "Samsyn";

/// What belongs together on the page of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyGroup {
    /// How words look.
    Words,
    /// What lines are.
    Lines,
    /// What was done.
    History,
    /// Around the text: not the surface's, but the page's keys.
    Page,
}

impl KeyGroup {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Words, Self::Lines, Self::History, Self::Page];
}

/// The catalogue.
#[allow(missing_docs, reason = "each entry is named after what it says; its text is its documentation")]
pub struct Words {
    // The start page.
    pub start_heading: &'static str,
    pub start_intro: &'static str,
    pub new_heading: &'static str,
    pub title_label: &'static str,
    pub title_hint: &'static str,
    pub template_legend: &'static str,
    /// The name and a description of a template.
    pub template: fn(&str) -> (&'static str, &'static str),
    pub create: &'static str,
    pub creating: &'static str,
    pub cannot_create: &'static str,
    pub recent_heading: &'static str,
    pub recent_empty: &'static str,
    pub recent_remove: fn(&str) -> String,
    /// What one does in a målbild in this role.
    pub role: fn(Role) -> &'static str,

    // Preferences.
    /// How this language writes dates and times.
    pub locale: &'static str,
    pub language: &'static str,
    pub language_name: fn(Language) -> &'static str,
    pub theme: &'static str,
    pub theme_name: fn(Theme) -> &'static str,

    // The page of a målbild.
    pub home: &'static str,
    pub skip: &'static str,
    pub untitled: &'static str,
    pub title_field: &'static str,
    pub draft: &'static str,
    pub contents: &'static str,
    pub contents_empty: &'static str,
    pub contents_filled: &'static str,
    pub reminder: &'static str,
    pub tools: &'static str,
    pub bold: (&'static str, &'static str),
    pub italic: (&'static str, &'static str),
    pub underline: (&'static str, &'static str),
    pub heading: &'static str,
    pub heading_level: fn(u8) -> String,
    pub bullet: &'static str,
    pub ordered: &'static str,
    pub lettered: &'static str,
    pub link: &'static str,
    pub undo: &'static str,
    pub redo: &'static str,
    pub close: &'static str,

    // Links and what is pasted.
    pub link_address: &'static str,
    pub link_text: &'static str,
    /// These words become a link.
    pub link_on: fn(&str) -> String,
    pub link_open: &'static str,
    pub link_edit: &'static str,
    pub link_remove: &'static str,
    pub link_problem: fn(LinkError) -> &'static str,
    pub not_pasted: fn(PasteError) -> &'static str,
    pub cancel: &'static str,
    // The keys.
    /// A key's name where it is not what stands on it in English; else empty.
    pub key_name: fn(&str) -> &'static str,
    pub keys: &'static str,
    pub key_group: fn(KeyGroup) -> &'static str,
    pub typed: &'static str,
    pub typed_undo: &'static str,
    pub paragraph: &'static str,
    pub indent: &'static str,
    pub outdent: &'static str,
    pub enter: &'static str,
    pub backspace: &'static str,
    pub leave_text: &'static str,
    pub to_tools: &'static str,

    // The status line.
    /// The status, how many changes wait, and whether this device keeps them.
    pub sync: fn(SyncStatus, usize, bool) -> String,
    /// What that means, by whether this device keeps what is written.
    pub sync_details: fn(SyncStatus, bool) -> &'static str,
    /// What keeps the server from saving.
    pub disk: fn(DiskHealth) -> &'static str,
    pub offline_since: fn(&str) -> String,
    /// What this device keeps, or why it doesn't.
    pub device: fn(Option<DeviceError>) -> &'static str,
    pub stopped_aside: &'static str,
    pub stopped_kept: &'static str,
    pub stopped_unkept: &'static str,
    // What was set aside.
    pub aside: &'static str,
    pub aside_hint: &'static str,
    pub aside_at: fn(&str) -> String,
    pub aside_title: &'static str,
    pub aside_copy: &'static str,
    pub aside_copy_part: fn(&str) -> String,
    pub aside_drop: &'static str,
    pub aside_drop_sure: &'static str,
    pub aside_there: &'static str,
    pub aside_show: &'static str,
    // Leaving this device.
    pub remove: &'static str,
    pub remove_heading: &'static str,
    pub remove_text: fn(usize) -> String,
    pub remove_go: &'static str,
    pub saved_at: fn(&str) -> String,
    pub connected_by: fn(Transport) -> &'static str,
    pub stopped: fn(Stopped) -> &'static str,
    pub reload: &'static str,
    pub retry: &'static str,
    pub back_online: &'static str,

    // People.
    pub people: &'static str,
    pub people_alone: &'static str,
    /// So many others are here.
    pub people_count: fn(usize) -> String,
    /// So many are here, oneself included.
    pub people_here: fn(usize) -> String,
    /// So many of so many have all that the room holds, and at this time all of it was on disk.
    pub room: fn(usize, usize, &str) -> String,
    /// So many changes wait on the device of somebody who is here.
    pub waits: fn(u32) -> String,
    pub absent_heading: &'static str,
    /// Since when somebody is lost, and how many changes waited then.
    pub lost: fn(&str, u32) -> String,
    pub absent_hint: &'static str,
    pub writes_in: fn(&str) -> String,
    pub go_to: fn(&str, &str) -> String,
    pub writing_here: fn(&str) -> String,
    pub nameless: &'static str,
    pub you_heading: &'static str,
    pub name: &'static str,
    pub organisation: &'static str,
    pub save: &'static str,
    pub saved: &'static str,
    pub introduction_heading: &'static str,
    pub introduction_hint: &'static str,
    pub introduction_go: &'static str,
    pub name_missing: &'static str,

    // Sharing.
    pub share: &'static str,
    pub share_hint: &'static str,
    pub share_legend: &'static str,
    /// What a link for this role lets people do: a name and a description.
    pub share_role: fn(Role) -> (&'static str, &'static str),
    pub share_make: &'static str,
    pub share_link: fn(Role) -> String,
    pub copy_link: &'static str,
    pub copied: &'static str,
    pub copy_failed: &'static str,
    pub made_heading: &'static str,
    pub made_text: &'static str,
    pub made_link: &'static str,
    pub made_done: &'static str,

    // The menu.
    pub more: &'static str,
    pub copy_text: &'static str,
    pub download: &'static str,
    pub print: &'static str,
    pub wall: &'static str,
    pub file_name: &'static str,

    // Who wrote what.
    pub authors: &'static str,
    pub authors_show: &'static str,
    pub authors_hint: &'static str,
    pub authors_unable: &'static str,
    pub authors_at_caret: &'static str,
    pub authors_no_caret: &'static str,
    pub authors_nobody: &'static str,
    pub authors_no_organisation: &'static str,
    pub authors_unknown: &'static str,
    pub authors_template: &'static str,
    /// A few letters that show how words are marked.
    pub authors_sample: &'static str,
    /// A part of the text, in per cent.
    pub authors_share: fn(f64) -> String,

    // Looking for words.
    pub find: &'static str,
    pub find_next: &'static str,
    pub find_previous: &'static str,
    /// The place that is looked at, from 1 on, and how many there are.
    pub find_count: fn(usize, usize) -> String,

    // What is no målbild.
    pub opening: &'static str,
    pub no_access_heading: &'static str,
    pub no_access_text: &'static str,
    pub no_access_link: &'static str,
    pub no_access_open: &'static str,
    pub no_access_wrong: &'static str,
    pub unreachable_heading: &'static str,
    pub unreachable_text: &'static str,
    pub nothing_heading: &'static str,
    pub nothing_text: &'static str,
    /// What went wrong, what it means and what to do, by the server's code; there is none where the server was not
    /// reached.
    pub problem: fn(Option<&ErrorCode>) -> &'static str,
}

static CHOSEN: OnceLock<Language> = OnceLock::new();

/// Fixes the language for as long as the page lives.
pub fn choose(language: Language) {
    CHOSEN.get_or_init(|| language);
}

/// The language of this page load.
#[must_use]
pub fn language() -> Language {
    CHOSEN.get().copied().unwrap_or(Language::Swedish)
}

/// The catalogue in the language of this page load.
#[must_use]
pub fn words() -> &'static Words {
    match language() {
        Language::Swedish => &sv::WORDS,
        Language::English => &en::WORDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_counts_in_both_languages() {
        assert_eq!(
            (sv::WORDS.sync)(SyncStatus::Offline, 12, true),
            "Frånkopplad. 12 ändringar väntar på den här enheten"
        );
        assert_eq!(
            (sv::WORDS.sync)(SyncStatus::Offline, 1, true),
            "Frånkopplad. 1 ändring väntar på den här enheten"
        );
        assert_eq!(
            (sv::WORDS.sync)(SyncStatus::Offline, 2, false),
            "Frånkopplad. 2 ändringar finns bara på den här sidan"
        );
        assert_eq!((sv::WORDS.sync)(SyncStatus::Offline, 0, true), "Frånkopplad");
        assert_eq!((en::WORDS.sync)(SyncStatus::Offline, 1, true), "Offline. 1 change waits on this device");
    }

    #[test]
    fn every_template_and_every_theme_has_words() {
        for words in [&sv::WORDS, &en::WORDS] {
            let mut names: Vec<_> = samsyn_shared::Template::all()
                .iter()
                .map(|template| (words.template)(template.name).0)
                .collect();
            names.dedup();
            assert_eq!(names.len(), samsyn_shared::Template::all().len());
        }
    }
}
