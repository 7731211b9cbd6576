//! The målbilder that were removed from this device, until the server has heard that this browser opens them no
//! more. Without a network that waits here, for the next page that is loaded or until the network is back.

use std::str::FromStr as _;

use samsyn_shared::MalbildId;

use super::storage::{self, Span};
use crate::api;

const NAME: &str = "left";

/// Notes that one was removed.
pub fn note(id: MalbildId) {
    let mut all = load();
    if !all.contains(&id) {
        all.push(id);
        save(&all);
    }
}

/// Somebody opens it with a link again, or it was not removed after all.
pub fn cancel(id: MalbildId) {
    let mut all = load();
    if all.contains(&id) {
        all.retain(|other| *other != id);
        save(&all);
    }
}

/// Tells the server of each. What it refuses it has no access to end for.
pub async fn tell() {
    while let Some(id) = load().first().copied() {
        match api::end_session(id).await {
            Err(error) if error.is_network() => return,
            Ok(()) | Err(_) => cancel(id),
        }
    }
}

fn load() -> Vec<MalbildId> {
    let text = storage::read(Span::Always, NAME).unwrap_or_default();
    text.split_whitespace().filter_map(|id| MalbildId::from_str(id).ok()).collect()
}

fn save(all: &[MalbildId]) {
    let text = all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    storage::write(Span::Always, NAME, (!text.is_empty()).then_some(text.as_str()));
}
