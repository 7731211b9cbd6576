//! What a room does about each event: pure, given the time. Everyone's edits meet here.
//!
//! It doesn't know sockets, tasks, the store or the clock; it says what must be done as [`Effect`]s, and
//! `room.rs` does it. The rules are DESIGN.md's:
//!
//! - what came since the last frame is applied in one transaction, whose own update is sent and stored;
//! - our own clients hear of a change at the room's pace, stock clients once it is on disk;
//! - `Saved(n)` is said when all that the room held once write n was handled is on disk;
//! - one append is in flight, what arrives meanwhile goes into the next.

mod event;
mod news;
mod pace;
#[cfg(test)]
mod tests;
mod turn;
mod weighing;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use samsyn_shared::protocol::{self, CloseCode, DiskHealth, Hello, Message, RoomHealth, parts};
use samsyn_shared::read_model::ReadModel;
use samsyn_shared::scan;
use samsyn_shared::server_session::{Dialect, Heard, Offence, ServerSession};
use samsyn_shared::{Epoch, Role, WriteNumber, limits, schema};

pub use self::event::{Effect, Event, RoomConfig};
use self::pace::Pace;
use self::turn::{Dues, Heavy, Queued};
use self::weighing::Weighing;
use super::connection::ConnectionId;
use super::document::{Broken, DocumentError, RoomDocument, Unproven};
use super::presence::Presence;

/// A room's whole state.
#[derive(Debug)]
pub struct RoomState {
    document: RoomDocument,
    terms: RoomConfig,
    began: Instant,
    sessions: BTreeMap<ConnectionId, ServerSession>,
    /// The last long answer as it is sent, for all who ask the same until the document changes.
    answer: Option<Answer>,
    presence: Presence,
    presence_pace: Pace,
    /// Taken, and not yet applied, sent or stored: light writes, then heavy ones, in the order of their turns.
    queue: VecDeque<Queued>,
    heavy: VecDeque<Heavy>,
    /// What connections said while a heavy write of theirs was made.
    backlog: BTreeMap<ConnectionId, VecDeque<Bytes>>,
    /// Writes that are judged once all that was taken is applied.
    later: Vec<(ConnectionId, Option<WriteNumber>, Bytes)>,
    dues: Dues,
    weighing: Weighing,
    frames: Pace,
    /// Who is to be told what the room holds, once all that is queued is applied.
    held_asked: BTreeSet<ConnectionId>,
    /// Updates accepted since the room was loaded, and how many of them are on disk.
    accepted: u64,
    stored: u64,
    in_flight: Vec<Bytes>,
    /// Accepted and not yet given to the store.
    waiting: Vec<Bytes>,
    /// What is sent once `stored` reaches a number, in the order of the numbers.
    after_stored: VecDeque<(u64, ConnectionId, Message)>,
    /// What the room said of itself last, if everyone here has heard it.
    told: Option<RoomHealth>,
    health_pace: Pace,
    on_disk_at: u64,
    disk: DiskHealth,
    stopped: bool,
}

/// A long answer to a step 1, and its messages.
#[derive(Debug)]
struct Answer {
    update: Bytes,
    in_parts: bool,
    messages: Vec<Bytes>,
}

impl RoomState {
    /// A room over a document that was just loaded. `at` is `now` too, in milliseconds since 1970.
    #[must_use]
    pub fn new(document: RoomDocument, terms: RoomConfig, now: Instant, at: u64) -> Self {
        let weighing = Weighing::new(document.size());
        Self {
            document,
            terms,
            began: now,
            sessions: BTreeMap::new(),
            answer: None,
            presence: Presence::default(),
            presence_pace: Pace::default(),
            queue: VecDeque::new(),
            heavy: VecDeque::new(),
            backlog: BTreeMap::new(),
            later: Vec::new(),
            dues: Dues::default(),
            weighing,
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

    /// The same room, whose document took so much CPU time to open, from so many updates after its snapshot. Those may
    /// take much longer one by one than what a snapshot makes of them, so with any the time tells nothing.
    #[must_use]
    pub fn opened_in(mut self, took: Duration, updates: usize) -> Self {
        if updates == 0 {
            self.weighing.end(Some(took));
        }
        self
    }

    /// Says what to do about `event`, at the end of `effects`.
    pub fn handle(&mut self, now: Instant, event: Event, effects: &mut Vec<Effect>) {
        if self.stopped {
            return;
        }
        match event {
            Event::Joined { connection, role, dialect } => {
                self.joined(now, connection, role, dialect, effects);
            }
            Event::FrameReceived { connection, frame } if self.is_busy(connection) => {
                self.backlog.entry(connection).or_default().push_back(frame);
            }
            Event::FrameReceived { connection, frame } => self.heard(now, connection, frame, effects),
            Event::RoleChanged { connection, role } => self.role_changed(now, connection, role, effects),
            Event::Left { connection } => self.left(now, connection),
            Event::Appended { at } => self.appended(now, at, effects),
            Event::AppendFailed => self.stop(effects),
            Event::DiskChanged(disk) => self.disk_changed(now, disk, effects),
            Event::Reloaded { stored, client_id } => self.reloaded(now, &stored, client_id, effects),
            Event::Healed { update } => self.healed(now, &update, effects),
            Event::Woke => self.woke(now, effects),
            Event::Turn => self.turn(now, effects),
            Event::Weighed { opening } => self.weighing.end(opening),
            Event::Ticked => self.ticked(now, effects),
            Event::Ending => self.leave_unmade(now, effects),
        }
        self.append_if_idle(effects);
    }

    /// When [`Event::Woke`] is due. What is due already may wait until all that is at hand was handled.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        [self.frames.due(), self.presence_pace.due(), self.health_pace.due()].into_iter().flatten().min()
    }

    /// Whether everything that was taken is on disk.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.is_settled() && self.stored == self.accepted
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.len()
    }

    /// The connections there are.
    #[must_use]
    pub fn connection_ids(&self) -> Vec<ConnectionId> {
        self.sessions.keys().copied().collect()
    }

    /// How many updates wait for the disk.
    #[must_use]
    pub fn unsaved(&self) -> u64 {
        self.accepted - self.stored + (self.queue.len() + self.heavy.len()) as u64
    }

    /// What the målbild says, as of the last [`Event::Woke`].
    ///
    /// # Errors
    /// [`Broken`]: the document must be loaded anew.
    pub fn read_model(&self) -> Result<ReadModel, Broken> {
        self.document.read_model(self.terms.template)
    }

    /// Whether a snapshot is due because of what was written since the last, so that it is known how long the
    /// document takes to open.
    #[must_use]
    pub fn is_to_be_weighed(&self) -> bool {
        let is_waited_for = self.heavy.iter().any(|heavy| heavy.pieces.blocks() > 0);
        self.weighing.is_due(&self.document.size(), is_waited_for)
    }

    /// The whole state, for a snapshot that is begun now and ends with [`Event::Weighed`].
    ///
    /// # Errors
    /// [`Broken`]: the document must be loaded anew.
    pub fn snapshot(&mut self) -> Result<Unproven, Broken> {
        self.weighing.begin(self.document.size());
        let whole = self.whole();
        if whole.is_err() {
            self.weighing.end(None);
        }
        whole
    }

    /// The whole state.
    ///
    /// # Errors
    /// [`Broken`]: the document must be loaded anew.
    pub fn whole(&self) -> Result<Unproven, Broken> {
        self.document.whole_to_prove()
    }

    fn joined(
        &mut self,
        now: Instant,
        id: ConnectionId,
        role: Role,
        dialect: Dialect,
        effects: &mut Vec<Effect>,
    ) {
        let session = ServerSession::new(self.since_began(now), role, dialect);
        let hello = Hello {
            epoch: self.terms.epoch,
            role,
            protocol: protocol::VERSION,
            schema: schema::VERSION,
            message_bytes: limits::MESSAGE_BYTES as u64,
            document_bytes: self.terms.document_bytes as u64,
        };
        let greeting = session.greeting(hello);
        self.sessions.insert(id, session);
        if let Some(hello) = greeting {
            self.send(now, id, &hello, effects);
        }
        self.ask(now, id, effects);
        self.presence.joined(id, role);
        self.presence_wanted(now);
        self.health_wanted(now);
    }

    fn heard(&mut self, now: Instant, from: ConnectionId, frame: Bytes, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&from) else { return };
        let role = session.role();
        match session.hear(frame) {
            Err(offence) => self.offended(now, from, &offence, effects),
            Ok(Heard::Asked(vector)) => self.asked(now, from, &vector, effects),
            Ok(Heard::Wrote(number, update)) => self.wrote(now, from, number, update, effects),
            Ok(Heard::WroteTooMuch(number)) => {
                self.refuse(now, from, number, protocol::refusal::TOO_LARGE, effects);
            }
            Ok(Heard::Announced(entries)) => {
                self.presence.announced(now, from, role, entries);
                self.presence_wanted(now);
            }
            Ok(Heard::AskedWhatIsHeld) => self.asked_what_is_held(now, from, effects),
            Ok(Heard::AskedWhoIsHere) => {
                let all = self.presence.all();
                let is_unnamed = self.presence.unnamed().contains(&from);
                let all = if is_unnamed { self.presence.for_unnamed(&all) } else { all };
                self.send(now, from, &news::presence_message(&all), effects);
            }
        }
    }

    /// Our own client is answered at once; a stock client once all that the answer holds is on disk. The
    /// answer is made now, so what comes meanwhile can't put it off for ever.
    fn asked(&mut self, now: Instant, from: ConnectionId, vector: &[u8], effects: &mut Vec<Effect>) {
        let named = scan::vector(vector);
        if named.as_ref().is_ok_and(|named| self.is_of_another_epoch(named.iter().map(|(client, _)| *client)))
        {
            return self.of_another_epoch(now, from, effects);
        }
        let update = match self.document.diff(vector) {
            Ok(update) => update,
            Err(DocumentError::Scan(error)) => return self.undecodable(now, from, &error, effects),
            Err(DocumentError::Broken(broken)) => return self.broken(now, from, broken, effects),
        };
        let Some(session) = self.sessions.get_mut(&from) else { return };
        session.answered();
        let answer = Message::Step2(update);
        match session.dialect() {
            Dialect::Own => self.send(now, from, &answer, effects),
            Dialect::Stock => self.send_when_stored(now, from, answer, effects),
        }
        self.health_wanted(now);
    }

    /// What was heard before the question is in the answer, and was sent before it. So the answer waits for what is
    /// queued; it does not hasten it, or a room that all come back to would send a frame for each of them.
    fn asked_what_is_held(&mut self, now: Instant, from: ConnectionId, effects: &mut Vec<Effect>) {
        self.held_asked.insert(from);
        if self.queue.is_empty() {
            self.tell_what_is_held(now, effects);
        }
    }

    fn tell_what_is_held(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let asked = std::mem::take(&mut self.held_asked);
        let Some(first) = asked.first() else { return };
        match self.document.fingerprint() {
            Ok(held) => {
                self.broadcast(now, &Message::Held(held), effects, |id, _| asked.contains(&id));
            }
            Err(broken) => self.broken(now, *first, broken, effects),
        }
    }

    fn role_changed(
        &mut self,
        now: Instant,
        id: ConnectionId,
        role: Option<Role>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(role) = role else { return self.close(now, id, CloseCode::Revoked, effects) };
        if let Some(message) = self.sessions.get_mut(&id).and_then(|session| session.change_role(role)) {
            self.send(now, id, &message, effects);
        }
    }

    fn left(&mut self, now: Instant, id: ConnectionId) {
        if self.sessions.remove(&id).is_some() {
            self.after_stored.retain(|(_, to, _)| *to != id);
            self.backlog.remove(&id);
            self.later.retain(|(from, ..)| *from != id);
            self.presence.left(id);
            self.presence_wanted(now);
            self.health_wanted(now);
        }
    }

    fn close(&mut self, now: Instant, id: ConnectionId, code: CloseCode, effects: &mut Vec<Effect>) {
        if self.sessions.contains_key(&id) {
            effects.push(Effect::Close { connection: id, code });
            self.left(now, id);
        }
    }

    /// The time as sessions know it.
    fn since_began(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    fn is_of_another_epoch(&self, mut clients: impl Iterator<Item = u64>) -> bool {
        !self.terms.past_epochs.is_empty() && clients.any(|c| self.terms.past_epochs.contains(&Epoch(c)))
    }

    fn of_another_epoch(&mut self, now: Instant, from: ConnectionId, effects: &mut Vec<Effect>) {
        let why = "it holds an earlier epoch".to_owned();
        self.offended(now, from, &Offence { code: CloseCode::OtherEpoch, why }, effects);
    }

    fn undecodable(
        &mut self,
        now: Instant,
        from: ConnectionId,
        why: &dyn std::fmt::Display,
        effects: &mut Vec<Effect>,
    ) {
        let offence = Offence { code: CloseCode::Undecodable, why: why.to_string() };
        self.offended(now, from, &offence, effects);
    }

    fn offended(&mut self, now: Instant, from: ConnectionId, offence: &Offence, effects: &mut Vec<Effect>) {
        tracing::info!(connection = from.0, why = offence.why, "a connection is closed over a frame");
        metrics::counter!("samsyn_frames_rejected_total", "reason" => offence.code.reason()).increment(1);
        self.close(now, from, offence.code, effects);
    }

    /// yrs broke over something that `from` sent: it alone is closed, and the document is made anew.
    fn broken(&mut self, now: Instant, from: ConnectionId, broken: Broken, effects: &mut Vec<Effect>) {
        tracing::error!(connection = from.0, %broken, "the room's document is loaded anew");
        metrics::counter!("samsyn_frames_rejected_total", "reason" => "broken").increment(1);
        self.close(now, from, CloseCode::Undecodable, effects);
        effects.push(Effect::Reload);
    }

    /// Nothing more can be called saved: everyone is sent away with what they have, and comes back.
    fn stop(&mut self, effects: &mut Vec<Effect>) {
        self.stopped = true;
        for connection in std::mem::take(&mut self.sessions).into_keys() {
            effects.push(Effect::Close { connection, code: CloseCode::RoomFailed });
        }
        effects.push(Effect::Stop);
    }

    /// Step 1, at most once a second: "send me what I lack".
    fn ask(&mut self, now: Instant, to: ConnectionId, effects: &mut Vec<Effect>) {
        let since = self.since_began(now);
        if !self.sessions.get_mut(&to).is_some_and(|session| session.ask(since)) {
            return;
        }
        match self.document.vector() {
            Ok(vector) => self.send(now, to, &Message::Step1(vector), effects),
            Err(broken) => self.broken(now, to, broken, effects),
        }
    }

    fn send_when_stored(
        &mut self,
        now: Instant,
        to: ConnectionId,
        message: Message,
        effects: &mut Vec<Effect>,
    ) {
        if self.stored == self.accepted {
            self.send(now, to, &message, effects);
        } else {
            self.after_stored.push_back((self.accepted, to, message));
        }
    }

    fn send(&mut self, now: Instant, to: ConnectionId, message: &Message, effects: &mut Vec<Effect>) {
        self.broadcast(now, message, effects, |id, _| id == to);
    }

    /// One encoding, shared by all its receivers. Gives how many they are.
    fn broadcast(
        &mut self,
        now: Instant,
        message: &Message,
        effects: &mut Vec<Effect>,
        to: impl Fn(ConnectionId, &ServerSession) -> bool,
    ) -> u64 {
        let since = self.since_began(now);
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
        effects.extend(messages.into_iter().map(|message| Effect::Send { to: receivers.clone(), message }));
        count
    }

    /// A message as it is sent. A long answer is made once, however many ask for it.
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
