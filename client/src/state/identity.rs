//! Who is writing in this browser: what they said of themselves, or what the link they followed
//! says of them. It doesn't know who else is here.

use serde::{Deserialize, Serialize};
use web_sys::UrlSearchParams;

use super::storage::{self, Span};

/// A participant's own words for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Name.
    pub name: String,
    /// Organisation; may be empty.
    pub organisation: String,
}

const NAME: &str = "identity";

/// What was set by hand in this browser, else what the address introduces (`?namn=..&organisation=..`).
/// The latter is not remembered: the next link may introduce someone else.
#[must_use]
pub fn load() -> Option<Identity> {
    let stored = storage::read(Span::Always, NAME).and_then(|json| serde_json::from_str(&json).ok());
    stored.or_else(from_address)
}

/// Remembers what a person set by hand.
pub fn save(me: &Identity) {
    let json = serde_json::to_string(me).expect("two texts are plain JSON");
    storage::write(Span::Always, NAME, Some(&json));
}

fn from_address() -> Option<Identity> {
    let query = web_sys::window()?.location().search().ok()?;
    let query = UrlSearchParams::new_with_str(&query).ok()?;
    let text = |key| query.get(key).map(|text| text.trim().to_owned()).unwrap_or_default();
    let me = Identity { name: text("namn"), organisation: text("organisation") };
    (!me.name.is_empty()).then_some(me)
}
