//! What goes between a page and a room, and what either side knows of the other: the protocol, both its sessions, who is
//! here, what a device keeps, and how a connection is chosen, watched and come back to.
//!
//! It doesn't know rooms or pages.

pub mod backoff;
pub mod client_session;
pub mod device_log;
pub mod liveness;
pub mod presence;
pub mod protocol;
pub mod server_session;
pub mod status;
pub mod transport;
