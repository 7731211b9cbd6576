//! What client and server agree on, and nothing that touches the world: no clock, no randomness, no
//! network, no browser. `now` and `rng` come in as arguments, bytes come in and go out.
//!
//! In reading order: the words of the domain ([`MalbildId`], [`Role`], [`Template`]), the document
//! ([`schema`], [`delta`], [`link`], [`paste`], [`document`], [`authorship`], [`read_model`]), the wire
//! ([`protocol`], [`scan`], [`client_session`], [`server_session`]), what a device keeps ([`keeping`]), and small pure
//! decisions ([`diff`], [`backoff`], [`silence`], [`way`], [`character`]).

pub mod authorship;
pub mod backoff;
pub mod character;
pub mod client_session;
pub mod delta;
pub mod diff;
pub mod document;
pub mod fingerprint;
pub mod ids;
pub mod keeping;
mod lib0;
pub mod limits;
pub mod line_index;
pub mod link;
pub mod mark;
pub mod paste;
pub mod presence;
pub mod protocol;
pub mod read_model;
pub mod role;
pub mod scan;
pub mod schema;
pub mod server_session;
pub mod silence;
pub mod status;
pub mod template;
pub mod way;

pub use ids::{Epoch, MalbildId, Seq, Token, TokenHash, WriteNumber};
pub use role::Role;
pub use status::SyncStatus;
pub use template::{Section, Template};
