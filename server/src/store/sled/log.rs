//! sled's log as it is on the disk, read and judged before sled does.
//!
//! `log/message.rs` has its bytes, `log/page.rs` what they say of pages, `log/walk.rs` goes through it all,
//! `log/tree.rs` says what the pages hold, `log/salvage.rs` takes out of a damaged one what verifies.

pub(super) mod message;
pub(super) mod page;
pub(super) mod salvage;
pub(super) mod tree;
pub(super) mod walk;
