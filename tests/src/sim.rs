//! Simulated runs of the whole: real pages' sessions over real replicas, a real room over a store, and between
//! them a network and a disk that do what networks and disks do. Everything is drawn from one seed, in one
//! thread and without real time, so a run that fails can be seen again.
//!
//! Watched all the time: a page never counts as saved what would be gone if the power went now; a stock
//! client is sent only what is on disk; the room has one append in flight, and speaks only to those who are
//! there. At the end, when nothing bad happens any more, it gets quiet, and everyone has the same as the
//! store, with all that was written and not refused.

mod asker;
mod client;
mod content;
mod device;
mod disk;
mod environment;
mod hostile;
mod network;
mod person;
mod plan;
mod replica;
mod server;
mod stock;
mod wire;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context as _, Result, anyhow};

use self::world::World;

/// What happened in a run, or in several.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Things that happened.
    pub events: u64,
    /// Acts that were taken, and whoever asked heard so.
    pub acts: u64,
    /// Messages that were sent.
    pub frames: u64,
    /// Those of them that are neither presence nor health.
    pub said: u64,
    /// Edits of honest people.
    pub edits: u64,
    /// Edits that a page saw as saved.
    pub saved: u64,
    /// Unsaved edits that a page found on its device when it was loaded.
    pub recalled: u64,
    /// What a page and the server held, compared.
    pub compared: u64,
    /// Replicas that were set aside, since the server refused what was written in them.
    pub refused: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Times that the server died.
    pub crashes: u64,
    /// Appends that were begun.
    pub appends: u64,
    /// Appends whose answer was an error.
    pub failures: u64,
    /// Snapshots that were stored.
    pub snapshots: u64,
    /// Rooms that ended, since nobody was there.
    pub evictions: u64,
    /// Times that a room had its document loaded again.
    pub reloads: u64,
    /// Turns in which a room did heavy work.
    pub turns: u64,
    /// Edits that a page found on its device, since another tab had kept them.
    pub found: u64,
    /// WebSockets that were blocked.
    pub blocked: u64,
    /// Connections by HTTP that were begun.
    pub by_http: u64,
    /// Times that one of two tabs held what the server had lost, and came back for it.
    pub parted: u64,
    /// Handshakes' answers that did not apply.
    pub garbled: u64,
    /// Times that a snapshot deleted more than the live document.
    pub healed: u64,
    /// Times that the document's history was replaced.
    pub replaced: u64,
}

impl Tally {
    /// Counts another run's in.
    pub const fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.acts += other.acts;
        self.frames += other.frames;
        self.said += other.said;
        self.edits += other.edits;
        self.saved += other.saved;
        self.recalled += other.recalled;
        self.compared += other.compared;
        self.refused += other.refused;
        self.cuts += other.cuts;
        self.crashes += other.crashes;
        self.appends += other.appends;
        self.failures += other.failures;
        self.snapshots += other.snapshots;
        self.evictions += other.evictions;
        self.reloads += other.reloads;
        self.turns += other.turns;
        self.found += other.found;
        self.blocked += other.blocked;
        self.by_http += other.by_http;
        self.parted += other.parted;
        self.garbled += other.garbled;
        self.healed += other.healed;
        self.replaced += other.replaced;
    }
}

/// One run, told step by step to `trace`.
///
/// # Errors
/// What went wrong, with the command that replays it.
pub fn run(seed: u64, trace: Option<fn(&str)>) -> Result<Tally> {
    let run = || World::new(seed, trace)?.run();
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(anyhow!("something panicked")))
        .with_context(|| format!("replay it: cargo run -p samsyn-tests --bin simulate -- --seed {seed}"))
}
