//! That this tab has just made a målbild, and the owner's link that its page is to show once.

use samsyn_shared::MalbildId;

use super::storage::{self, Span};

/// Keeps the link for the page that opens next.
pub fn keep(id: MalbildId, link: &str) {
    storage::write(Span::Tab, &name(id), Some(link));
}

/// The link, until it is dismissed.
#[must_use]
pub fn link(id: MalbildId) -> Option<String> {
    storage::read(Span::Tab, &name(id))
}

/// The person has seen it.
pub fn dismiss(id: MalbildId) {
    storage::write(Span::Tab, &name(id), None);
}

fn name(id: MalbildId) -> String {
    format!("made.{id}")
}
