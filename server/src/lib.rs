//! The relay, as a library, so that its own tests reach every part of it.
//!
//! The direction of imports is `http → control → backup → rooms → malbild → access → room → store`; nothing points
//! back; `frame` is a leaf. The binary beside it only reads its options, starts this and waits for a signal.
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
