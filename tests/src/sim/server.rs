//! The server's process: one room over the disk, driven as the real actor drives it. It may die before any
//! effect; then only the disk is left. It watches what the room asks for.

mod compaction;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use rand::Rng;
use samsyn_server::room::state::{Effect, Event, RoomConfig, RoomState};
use samsyn_server::room::{ConnectionId, Dialect, Proven, RoomDocument, Unproven};
use samsyn_shared::protocol::{CloseCode, Message};
use samsyn_shared::{Epoch, Role, Seq, Template, ids, limits};

use super::content::Content;
use super::disk::{Fate, JobId};
use super::environment::{Environment, Scheduled};
use super::network::{LinkId, Packet, Side};

#[derive(Debug)]
pub(super) struct Server {
    epoch: Epoch,
    template: &'static Template,
    is_up: bool,
    room: Option<Room>,
    /// How many rooms there have been.
    rooms: u64,
    compactions: BTreeMap<u64, Compaction>,
    next_compaction: u64,
    /// What the disk said, until it is heard.
    answers: BTreeMap<JobId, Option<Vec<Seq>>>,
}

#[derive(Debug)]
struct Room {
    number: u64,
    state: RoomState,
    connections: BTreeMap<ConnectionId, (LinkId, Dialect)>,
    /// Sent away by the actor itself: what the room asked for before it heard of that still names them.
    slow: BTreeSet<ConnectionId>,
    next_connection: u64,
    appending: Option<(JobId, u64)>,
    compacting: Option<u64>,
    last: Seq,
    since_snapshot: u64,
    alarm: Option<Duration>,
    /// Whether it waits for its turn to do heavy work.
    awaits_turn: bool,
    idle_since: Duration,
    is_draining: bool,
}

/// A snapshot under way; it may outlive its room.
#[derive(Debug)]
struct Compaction {
    up_to: Seq,
    unproven: Option<Unproven>,
    job: Option<JobId>,
}

/// What rooms take for CPU time: each look says that 2 ms went by, so that turns end.
fn cpu() -> Duration {
    thread_local!(static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
    LOOKS.set(LOOKS.get() + 1);
    Duration::from_millis(2 * LOOKS.get())
}

impl Server {
    pub(super) const fn new(epoch: Epoch, template: &'static Template) -> Self {
        Self {
            epoch,
            template,
            is_up: true,
            room: None,
            rooms: 0,
            compactions: BTreeMap::new(),
            next_compaction: 0,
            answers: BTreeMap::new(),
        }
    }

    /// A packet comes over a connection.
    pub(super) fn hear(
        &mut self,
        environment: &mut Environment,
        link: LinkId,
        dialect: Dialect,
    ) -> Result<()> {
        match environment.network.arrive(link, Side::Server) {
            Some(Packet::Open) => self.join(environment, link, dialect),
            Some(Packet::Frame(frame)) => match self.connection_over(link) {
                Some(connection) => {
                    self.event(environment, Event::FrameReceived { connection, frame })?;
                    // What one sent broke the document; others' writes wait.
                    if environment.misfortune(environment.plan.breakage) {
                        self.reload(environment)
                    } else {
                        Ok(())
                    }
                }
                None => Ok(()),
            },
            Some(Packet::Close) | None => Ok(()),
        }
    }

    fn connection_over(&self, link: LinkId) -> Option<ConnectionId> {
        let room = self.room.as_ref().filter(|room| !room.is_draining)?;
        room.connections.iter().find(|(_, (over, _))| *over == link).map(|(id, _)| *id)
    }

    fn join(&mut self, environment: &mut Environment, link: LinkId, dialect: Dialect) -> Result<()> {
        if !self.is_up || self.room.as_ref().is_some_and(|room| room.is_draining) {
            environment.send(link, Side::Client, Packet::Close);
            return Ok(());
        }
        if self.room.is_none() {
            self.open(environment)?;
        }
        let Some(room) = &mut self.room else { return Ok(()) };
        let connection = ConnectionId(room.next_connection);
        room.next_connection += 1;
        room.connections.insert(connection, (link, dialect));
        environment.send(link, Side::Client, Packet::Open);
        if environment.network.is_cut(link) {
            // It was cut while the client knocked: pings find out.
            let delay = environment.while_up_to(limits::SILENT);
            environment.after(delay, Scheduled::ServerNotices(link));
        }
        let client = environment.network.client_of(link).context("an unknown connection")?;
        let role = environment.roles[client];
        environment.note(|| format!("{client} joins as {role} on connection {}", connection.0));
        self.event(environment, Event::Joined { connection, role, dialect })
    }

    fn open(&mut self, environment: &mut Environment) -> Result<()> {
        let loaded = environment.disk.load()?;
        let parts = loaded.snapshot.iter().chain(&loaded.updates);
        let document = RoomDocument::build(parts, ids::client_id(&mut environment.rng))
            .context("the room does not open")?;
        let terms = RoomConfig {
            epoch: self.epoch,
            past_epochs: Vec::new(),
            template: self.template,
            document_bytes: limits::DOCUMENT_BYTES,
            cpu,
        };
        self.rooms += 1;
        environment.note(|| format!("room {} opens with {} updates", self.rooms, loaded.updates.len()));
        self.room = Some(Room {
            number: self.rooms,
            state: RoomState::new(document, terms, environment.instant(), environment.unix_ms()),
            connections: BTreeMap::new(),
            slow: BTreeSet::new(),
            next_connection: 1,
            appending: None,
            compacting: None,
            last: loaded.last,
            since_snapshot: loaded.updates.len() as u64,
            alarm: None,
            awaits_turn: false,
            idle_since: environment.now,
            is_draining: false,
        });
        environment.after(limits::ROOM_TICK, Scheduled::Ticks(self.rooms));
        Ok(())
    }

    /// It finds out that a connection is gone.
    pub(super) fn notice(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        let Some(connection) = self.connection_over(link) else { return Ok(()) };
        if let Some(room) = &mut self.room {
            room.connections.remove(&connection);
        }
        environment.note(|| format!("connection {} has left", connection.0));
        self.event(environment, Event::Left { connection })
    }

    /// A client may do something else from now on; `None` sends it away.
    pub(super) fn change_role(
        &mut self,
        environment: &mut Environment,
        client: usize,
        role: Option<Role>,
    ) -> Result<()> {
        let over = |link: &LinkId| environment.network.client_of(*link) == Some(client);
        let Some(room) = self.room.as_ref().filter(|room| !room.is_draining) else { return Ok(()) };
        let known = room.connections.iter().filter(|(_, (link, _))| over(link)).map(|(id, _)| *id);
        for connection in known.collect::<Vec<_>>() {
            self.event(environment, Event::RoleChanged { connection, role })?;
        }
        Ok(())
    }

    /// Something happens to the room, if it is there.
    pub(super) fn event(&mut self, environment: &mut Environment, event: Event) -> Result<()> {
        let Some(room) = &mut self.room else { return Ok(()) };
        let mut effects = Vec::new();
        room.state.handle(environment.instant(), event, &mut effects);
        self.perform(environment, effects)?;
        self.look_after(environment)
    }

    /// The document is found to be broken while somebody reads it: it is loaded again.
    pub(super) fn reload(&mut self, environment: &mut Environment) -> Result<()> {
        self.perform(environment, vec![Effect::Reload])?;
        self.look_after(environment)
    }

    /// Does what the room asks for, in order; the process may die before any of it.
    fn perform(&mut self, environment: &mut Environment, mut effects: Vec<Effect>) -> Result<()> {
        while !effects.is_empty() {
            let mut next = Vec::new();
            if let Some(room) = &mut self.room {
                room.slow.clear();
            }
            for effect in effects {
                if environment.misfortune(environment.plan.crash) {
                    environment.note(|| format!("before {effect:?}"));
                    return self.crash(environment);
                }
                let Some(room) = &mut self.room else { return Ok(()) };
                match effect {
                    Effect::Send { to, message } => room.send(environment, &to, &message, &mut next)?,
                    Effect::Close { connection, code } => {
                        let is_known = room.connections.contains_key(&connection);
                        ensure!(
                            is_known || room.slow.contains(&connection),
                            "connection {} is closed twice",
                            connection.0
                        );
                        room.close(environment, connection, code);
                    }
                    Effect::Append { updates, .. } => room.append(environment, updates)?,
                    Effect::Reload => {
                        environment.tally.reloads += 1;
                        let stored = environment.disk.parts()?;
                        let client_id = ids::client_id(&mut environment.rng);
                        let event = Event::Reloaded { stored, client_id };
                        room.state.handle(environment.instant(), event, &mut next);
                    }
                    Effect::Stop => {
                        ensure!(room.connections.is_empty(), "a room stopped and left somebody behind");
                        self.room = None;
                    }
                }
            }
            effects = next;
        }
        Ok(())
    }

    /// What the actor looks after once something has happened.
    fn look_after(&mut self, environment: &mut Environment) -> Result<()> {
        let Some(room) = &mut self.room else { return Ok(()) };
        if room.is_draining && room.state.is_stored() {
            return self.stop(environment);
        }
        if let Some(due) = room.state.wake_at() {
            let due = environment.now + due.saturating_duration_since(environment.instant());
            if room.alarm.is_none_or(|alarm| due < alarm) {
                room.alarm = Some(due);
                // While commands are at hand, what is due waits a little.
                let late = environment.while_up_to(Duration::from_millis(3));
                environment.at(due + late, Scheduled::Wakes(room.number));
            }
        }
        if room.state.is_turn_due() && !room.awaits_turn {
            room.awaits_turn = true;
            let late = environment.while_up_to(Duration::from_millis(40));
            environment.after(late, Scheduled::Turns(room.number));
        }
        if !room.connections.is_empty() || !room.state.is_stored() {
            room.idle_since = environment.now;
        }
        let is_due = room.since_snapshot >= environment.plan.log.0 || room.state.is_to_be_weighed();
        if is_due && room.compacting.is_none() {
            self.compact(environment)?;
        }
        Ok(())
    }

    pub(super) fn wake(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.room.as_mut().filter(|room| room.number == number) else { return Ok(()) };
        room.alarm = None;
        if room.state.wake_at().is_some_and(|due| due <= environment.instant()) {
            self.event(environment, Event::Woke)
        } else {
            self.look_after(environment)
        }
    }

    /// It is the room's turn to do heavy work.
    pub(super) fn turn(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.room.as_mut().filter(|room| room.number == number) else { return Ok(()) };
        room.awaits_turn = false;
        environment.tally.turns += 1;
        self.event(environment, Event::Turn)
    }

    pub(super) fn tick(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.room.as_ref().filter(|room| room.number == number) else { return Ok(()) };
        let is_idle = room.connections.is_empty() && room.state.is_stored() && !room.is_draining;
        if is_idle && environment.now - room.idle_since >= environment.plan.idle {
            if room.since_snapshot >= environment.plan.log.1 && room.compacting.is_none() {
                self.compact(environment)?;
            }
            environment.note(|| format!("room {number} ends, since nobody is there"));
            environment.tally.evictions += 1;
            self.room = None;
            return Ok(());
        }
        environment.after(limits::ROOM_TICK, Scheduled::Ticks(number));
        self.event(environment, Event::Ticked)
    }

    /// A commit takes place; the room hears of it later.
    pub(super) fn commit(&mut self, environment: &mut Environment, job: JobId) -> Result<()> {
        let given = environment.disk.commit(job, environment.unix_ms())?;
        self.answers.insert(job, given);
        let late = environment.while_up_to(Duration::from_millis(20));
        environment.after(late, Scheduled::Answers(job));
        Ok(())
    }

    pub(super) fn answer(&mut self, environment: &mut Environment, job: JobId) -> Result<()> {
        let given = self.answers.remove(&job).flatten();
        if let Some((&id, _)) = self.compactions.iter().find(|(_, compaction)| compaction.job == Some(job)) {
            environment.tally.snapshots += u64::from(given.is_some());
            return self.compacted(environment, id);
        }
        let Some(room) = &mut self.room else { return Ok(()) };
        let Some((_, at)) = room.appending.take_if(|(appending, _)| *appending == job) else {
            return Ok(());
        };
        match given {
            Some(given) => {
                room.since_snapshot += given.len() as u64;
                room.last = given.into_iter().max().unwrap_or(room.last);
                self.event(environment, Event::Appended { at })
            }
            None => {
                environment.note(|| "the disk says no".to_owned());
                environment.tally.failures += 1;
                self.event(environment, Event::AppendFailed)?;
                // The store is opened again, or the process is started anew.
                if environment.misfortune(0.5) { self.crash(environment) } else { Ok(()) }
            }
        }
    }

    /// The process dies.
    pub(super) fn crash(&mut self, environment: &mut Environment) -> Result<()> {
        if !self.is_up {
            return Ok(());
        }
        environment.note(|| "the server dies".to_owned());
        environment.tally.crashes += 1;
        let now = environment.unix_ms();
        environment.disk.crash(&mut environment.rng, now)?;
        self.go_down(environment);
        Ok(())
    }

    /// The process is asked to stop: it stores what it took and closes every connection.
    pub(super) fn drain(&mut self, environment: &mut Environment) -> Result<()> {
        environment.note(|| "the server is asked to stop".to_owned());
        match &mut self.room {
            Some(room) => {
                room.is_draining = true;
                self.event(environment, Event::Ending)?;
                self.event(environment, Event::Woke)
            }
            None => self.stop(environment),
        }
    }

    fn stop(&mut self, environment: &mut Environment) -> Result<()> {
        if let Some(room) = &mut self.room {
            for connection in room.connections.keys().copied().collect::<Vec<_>>() {
                room.close(environment, connection, CloseCode::GoingAway);
            }
        }
        let now = environment.unix_ms();
        environment.disk.crash(&mut environment.rng, now)?;
        self.go_down(environment);
        Ok(())
    }

    fn go_down(&mut self, environment: &mut Environment) {
        if let Some(room) = self.room.take() {
            for (link, _) in room.connections.into_values() {
                environment.network.deafen(link, Side::Server);
                environment.cut(link);
            }
        }
        self.compactions.clear();
        self.answers.clear();
        self.is_up = false;
        let delay = environment.while_up_to(Duration::from_secs(2));
        environment.after(delay, Scheduled::Starts);
    }

    pub(super) fn start(&mut self) {
        self.is_up = true;
    }

    /// The connections that it knows of, in the order of their links.
    pub(super) fn links(&self) -> Vec<LinkId> {
        let connections = self.room.iter().flat_map(|room| room.connections.values());
        let mut links: Vec<_> = connections.map(|(link, _)| *link).collect();
        links.sort_unstable();
        links
    }

    /// Whether nothing is under way.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_up
            && self.compactions.is_empty()
            && self.room.as_ref().is_none_or(|room| room.appending.is_none() && room.state.is_stored())
    }

    /// The room's whole document as one update, if there is a room.
    pub(super) fn document(&self) -> Result<Option<Bytes>> {
        let Some(room) = &self.room else { return Ok(None) };
        match room.state.whole()?.prove()? {
            Proven::Same(whole) => Ok(Some(whole)),
            Proven::DeletesMore(_) => bail!("whoever loads the room's document has another one"),
        }
    }
}

impl Room {
    fn send(
        &mut self,
        environment: &mut Environment,
        to: &[ConnectionId],
        message: &Bytes,
        next: &mut Vec<Effect>,
    ) -> Result<()> {
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
            self.state.handle(environment.instant(), Event::Left { connection: slow }, next);
        }
        Ok(())
    }

    fn close(&mut self, environment: &mut Environment, connection: ConnectionId, code: CloseCode) {
        if let Some((link, _)) = self.connections.remove(&connection) {
            environment.note(|| format!("connection {} is closed: {}", connection.0, code.reason()));
            environment.send(link, Side::Client, Packet::Close);
            environment.network.deafen(link, Side::Server);
        }
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
