//! A text: its delta and lines, how two are compared, what may lead out of it, and what is pasted into it.
//!
//! It doesn't know the document that a text stands in.

pub mod character;
pub mod delta;
pub mod diff;
pub mod hyperlink;
pub mod line_index;
pub mod name;
pub mod paste;
pub mod share_link;
