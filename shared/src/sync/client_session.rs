//! The client's side of the protocol, pure: events in, effects out. It knows what of this page's
//! writing is not yet on the server's disk, and so what the status line may claim. It knows no
//! document (the driver makes state vectors and differences), no socket, no clock, and not how a device keeps
//! what it is told to.
//!
//! ```
//! use samsyn_shared::sync::client_session::{ClientSession, Effect, Event};
//! use samsyn_shared::sync::protocol::{Hello, Message};
//! use samsyn_shared::{Epoch, Role, SyncStatus, WriteNumber};
//!
//! let mut session = ClientSession::default();
//! let mut effects = Vec::new();
//! // Something is written before the server is reached: it counts as unsaved.
//! session.handle(Event::Edited(b"edit".as_slice().into()), &mut effects);
//! assert_eq!(effects.pop(), Some(Effect::Keep(WriteNumber(1), b"edit".as_slice().into())));
//! session.handle(Event::Kept(WriteNumber(1)), &mut effects);
//! assert_eq!((session.status(), session.pending()), (SyncStatus::Offline, 1));
//! // The socket opens, both sides say what they have, and the difference goes as one write.
//! session.handle(Event::Opened { vector: b"mine".as_slice().into() }, &mut effects);
//! let (message_bytes, document_bytes) = (1 << 20, 1 << 25);
//! let hello =
//!     Hello { epoch: Epoch(1), role: Role::Editor, protocol: 1, schema: 1, message_bytes, document_bytes };
//! for message in [Message::Hello(hello), Message::Step1(b"theirs".as_slice().into())] {
//!     session.handle(Event::Received(message.encode()), &mut effects);
//! }
//! assert!(effects.contains(&Effect::Offer { vector: b"theirs".as_slice().into() }));
//! session.handle(Event::Offered(b"difference".as_slice().into()), &mut effects);
//! assert_eq!(session.status(), SyncStatus::Saving);
//! // Only the server's word makes it saved.
//! session.handle(Event::Received(Message::Step2(b"rest".as_slice().into()).encode()), &mut effects);
//! session.handle(Event::Received(Message::Saved(WriteNumber(2)).encode()), &mut effects);
//! assert_eq!((session.status(), session.pending()), (SyncStatus::Saved, 0));
//! ```

use std::collections::VecDeque;

use bytes::Bytes;

use crate::document::fingerprint::Fingerprint;
use crate::domain::schema;
use crate::sync::protocol::{
    DecodeError, DiskHealth, Hello, Message, Parts, PresenceEntry, RoomHealth, VERSION, decode_presence,
};
use crate::{Epoch, Permission, Role, SyncStatus, WriteNumber};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The socket is open; what the document has.
    Opened {
        /// The document's state vector.
        vector: Bytes,
    },
    /// The socket is closed.
    Closed,
    /// A frame came.
    Received(Bytes),
    /// This page changed the document.
    Edited(Bytes),
    /// The edits up to this number are kept on this device, or cannot be: they may be sent.
    Kept(WriteNumber),
    /// An edit was found on this device, which is not known to be on the server's disk: an earlier page load or
    /// another tab made it, and the document has it now. Whoever finds it sends it.
    Found(Bytes),
    /// The answer to [`Effect::Offer`].
    Offered(Bytes),
    /// It is time to compare what this page holds with what the room holds.
    Doubted,
    /// The answer to [`Effect::Compare`]: this page holds something else.
    Parted,
    /// The server answers, and knows no such målbild for this browser.
    Denied,
    /// The server closed the connection, since this page holds something of another epoch.
    SentAway,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send these bytes as one binary message.
    Transmit(Bytes),
    /// Keep this edit on this device, and say so with [`Event::Kept`]. Only then is it sent.
    Keep(WriteNumber, Bytes),
    /// The edits up to this number are on the server's disk: this device need no longer hold them for it.
    Saved(WriteNumber),
    /// Apply this update of others to the document.
    Integrate(Bytes),
    /// Answer with [`Event::Offered`]: all that the document has beyond this state vector.
    Offer {
        /// The server's state vector.
        vector: Bytes,
    },
    /// This is who is here.
    ShowPresence(Vec<PresenceEntry>),
    /// All that the server had has come.
    InStep,
    /// Say who is writing here.
    AnnouncePresence,
    /// Compare this with what the document holds now, and tell with [`Event::Parted`] if it is not the same.
    Compare(Fingerprint),
    /// Close the socket and do not come back: the text must stay as it is.
    Stop(Stopped),
    /// Close the socket and come back.
    Reconnect,
}

/// Why the session ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The Document's history was replaced: merging would mix two histories.
    OtherEpoch,
    /// The server speaks a later version: the page must be loaded anew.
    NewerServer,
    /// The server refused what was written, and every later update would have a gap.
    Refused,
    /// Nothing was written here, and yet the page shows more than the server has, which it may not give back:
    /// the server lost it, and who wrote it has not brought it again.
    Ahead,
    /// This browser may not open the målbild any more.
    NoAccess,
}

/// The state of the protocol for one page load.
#[derive(Debug, Default)]
pub struct ClientSession {
    handshake: Handshake,
    epoch: Option<Epoch>,
    role: Option<Role>,
    /// The number that was given last.
    last: WriteNumber,
    /// The numbers of this device's edits that are not known to be on the server's disk, oldest first.
    unsaved: VecDeque<WriteNumber>,
    /// The edits that are neither sent nor part of what was offered, oldest first: `Saved` speaks for all up to a
    /// number, so none goes before another.
    unsent: VecDeque<Unsent>,
    /// The number of what was offered last, until it is saved: the server may have lost what it once had.
    offered: Option<WriteNumber>,
    /// How the room is doing, as the server said last on this connection.
    room_health: Option<RoomHealth>,
    stopped: Option<Stopped>,
    /// The number that was given last when the room was asked what it holds.
    asked: Option<WriteNumber>,
    /// What has come of a message that comes in pieces.
    parts: Parts,
    /// How often this page and the room held something else.
    partings: u64,
}

/// An edit on its way out.
#[derive(Debug)]
struct Unsent {
    number: WriteNumber,
    update: Bytes,
    is_kept: bool,
}

/// How far the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Handshake {
    #[default]
    Closed,
    /// Open; the server does not have our difference yet, so an edit would arrive as a gap.
    Open { received_all: bool },
    /// The difference is on its way, and edits follow it.
    Offered { received_all: bool },
}

impl ClientSession {
    /// The session of a page that holds something already, of this history.
    #[must_use]
    pub fn holding(epoch: Epoch) -> Self {
        Self { epoch: Some(epoch), ..Self::default() }
    }

    /// Takes one event and says what is to be done.
    pub fn handle(&mut self, event: Event, effects: &mut Vec<Effect>) {
        if self.stopped.is_some() {
            // What is written after the end still counts as unsaved: nobody will send it.
            if matches!(event, Event::Edited(_) | Event::Found(_)) {
                self.count_edit();
            }
            return;
        }
        match event {
            Event::Opened { vector } => {
                self.handshake = Handshake::Open { received_all: false };
                effects.push(Effect::Transmit(Message::Step1(vector).encode()));
            }
            Event::Closed => {
                self.handshake = Handshake::Closed;
                self.parts.clear();
                self.offered = None;
                self.room_health = None;
                self.asked = None;
            }
            Event::Doubted => {
                // One question at a time, since the answer does not say to which it is; and what is not sent yet
                // would not be in it.
                let has_all =
                    self.handshake == (Handshake::Offered { received_all: true }) && self.unsent.is_empty();
                if has_all && self.asked.is_none() {
                    self.asked = Some(self.last);
                    effects.push(Effect::Transmit(Message::Compare.encode()));
                }
            }
            Event::Denied => self.stop(Stopped::NoAccess, effects),
            Event::SentAway => self.stop(Stopped::OtherEpoch, effects),
            Event::Parted => {
                self.partings += 1;
                effects.push(Effect::Reconnect);
            }
            Event::Edited(update) => {
                let number = self.count_edit();
                self.unsent.push_back(Unsent { number, update: update.clone(), is_kept: false });
                effects.push(Effect::Keep(number, update));
            }
            Event::Kept(number) => {
                self.unsent
                    .iter_mut()
                    .take_while(|edit| edit.number <= number)
                    .for_each(|edit| edit.is_kept = true);
                self.send(effects);
            }
            Event::Found(update) => {
                let number = self.count_edit();
                self.unsent.push_back(Unsent { number, update, is_kept: true });
                self.send(effects);
            }
            Event::Offered(update) => {
                if let Handshake::Open { received_all } = self.handshake {
                    self.handshake = Handshake::Offered { received_all };
                    self.last = self.last.next();
                    // All that was edited before is part of it.
                    self.unsent.clear();
                    self.offered = Some(self.last);
                    effects.push(Effect::Transmit(Message::Write(self.last, update).encode()));
                }
            }
            Event::Received(bytes) => {
                if self.receive(bytes, effects).is_err() {
                    effects.push(Effect::Reconnect);
                }
            }
        }
    }

    fn receive(&mut self, bytes: Bytes, effects: &mut Vec<Effect>) -> Result<(), DecodeError> {
        let Some(message) = self.parts.take(Message::decode(bytes)?)? else { return Ok(()) };
        match message {
            Message::Hello(hello) => self.greet(hello, effects),
            Message::Step1(vector) => {
                // A step 1 may come again, as the answer to a gap: the difference is due anew. One that may
                // not write offers it as well: is it more than the server has, it is refused, and the page
                // learns that what it shows is not there.
                self.handshake = Handshake::Open { received_all: self.received_all() };
                effects.push(Effect::Offer { vector });
            }
            Message::Step2(update) => {
                effects.push(Effect::Integrate(update));
                if !self.received_all() {
                    self.handshake = match self.handshake {
                        Handshake::Closed => Handshake::Closed,
                        Handshake::Open { .. } => Handshake::Open { received_all: true },
                        Handshake::Offered { .. } => Handshake::Offered { received_all: true },
                    };
                    effects.extend([Effect::InStep, Effect::AnnouncePresence]);
                }
            }
            // What comes before the step 2 is in it as well. Integrated now, it may leave a hole below it: yrs
            // takes the blocks after a hole, and if this connection ends before the step 2 and the server loses
            // what was in the hole, nothing that this page has can ever be given back.
            Message::Update(update) if self.received_all() => effects.push(Effect::Integrate(update)),
            Message::Update(_) => {}
            Message::Presence(presence) => effects.push(Effect::ShowPresence(decode_presence(&presence)?)),
            Message::QueryPresence => effects.push(Effect::AnnouncePresence),
            Message::Saved(number) => {
                while self.unsaved.front().is_some_and(|oldest| *oldest <= number) {
                    self.unsaved.pop_front();
                }
                self.offered = self.offered.filter(|offered| *offered > number);
                effects.push(Effect::Saved(number));
            }
            Message::Refused(_, _) if self.unsaved.is_empty() => self.stop(Stopped::Ahead, effects),
            Message::Refused(_, _) => self.stop(Stopped::Refused, effects),
            // Stock clients are told what was denied; our own writes are answered by number.
            Message::Denied(_) => {}
            Message::RoleChanged(role) => self.role = Some(role),
            Message::RoomHealth(health) => self.room_health = Some(health),
            // All that the room sent before it is here. What was written here since the question may be on its
            // way: then it says nothing.
            Message::Held(held) => {
                if self.asked.take() == Some(self.last)
                    && self.handshake == (Handshake::Offered { received_all: true })
                {
                    effects.push(Effect::Compare(held));
                }
            }
            // The server never writes by number, and never asks so.
            Message::Write(_, _) => return Err(DecodeError::UnknownType(101)),
            Message::Compare => return Err(DecodeError::UnknownType(106)),
            Message::Fragment(_) => return Err(DecodeError::UnknownType(108)),
        }
        Ok(())
    }

    fn greet(&mut self, hello: Hello, effects: &mut Vec<Effect>) {
        if hello.protocol > VERSION || hello.schema > schema::VERSION {
            self.stop(Stopped::NewerServer, effects);
        } else if self.epoch.is_some_and(|epoch| epoch != hello.epoch) {
            self.stop(Stopped::OtherEpoch, effects);
        }
        self.epoch = self.epoch.or(Some(hello.epoch));
        self.role = Some(hello.role);
    }

    fn stop(&mut self, why: Stopped, effects: &mut Vec<Effect>) {
        self.stopped = Some(why);
        self.handshake = Handshake::Closed;
        effects.push(Effect::Stop(why));
    }

    /// Sends what may go, if the handshake is done; else it will be part of what is offered.
    fn send(&mut self, effects: &mut Vec<Effect>) {
        while self.unsent.front().is_some_and(|edit| edit.is_kept) {
            let edit = self.unsent.pop_front().expect("it was just looked at");
            if matches!(self.handshake, Handshake::Offered { .. }) {
                effects.push(Effect::Transmit(Message::Write(edit.number, edit.update).encode()));
            }
        }
    }

    fn count_edit(&mut self) -> WriteNumber {
        self.last = self.last.next();
        self.unsaved.push_back(self.last);
        self.last
    }

    const fn received_all(&self) -> bool {
        matches!(
            self.handshake,
            Handshake::Open { received_all: true } | Handshake::Offered { received_all: true }
        )
    }

    /// What the status line may claim.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        if self.stopped.is_some() {
            return SyncStatus::Error;
        }
        match (self.handshake, self.role) {
            (Handshake::Closed, _) => SyncStatus::Offline,
            _ if !self.received_all() => SyncStatus::Saving,
            (_, Some(role)) if !role.may(Permission::WriteContent) => SyncStatus::ReadOnly,
            _ if self.room_health.is_some_and(|health| health.disk != DiskHealth::Healthy) => {
                SyncStatus::Error
            }
            _ if !self.unsaved.is_empty() || self.offered.is_some() => SyncStatus::Saving,
            _ => SyncStatus::Saved,
        }
    }

    /// How many of this device's updates are not known to be on the server's disk.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.unsaved.len()
    }

    /// The number that was given last.
    #[must_use]
    pub const fn last(&self) -> WriteNumber {
        self.last
    }

    /// The history that this page holds, once it is known.
    #[must_use]
    pub const fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// What this connection may do, once the server has said so.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// How often what this page held was not what the room held, though both had all from each other: a fault,
    /// which coming back mended.
    #[must_use]
    pub const fn partings(&self) -> u64 {
        self.partings
    }

    /// How the room is doing, once the server has said so on this connection.
    #[must_use]
    pub const fn room_health(&self) -> Option<RoomHealth> {
        self.room_health
    }

    /// Why the session ended for good, if it did.
    #[must_use]
    pub const fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }
}

#[cfg(test)]
mod tests;
