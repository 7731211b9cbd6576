//! What the page knows, as signals: an open målbild ([`malbild`]) over its replica, and what this
//! browser remembers of itself. Views read it, sync feeds it; it knows neither.

pub mod authorship;
pub mod backlog;
pub mod binding;
pub mod find;
pub mod identity;
pub mod left;
pub mod lost_people;
pub mod malbild;
pub mod owner_link;
pub mod people;
pub mod preferences;
pub mod recent;
pub mod remote_carets;
mod section;
mod storage;

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::SmallRng;

/// The window's event for: the server is reached again.
pub const REACHED: &str = "samsyn:reached";

/// Randomness for client ids and delays, seeded by the browser's own.
pub fn random() -> SmallRng {
    let mut seed = [0; 32];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    crypto
        .expect("every browser that runs WebAssembly has crypto")
        .get_random_values_with_u8_array(&mut seed)
        .expect("32 bytes are below its limit");
    SmallRng::from_seed(seed)
}

/// Time since 1970, by a clock that may be set.
pub fn now() -> Duration {
    Duration::from_secs_f64(js_sys::Date::now() / 1000.0)
}
