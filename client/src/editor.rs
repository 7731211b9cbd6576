//! The text surface's Rust side: which keys mean which command ([`keys`], pure), the functions of
//! `client/editor/surface.js` ([`surface`]) and the carets of others drawn over the text ([`carets`]).
//! It knows no document, and not what a command does: that is the shared page's.

pub mod carets;
pub mod keys;
pub mod surface;
