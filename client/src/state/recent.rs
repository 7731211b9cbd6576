//! The målbilder that this browser has opened, so that the start page leads back to them. Only what
//! is needed to find them; no token and none of their text.

use samsyn_shared::{MalbildId, Role};
use serde::{Deserialize, Serialize};

use super::storage::{self, Span};

/// A målbild that was opened here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// Its identifier.
    pub id: MalbildId,
    /// Its title when it was last open.
    pub title: String,
    /// What this browser could do in it.
    pub role: Role,
    /// When it was last opened, in milliseconds since 1970.
    pub opened: f64,
}

const NAME: &str = "recent";

/// More than anyone looks through; the oldest leave.
const KEPT: usize = 30;

/// All of them, the last opened first.
#[must_use]
pub fn load() -> Vec<Recent> {
    storage::read(Span::Always, NAME).and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

/// Puts one first.
pub fn note(recent: Recent) {
    save(&noted(load(), recent));
}

/// Takes one from the list, and answers with what is left.
pub fn forget(id: MalbildId) -> Vec<Recent> {
    let mut all = load();
    all.retain(|other| other.id != id);
    save(&all);
    all
}

fn noted(mut all: Vec<Recent>, recent: Recent) -> Vec<Recent> {
    all.retain(|other| other.id != recent.id);
    all.insert(0, recent);
    all.truncate(KEPT);
    all
}

fn save(all: &[Recent]) {
    let json = serde_json::to_string(all).expect("a list of texts and numbers is plain JSON");
    storage::write(Span::Always, NAME, Some(&json));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(byte: u8, title: &str) -> Recent {
        Recent {
            id: MalbildId::from_bytes([byte; 12]),
            title: title.to_owned(),
            role: Role::Editor,
            opened: 1.0,
        }
    }

    #[test]
    fn what_is_opened_again_moves_to_the_front_under_its_new_title() {
        let all = noted(noted(noted(Vec::new(), opened(1, "A")), opened(2, "B")), opened(1, "C"));
        assert_eq!(all, [opened(1, "C"), opened(2, "B")]);
    }

    #[test]
    fn the_oldest_leave() {
        let all = (0..40).fold(Vec::new(), |all, byte| noted(all, opened(byte, "")));
        assert_eq!(all.len(), KEPT);
        assert_eq!(all[0], opened(39, ""));
    }
}
