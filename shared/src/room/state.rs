//! The state machine of one live document on the server: events in, [`Effect`]s out. Everyone's edits meet here.
//!
//! It does no I/O and knows no sockets, tasks or store. The time is an argument; the CPU time that its work takes is read
//! through [`RoomConfig`]. Its rules:
//!
//! - light updates that came since the last frame are applied in one transaction, and the update that this transaction
//!   makes is sent and stored; heavy ones are applied piece by piece (`turn`);
//! - our own clients get a change at the room's pace, stock clients once it is on disk;
//! - `Saved(n)` is sent once every update that the room accepted up to and including write n is stored;
//! - one append is in flight, and updates that arrive meanwhile go into the next.

mod acts;
mod event;
mod news;
mod pace;
#[cfg(test)]
mod tests;
mod turn;
mod upkeep;
mod weighing;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use crate::document::read_model::ReadModel;
use crate::document::scan;
use crate::domain::{limits, schema};
use crate::sync::protocol::{self, CloseCode, DiskHealth, Hello, Message, RoomHealth, parts};
use crate::sync::server_session::{Dialect, Heard, Offence, ServerSession};
use crate::{Epoch, Role, SeatId, Seq, WriteNumber};

pub use self::event::{Effect, Event, RoomConfig, Urgency};
use self::pace::Pace;
use self::turn::{Dues, Heavy, Queued};
use self::upkeep::Upkeep;
pub use self::upkeep::{LogReading, UpkeepLimits};
use self::weighing::Weighing;
use super::document::{Broken, DocumentError, RoomDocument, Unproven};
use super::presence::Presence;
use super::{ConnectionId, Notice, Reaction, RoomJournal};

/// A room's whole state.
#[derive(Debug)]
pub struct RoomState {
    document: RoomDocument,
    config: RoomConfig,
    sessions: BTreeMap<ConnectionId, ServerSession>,
    /// Whose each connection is, with the role that their seat gives. The session's is lower while a phase forbids to write.
    seats: BTreeMap<ConnectionId, (SeatId, Role)>,
    journal: RoomJournal,
    /// The last long step 2, encoded once for all who ask for the same until the document changes.
    answer: Option<Answer>,
    presence: Presence,
    presence_pace: Pace,
    /// Light writes that are accepted and not yet applied, in order.
    queue: VecDeque<Queued>,
    /// Heavy writes that are accepted and not yet wholly applied, in the order of their turns.
    heavy: VecDeque<Heavy>,
    /// Frames of connections one of whose heavy writes is still being applied.
    backlog: BTreeMap<ConnectionId, VecDeque<Bytes>>,
    /// Writes that can be judged only once all accepted ones are applied.
    later: Vec<(ConnectionId, Option<WriteNumber>, Bytes)>,
    dues: Dues,
    weighing: Weighing,
    upkeep: Upkeep,
    frames: Pace,
    /// Connections that sent `Compare` and wait for the room's fingerprint.
    held_asked: BTreeSet<ConnectionId>,
    /// Updates made since the room was loaded.
    accepted: u64,
    /// How many of those are on disk.
    stored: u64,
    /// The updates of the append under way.
    in_flight: Vec<Bytes>,
    /// Updates that no append holds yet.
    waiting: Vec<Bytes>,
    /// Messages that are sent once `stored` reaches a number, in the order of the numbers.
    after_stored: VecDeque<(u64, ConnectionId, Message)>,
    /// The health that was broadcast last, if everyone here has got it.
    told: Option<RoomHealth>,
    /// When the room's health is broadcast next.
    health_pace: Pace,
    /// When the last append that was stored began, in milliseconds since 1970.
    on_disk_at: u64,
    disk: DiskHealth,
    stopped: bool,
}

/// A Document as it was opened.
#[derive(Debug)]
pub struct Opened {
    /// Built from what the store holds.
    pub document: RoomDocument,
    /// CPU time that this took.
    pub took: Duration,
    /// What the store holds.
    pub log: LogReading,
    /// The log position of the last update there.
    pub last: Seq,
    /// What has been entered so far.
    pub journal: RoomJournal,
}

/// A long answer to a step 1, and its messages.
#[derive(Debug)]
struct Answer {
    update: Bytes,
    in_parts: bool,
    messages: Vec<Bytes>,
}

impl RoomState {
    /// A room over a Document that was just opened. `now` is the time since any moment, and `at`
    /// the same in milliseconds since 1970.
    #[must_use]
    pub fn new(opened: Opened, config: RoomConfig, now: Duration, at: u64) -> Self {
        let Opened { document, took, log, last, journal } = opened;
        let mut weighing = Weighing::new(document.size());
        // Single updates take longer to load than the snapshot that they will become, so the time counts only if the log
        // was empty.
        if log.updates == 0 {
            weighing.end(Some(took));
        }
        let upkeep = Upkeep::new(now, log, last, took > limits::DOCUMENT_OPENING);
        Self {
            document,
            config,
            sessions: BTreeMap::new(),
            seats: BTreeMap::new(),
            journal,
            answer: None,
            presence: Presence::default(),
            presence_pace: Pace::default(),
            queue: VecDeque::new(),
            heavy: VecDeque::new(),
            backlog: BTreeMap::new(),
            later: Vec::new(),
            dues: Dues::default(),
            weighing,
            upkeep,
            frames: Pace::default(),
            held_asked: BTreeSet::new(),
            accepted: 0,
            stored: 0,
            in_flight: Vec::new(),
            waiting: Vec::new(),
            after_stored: VecDeque::new(),
            told: None,
            health_pace: Pace::default(),
            on_disk_at: at,
            disk: DiskHealth::Healthy,
            stopped: false,
        }
    }

    /// Handles `event`, and appends to `reaction` what the actor must do.
    pub fn handle(&mut self, event: Event, reaction: &mut Reaction) {
        if self.stopped
            || (self.is_ended() && !matches!(event, Event::Proven { .. } | Event::Compacted { .. }))
        {
            return;
        }
        match event {
            Event::Joined { connection, role, dialect, seat } => {
                self.seats.insert(connection, (seat, role));
                self.joined(connection, self.effective(role), dialect, reaction);
            }
            Event::ActAsked { ticket, asked, stamp } => self.act_asked((ticket, *asked), stamp, reaction),
            Event::Entered => self.entered(reaction),
            Event::FrameReceived { connection, frame } if self.is_busy(connection) => {
                self.backlog.entry(connection).or_default().push_back(frame);
            }
            Event::FrameReceived { connection, frame } => self.heard(connection, frame, reaction),
            Event::RoleChanged { connection, role } => self.role_changed(connection, role, reaction),
            Event::Left { connection } => self.left(reaction.now, connection),
            Event::Appended { at, last } => self.appended(at, last, reaction),
            Event::AppendFailed => self.stop(reaction),
            Event::DiskChanged(disk) => self.disk_changed(disk, reaction),
            Event::Reloaded { stored, client_id } => self.reloaded(&stored, client_id, reaction),
            Event::Woke => self.woke(reaction),
            Event::Turn => self.turn(reaction),
            Event::Proven { proven, opening } => self.proven(proven, opening, reaction),
            Event::Compacted { is_stored } => self.compacted(is_stored, reaction),
            Event::Ticked => self.ticked(reaction),
            Event::Draining { is_quiet } => self.drain(is_quiet, reaction),
        }
        if !self.stopped && !self.is_ended() {
            self.append_if_idle(reaction);
            reaction.effects.extend(self.journal.store());
            self.look_after(reaction);
        }
    }

    /// When [`Event::Woke`] is due. The actor may handle the events at hand first, so that one frame holds them all.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        [self.frames.due(), self.presence_pace.due(), self.health_pace.due()].into_iter().flatten().min()
    }

    /// Whether every accepted update is on disk.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.is_settled() && self.stored == self.accepted && self.journal.is_stored()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.len()
    }

    /// How many updates wait for the disk.
    #[must_use]
    pub fn unsaved(&self) -> u64 {
        self.accepted - self.stored + (self.queue.len() + self.heavy.len()) as u64
    }

    /// What the målbild says, as of the last transaction that was applied.
    ///
    /// # Errors
    /// [`Broken`]: the document must be loaded anew.
    pub fn read_model(&self) -> Result<ReadModel, Broken> {
        self.document.read_model(self.config.template)
    }

    /// The whole document as one update, for a snapshot.
    ///
    /// # Errors
    /// [`Broken`]: the document must be loaded anew.
    pub fn whole(&self) -> Result<Unproven, Broken> {
        self.document.whole_to_prove()
    }

    fn joined(&mut self, id: ConnectionId, role: Role, dialect: Dialect, reaction: &mut Reaction) {
        let session = ServerSession::new(reaction.now, role, dialect);
        let hello = Hello {
            epoch: self.config.epoch,
            role,
            protocol: protocol::VERSION,
            schema: schema::VERSION,
            message_bytes: limits::MESSAGE_BYTES as u64,
            document_bytes: self.config.document_bytes as u64,
        };
        let greeting = session.greeting(hello);
        self.sessions.insert(id, session);
        if let Some(hello) = greeting {
            self.send(id, &hello, reaction);
        }
        self.ask(id, reaction);
        self.presence.joined(id, role);
        self.presence_wanted(reaction.now);
        self.health_wanted(reaction.now);
    }

    fn heard(&mut self, from: ConnectionId, frame: Bytes, reaction: &mut Reaction) {
        let Some(session) = self.sessions.get(&from) else { return };
        let role = session.role();
        match session.hear(frame) {
            Err(offence) => self.offended(from, &offence, reaction),
            Ok(Heard::Asked(vector)) => self.asked(from, &vector, reaction),
            Ok(Heard::Wrote(number, update)) => self.wrote(from, number, update, reaction),
            Ok(Heard::WroteTooMuch(number)) => {
                self.refuse(from, number, protocol::refusal::TOO_LARGE, reaction);
            }
            Ok(Heard::Announced(entries)) => {
                self.presence.announced(reaction.now, from, role, entries);
                self.presence_wanted(reaction.now);
            }
            Ok(Heard::AskedWhatIsHeld) => self.asked_what_is_held(from, reaction),
            Ok(Heard::AskedWhoIsHere) => {
                let all = self.presence.all();
                let is_unnamed = self.presence.unnamed().contains(&from);
                let all = if is_unnamed { self.presence.for_unnamed(&all) } else { all };
                self.send(from, &news::presence_message(&all), reaction);
            }
        }
    }

    /// Answers a step 1: our own client at once, a stock client once all that the answer holds is on disk. The answer is
    /// made now, so that later updates can't put it off for ever.
    fn asked(&mut self, from: ConnectionId, vector: &[u8], reaction: &mut Reaction) {
        let named = scan::vector(vector);
        if named.as_ref().is_ok_and(|named| self.is_of_another_epoch(named.iter().map(|(client, _)| *client)))
        {
            return self.of_another_epoch(from, reaction);
        }
        let update = match self.document.diff(vector) {
            Ok(update) => update,
            Err(DocumentError::Scan(error)) => return self.undecodable(from, &error, reaction),
            Err(DocumentError::Broken(broken)) => return self.broken(from, broken, reaction),
        };
        let Some(session) = self.sessions.get_mut(&from) else { return };
        session.answered();
        let answer = Message::Step2(update);
        match session.dialect() {
            Dialect::Own => self.send(from, &answer, reaction),
            Dialect::Stock => self.send_when_stored(from, answer, reaction),
        }
        self.health_wanted(reaction.now);
    }

    /// Answers a `Compare`. The fingerprint must cover every update that the room received before the question, so the
    /// answer waits until `queue` and `later` are empty. It hastens neither: a whole room that reconnects would else cost a
    /// frame for each of its people.
    fn asked_what_is_held(&mut self, from: ConnectionId, reaction: &mut Reaction) {
        self.held_asked.insert(from);
        self.tell_what_is_held(reaction);
    }

    /// Sends the room's fingerprint to all who asked, unless an update received before is not yet applied or judged.
    fn tell_what_is_held(&mut self, reaction: &mut Reaction) {
        if !(self.queue.is_empty() && self.later.is_empty()) {
            return;
        }
        let asked = std::mem::take(&mut self.held_asked);
        let Some(first) = asked.first() else { return };
        match self.document.fingerprint() {
            Ok(held) => {
                self.broadcast(&Message::Held(held), reaction, |id, _| asked.contains(&id));
            }
            Err(broken) => self.broken(*first, broken, reaction),
        }
    }

    fn role_changed(&mut self, id: ConnectionId, role: Option<Role>, reaction: &mut Reaction) {
        let Some(role) = role else { return self.close(id, CloseCode::Revoked, reaction) };
        if let Some((_, given)) = self.seats.get_mut(&id) {
            *given = role;
        }
        let role = self.effective(role);
        if let Some(message) = self.sessions.get_mut(&id).and_then(|session| session.change_role(role)) {
            self.send(id, &message, reaction);
        }
    }

    fn left(&mut self, now: Duration, id: ConnectionId) {
        if self.sessions.remove(&id).is_some() {
            self.seats.remove(&id);
            self.after_stored.retain(|(_, to, _)| *to != id);
            self.backlog.remove(&id);
            self.later.retain(|(from, ..)| *from != id);
            self.presence.left(id);
            self.presence_wanted(now);
            self.health_wanted(now);
        }
    }

    fn close(&mut self, id: ConnectionId, code: CloseCode, reaction: &mut Reaction) {
        if self.sessions.contains_key(&id) {
            reaction.effects.push(Effect::Close { connection: id, code });
            self.left(reaction.now, id);
        }
    }

    fn is_of_another_epoch(&self, mut clients: impl Iterator<Item = u64>) -> bool {
        !self.config.past_epochs.is_empty() && clients.any(|c| self.config.past_epochs.contains(&Epoch(c)))
    }

    fn of_another_epoch(&mut self, from: ConnectionId, reaction: &mut Reaction) {
        let why = "it holds an earlier epoch".to_owned();
        self.offended(from, &Offence { code: CloseCode::OtherEpoch, why }, reaction);
    }

    fn undecodable(&mut self, from: ConnectionId, why: &dyn std::fmt::Display, reaction: &mut Reaction) {
        let offence = Offence { code: CloseCode::Undecodable, why: why.to_string() };
        self.offended(from, &offence, reaction);
    }

    fn offended(&mut self, from: ConnectionId, offence: &Offence, reaction: &mut Reaction) {
        let Offence { code, ref why } = *offence;
        reaction.notices.push(Notice::FrameRejected { connection: from, code, why: why.clone() });
        self.close(from, code, reaction);
    }

    /// Handles a panic of yrs over something that `from` sent: closes that connection alone, and has the document loaded
    /// anew.
    fn broken(&mut self, from: ConnectionId, broken: Broken, reaction: &mut Reaction) {
        reaction.notices.push(Notice::Broke { over: Some(from), broken });
        self.close(from, CloseCode::Undecodable, reaction);
        reaction.effects.push(Effect::Reload);
    }

    /// Stops the room because the store failed: closes every connection with `RoomFailed`. Clients keep their unsaved
    /// edits and reconnect.
    fn stop(&mut self, reaction: &mut Reaction) {
        self.stopped = true;
        for connection in std::mem::take(&mut self.sessions).into_keys() {
            reaction.effects.push(Effect::Close { connection, code: CloseCode::RoomFailed });
        }
        reaction.effects.push(Effect::Stop);
    }

    /// Sends a step 1 ("send me what I lack"), at most once a second.
    fn ask(&mut self, to: ConnectionId, reaction: &mut Reaction) {
        let since = reaction.now;
        if !self.sessions.get_mut(&to).is_some_and(|session| session.ask(since)) {
            return;
        }
        match self.document.vector() {
            Ok(vector) => self.send(to, &Message::Step1(vector), reaction),
            Err(broken) => self.broken(to, broken, reaction),
        }
    }

    fn send_when_stored(&mut self, to: ConnectionId, message: Message, reaction: &mut Reaction) {
        if self.stored == self.accepted {
            self.send(to, &message, reaction);
        } else {
            self.after_stored.push_back((self.accepted, to, message));
        }
    }

    fn send(&mut self, to: ConnectionId, message: &Message, reaction: &mut Reaction) {
        self.broadcast(message, reaction, |id, _| id == to);
    }

    /// Sends a message, encoded once, to all connections that `to` picks. Returns how many they are.
    fn broadcast(
        &mut self,
        message: &Message,
        reaction: &mut Reaction,
        to: impl Fn(ConnectionId, &ServerSession) -> bool,
    ) -> u64 {
        let since = reaction.now;
        let mut receivers = Vec::new();
        for (id, session) in &mut self.sessions {
            if to(*id, session) {
                session.sent(since);
                receivers.push(*id);
            }
        }
        let count = receivers.len() as u64;
        if count == 0 {
            return 0;
        }
        let is_own = |id| self.sessions.get(id).is_some_and(|session| session.dialect() == Dialect::Own);
        let in_parts = receivers.iter().all(is_own);
        let messages = self.encoded(message, in_parts);
        reaction
            .effects
            .extend(messages.into_iter().map(|message| Effect::Send { to: receivers.clone(), message }));
        count
    }

    /// Encodes a message. A long step 2 is encoded once, however many ask for it.
    fn encoded(&mut self, message: &Message, in_parts: bool) -> Vec<Bytes> {
        let make = || if in_parts { parts(message.encode()).collect() } else { vec![message.encode()] };
        let Message::Step2(update) = message else { return make() };
        if update.len() <= limits::PART_BYTES {
            return make();
        }
        let is_same = |answer: &&Answer| {
            (answer.update.as_ptr(), answer.update.len()) == (update.as_ptr(), update.len())
                && answer.in_parts == in_parts
        };
        if let Some(known) = self.answer.as_ref().filter(is_same) {
            return known.messages.clone();
        }
        let messages: Vec<Bytes> = make();
        self.answer = Some(Answer { update: update.clone(), in_parts, messages: messages.clone() });
        messages
    }
}
