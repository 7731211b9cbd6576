//! What client and server agree on, and nothing that touches the world: no clock, no randomness, no
//! network, no browser. `now` and `rng` come in as arguments, bytes come in and go out.
//!
//! In reading order: the words of the domain ([`MalbildId`], [`Role`], [`Template`]), the document
//! ([`schema`], [`delta`], [`hyperlink`], [`paste`], [`document`], [`authorship`], [`read_model`]), the wire
//! ([`protocol`], [`scan`], [`client_session`], [`server_session`]), what a device keeps ([`device_log`]), and small pure
//! decisions ([`diff`], [`backoff`], [`liveness`], [`transport`], [`character`]).

pub mod anchor;
pub mod authorship;
pub mod backoff;
pub mod character;
pub mod client_session;
pub mod delta;
pub mod device_log;
pub mod diff;
pub mod document;
pub mod fingerprint;
pub mod hyperlink;
pub mod ids;
mod lib0;
pub mod limits;
pub mod line_index;
pub mod liveness;
pub mod page;
pub mod page_link;
pub mod paste;
pub mod presence;
pub mod protocol;
pub mod read_model;
pub mod role;
pub mod room;
pub mod scan;
pub mod schema;
pub mod section;
pub mod server_session;
pub mod status;
pub mod template;
pub mod transport;

pub use ids::{Epoch, MalbildId, Seq, Token, TokenHash, WriteNumber};
pub use role::{Permission, Role};
pub use section::{Section, SectionKey};
pub use status::SyncStatus;
pub use template::Template;
