//! What this browser remembers beside its målbilder, each thing in a file of its own; its clock and its randomness.

pub mod identity;
pub mod left;
pub mod owner_link;
pub mod preferences;
pub mod recent;
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
