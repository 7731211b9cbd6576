//! The text surface's Rust side: what commands mean ([`command`] and [`autoformat`], pure), which keys mean
//! them ([`keys`], pure), the functions of
//! `client/editor/surface.js` ([`surface`]) and the carets of others drawn over the text ([`carets`]).
//! It knows no document: the model is `state`'s, which calls this and is called back.

pub mod autoformat;
pub mod carets;
pub mod command;
pub mod keys;
pub mod surface;
