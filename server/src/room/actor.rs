//! The task that runs one room: it hands events to [`RoomState`] and performs the effects: it sends frames, appends to the
//! store, proves and compacts snapshots, and drains when the server stops.
//!
//! It doesn't know what a frame means. It charges each connection the CPU time that its frames cost. While the document and
//! the frames are small it runs on the runtime that serves sockets (the *door*), otherwise on the runtime of rooms (the
//! *workshop*), whose threads step back behind the door's.

mod acts;
mod beside;
mod outgoing;
mod reporting;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::domain::limits;
use samsyn_shared::room::{
    ConnectionId, Dialect, Effect, Event, LogReading, Opened, Reaction, RoomConfig, RoomDocument,
    RoomJournal, RoomState, UpkeepLimits, Urgency,
};
use samsyn_shared::sync::protocol::{CloseCode, DiskHealth};
use samsyn_shared::{EntryNumber, Role, SeatId, Seq};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::Instrument as _;

use self::acts::Acts;
use self::beside::{Proof, UnderWay, compact, load_again, prove, under_way};
use self::outgoing::LastAnswer;
use super::inbox::{Arrived, Inbox};
use super::workshop::{Place, cpu};
use super::{Command, Joined, Opening, Outbox, RoomGauges, RoomReading, Workshop};
use crate::store::{DocumentId, Health, Storage, StoreError, Time, Write};

/// Messages that are handled since the last [`Event::Woke`] before a due one is sent although the inbox is not empty. All
/// that is at hand goes into one frame, and yet a full inbox can't keep the room silent.
const MESSAGES_PER_WAKE: usize = 256;

pub(super) struct Actor {
    id: DocumentId,
    storage: Storage,
    inputs: Inputs,
    workshop: Workshop,
    /// The pending request for a *turn*: the permit that lets one room at a time do heavy work.
    turn: UnderWay<OwnedSemaphorePermit>,
    /// Connections whose inbox lanes are paused while a heavy write of theirs is applied.
    held: BTreeSet<ConnectionId>,
    /// A message that came to the door and is too large to be handled there.
    large: Option<Arrived>,
    /// The zero of the times that are passed to the state.
    began: Instant,
    state: RoomState,
    /// Effects to perform, in order.
    effects: VecDeque<Effect>,
    outboxes: HashMap<ConnectionId, Outbox>,
    last_answer: LastAnswer,
    next_connection: u64,
    append: UnderWay<Result<Seq, StoreError>>,
    acts: Acts,
    /// When the append under way began.
    append_at: Instant,
    /// The same, in milliseconds since 1970.
    append_begun: u64,
    health: watch::Receiver<Health>,
    proof: UnderWay<Proof>,
    compaction: UnderWay<bool>,
    gauge: Arc<RoomGauges>,
    reading: RoomReading,
    /// Messages handled since the last [`Event::Woke`].
    handled_since_woke: usize,
    /// Who waits until all is stored and the room ends.
    draining: Option<oneshot::Sender<()>>,
    /// Whether the room has ended: nobody is heard any more.
    is_ended: bool,
}

/// What others see of the room without asking it.
pub(super) struct Outputs {
    pub(super) gauge: Arc<RoomGauges>,
    /// The number of the last entry of the journal on disk.
    pub(super) head: watch::Sender<EntryNumber>,
}

/// The room's inputs: commands of the server, and messages of connections. Dropping it ends the waits of all who send.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) inbox: Arc<Inbox>,
}

impl Drop for Inputs {
    fn drop(&mut self) {
        self.inbox.end();
    }
}

impl Inputs {
    /// Whether no command and no message is at hand.
    fn is_quiet(&self) -> bool {
        self.commands.is_empty() && self.inbox.is_empty()
    }
}

impl Actor {
    /// Starts the task of a room. `took` is the CPU time that building `document` from what was loaded took.
    pub(super) fn start(
        opening: Opening,
        (document, took, journal): (RoomDocument, Duration, RoomJournal),
        (inputs, outputs): (Inputs, Outputs),
        (storage, workshop): (Storage, &Workshop),
    ) {
        let Opening { id, epoch, past_epochs, template, loaded, .. } = opening;
        let config = RoomConfig {
            epoch,
            past_epochs,
            template,
            document_bytes: limits::DOCUMENT_BYTES,
            upkeep: UpkeepLimits::default(),
            cpu,
        };
        let log = LogReading {
            updates: loaded.updates.len() as u64,
            bytes: loaded.updates.iter().map(|update| update.len() as u64).sum(),
            snapshot_bytes: loaded.snapshot.as_ref().map_or(0, |snapshot| snapshot.len() as u64),
        };
        let opened = Opened { document, took, log, last: loaded.last, journal };
        let health = storage.health();
        let state = RoomState::new(opened, config, Duration::ZERO, Time::now().0);
        let actor = Self {
            id,
            storage,
            inputs,
            workshop: workshop.clone(),
            turn: None,
            held: BTreeSet::new(),
            large: None,
            began: Instant::now(),
            state,
            effects: VecDeque::new(),
            outboxes: HashMap::new(),
            last_answer: LastAnswer::default(),
            next_connection: 1,
            append: None,
            acts: Acts::new(outputs.head),
            append_at: Instant::now(),
            append_begun: 0,
            health,
            proof: None,
            compaction: None,
            gauge: outputs.gauge,
            reading: RoomReading::default(),
            handled_since_woke: 0,
            draining: None,
            is_ended: false,
        };
        let place = actor.place();
        actor.go_to(place);
    }

    /// Spawns the task on the runtime of a place.
    fn go_to(self, place: Place) {
        let (workshop, id) = (self.workshop.clone(), self.id);
        workshop.spawn_at(place, self.run(place).instrument(span(id)));
    }

    /// Where the room may run now.
    fn place(&self) -> Place {
        let is_light = self.state.is_light() && self.large.is_none();
        if is_light && self.workshop.has_door() { Place::Door } else { Place::Workshop }
    }

    async fn run(mut self, here: Place) {
        let mut ticks = tokio::time::interval(limits::ROOM_TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut alarm = std::pin::pin!(tokio::time::sleep_until(Instant::now()));
        // The disk's state is handed over at every start and move; handing it over again changes nothing.
        self.disk_changed().await;
        while !self.is_ended {
            if here == Place::Workshop
                && let Some(arrived) = self.large.take()
            {
                self.arrived(arrived).await;
            }
            let place = self.place();
            if place != here {
                return self.go_to(place);
            }
            let due = self.state.wake_at().map(|due| self.began + due);
            if due.is_some_and(|due| due <= Instant::now())
                && (self.inputs.is_quiet() || self.handled_since_woke >= MESSAGES_PER_WAKE)
            {
                self.handled_since_woke = 0;
                self.event(Event::Woke).await;
                tokio::task::yield_now().await;
                continue;
            }
            if self.state.is_turn_due() && self.turn.is_none() {
                let workshop = self.workshop.clone();
                self.turn = Some(Box::pin(async move { workshop.turn().await }));
            }
            if let Some(due) = due
                && alarm.deadline() != due
            {
                alarm.as_mut().reset(due);
            }
            tokio::select! {
                outcome = under_way(&mut self.append) => self.appended(outcome).await,
                outcome = under_way(&mut self.acts.entering) => self.entered(outcome).await,
                proof = under_way(&mut self.proof) => self.proven(proof).await,
                is_stored = under_way(&mut self.compaction) => self.compacted(is_stored).await,
                Ok(()) = self.health.changed() => self.disk_changed().await,
                turn = under_way(&mut self.turn) => self.take_turn(turn).await,
                command = self.inputs.commands.recv(), if self.draining.is_none() => match command {
                    Some(Command::Drain { done }) => {
                        self.inputs.inbox.stop();
                        self.draining = Some(done);
                    }
                    Some(command) => {
                        self.handled_since_woke += 1;
                        self.command(command).await;
                    }
                    None => break,
                },
                arrived = self.inputs.inbox.next() => {
                    self.handled_since_woke += 1;
                    if here == Place::Door && arrived.is_large() {
                        self.large = Some(arrived);
                    } else {
                        self.arrived(arrived).await;
                    }
                }
                () = &mut alarm, if due.is_some() => {}
                _ = ticks.tick() => {
                    self.event(Event::Ticked).await;
                    self.last_answer = LastAnswer::default();
                    self.send_away_who_is_stuck();
                    self.perform().await;
                    self.reading.outbox_bytes = self.outboxes.values().map(|o| o.waiting() as u64).sum();
                }
            }
            self.show();
            if self.draining.is_some() {
                let is_quiet = self.is_quiet();
                self.event(Event::Draining { is_quiet }).await;
            }
        }
        self.finish().await;
        if let Some(done) = self.draining
            && done.send(()).is_err()
        {
            tracing::debug!("nobody waited for the room to drain");
        }
    }

    /// Whether every message that was sent to the room has been handled.
    fn is_quiet(&self) -> bool {
        self.held.is_empty() && self.large.is_none() && self.inputs.is_quiet()
    }

    /// Publishes the room's gauges.
    fn show(&mut self) {
        let LogReading { updates, bytes, snapshot_bytes } = self.state.log();
        let unsaved = self.state.unsaved();
        self.reading = RoomReading {
            connections: self.state.connections() as u64,
            unsaved,
            unsaved_since: match (unsaved, self.reading.unsaved_since) {
                (0, _) => 0,
                (_, 0) => Time::now().0,
                (_, since) => since,
            },
            log_updates: updates,
            log_bytes: bytes,
            snapshot_bytes,
            ..self.reading
        };
        self.gauge.show(&self.reading);
    }

    /// Ends the room: closes its inputs and all connections, and waits for a proof or a compaction under way. Whoever asks
    /// from here on opens the room anew from the store. After a drain, everything is stored; after a failure, clients send
    /// their unsaved edits again.
    async fn finish(&mut self) {
        self.inputs.commands.close();
        self.inputs.inbox.end();
        for connection in self.outboxes.keys().copied().collect::<Vec<_>>() {
            self.close(connection, CloseCode::GoingAway);
        }
        while self.proof.is_some() || self.compaction.is_some() {
            tokio::select! {
                proof = under_way(&mut self.proof) => self.proven(proof).await,
                is_stored = under_way(&mut self.compaction) => self.compacted(is_stored).await,
            }
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Join { seat, role, dialect, reply } => self.join((seat, role), dialect, reply).await,
            Command::Ask { asked, beside, reply } => self.ask(asked, beside, reply).await,
            Command::ReadJournal { from, reply } => {
                told(reply.send(self.state.journal().page(from)).is_ok());
            }
            Command::Look { look } => look(self.state.journal().state()),
            Command::ChangeRole { connection, role } => {
                self.event(Event::RoleChanged { connection, role }).await;
            }
            Command::Read { reply } => {
                self.event(Event::Woke).await;
                match self.state.read_model() {
                    Ok(model) => told(reply.send(model).is_ok()),
                    Err(broken) => {
                        tracing::error!(%broken, "the room's document is loaded anew");
                        self.effects.push_back(Effect::Reload);
                        self.perform().await;
                    }
                }
            }
            Command::Drain { .. } => unreachable!("the loop takes this command itself"),
        }
    }

    async fn join(&mut self, (seat, role): (SeatId, Role), dialect: Dialect, reply: oneshot::Sender<Joined>) {
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let (outbox, outlet) = Outbox::new();
        // Before anybody knows the connection, or what it says at once would find no lane.
        self.inputs.inbox.open(id);
        let inbox = Arc::clone(&self.inputs.inbox);
        let outlet = outlet.telling(move || {
            if inbox.leave(id).is_err() {
                tracing::debug!("a connection outlived its room");
            }
        });
        if reply.send(Joined { id, outlet }).is_err() {
            self.inputs.inbox.close(id);
            return;
        }
        self.outboxes.insert(id, outbox);
        self.event(Event::Joined { connection: id, role, dialect, seat }).await;
    }

    /// Handles a message of a connection, or its end, and charges the connection for it.
    async fn arrived(&mut self, arrived: Arrived) {
        let from = arrived.from;
        let Some(frame) = arrived.frame.clone() else {
            self.inputs.inbox.close(from);
            self.held.remove(&from);
            self.outboxes.remove(&from);
            return self.event(Event::Left { connection: from }).await;
        };
        let began = cpu();
        self.react(Event::FrameReceived { connection: from, frame });
        self.inputs.inbox.charge(from, cpu().saturating_sub(began));
        self.perform().await;
        if self.state.is_busy(from) && self.held.insert(from) {
            self.inputs.inbox.hold(from, true);
        }
        drop(arrived);
    }

    /// Does heavy work for as long as a turn lasts.
    async fn take_turn(&mut self, turn: OwnedSemaphorePermit) {
        self.turn = None;
        self.event(Event::Turn).await;
        drop(turn);
        let (state, inbox) = (&self.state, &self.inputs.inbox);
        self.held.retain(|connection| {
            let is_busy = state.is_busy(*connection);
            if !is_busy {
                inbox.hold(*connection, false);
            }
            is_busy
        });
        tokio::task::yield_now().await;
    }

    async fn appended(&mut self, outcome: Result<Seq, StoreError>) {
        self.append = None;
        match outcome {
            Ok(last) => {
                metrics::histogram!("samsyn_append_seconds").record(self.append_at.elapsed());
                self.event(Event::Appended { at: self.append_begun, last }).await;
            }
            Err(error) => {
                tracing::error!(%error, "an append failed");
                self.event(Event::AppendFailed).await;
            }
        }
    }

    async fn disk_changed(&mut self) {
        let disk = match *self.health.borrow_and_update() {
            Health::Fine => DiskHealth::Healthy,
            Health::Full => DiskHealth::DiskFull,
            Health::Failed => DiskHealth::CannotSave,
        };
        self.event(Event::DiskChanged(disk)).await;
    }

    async fn event(&mut self, event: Event) {
        self.react(event);
        self.perform().await;
    }

    /// Hands an event to the state, and queues its effects behind those that are queued.
    fn react(&mut self, event: Event) {
        let mut reaction = Reaction::at(self.began.elapsed());
        self.state.handle(event, &mut reaction);
        for (connection, cost) in reaction.charges {
            self.inputs.inbox.charge(connection, cost);
        }
        reporting::count(reaction.counters);
        reaction.notices.into_iter().for_each(reporting::report);
        self.effects.extend(reaction.effects);
    }

    /// Performs the queued effects, and those that follow from them.
    async fn perform(&mut self) {
        while let Some(effect) = self.effects.pop_front() {
            match effect {
                Effect::Send { to, message } => self.send_all(&to, message),
                Effect::Close { connection, code } => self.close(connection, code),
                Effect::Append { updates, urgency } => self.append(updates, urgency).await,
                Effect::Reload => {
                    let event = match load_again(self.storage.clone(), self.id).await {
                        Some(stored) => {
                            let client_id = samsyn_shared::domain::ids::client_id(&mut rand::rng());
                            Event::Reloaded { stored, client_id }
                        }
                        None => Event::AppendFailed,
                    };
                    self.react(event);
                }
                Effect::Prove(unproven) => self.proof = Some(prove(&self.workshop, unproven)),
                Effect::Compact { snapshot, up_to } => {
                    let write = Write::Compact { document: self.id, snapshot, up_to };
                    self.compaction = Some(compact(self.storage.clone(), write));
                }
                Effect::Enter { tickets, entries } => self.enter(&tickets, entries, false),
                Effect::Rewrite { tickets, whole } => self.enter(&tickets, whole, true),
                Effect::Answer { ticket, answer } => self.answer(ticket, answer),
                Effect::End | Effect::Stop => self.is_ended = true,
            }
        }
    }

    async fn proven(&mut self, (proven, opening): Proof) {
        self.proof = None;
        self.event(Event::Proven { proven, opening }).await;
    }

    async fn compacted(&mut self, is_stored: bool) {
        self.compaction = None;
        self.event(Event::Compacted { is_stored }).await;
    }

    async fn append(&mut self, updates: Vec<Bytes>, urgency: Urgency) {
        let (document, storage) = (self.id, self.storage.clone());
        (self.append_at, self.append_begun) = (Instant::now(), Time::now().0);
        let mut append: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { storage.append(document, updates, urgency).await });
        // Polled once now, so that the store gets the append before the frames are written.
        if let Poll::Ready(outcome) = futures_util::poll!(append.as_mut()) {
            append = Box::pin(std::future::ready(outcome));
        }
        self.append = Some(append);
    }
}

/// Whoever asked may have gone meanwhile.
fn told(is_heard: bool) {
    if !is_heard {
        tracing::debug!("nobody waited for what was asked");
    }
}

/// The tracing span of the room's log lines. It has no parent: a room that moves spawns itself from within its own span,
/// and each would nest in the one before.
fn span(id: DocumentId) -> tracing::Span {
    tracing::info_span!(parent: None, "room", document = %id)
}
