//! The whole, tested from outside by CONTRACT.md: the real server, real browsers, stock Yjs clients.
//! Each test has a server of its own, and each name is a sentence about how the product behaves.

mod accessibility;
mod api;
mod authorship;
mod backup;
mod browser;
mod durability;
mod durability_kill;
mod durability_power;
mod durability_stock;
mod durability_strace;
mod find;
mod formatting;
mod full_disk;
mod fuzz;
mod golden;
mod harness;
mod hostile;
mod interop;
mod keys;
mod links;
mod network;
mod network_crowd;
mod network_http;
mod page_files;
mod paste;
mod people;
mod quill;
mod roles;
mod scenario;
mod simulation;
mod stage;
mod tidy;
mod wire;
