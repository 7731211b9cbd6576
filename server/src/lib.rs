//! The relay, as a library, so that its own tests reach every part of it.
//!
//! Its modules know only those below them, in the order that `ARCHITECTURE.md` shows and a test holds. The binary beside it
//! only reads its options, starts this and waits for a signal.
pub mod access;
pub mod backup;
pub mod control;
pub mod descriptors;
pub mod frame;
pub mod http;
pub mod logs;
pub mod malbild;
pub mod options;
pub mod room;
pub mod rooms;
pub mod server;
pub mod store;
pub mod vitals;
