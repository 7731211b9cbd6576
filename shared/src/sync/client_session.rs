//! The client's half of the sync protocol, pure: events in, effects out. It numbers this page's updates, tracks which of
//! them the server has not acknowledged as stored, and derives from that what the status line may claim.
//!
//! It knows no document ([`Peer`](crate::page::peer::Peer) computes state vectors and differences for it), no connection,
//! no clock, and not how a device keeps an edit.
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
//! // The connection opens, both sides say what they have, and the difference goes as one write.
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
    /// The connection is open.
    Opened {
        /// The document's state vector.
        vector: Bytes,
    },
    /// The connection is closed.
    Closed,
    /// A frame came.
    Received(Bytes),
    /// This page changed the document.
    Edited(Bytes),
    /// The edits up to this number are kept on this device, or cannot be: they may be sent.
    Kept(WriteNumber),
    /// An edit of an earlier page load or of another tab was read from the device and integrated; the server has not
    /// acknowledged it. This session sends it.
    Found(Bytes),
    /// The answer to [`Effect::Offer`].
    Offered(Bytes),
    /// It is time to compare the document with the room's.
    Doubted,
    /// The answer to [`Effect::Compare`] when the two differ.
    Parted,
    /// The server answers, and knows no such målbild for this browser.
    Denied,
    /// The server closed the connection because this page's document is of another epoch.
    SentAway,
}

/// What the driver must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send these bytes as one binary message.
    Transmit(Bytes),
    /// Keep this edit on this device, and say so with [`Event::Kept`]. Only then is it sent.
    Keep(WriteNumber, Bytes),
    /// The edits up to this number are on the server's disk: the device may drop them.
    Saved(WriteNumber),
    /// Apply this update of others to the document.
    Integrate(Bytes),
    /// Answer with [`Event::Offered`]: all that the document has beyond this state vector.
    Offer {
        /// The server's state vector.
        vector: Bytes,
    },
    /// Show these participants.
    ShowPresence(Vec<PresenceEntry>),
    /// The initial sync is complete: show the document.
    InStep,
    /// Say who is writing here.
    AnnouncePresence,
    /// Compare this fingerprint with the document's now, and answer with [`Event::Parted`] if they differ.
    Compare(Fingerprint),
    /// Close the connection for good; the text stays as it is.
    Stop(Stopped),
    /// Close the connection and open another.
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
    /// Nothing here is unsaved, yet the document holds more than the server's, and the server does not take it from this
    /// page. The server lost it, and whoever wrote it has not sent it again.
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
    /// The last write number that was given.
    last: WriteNumber,
    /// The numbers of edits that the server has not acknowledged as stored, oldest first.
    unsaved: VecDeque<WriteNumber>,
    /// Edits that wait for the device, or behind one that does, oldest first. They go out in order, since `Saved(n)`
    /// acknowledges all up to n. Before the difference is offered, a kept edit is dropped here: the offer contains it.
    unsent: VecDeque<Unsent>,
    /// The number of the last offer, until it is saved: the server may have lost what it once had.
    offered: Option<WriteNumber>,
    /// The room's health, as the server said it last on this connection.
    room_health: Option<RoomHealth>,
    stopped: Option<Stopped>,
    /// The last write number at the time of the `Compare` that has no answer yet.
    asked: Option<WriteNumber>,
    /// The fragments of a message that have come so far.
    parts: Parts,
    /// How often the document and the room's differed.
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
    /// Open; the server does not have our difference yet, so an edit would leave a gap there.
    Open { received_all: bool },
    /// The difference was sent; edits may follow it.
    Offered { received_all: bool },
}

impl ClientSession {
    /// The session of a page that holds a document already, of this epoch.
    #[must_use]
    pub fn holding(epoch: Epoch) -> Self {
        Self { epoch: Some(epoch), ..Self::default() }
    }

    /// Handles one event, and appends to `effects` what the driver must do.
    pub fn handle(&mut self, event: Event, effects: &mut Vec<Effect>) {
        if self.stopped.is_some() {
            // An edit after the end still counts as unsaved: nobody will send it.
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
                // One question at a time, since the answer does not name its question; and none while an edit is unsent,
                // since the answer would lack it.
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
                    // The offer contains all edits before it.
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
                // The server sends step 1 again when an update left a gap: then the difference is due anew. A reader
                // offers its difference too. If that holds more than the server's document, the server refuses it,
                // and the page learns that its text is not stored.
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
            // Updates before step 2 are dropped: step 2 contains them. Integrated early, one could leave a gap below it
            // (yrs takes the blocks behind a gap). If then step 2 never came and the server lost the missing blocks, this
            // page could not give back its own.
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
            // `Denied` is for stock clients; our own writes are refused by number.
            Message::Denied(_) => {}
            Message::RoleChanged(role) => self.role = Some(role),
            Message::RoomHealth(health) => self.room_health = Some(health),
            // All that the room sent before this answer is here. If this page has written since it asked, the
            // fingerprint is stale.
            Message::Held(held) => {
                if self.asked.take() == Some(self.last)
                    && self.handshake == (Handshake::Offered { received_all: true })
                {
                    effects.push(Effect::Compare(held));
                }
            }
            // Only clients send these.
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

    /// Takes the kept edits at the front of `unsent`, and sends them if the difference was offered; else the offer will
    /// contain them.
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

    /// How many edits of this session the server has not acknowledged as stored.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.unsaved.len()
    }

    /// The last write number that was given.
    #[must_use]
    pub const fn last(&self) -> WriteNumber {
        self.last
    }

    /// The epoch of this page's document, once it is known.
    #[must_use]
    pub const fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// This connection's role, once the server has said it.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// How often the document and the room's differed although each side had sent the other all it had: a fault, which
    /// reconnecting mends.
    #[must_use]
    pub const fn partings(&self) -> u64 {
        self.partings
    }

    /// The room's health, once the server has said it on this connection.
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
