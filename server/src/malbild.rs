//! A målbild as the server keeps it: its record beside its documents, how one is made, and how one becomes a copy of
//! what another was.
//!
//! It doesn't know which rooms are open, nor HTTP.

mod beginning;
pub mod birth;
pub mod copy;
mod first_tokens;
mod record;

pub use self::beginning::Beginning;
pub use self::first_tokens::{FirstTokens, link};
pub use self::record::{MalbildError, MalbildRecord};
