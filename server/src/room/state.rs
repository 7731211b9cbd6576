//! What a room does about each event: pure, given the time. Everyone's edits meet here.
//!
//! It doesn't know sockets, tasks, the store or the clock; it says what must be done as [`Effect`]s, and
//! `room.rs` does it. The rules are DESIGN.md's:
//!
//! - our own clients hear of a change at once, stock clients once it is on disk;
//! - `Saved(n)` is said when all that the room held once write n was handled is on disk;
//! - one append is in flight, what arrives meanwhile goes into the next.

#[cfg(test)]
mod tests;
mod writes;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use samsyn_shared::protocol::{self, CloseCode, Hello, Message, PresenceEntry, encode_presence, refusal};
use samsyn_shared::{Epoch, Role, Template, WriteNumber, limits, scan, schema};

use super::connection::{ConnectionId, Dialect};
use super::document::{Broken, DocumentError, RoomDocument};
use super::presence::Presence;

/// How often a connection is asked, at most, for what its update lacked.
const STEP1_EVERY: Duration = Duration::from_secs(1);

/// Bytes of a message around its update, at most.
const ENVELOPE: usize = 64;

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A connection was upgraded.
    Joined { connection: ConnectionId, role: Role, dialect: Dialect },
    /// A connection sent a binary frame.
    FrameReceived { connection: ConnectionId, frame: Bytes },
    /// A connection ended.
    Left { connection: ConnectionId },
    /// The append in flight is on disk.
    Appended,
    /// The append in flight may not be on disk.
    AppendFailed,
    /// What the store holds, after [`Effect::Reload`].
    Reloaded { stored: Vec<Bytes>, client_id: u64 },
    /// About a second went by.
    Ticked,
}

/// What must be done, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Put a frame into a connection's outbox.
    Send { to: ConnectionId, frame: Bytes },
    /// Close a connection; no [`Event::Left`] follows.
    Close { connection: ConnectionId, code: CloseCode },
    /// Make these updates durable, in order; then say `Appended` or `AppendFailed`.
    Append { updates: Vec<Bytes> },
    /// Read the Document from the store again; nothing else may happen before `Reloaded`.
    Reload,
    /// The room can't go on. All its connections are closed already.
    Stop,
}

/// A room's whole state.
#[derive(Debug)]
pub(crate) struct RoomState {
    document: RoomDocument,
    epoch: Epoch,
    connections: BTreeMap<ConnectionId, Connection>,
    presence: Presence,
    /// Updates accepted since the room was loaded, and how many of them are on disk.
    accepted: u64,
    stored: u64,
    in_flight: Vec<Bytes>,
    /// Accepted and not yet given to the store.
    waiting: Vec<Bytes>,
    /// What is sent once `stored` reaches a number, in the order of the numbers.
    after_stored: VecDeque<(u64, ConnectionId, Bytes)>,
    stopped: bool,
}

#[derive(Debug)]
struct Connection {
    role: Role,
    dialect: Dialect,
    /// The client id whose presence it speaks for.
    client: Option<u64>,
    last_sent: Instant,
    /// When it was last asked for what it has, and whether it must be asked again.
    asked: Option<Instant>,
    owes: bool,
    /// Numbered updates that had a gap. `Saved(n)` speaks for all writes up to n, so none is said until
    /// each of these is in the document; the highest number that waits for it stands beside.
    gaps: Vec<Bytes>,
    withheld: Option<WriteNumber>,
}

impl RoomState {
    /// A room over a document that was just loaded.
    pub(crate) fn new(document: RoomDocument, epoch: Epoch) -> Self {
        Self {
            document,
            epoch,
            connections: BTreeMap::new(),
            presence: Presence::default(),
            accepted: 0,
            stored: 0,
            in_flight: Vec::new(),
            waiting: Vec::new(),
            after_stored: VecDeque::new(),
            stopped: false,
        }
    }

    /// Says what to do about `event`, at the end of `effects`.
    pub(crate) fn handle(&mut self, now: Instant, event: Event, effects: &mut Vec<Effect>) {
        if self.stopped {
            return;
        }
        match event {
            Event::Joined { connection, role, dialect } => {
                self.joined(now, connection, role, dialect, effects)
            }
            Event::FrameReceived { connection, frame } => {
                self.frame_received(now, connection, frame, effects)
            }
            Event::Left { connection } => self.left(now, connection, effects),
            Event::Appended => self.appended(now, effects),
            Event::AppendFailed => self.stop(effects),
            Event::Reloaded { stored, client_id } => self.reloaded(&stored, client_id, effects),
            Event::Ticked => self.ticked(now, effects),
        }
        self.append_if_idle(effects);
    }

    /// Whether everything accepted is on disk.
    pub(crate) fn is_stored(&self) -> bool {
        self.stored == self.accepted
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// The connections there are.
    pub(crate) fn connection_ids(&self) -> Vec<ConnectionId> {
        self.connections.keys().copied().collect()
    }

    /// What the målbild says now.
    pub(crate) fn read_model(
        &self,
        template: &Template,
    ) -> Result<samsyn_shared::read_model::ReadModel, Broken> {
        self.document.read_model(template)
    }

    /// The whole state, proven to load again.
    pub(crate) fn snapshot(&self) -> Result<Bytes, Broken> {
        self.document.snapshot()
    }

    fn joined(
        &mut self,
        now: Instant,
        id: ConnectionId,
        role: Role,
        dialect: Dialect,
        effects: &mut Vec<Effect>,
    ) {
        let connection = Connection {
            role,
            dialect,
            client: None,
            last_sent: now,
            asked: None,
            owes: false,
            gaps: Vec::new(),
            withheld: None,
        };
        self.connections.insert(id, connection);
        if dialect == Dialect::Own {
            let hello = Message::Hello(Hello {
                epoch: self.epoch,
                role,
                protocol: protocol::VERSION,
                schema: schema::VERSION,
                message_bytes: limits::MESSAGE_BYTES as u64,
                document_bytes: limits::DOCUMENT_BYTES as u64,
            });
            self.send(now, id, &hello, effects);
        }
        self.ask(now, id, effects);
        let here = self.presence.all();
        if !here.is_empty() {
            self.send(now, id, &presence_message(&here), effects);
        }
    }

    fn frame_received(&mut self, now: Instant, from: ConnectionId, frame: Bytes, effects: &mut Vec<Effect>) {
        let Some(connection) = self.connections.get(&from) else { return };
        let dialect = connection.dialect;
        let is_large = frame.len() > limits::MESSAGE_BYTES + ENVELOPE;
        let message = match Message::decode(frame) {
            Ok(message) => message,
            Err(error) => return self.undecodable(now, from, &error, effects),
        };
        match message {
            // Closed, it would come again for ever; refused, it is set aside and shown.
            Message::Write(number, _) if is_large => {
                self.refuse(now, from, Some(number), refusal::TOO_LARGE, effects);
            }
            Message::Step2(_) | Message::Update(_) if is_large => {
                self.refuse(now, from, None, refusal::TOO_LARGE, effects);
            }
            _ if is_large => self.close(now, from, CloseCode::TooLarge, effects),
            Message::Step1(vector) => self.asked_for_diff(now, from, dialect, &vector, effects),
            Message::Step2(update) | Message::Update(update) => {
                self.written(now, from, None, &update, effects);
            }
            Message::Write(number, update) if dialect == Dialect::Own => {
                self.written(now, from, Some(number), &update, effects);
            }
            Message::Presence(body) => self.announced(now, from, &body, effects),
            Message::QueryPresence => {
                let here = presence_message(&self.presence.all());
                self.send(now, from, &here, effects);
            }
            // What only a server says, and our own messages from a client that didn't offer them.
            Message::Denied(_)
            | Message::Hello(_)
            | Message::Write(..)
            | Message::Saved(_)
            | Message::Refused(..)
            | Message::RoleChanged(_)
            | Message::Figures(_) => self.undecodable(now, from, &"not for a server", effects),
        }
    }

    /// Our own client is answered at once; a stock client once all that the answer holds is on disk. The
    /// answer is made now, so what comes meanwhile can't put it off for ever.
    fn asked_for_diff(
        &mut self,
        now: Instant,
        from: ConnectionId,
        dialect: Dialect,
        vector: &[u8],
        effects: &mut Vec<Effect>,
    ) {
        let update = match self.document.diff(vector) {
            Ok(update) => update,
            Err(DocumentError::Gate(error)) => return self.undecodable(now, from, &error, effects),
            Err(DocumentError::Broken(broken)) => return self.broken(now, from, broken, effects),
        };
        let answer = Message::Step2(update);
        match dialect {
            Dialect::Own => self.send(now, from, &answer, effects),
            Dialect::Stock => self.send_when_stored(now, from, &answer, effects),
        }
    }

    fn announced(&mut self, now: Instant, from: ConnectionId, body: &[u8], effects: &mut Vec<Effect>) {
        let entries = match scan::presence(body) {
            Ok(entries) => entries,
            Err(error) => return self.undecodable(now, from, &error, effects),
        };
        let Some(connection) = self.connections.get_mut(&from) else { return };
        let news = self.presence.announced(now, from, &mut connection.client, entries);
        self.relay_presence(now, &news, effects);
    }

    fn relay_presence(&mut self, now: Instant, news: &[PresenceEntry], effects: &mut Vec<Effect>) {
        if !news.is_empty() {
            let frame = presence_message(news).encode();
            self.broadcast(now, &frame, effects, |_, _| true);
        }
    }

    fn left(&mut self, now: Instant, id: ConnectionId, effects: &mut Vec<Effect>) {
        if self.connections.remove(&id).is_some() {
            self.after_stored.retain(|(_, to, _)| *to != id);
            let news = self.presence.left(id);
            self.relay_presence(now, &news, effects);
        }
    }

    fn close(&mut self, now: Instant, id: ConnectionId, code: CloseCode, effects: &mut Vec<Effect>) {
        effects.push(Effect::Close { connection: id, code });
        self.left(now, id, effects);
    }

    fn undecodable(
        &mut self,
        now: Instant,
        from: ConnectionId,
        why: &dyn std::fmt::Display,
        effects: &mut Vec<Effect>,
    ) {
        tracing::info!(connection = from.0, %why, "a frame did not decode");
        metrics::counter!("samsyn_frames_rejected_total", "reason" => "undecodable").increment(1);
        self.close(now, from, CloseCode::Undecodable, effects);
    }

    /// yrs broke over something that `from` sent: it alone is closed, and the document is made anew.
    fn broken(&mut self, now: Instant, from: ConnectionId, broken: Broken, effects: &mut Vec<Effect>) {
        tracing::error!(connection = from.0, %broken, "the room's document is loaded anew");
        metrics::counter!("samsyn_frames_rejected_total", "reason" => "broken").increment(1);
        self.close(now, from, CloseCode::Undecodable, effects);
        effects.push(Effect::Reload);
    }

    /// The store may or may not hold the append in flight; applying an update twice changes nothing.
    fn reloaded(&mut self, stored: &[Bytes], client_id: u64, effects: &mut Vec<Effect>) {
        let parts = stored.iter().chain(&self.in_flight).chain(&self.waiting);
        match RoomDocument::build(parts, client_id) {
            Ok(document) => self.document = document,
            Err(broken) => {
                tracing::error!(%broken, "the room's document does not load again");
                self.stop(effects);
            }
        }
    }

    fn appended(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let updates = std::mem::take(&mut self.in_flight);
        self.stored += updates.len() as u64;
        metrics::counter!("samsyn_updates_stored_total").increment(updates.len() as u64);
        if self.connections.values().any(|c| c.dialect == Dialect::Stock) {
            for update in updates {
                let frame = Message::Update(update).encode();
                self.broadcast(now, &frame, effects, |_, c| c.dialect == Dialect::Stock);
            }
        }
        while self.after_stored.front().is_some_and(|(at, _, _)| *at <= self.stored) {
            if let Some((_, to, frame)) = self.after_stored.pop_front() {
                self.send_frame(now, to, frame, effects);
            }
        }
    }

    fn append_if_idle(&mut self, effects: &mut Vec<Effect>) {
        if self.in_flight.is_empty() && !self.waiting.is_empty() && !self.stopped {
            self.in_flight = std::mem::take(&mut self.waiting);
            effects.push(Effect::Append { updates: self.in_flight.clone() });
        }
    }

    /// Nothing more can be called saved: everyone is sent away with what they have, and comes back.
    fn stop(&mut self, effects: &mut Vec<Effect>) {
        self.stopped = true;
        for connection in std::mem::take(&mut self.connections).into_keys() {
            effects.push(Effect::Close { connection, code: CloseCode::RoomFailed });
        }
        effects.push(Effect::Stop);
    }

    fn ticked(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let expired = self.presence.expire(now);
        self.relay_presence(now, &expired, effects);
        let owed = self.connections.iter().filter(|(_, c)| c.owes).map(|(id, _)| *id);
        for id in owed.collect::<Vec<_>>() {
            self.ask(now, id, effects);
        }
        let quiet = |c: &Connection| now.duration_since(c.last_sent) >= limits::SILENCE;
        if self.connections.values().any(quiet) {
            let frame = presence_message(&[]).encode();
            self.broadcast(now, &frame, effects, |_, c| quiet(c));
        }
    }

    /// Step 1, at most once a second: "send me what I lack".
    fn ask(&mut self, now: Instant, to: ConnectionId, effects: &mut Vec<Effect>) {
        let Some(connection) = self.connections.get_mut(&to) else { return };
        if connection.asked.is_some_and(|asked| now.duration_since(asked) < STEP1_EVERY) {
            connection.owes = true;
            return;
        }
        connection.owes = false;
        connection.asked = Some(now);
        match self.document.vector() {
            Ok(vector) => self.send(now, to, &Message::Step1(vector), effects),
            Err(broken) => self.broken(now, to, broken, effects),
        }
    }

    fn send_when_stored(
        &mut self,
        now: Instant,
        to: ConnectionId,
        message: &Message,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_stored() {
            self.send(now, to, message, effects);
        } else {
            self.after_stored.push_back((self.accepted, to, message.encode()));
        }
    }

    fn send(&mut self, now: Instant, to: ConnectionId, message: &Message, effects: &mut Vec<Effect>) {
        self.send_frame(now, to, message.encode(), effects);
    }

    fn send_frame(&mut self, now: Instant, to: ConnectionId, frame: Bytes, effects: &mut Vec<Effect>) {
        if let Some(connection) = self.connections.get_mut(&to) {
            connection.last_sent = now;
            effects.push(Effect::Send { to, frame });
        }
    }

    /// One encoding, shared by all its receivers.
    fn broadcast(
        &mut self,
        now: Instant,
        frame: &Bytes,
        effects: &mut Vec<Effect>,
        to: impl Fn(ConnectionId, &Connection) -> bool,
    ) {
        for (id, connection) in &mut self.connections {
            if to(*id, connection) {
                connection.last_sent = now;
                effects.push(Effect::Send { to: *id, frame: frame.clone() });
            }
        }
    }
}

fn presence_message(entries: &[PresenceEntry]) -> Message {
    Message::Presence(encode_presence(entries))
}
