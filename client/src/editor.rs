//! The text surface's Rust side: what commands, links and what is pasted mean ([`command`], [`autoformat`],
//! [`linking`] and [`insertion`], pure), which keys mean them ([`keys`], pure), the functions of
//! `client/editor/surface.js` ([`surface`]) and the carets of others drawn over the text ([`carets`]).
//! It knows no document: the model is `state`'s, which calls this and is called back.

pub mod autoformat;
pub mod carets;
pub mod command;
pub mod insertion;
pub mod keys;
pub mod linking;
pub mod surface;
