//! The page.
mod api;
mod editor;
mod state;
mod sync;
fn main() {}
