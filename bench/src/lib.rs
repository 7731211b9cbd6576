//! What the relay costs, and what it gives: a load generator that needs no CRDT, a relay that does
//! nothing but pass on (the floor), and the report over ours, the known servers and the floor.
//!
//! Everything here goes through the servers' outer interfaces. Three programs use it: `load` does
//! one scenario to one server that runs, `floor` is the floor, and `relay` starts the servers one
//! after the other, lets `load` loose on them and writes the report. A fourth, `editor`, measures
//! what the page costs the person who types: all of that is in `editor/`.

mod connection;
mod crowd;
mod disk;
pub mod editor;
mod frame;
mod inbox;
pub mod machine;
mod marker;
pub mod measurement;
pub mod place;
pub mod report;
pub mod run;
pub mod scenario;
pub mod server;
mod speaker;
pub mod spread;
mod stage;
mod svg;
mod tally;
mod update;
pub mod usage;
mod varint;
