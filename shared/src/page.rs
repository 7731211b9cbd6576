//! What a page decides, without a browser: its replica, and how that is kept in step with the server and with this device.
//!
//! It doesn't know sockets, timers, databases or views: whoever holds it performs its effects.

pub mod peer;
pub mod replica;
