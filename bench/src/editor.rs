//! What an editor costs the person who types: the same measured of our page and of the known editors' pages,
//! each in a real browser, with real keys and real remote writers.

mod chromium;
mod devtools;
pub mod outcome;
mod profile;
pub mod report;
pub mod scenario;
mod site;
pub mod sitting;
pub mod subject;
mod trace;
mod writers;
