//! The harness of the tests from outside: the real server, real browsers, stock Yjs clients, and a
//! peer that speaks the protocol by hand. It knows the product by what that promises to the outside alone, and never waits
//! for a time, only for what is meant to happen ([`until`]).

pub mod addresses;
pub mod api;
pub mod attack;
pub mod axe;
pub mod browser;
pub mod costly;
mod device;
pub mod devtools;
pub mod hand;
mod leader;
pub mod lib0;
pub mod monkey;
pub mod node;
pub mod operator;
pub mod page;
pub mod participant;
pub mod peer;
pub mod power;
pub mod proxy;
pub mod release;
pub mod room_in_hand;
pub mod screen;
pub mod server;
pub mod shown;
pub mod sim;
pub mod strace;
pub mod tidy;
pub mod tmpfs;
pub mod until;
mod webkit;
pub mod writer;
