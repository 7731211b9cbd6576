//! One room of the simulated server, over the simulated network and disk: what the actor is to the real ones. It does
//! what the room asks for, and watches what that is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use rand::Rng;
use samsyn_shared::domain::{ids, limits};
use samsyn_shared::room::{
    ConnectionId, Dialect, Effect, Event, LogReading, Opened, Proven, Reaction, RoomConfig, RoomDocument,
    RoomState, Unproven, UpkeepLimits,
};
use samsyn_shared::sync::protocol::{CloseCode, Message};
use samsyn_shared::{Epoch, Seq, Template};

use super::super::content::Content;
use super::super::disk::{Fate, JobId};
use super::super::environment::{Environment, Scheduled};
use super::super::network::{LinkId, Packet, Side};

#[derive(Debug)]
pub(super) struct Room {
    pub(super) number: u64,
    pub(super) state: RoomState,
    pub(super) connections: BTreeMap<ConnectionId, (LinkId, Dialect)>,
    pub(super) is_draining: bool,
    effects: VecDeque<Effect>,
    /// Sent away by the driver itself: what the room asked for before it heard of that still names them.
    slow: BTreeSet<ConnectionId>,
    next_connection: u64,
    appending: Option<(JobId, u64)>,
    proving: Option<Unproven>,
    compacting: Option<JobId>,
    entering: Option<JobId>,
    alarm: Option<Duration>,
    /// Whether it waits for its turn to do heavy work.
    awaits_turn: bool,
}

/// What rooms take for CPU time: each look says that 2 ms went by, so that turns end.
fn cpu() -> Duration {
    thread_local!(static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
    LOOKS.set(LOOKS.get() + 1);
    Duration::from_millis(2 * LOOKS.get())
}

impl Room {
    /// Opens what the disk has.
    pub(super) fn open(
        environment: &mut Environment,
        number: u64,
        (epoch, past_epochs): (Epoch, Vec<Epoch>),
        template: &'static Template,
    ) -> Result<Self> {
        let loaded = environment.disk.load()?;
        let parts = loaded.snapshot.iter().chain(&loaded.updates);
        let document = RoomDocument::build(parts, ids::client_id(&mut environment.rng))
            .context("the room does not open")?;
        let plan = &environment.plan;
        let config = RoomConfig {
            epoch,
            past_epochs,
            template,
            document_bytes: limits::DOCUMENT_BYTES,
            upkeep: UpkeepLimits {
                log_long: plan.log.0,
                log_short: plan.log.1,
                snapshot_every: plan.snapshots,
                idle: plan.idle,
            },
            cpu,
        };
        let updates = loaded.updates.len() as u64;
        environment.note(|| format!("room {number} opens with {updates} updates"));
        let log = LogReading { updates, ..LogReading::default() };
        let opened = Opened {
            document,
            took: Duration::ZERO,
            log,
            last: loaded.last,
            journal: environment.disk.journal()?,
        };
        Ok(Self {
            number,
            state: RoomState::new(opened, config, environment.now, environment.unix_ms()),
            connections: BTreeMap::new(),
            is_draining: false,
            effects: VecDeque::new(),
            slow: BTreeSet::new(),
            next_connection: 1,
            appending: None,
            proving: None,
            compacting: None,
            entering: None,
            alarm: None,
            awaits_turn: false,
        })
    }

    /// A connection is there; what the room is to hear of it.
    pub(super) fn join(&mut self, link: LinkId, dialect: Dialect) -> ConnectionId {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.connections.insert(connection, (link, dialect));
        connection
    }

    /// Lets the room say what must be done about an event.
    pub(super) fn react(&mut self, environment: &Environment, event: Event) {
        let mut reaction = Reaction::at(environment.now);
        self.state.handle(event, &mut reaction);
        self.effects.extend(reaction.effects);
    }

    /// The document is found to be broken while somebody reads it.
    pub(super) fn reload(&mut self) {
        self.effects.push_back(Effect::Reload);
    }

    /// What is to be done next.
    pub(super) fn next(&mut self) -> Option<Effect> {
        let next = self.effects.pop_front();
        if next.is_none() {
            self.slow.clear();
        }
        next
    }

    pub(super) fn perform(&mut self, environment: &mut Environment, effect: Effect) -> Result<()> {
        match effect {
            Effect::Send { to, message } => self.send(environment, &to, &message)?,
            Effect::Close { connection, code } => {
                let is_known = self.connections.contains_key(&connection) || self.slow.contains(&connection);
                ensure!(is_known, "connection {} is closed twice", connection.0);
                self.close(environment, connection, code);
            }
            Effect::Append { updates, .. } => self.append(environment, updates)?,
            Effect::Reload => {
                environment.tally.reloads += 1;
                let stored = environment.disk.parts()?;
                let client_id = ids::client_id(&mut environment.rng);
                self.react(environment, Event::Reloaded { stored, client_id });
            }
            Effect::Prove(unproven) => {
                ensure!(self.proving.replace(unproven).is_none(), "two snapshots are proven");
                let proving = environment.while_up_to(environment.plan.commit);
                environment.after(proving, Scheduled::Proves(self.number));
            }
            Effect::Compact { snapshot, up_to } => {
                let fate = fate(environment);
                let job = environment.disk.compact(snapshot, up_to, fate);
                ensure!(self.compacting.replace(job).is_none(), "two snapshots are stored");
                environment.commits(job);
            }
            Effect::Enter { entries, .. } => self.enter(environment, entries, false)?,
            Effect::Rewrite { whole, .. } => self.enter(environment, whole, true)?,
            Effect::Answer { ticket, answer } => environment.answers.push((ticket, answer)),
            Effect::End | Effect::Stop => {
                ensure!(self.connections.is_empty(), "a room ended and left somebody behind");
            }
        }
        Ok(())
    }

    /// Its snapshot is loaded.
    pub(super) fn prove(&mut self, environment: &mut Environment) -> Result<()> {
        let unproven = self.proving.take().context("nothing is being proven")?;
        let proven = unproven.prove().context("a snapshot is not proven")?;
        environment.tally.healed += u64::from(matches!(proven, Proven::DeletesMore(_)));
        let opening = Some(environment.while_up_to(limits::DOCUMENT_OPENING));
        self.react(environment, Event::Proven { proven: Some(Ok(proven)), opening });
        Ok(())
    }

    /// The disk has answered to what the room gave it, with the positions if it is stored. False if it gave it no such thing.
    pub(super) fn answered(
        &mut self,
        environment: &mut Environment,
        job: JobId,
        given: Option<&[Seq]>,
    ) -> bool {
        if self.compacting.take_if(|compacting| *compacting == job).is_some() {
            environment.tally.snapshots += u64::from(given.is_some());
            self.react(environment, Event::Compacted { is_stored: given.is_some() });
            return true;
        }
        if self.entering.take_if(|entering| *entering == job).is_some() {
            let event = if given.is_some() { Event::Entered } else { Event::AppendFailed };
            self.react(environment, event);
            return true;
        }
        let Some((_, at)) = self.appending.take_if(|(appending, _)| *appending == job) else { return false };
        let last = given.and_then(|given| given.iter().max().copied());
        let event = last.map_or(Event::AppendFailed, |last| Event::Appended { at, last });
        self.react(environment, event);
        true
    }

    /// Has the room's alarm and turn come when they are due.
    pub(super) fn schedule(&mut self, environment: &mut Environment) {
        if let Some(due) = self.state.wake_at() {
            let due = due.max(environment.now);
            if self.alarm.is_none_or(|alarm| due < alarm) {
                self.alarm = Some(due);
                // While commands are at hand, what is due waits a little.
                let late = environment.while_up_to(Duration::from_millis(3));
                environment.at(due + late, Scheduled::Wakes(self.number));
            }
        }
        if self.state.is_turn_due() && !self.awaits_turn {
            self.awaits_turn = true;
            let late = environment.while_up_to(Duration::from_millis(40));
            environment.after(late, Scheduled::Turns(self.number));
        }
    }

    /// Its alarm goes off.
    pub(super) fn wake(&mut self, environment: &Environment) {
        self.alarm = None;
        if self.state.wake_at().is_some_and(|due| due <= environment.now) {
            self.react(environment, Event::Woke);
        }
    }

    pub(super) fn turn(&mut self, environment: &Environment) {
        self.awaits_turn = false;
        self.react(environment, Event::Turn);
    }

    /// Whether nothing of it is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        self.appending.is_none()
            && self.proving.is_none()
            && self.compacting.is_none()
            && self.entering.is_none()
            && self.state.is_stored()
    }

    fn send(&mut self, environment: &mut Environment, to: &[ConnectionId], message: &Bytes) -> Result<()> {
        for connection in to {
            let Some((link, dialect)) = self.connections.get(connection).copied() else {
                if self.slow.contains(connection) {
                    continue;
                }
                bail!("a message is for connection {}, which is not there", connection.0);
            };
            if dialect == Dialect::Stock
                && let Message::Update(update) | Message::Step2(update) = Message::decode(message.clone())?
            {
                let holds = environment.disk.durable().holds(&Content::of(&update)?);
                holds.context("a stock client is sent what is not on disk")?;
            }
            environment.send_frame(link, Side::Client, message.clone());
        }
        // One that reads too slowly is sent away, and the room hears that it left.
        if to.len() > 1 && environment.misfortune(0.002) {
            let slow = to[environment.rng.random_range(0..to.len())];
            if self.connections.contains_key(&slow) {
                self.close(environment, slow, CloseCode::Slow);
                self.slow.insert(slow);
            }
            self.react(environment, Event::Left { connection: slow });
        }
        Ok(())
    }

    fn close(&mut self, environment: &mut Environment, connection: ConnectionId, code: CloseCode) {
        if let Some((link, _)) = self.connections.remove(&connection) {
            environment.note(|| format!("connection {} is closed: {}", connection.0, code.reason()));
            environment.send(link, Side::Client, Packet::Close(Some(code.number())));
            environment.network.deafen(link, Side::Server);
        }
    }

    fn enter(&mut self, environment: &mut Environment, entries: Bytes, is_whole: bool) -> Result<()> {
        let fate = fate(environment);
        let job = environment.disk.enter(entries, is_whole, fate);
        ensure!(self.entering.replace(job).is_none(), "two appends to the journal are in flight");
        environment.commits(job);
        Ok(())
    }

    fn append(&mut self, environment: &mut Environment, updates: Vec<Bytes>) -> Result<()> {
        ensure!(self.appending.is_none(), "two appends are in flight");
        ensure!(!updates.is_empty(), "an append of nothing");
        environment.tally.appends += 1;
        environment.note(|| format!("{} updates are appended", updates.len()));
        let fate = fate(environment);
        let job = environment.disk.append(updates, fate);
        self.appending = Some((job, environment.unix_ms()));
        environment.commits(job);
        Ok(())
    }
}

fn fate(environment: &mut Environment) -> Fate {
    match (environment.misfortune(environment.plan.failure), environment.rng.random_bool(0.5)) {
        (false, _) => Fate::Stored,
        (true, true) => Fate::StoredInVain,
        (true, false) => Fate::Lost,
    }
}
