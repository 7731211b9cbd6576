//! What client and server agree on, and all that decides: no clock, no randomness, no network, no browser. `now` and
//! `rng` come in as arguments, bytes come in and go out.
//!
//! Each of these knows only those before it: [`domain`], [`text`], [`document`], [`journal`], [`sync`], [`api`], and then
//! [`room`] and [`page`], which do not know each other.

pub mod api;
pub mod document;
pub mod domain;
pub mod journal;
mod lib0;
pub mod page;
pub mod room;
pub mod sync;
pub mod text;

pub use domain::act_id::{ActId, ActorId, EntryNumber, SeatId, ThreadId};
pub use domain::ids::{Epoch, MalbildId, Seq, Token, TokenHash, WriteNumber};
pub use domain::role::{Permission, Role};
pub use domain::section::{Section, SectionKey};
pub use domain::template::Template;
pub use domain::time::Timestamp;
pub use sync::status::SyncStatus;
