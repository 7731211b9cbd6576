//! The server's process: one room at a time over the disk, and those before it that still store a snapshot. It may die
//! before anything that a room asks for; then only the disk is left.

mod room;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use samsyn_shared::domain::{ids, limits};
use samsyn_shared::journal::{Asked, Salt, Stamp};
use samsyn_shared::room::{ConnectionId, Dialect, Effect, Event, Proven, Ticket};
use samsyn_shared::{Epoch, Role, Seq, Template, Timestamp, document};
use yrs::{ReadTxn as _, StateVector, Transact as _};

use self::room::Room;
use super::disk::JobId;
use super::environment::{Environment, Scheduled};
use super::network::{LinkId, Packet, Side};

#[derive(Debug)]
pub(super) struct Server {
    epoch: Epoch,
    past_epochs: Vec<Epoch>,
    template: &'static Template,
    is_up: bool,
    room: Option<Room>,
    /// Rooms that have ended and have something under way.
    ended: Vec<Room>,
    /// How many rooms there have been.
    rooms: u64,
    /// What the disk said, until it is heard.
    answers: BTreeMap<JobId, Option<Vec<Seq>>>,
}

impl Server {
    pub(super) const fn new(epoch: Epoch, template: &'static Template) -> Self {
        Self {
            epoch,
            past_epochs: Vec::new(),
            template,
            is_up: true,
            room: None,
            ended: Vec::new(),
            rooms: 0,
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
            Some(Packet::Close(_)) | None => Ok(()),
        }
    }

    fn connection_over(&self, link: LinkId) -> Option<ConnectionId> {
        let room = self.room.as_ref().filter(|room| !room.is_draining)?;
        room.connections.iter().find(|(_, (over, _))| *over == link).map(|(id, _)| *id)
    }

    fn join(&mut self, environment: &mut Environment, link: LinkId, dialect: Dialect) -> Result<()> {
        if !self.open(environment)? {
            environment.send(link, Side::Client, Packet::Close(None));
            return Ok(());
        }
        let Some(room) = &mut self.room else { return Ok(()) };
        let connection = room.join(link, dialect);
        environment.send(link, Side::Client, Packet::Open);
        if environment.network.is_cut(link) {
            // It was cut while the client knocked: pings find out.
            let delay = environment.while_up_to(limits::SILENT);
            environment.after(delay, Scheduled::ServerNotices(link));
        }
        let client = environment.network.client_of(link).context("an unknown connection")?;
        let role = environment.roles[client];
        environment.note(|| format!("{client} joins as {role} on connection {}", connection.0));
        let seat = format!("seat-{client:011}").parse()?;
        self.event(environment, Event::Joined { connection, role, dialect, seat })
    }

    /// Somebody asks for an act over HTTP; nobody hears it while the server is down.
    pub(super) fn ask(&mut self, environment: &mut Environment, ticket: Ticket, asked: Asked) -> Result<()> {
        if !self.open(environment)? {
            return Ok(());
        }
        let salt = Salt::generate(&mut environment.rng);
        let stamp = Stamp { at: Timestamp::from_millis(environment.unix_ms()), salt };
        self.event(environment, Event::ActAsked { ticket, asked: Box::new(asked), stamp })
    }

    /// Has a room, if the server is up and does not stop.
    fn open(&mut self, environment: &mut Environment) -> Result<bool> {
        let is_draining = self.room.iter().chain(&self.ended).any(|room| room.is_draining);
        if !self.is_up || is_draining {
            return Ok(false);
        }
        if self.room.is_none() {
            self.rooms += 1;
            let epochs = (self.epoch, self.past_epochs.clone());
            self.room = Some(Room::open(environment, self.rooms, epochs, self.template)?);
            environment.after(limits::ROOM_TICK, Scheduled::Ticks(self.rooms));
        }
        Ok(true)
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
        let number = room.number;
        room.react(environment, event);
        self.perform(environment, number)
    }

    /// The document is found to be broken while somebody reads it: it is loaded again.
    pub(super) fn reload(&mut self, environment: &mut Environment) -> Result<()> {
        let Some(room) = &mut self.room else { return Ok(()) };
        let number = room.number;
        room.reload();
        self.perform(environment, number)
    }

    fn find(&mut self, number: u64) -> Option<&mut Room> {
        self.room.iter_mut().chain(&mut self.ended).find(|room| room.number == number)
    }

    /// Does what a room asks for, in order; the process may die before any of it.
    fn perform(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        while let Some(room) = self.find(number) {
            let Some(effect) = room.next() else { break };
            if environment.misfortune(environment.plan.crash) {
                environment.note(|| format!("before {effect:?}"));
                return self.crash(environment);
            }
            let is_in_order = matches!(effect, Effect::End);
            let ends = is_in_order || matches!(effect, Effect::Stop);
            room.perform(environment, effect)?;
            if ends && let Some(room) = self.room.take() {
                environment.note(|| format!("room {number} has ended"));
                environment.tally.evictions += u64::from(is_in_order && !room.is_draining);
                self.ended.push(room);
            }
        }
        self.look_after(environment, number)
    }

    fn look_after(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.find(number) else { return Ok(()) };
        if room.state.is_over() {
            let is_draining = room.is_draining;
            self.ended.retain(|room| room.number != number);
            return if is_draining { self.stop(environment) } else { Ok(()) };
        }
        room.schedule(environment);
        Ok(())
    }

    pub(super) fn wake(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.find(number) else { return Ok(()) };
        room.wake(environment);
        self.perform(environment, number)
    }

    /// It is the room's turn to do heavy work.
    pub(super) fn turn(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.find(number) else { return Ok(()) };
        environment.tally.turns += 1;
        room.turn(environment);
        self.perform(environment, number)
    }

    pub(super) fn tick(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.room.as_mut().filter(|room| room.number == number) else { return Ok(()) };
        environment.after(limits::ROOM_TICK, Scheduled::Ticks(number));
        room.react(environment, Event::Ticked);
        if room.is_draining {
            room.react(environment, Event::Draining { is_quiet: true });
        }
        self.perform(environment, number)
    }

    /// A room's snapshot is proven.
    pub(super) fn prove(&mut self, environment: &mut Environment, number: u64) -> Result<()> {
        let Some(room) = self.find(number) else { return Ok(()) };
        room.prove(environment)?;
        self.perform(environment, number)
    }

    /// A commit takes place; its room hears of it later.
    pub(super) fn commit(&mut self, environment: &mut Environment, job: JobId) -> Result<()> {
        let given = environment.disk.commit(job, environment.unix_ms())?;
        self.answers.insert(job, given);
        let late = environment.while_up_to(Duration::from_millis(20));
        environment.after(late, Scheduled::Answers(job));
        Ok(())
    }

    pub(super) fn answer(&mut self, environment: &mut Environment, job: JobId) -> Result<()> {
        let given = self.answers.remove(&job).flatten();
        let mut rooms = self.room.iter_mut().chain(&mut self.ended);
        let Some(room) =
            rooms.find_map(|room| room.answered(environment, job, given.as_deref()).then_some(room))
        else {
            return Ok(());
        };
        let number = room.number;
        if room.is_draining {
            room.react(environment, Event::Draining { is_quiet: true });
        }
        self.perform(environment, number)?;
        if given.is_none() {
            environment.note(|| "the disk says no".to_owned());
            environment.tally.failures += 1;
            // The store is opened again, or the process is started anew.
            if environment.misfortune(0.5) {
                return self.crash(environment);
            }
        }
        Ok(())
    }

    /// The process dies.
    pub(super) fn crash(&mut self, environment: &mut Environment) -> Result<()> {
        if !self.is_up {
            return Ok(());
        }
        environment.note(|| "the server dies".to_owned());
        environment.tally.crashes += 1;
        self.stop(environment)
    }

    /// Another history is put in the place of the document's, while the server is down.
    pub(super) fn replace_history(&mut self, environment: &mut Environment) -> Result<()> {
        if !self.is_up {
            return Ok(());
        }
        environment.note(|| "the history is replaced".to_owned());
        environment.tally.replaced += 1;
        self.stop(environment)?;
        let epoch = Epoch(ids::client_id(&mut environment.rng));
        self.past_epochs.push(std::mem::replace(&mut self.epoch, epoch));
        environment.honest.insert(epoch.0);
        environment.replaced = Some(environment.now);
        let seeded = document::seed(self.template, "T", epoch.0);
        let first = seeded.try_transact()?.encode_state_as_update_v1(&StateVector::default());
        let now = environment.unix_ms();
        environment.disk.replace(first.into(), now)
    }

    /// The process is asked to stop: it stores what it took and closes every connection.
    pub(super) fn drain(&mut self, environment: &mut Environment) -> Result<()> {
        environment.note(|| "the server is asked to stop".to_owned());
        match &mut self.room {
            Some(room) => {
                room.is_draining = true;
                self.event(environment, Event::Draining { is_quiet: true })
            }
            None => self.stop(environment),
        }
    }

    fn stop(&mut self, environment: &mut Environment) -> Result<()> {
        let now = environment.unix_ms();
        environment.disk.crash(&mut environment.rng, now)?;
        for (link, _) in self.room.take().into_iter().flat_map(|room| room.connections.into_values()) {
            environment.network.deafen(link, Side::Server);
            environment.cut(link);
        }
        self.ended.clear();
        self.answers.clear();
        self.is_up = false;
        let delay = environment.while_up_to(Duration::from_secs(2));
        environment.after(delay, Scheduled::Starts);
        Ok(())
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
        self.is_up && self.ended.is_empty() && self.room.as_ref().is_none_or(Room::is_at_rest)
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
