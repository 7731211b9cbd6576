//! What all take part in: the clock, chance, what is to happen when, the network and the disk. Nothing here
//! is real time, and the same seed gives the same world.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use samsyn_shared::room::{ActTaken, NotTaken, Ticket};
use samsyn_shared::sync::protocol::Message;
use samsyn_shared::{Permission, Role};

use super::Tally;
use super::disk::{Disk, JobId};
use super::network::{LinkId, Network, Packet, Side};
use super::plan::Plan;

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scheduled {
    /// A client does something of its own accord.
    Acts(usize),
    /// A client connects, unless it has.
    Connects(usize),
    /// A client's device has written, or failed to; or has read.
    Keeps(usize),
    Reads(usize),
    /// A client hears that another tab has kept something.
    Hears(usize),
    /// A client's alarm goes off.
    Alarms(usize),
    /// A client looks after its connection.
    Watches(usize),
    /// The next packet comes to an end.
    ArrivesAtClient(LinkId),
    ArrivesAtServer(LinkId),
    /// An end finds out that its connection is cut.
    ClientNotices(LinkId),
    ServerNotices(LinkId),
    /// A commit takes place, and is answered.
    Commits(JobId),
    Answers(JobId),
    /// A room's alarm and its second hand; a stale number is of a room that is gone.
    Wakes(u64),
    /// It is this room's turn to do heavy work.
    Turns(u64),
    Ticks(u64),
    /// A snapshot is proven.
    Proves(u64),
    /// Somebody asks for an act.
    Asks,
    /// The server starts again.
    Starts,
    /// Something bad.
    InjectFault,
}

pub(super) struct Environment {
    pub(super) plan: Plan,
    pub(super) rng: SmallRng,
    pub(super) now: Duration,
    pub(super) network: Network,
    pub(super) disk: Disk,
    /// What was answered to those who ask for acts, until they hear it.
    pub(super) answers: Vec<(Ticket, Result<ActTaken, NotTaken>)>,
    /// What each client may do.
    pub(super) roles: Vec<Role>,
    /// When each client last lost or lacked the right to write.
    pub(super) lacked: Vec<Option<Duration>>,
    /// How far each client's clock is ahead.
    pub(super) ahead: Vec<Duration>,
    /// The network lets no WebSocket through.
    pub(super) are_websockets_blocked: bool,
    /// Every client id under which an honest page wrote.
    pub(super) honest: BTreeSet<u64>,
    /// When the document's history was replaced last.
    pub(super) replaced: Option<Duration>,
    /// Nothing bad happens any more.
    pub(super) is_calm: bool,
    pub(super) tally: Tally,
    agenda: BinaryHeap<Reverse<(Duration, u64, Scheduled)>>,
    next: u64,
    disk_is_free: Duration,
    trace: Option<fn(&str)>,
}

impl Environment {
    pub(super) fn new(plan: Plan, rng: SmallRng, disk: Disk, trace: Option<fn(&str)>) -> Self {
        Self {
            plan,
            rng,
            now: Duration::ZERO,
            network: Network::default(),
            disk,
            answers: Vec::new(),
            roles: Vec::new(),
            lacked: Vec::new(),
            ahead: Vec::new(),
            are_websockets_blocked: false,
            honest: BTreeSet::new(),
            replaced: None,
            is_calm: false,
            tally: Tally::default(),
            agenda: BinaryHeap::new(),
            next: 0,
            disk_is_free: Duration::ZERO,
            trace,
        }
    }

    /// Now, in milliseconds since 1970.
    pub(super) fn unix_ms(&self) -> u64 {
        1_000_000 + u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX)
    }

    /// Now, as a client's own clock says.
    pub(super) fn clock(&self, client: usize) -> Duration {
        self.now + self.ahead[client]
    }

    /// Whether something bad happens that is so likely.
    pub(super) fn misfortune(&mut self, likely: f64) -> bool {
        !self.is_calm && self.rng.random_bool(likely)
    }

    /// A random time up to `most`.
    pub(super) fn while_up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.rng.random_range(0..=most))
    }

    /// Something is to happen after a while.
    pub(super) fn after(&mut self, delay: Duration, happening: Scheduled) {
        self.at(self.now + delay, happening);
    }

    pub(super) fn at(&mut self, time: Duration, happening: Scheduled) {
        self.next += 1;
        self.agenda.push(Reverse((time, self.next, happening)));
    }

    /// The next thing that happens by `end`; the clock moves to it, or to the end.
    pub(super) fn next(&mut self, end: Duration) -> Option<Scheduled> {
        if self.agenda.peek().is_none_or(|Reverse((time, ..))| *time > end) {
            self.now = self.now.max(end);
            return None;
        }
        let Reverse((time, _, happening)) = self.agenda.pop()?;
        self.now = self.now.max(time);
        self.tally.events += 1;
        Some(happening)
    }

    pub(super) fn send(&mut self, link: LinkId, to: Side, packet: Packet) {
        if let Packet::Frame(frame) = &packet {
            self.tally.frames += 1;
            // Presence, health and comparisons never end.
            if !matches!(frame.first(), Some(1 | 105..=107)) {
                self.tally.said += 1;
            }
        }
        let is_slow = self.misfortune(0.02);
        let most = self.plan.latency * if is_slow { 10 } else { 1 };
        let delay = self.while_up_to(most);
        if let Some(time) = self.network.send(link, to, packet, self.now, delay) {
            self.at(
                time,
                match to {
                    Side::Client => Scheduled::ArrivesAtClient(link),
                    Side::Server => Scheduled::ArrivesAtServer(link),
                },
            );
        }
    }

    pub(super) fn send_frame(&mut self, link: LinkId, to: Side, frame: Bytes) {
        self.send(link, to, Packet::Frame(frame));
    }

    /// Cuts a connection. Either end may take long to find out.
    pub(super) fn cut(&mut self, link: LinkId) {
        if !self.network.cut(link, &mut self.rng) {
            return;
        }
        self.tally.cuts += 1;
        for happening in [Scheduled::ClientNotices(link), Scheduled::ServerNotices(link)] {
            let most = if self.misfortune(0.4) { 25_000 } else { 300 };
            let delay = self.while_up_to(Duration::from_millis(most));
            self.after(delay, happening);
        }
    }

    /// A commit was given to the disk, which does one after the other.
    pub(super) fn commits(&mut self, job: JobId) {
        let taking = self.while_up_to(self.plan.commit);
        self.disk_is_free = self.disk_is_free.max(self.now) + taking;
        self.at(self.disk_is_free, Scheduled::Commits(job));
    }

    /// A client may do something else from now on.
    pub(super) fn give_role(&mut self, client: usize, role: Role) {
        if !self.may_write(client) || !role.may(Permission::WriteContent) {
            self.lacked[client] = Some(self.now);
        }
        self.roles[client] = role;
    }

    pub(super) fn may_write(&self, client: usize) -> bool {
        self.roles[client].may(Permission::WriteContent)
    }

    /// Whether a client could not write at some time since `then`.
    pub(super) fn lacked_since(&self, client: usize, then: Duration) -> bool {
        !self.may_write(client) || self.lacked[client].is_some_and(|at| at >= then)
    }

    /// Whether what somebody knows since `then` is of a history that was replaced.
    pub(super) fn is_outdated(&self, then: Duration) -> bool {
        self.replaced.is_some_and(|at| at >= then)
    }

    /// What came, or at times a handshake's answer that does not apply.
    pub(super) fn garbled(&mut self, frame: Bytes) -> Result<Bytes> {
        if matches!(Message::decode(frame.clone())?, Message::Step2(_)) && self.misfortune(0.05) {
            self.tally.garbled += 1;
            return Ok(Message::Step2(Bytes::from_static(&[1, 2, 3])).encode());
        }
        Ok(frame)
    }

    /// Tells whoever replays a run what happens.
    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(trace) = self.trace {
            trace(&format!("{:>10.3} ms  {}", self.now.as_secs_f64() * 1000.0, what()));
        }
    }
}

/// The generator that everything is drawn from.
pub(super) fn generator(seed: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed)
}
