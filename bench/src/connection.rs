//! One participant's connection: opened, brought into step, written to and listened to.
//!
//! It does what a y-websocket provider does, and knows nothing of threads or of other connections.

use crate::frame::{self, Kind, Parsed};
use crate::inbox::Inbox;
use crate::marker::Marker;
use crate::place::Place;
use crate::speaker::{Dialect, Heard, SUBPROTOCOL, Speaker};
use crate::stage::Stage;
use crate::tally::Tally;
use crate::update::Author;
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Who takes part, and what is expected to come to them.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    /// Counts all participants of a run.
    pub(crate) number: usize,
    /// The room.
    pub(crate) place: Arc<Place>,
    /// How they speak.
    pub(crate) dialect: Dialect,
    /// The writers in the room.
    pub(crate) writers: Range<u16>,
    /// Which of them this is.
    pub(crate) writer: Option<u16>,
    /// Nanoseconds after the start at which they begin to write; `None` for those who do not.
    pub(crate) phase: Option<u64>,
    /// The state vector of what they have already.
    pub(crate) vector: Vec<u8>,
    /// How many marks of the seed they lack.
    pub(crate) seed_marks: usize,
    /// What they wrote while they were offline, and how many updates are in it.
    pub(crate) offline: Option<(Arc<[u8]>, u16)>,
}

/// Client ids have 32 bits, as Yjs makes them.
const FIRST_CLIENT: u64 = 0x7000_0000;

/// What a connection works with that is not its own.
pub(crate) struct Surroundings<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) tally: &'a mut Tally,
    pub(crate) buffer: &'a mut [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    Upgrading,
    Open,
    Joined,
    Over,
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    participant: Participant,
    speaker: Speaker,
    inbox: Inbox,
    /// What has come of a message that comes in pieces.
    parts: Vec<u8>,
    author: Author,
    phase: Phase,
    opened_at: u64,
    partial: Vec<u8>,
    out: Vec<u8>,
    numbers: u64,
    unsaved: VecDeque<(u64, u64)>,
    asked: bool,
    presences: u64,
}

impl Connection {
    /// Begins to connect.
    pub(crate) fn open(
        address: SocketAddr,
        participant: Participant,
        stage: &Stage,
    ) -> io::Result<Connection> {
        let plan = &stage.plan;
        let seed_marks = participant.seed_marks;
        Ok(Connection {
            stream: TcpStream::connect(address)?,
            speaker: Speaker::new(participant.dialect, &participant.place.document),
            inbox: Inbox::new(participant.writer, participant.writers.clone(), seed_marks, plan),
            parts: Vec::new(),
            author: Author::new(FIRST_CLIENT + participant.number as u64),
            phase: Phase::Connecting,
            opened_at: stage.now(),
            partial: Vec::new(),
            out: Vec::new(),
            numbers: 0,
            unsaved: VecDeque::new(),
            asked: false,
            presences: 0,
            participant,
        })
    }

    /// Whether the handshake is behind it, for good or ill.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Joined | Phase::Over)
    }

    /// The kernel says that something can be read or written.
    pub(crate) fn ready(&mut self, readable: bool, writable: bool, around: &mut Surroundings) {
        let done = self.attend(readable, writable, around);
        if let Err(reason) = done {
            self.end(&reason, around);
        }
    }

    fn attend(&mut self, readable: bool, writable: bool, around: &mut Surroundings) -> Result<(), String> {
        if self.phase == Phase::Over {
            return Ok(());
        }
        if self.phase == Phase::Connecting && (writable || readable) {
            if let Ok(Some(error)) = self.stream.take_error() {
                return Err(error.kind().to_string());
            }
            self.phase = Phase::Upgrading;
            self.stream.set_nodelay(true).map_err(|error| error.kind().to_string())?;
            self.out = self.upgrade();
        }
        if writable {
            self.flush()?;
        }
        if readable { self.read(around) } else { Ok(()) }
    }

    fn upgrade(&self) -> Vec<u8> {
        let offered = match self.participant.dialect {
            Dialect::Samsyn => format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"),
            Dialect::Stock | Dialect::Hocuspocus | Dialect::Floor => String::new(),
        };
        format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offered}\r\n",
            self.participant.place.path
        )
        .into_bytes()
    }

    fn read(&mut self, around: &mut Surroundings) -> Result<(), String> {
        loop {
            let count = match self.stream.read(around.buffer) {
                Ok(0) => return Err("cut".into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.kind().to_string()),
            };
            let now = around.stage.now();
            if self.partial.is_empty() {
                let buffer = std::mem::take(&mut around.buffer);
                let used = self.take_in(&buffer[..count], now, around);
                around.buffer = buffer;
                self.partial.extend_from_slice(&around.buffer[used?..count]);
            } else {
                let mut partial = std::mem::take(&mut self.partial);
                partial.extend_from_slice(&around.buffer[..count]);
                let used = self.take_in(&partial, now, around)?;
                if used < partial.len() {
                    partial.drain(..used);
                    self.partial = partial;
                }
            }
            // A short read has emptied the socket: what comes next is announced again.
            if count < around.buffer.len() {
                return Ok(());
            }
        }
    }

    /// Handles all that is whole, and says how many bytes that was.
    fn take_in(&mut self, bytes: &[u8], now: u64, around: &mut Surroundings) -> Result<usize, String> {
        let mut used = 0;
        if self.phase == Phase::Upgrading {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                return Ok(0);
            };
            let status = bytes.get(9..12).unwrap_or_default();
            if status != b"101" {
                return Err(format!("HTTP {}", String::from_utf8_lossy(status)));
            }
            used = end + 4;
            self.phase = Phase::Open;
            self.greet(around)?;
        }
        loop {
            let frame = match frame::parse(&bytes[used..]) {
                Parsed::Frame(frame) => frame,
                Parsed::Incomplete => return Ok(used),
                Parsed::Broken => return Err("broken frame".into()),
            };
            match frame.kind {
                Kind::Message => self.hear(frame.payload, now, around)?,
                Kind::Ping => {
                    frame::put_pong(&mut self.out, frame.payload);
                    self.flush()?;
                }
                Kind::Pong => {}
                Kind::Close => {
                    let code = frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    return Err(format!("close {code}"));
                }
            }
            used += frame.length;
        }
    }

    /// The socket is open: show who one is, or begin at once.
    fn greet(&mut self, around: &mut Surroundings) -> Result<(), String> {
        match self.speaker.credentials() {
            Some(credentials) => self.say(&credentials),
            None if self.speaker.dialect() == Dialect::Floor => {
                self.join(around);
                Ok(())
            }
            None => self.begin(),
        }
    }

    fn begin(&mut self) -> Result<(), String> {
        let question = self.speaker.ask(&self.participant.vector);
        self.say(&question)?;
        self.announce()
    }

    /// Says again who is here, as clients do as long as they are here. A connection that cannot be
    /// written to is told of by its next event.
    pub(crate) fn renew(&mut self) {
        if self.phase == Phase::Joined && self.speaker.dialect() != Dialect::Floor {
            self.announce().unwrap_or_default();
        }
    }

    fn announce(&mut self) -> Result<(), String> {
        self.presences += 1;
        let number = self.participant.number;
        let presence = self.speaker.presence(FIRST_CLIENT + number as u64, self.presences, number);
        self.say(&presence)
    }

    fn join(&mut self, around: &mut Surroundings) {
        if self.phase == Phase::Open {
            self.phase = Phase::Joined;
            around.stage.joined.fetch_add(1, Ordering::Relaxed);
            if self.inbox.missing() == 0 {
                around.stage.whole.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn hear(&mut self, message: &[u8], now: u64, around: &mut Surroundings) -> Result<(), String> {
        if let Some((is_last, bytes)) = self.speaker.part(message) {
            self.parts.extend_from_slice(bytes);
            let whole = if is_last { std::mem::take(&mut self.parts) } else { return Ok(()) };
            return self.hear(&whole, now, around);
        }
        match self.speaker.hear(message).ok_or("unknown message")? {
            Heard::Admitted => self.begin()?,
            Heard::Asked => self.answer(around)?,
            Heard::Document => {
                self.receive(message, now, around);
                self.join(around);
            }
            Heard::Update => self.receive(message, now, around),
            Heard::Saved(number) => {
                while let Some(&(_, sent)) = self.unsaved.front().filter(|(known, _)| *known <= number) {
                    self.unsaved.pop_front();
                    if sent > 0 {
                        around.stage.unsaved.fetch_sub(1, Ordering::Relaxed);
                        around.tally.saved.saturating_record(now.saturating_sub(sent) / 1000);
                    }
                }
            }
            Heard::Refused => around.tally.refused += 1,
            Heard::Other => {}
        }
        Ok(())
    }

    fn receive(&mut self, message: &[u8], now: u64, around: &mut Surroundings) {
        if around.stage.measures(now) {
            around.tally.frames += 1;
            around.tally.bytes += message.len() as u64;
        }
        if self.inbox.receive(message, now, around.stage, around.tally) {
            around.tally.whole.saturating_record(now.saturating_sub(self.opened_at) / 1000);
            if self.phase == Phase::Joined {
                around.stage.whole.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The server asks: it gets what was written offline, the first time.
    fn answer(&mut self, around: &mut Surroundings) -> Result<(), String> {
        if self.asked {
            around.tally.asked_again += 1;
        }
        let offline = self.participant.offline.take();
        self.asked = true;
        self.numbers += 1;
        let mut sent = 0;
        if let (Some((_, count)), Some(writer)) = (&offline, self.participant.writer) {
            sent = around.stage.now();
            (0..*count).for_each(|counter| around.stage.note_sent(writer, counter, sent));
        }
        let answer = self.speaker.answer(self.numbers, offline.as_ref().map(|(update, _)| &**update));
        self.await_saved(sent, around.stage);
        self.say(&answer)
    }

    /// `sent` is 0 for what is not measured.
    fn await_saved(&mut self, sent: u64, stage: &Stage) {
        if self.speaker.dialect() == Dialect::Samsyn {
            stage.unsaved.fetch_add(usize::from(sent > 0), Ordering::Relaxed);
            self.unsaved.push_back((self.numbers, sent));
        }
    }

    /// Sends this writer's update number `counter`, which was due at `due`.
    pub(crate) fn write(&mut self, counter: u16, due: u64, around: &mut Surroundings) {
        let (Phase::Joined, Some(writer)) = (self.phase, self.participant.writer) else {
            return;
        };
        let update = self.author.write(&Marker { writer, counter }.text());
        self.numbers += 1;
        let message = self.speaker.write(self.numbers, &update);
        let now = around.stage.now();
        around.tally.late.saturating_record(now.saturating_sub(due) / 1000);
        around.stage.note_sent(writer, counter, now);
        let measured = counter >= around.stage.plan.first;
        self.await_saved(if measured { now } else { 0 }, around.stage);
        if let Err(reason) = self.say(&message) {
            self.end(&reason, around);
        }
    }

    fn say(&mut self, message: &[u8]) -> Result<(), String> {
        frame::put_message(&mut self.out, message);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), String> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(count) if count == self.out.len() => self.out.clear(),
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.kind().to_string()),
            }
        }
        Ok(())
    }

    fn end(&mut self, reason: &str, around: &mut Surroundings) {
        if self.phase != Phase::Over {
            let joined = self.phase == Phase::Joined;
            self.phase = Phase::Over;
            around.stage.turned_away.fetch_add(usize::from(!joined), Ordering::Relaxed);
            let whole = joined && self.inbox.missing() == 0;
            around.stage.lost.fetch_add(usize::from(!whole), Ordering::Relaxed);
            *around.tally.ended.entry(reason.to_string()).or_default() += 1;
        }
    }
}
