//! The words of the domain: what names a målbild, who may do what in it, what it is made from, and every limit.
//!
//! It doesn't know texts or documents.

pub mod act_id;
pub mod ids;
pub mod limits;
pub mod list;
pub mod malbild_kind;
pub mod phase;
pub mod role;
pub mod schema;
pub mod section;
pub mod template;
pub mod time;
