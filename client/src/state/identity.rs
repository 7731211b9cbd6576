//! Who is writing in this browser: what they said of themselves, or what the link they followed
//! says of them. It doesn't know who else is here.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rand::Rng as _;
use samsyn_shared::MalbildId;
use samsyn_shared::page::Identity;
use web_sys::UrlSearchParams;

use super::storage::{self, Span};

const NAME: &str = "identity";
const BROWSER: &str = "browser";

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

/// What the tabs of this browser tell of it in a målbild: the same in each of them, another in the next målbild, so that
/// nobody is followed from one to the other by it. Empty where the browser remembers nothing.
#[must_use]
pub fn browser(malbild: MalbildId) -> String {
    let secret = storage::read(Span::Always, BROWSER).or_else(|| {
        storage::write(Span::Always, BROWSER, Some(&format!("{:032x}", super::random().random::<u128>())));
        storage::read(Span::Always, BROWSER)
    });
    secret.map_or_else(String::new, |secret| {
        let mut hasher = DefaultHasher::new();
        (secret, malbild.to_string()).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    })
}

fn from_address() -> Option<Identity> {
    let query = web_sys::window()?.location().search().ok()?;
    let query = UrlSearchParams::new_with_str(&query).ok()?;
    let text = |key| query.get(key).map(|text| text.trim().to_owned()).unwrap_or_default();
    let me = Identity { name: text("namn"), organisation: text("organisation") };
    (!me.name.is_empty()).then_some(me)
}
