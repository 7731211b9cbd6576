//! The whole, tested from outside by CONTRACT.md: the real server, real browsers, stock Yjs clients.
//! Each test has a server of its own, and each name is a sentence about how the product behaves.

mod api;
mod browser;
mod durability;
mod formatting;
mod golden;
mod harness;
mod hostile;
mod interop;
mod page_files;
mod roles;
mod stage;
mod tidy;
mod wire;
