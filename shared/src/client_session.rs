//! The client's side of the protocol, pure: events in, effects out. It knows what of this page's
//! writing is not yet on the server's disk, and so what the status line may claim. It knows no
//! document (the driver makes state vectors and differences), no socket and no clock.
//!
//! ```
//! use samsyn_shared::client_session::{ClientSession, Effect, Event};
//! use samsyn_shared::protocol::{Hello, Message};
//! use samsyn_shared::{Epoch, Role, SyncStatus, WriteNumber};
//!
//! let mut session = ClientSession::default();
//! let mut effects = Vec::new();
//! // Something is written before the server is reached: it counts as unsaved.
//! session.handle(Event::Edited(b"edit".as_slice().into()), &mut effects);
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

use crate::fingerprint::Fingerprint;
use crate::protocol::{
    DecodeError, Figures, Hello, Message, PresenceEntry, Trouble, VERSION, decode_presence,
};
use crate::{Epoch, Role, SyncStatus, WriteNumber, schema};

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
    /// The answer to [`Effect::Offer`].
    Offered(Bytes),
    /// It is time to compare what this page holds with what the room holds.
    Doubted,
    /// The answer to [`Effect::Compare`]: this page holds something else.
    Parted,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send these bytes as one binary message.
    Transmit(Bytes),
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
}

/// The state of the protocol for one page load.
#[derive(Debug, Default)]
pub struct ClientSession {
    link: Link,
    epoch: Option<Epoch>,
    role: Option<Role>,
    /// The number that was given last.
    last: WriteNumber,
    /// The numbers of this page's edits that are not known to be on the server's disk, oldest first.
    unsaved: VecDeque<WriteNumber>,
    /// How the room is doing, as the server said last on this connection.
    figures: Option<Figures>,
    stopped: Option<Stopped>,
    /// The number that was given last when the room was asked what it holds.
    asked: Option<WriteNumber>,
    /// How often this page and the room held something else.
    partings: u64,
}

/// How far the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Link {
    #[default]
    Closed,
    /// Open; the server does not have our difference yet, so an edit would arrive as a gap.
    Open { received_all: bool },
    /// The difference is on its way, and edits follow it.
    Offered { received_all: bool },
}

impl ClientSession {
    /// Takes one event and says what is to be done.
    pub fn handle(&mut self, event: Event, effects: &mut Vec<Effect>) {
        if self.stopped.is_some() {
            // What is written after the end still counts as unsaved: nobody will send it.
            if matches!(event, Event::Edited(_)) {
                self.count_edit();
            }
            return;
        }
        match event {
            Event::Opened { vector } => {
                self.link = Link::Open { received_all: false };
                effects.push(Effect::Transmit(Message::Step1(vector).encode()));
            }
            Event::Closed => {
                self.link = Link::Closed;
                self.figures = None;
                self.asked = None;
            }
            Event::Doubted => {
                // One question at a time: the answer does not say to which it is.
                if self.link == (Link::Offered { received_all: true }) && self.asked.is_none() {
                    self.asked = Some(self.last);
                    effects.push(Effect::Transmit(Message::Compare.encode()));
                }
            }
            Event::Parted => {
                self.partings += 1;
                effects.push(Effect::Reconnect);
            }
            Event::Edited(update) => {
                let number = self.count_edit();
                if matches!(self.link, Link::Offered { .. }) {
                    effects.push(Effect::Transmit(Message::Write(number, update).encode()));
                }
            }
            Event::Offered(update) => {
                if let Link::Open { received_all } = self.link {
                    self.link = Link::Offered { received_all };
                    self.last = self.last.next();
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
        match Message::decode(bytes)? {
            Message::Hello(hello) => self.greet(hello, effects),
            Message::Step1(vector) => {
                // A step 1 may come again, as the answer to a gap: the difference is due anew. One that may
                // not write offers it as well: is it more than the server has, it is refused, and the page
                // learns that what it shows is not there.
                self.link = Link::Open { received_all: self.received_all() };
                effects.push(Effect::Offer { vector });
            }
            Message::Step2(update) => {
                effects.push(Effect::Integrate(update));
                if !self.received_all() {
                    self.link = match self.link {
                        Link::Closed => Link::Closed,
                        Link::Open { .. } => Link::Open { received_all: true },
                        Link::Offered { .. } => Link::Offered { received_all: true },
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
            }
            Message::Refused(_, _) if self.unsaved.is_empty() => self.stop(Stopped::Ahead, effects),
            Message::Refused(_, _) => self.stop(Stopped::Refused, effects),
            // Stock clients are told what was denied; our own writes are answered by number.
            Message::Denied(_) => {}
            Message::RoleChanged(role) => self.role = Some(role),
            Message::Figures(figures) => self.figures = Some(figures),
            // All that the room sent before it is here. What was written here since the question may be on its
            // way: then it says nothing.
            Message::Held(held) => {
                if self.asked.take() == Some(self.last) && self.link == (Link::Offered { received_all: true })
                {
                    effects.push(Effect::Compare(held));
                }
            }
            // The server never writes by number, and never asks so.
            Message::Write(_, _) => return Err(DecodeError::UnknownType(101)),
            Message::Compare => return Err(DecodeError::UnknownType(106)),
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
        self.link = Link::Closed;
        effects.push(Effect::Stop(why));
    }

    fn count_edit(&mut self) -> WriteNumber {
        self.last = self.last.next();
        self.unsaved.push_back(self.last);
        self.last
    }

    const fn received_all(&self) -> bool {
        matches!(self.link, Link::Open { received_all: true } | Link::Offered { received_all: true })
    }

    /// What the status line may claim.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        if self.stopped.is_some() {
            return SyncStatus::Error;
        }
        match (self.link, self.role) {
            (Link::Closed, _) => SyncStatus::Offline,
            _ if !self.received_all() => SyncStatus::Saving,
            (_, Some(role)) if !role.may_write_content() => SyncStatus::ReadOnly,
            _ if self.figures.is_some_and(|figures| figures.trouble != Trouble::None) => SyncStatus::Error,
            _ if !self.unsaved.is_empty() => SyncStatus::Saving,
            _ => SyncStatus::Saved,
        }
    }

    /// How many of this page's updates are not known to be on the server's disk.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.unsaved.len()
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
    pub const fn figures(&self) -> Option<Figures> {
        self.figures
    }

    /// Why the session ended for good, if it did.
    #[must_use]
    pub const fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    fn hello(role: Role, epoch: u64) -> Message {
        Message::Hello(Hello {
            epoch: Epoch(epoch),
            role,
            protocol: 1,
            schema: 1,
            message_bytes: 1 << 20,
            document_bytes: 1 << 25,
        })
    }

    fn step(session: &mut ClientSession, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        session.handle(event, &mut effects);
        effects
    }

    fn receive(session: &mut ClientSession, message: &Message) -> Vec<Effect> {
        step(session, Event::Received(message.encode()))
    }

    fn in_step(role: Role) -> ClientSession {
        let mut session = ClientSession::default();
        step(&mut session, Event::Opened { vector: bytes("v") });
        receive(&mut session, &hello(role, 1));
        receive(&mut session, &Message::Step1(bytes("s")));
        step(&mut session, Event::Offered(bytes("d")));
        receive(&mut session, &Message::Step2(bytes("u")));
        session
    }

    #[test]
    fn saved_is_said_only_after_the_server_said_it() {
        let mut session = in_step(Role::Editor);
        assert_eq!(session.status(), SyncStatus::Saved);
        let sent = step(&mut session, Event::Edited(bytes("e")));
        assert_eq!(sent, [Effect::Transmit(Message::Write(WriteNumber(2), bytes("e")).encode())]);
        assert_eq!((session.status(), session.pending()), (SyncStatus::Saving, 1));
        receive(&mut session, &Message::Saved(WriteNumber(1)));
        assert_eq!(session.pending(), 1);
        receive(&mut session, &Message::Saved(WriteNumber(2)));
        assert_eq!((session.status(), session.pending()), (SyncStatus::Saved, 0));
    }

    #[test]
    fn what_is_held_is_compared_when_nothing_was_written_since_the_question() {
        let held = Fingerprint { vector: bytes("h"), deleted: 7 };
        let mut session = in_step(Role::Editor);
        assert_eq!(step(&mut session, Event::Doubted), [Effect::Transmit(Message::Compare.encode())]);
        assert_eq!(receive(&mut session, &Message::Held(held.clone())), [Effect::Compare(held.clone())]);
        assert_eq!(receive(&mut session, &Message::Held(held.clone())), [], "nobody asked");
        assert_eq!((step(&mut session, Event::Parted), session.partings()), (vec![Effect::Reconnect], 1));
        step(&mut session, Event::Doubted);
        step(&mut session, Event::Edited(bytes("e")));
        assert_eq!(receive(&mut session, &Message::Held(held)), []);
    }

    #[test]
    fn one_question_at_a_time_so_that_no_answer_is_taken_for_a_later_ones() {
        let held = Fingerprint { vector: bytes("h"), deleted: 7 };
        let mut session = in_step(Role::Editor);
        step(&mut session, Event::Doubted);
        step(&mut session, Event::Edited(bytes("e")));
        assert_eq!(step(&mut session, Event::Doubted), []);
        assert_eq!(receive(&mut session, &Message::Held(held)), [], "it was made before the edit");
    }

    #[test]
    fn nothing_is_compared_before_the_handshake_is_done() {
        let mut session = ClientSession::default();
        assert_eq!(step(&mut session, Event::Doubted), []);
        step(&mut session, Event::Opened { vector: bytes("v") });
        assert_eq!(step(&mut session, Event::Doubted), []);
    }

    #[test]
    fn what_was_on_its_way_when_the_network_went_is_offered_again() {
        let mut session = in_step(Role::Editor);
        step(&mut session, Event::Edited(bytes("e")));
        step(&mut session, Event::Closed);
        step(&mut session, Event::Edited(bytes("f")));
        assert_eq!((session.status(), session.pending()), (SyncStatus::Offline, 2));
        step(&mut session, Event::Opened { vector: bytes("v") });
        receive(&mut session, &hello(Role::Editor, 1));
        // An edit before the offer is not sent by itself: it would arrive as a gap.
        assert_eq!(step(&mut session, Event::Edited(bytes("g"))), []);
        assert_eq!(
            receive(&mut session, &Message::Step1(bytes("s"))),
            [Effect::Offer { vector: bytes("s") }]
        );
        let sent = step(&mut session, Event::Offered(bytes("efg")));
        assert_eq!(sent, [Effect::Transmit(Message::Write(WriteNumber(5), bytes("efg")).encode())]);
        receive(&mut session, &Message::Step2(bytes("u")));
        assert_eq!(session.status(), SyncStatus::Saving);
        receive(&mut session, &Message::Saved(WriteNumber(5)));
        assert_eq!((session.status(), session.pending()), (SyncStatus::Saved, 0));
    }

    #[test]
    fn a_gap_is_answered_with_the_whole_difference() {
        let mut session = in_step(Role::Owner);
        assert_eq!(
            receive(&mut session, &Message::Step1(bytes("t"))),
            [Effect::Offer { vector: bytes("t") }]
        );
        assert_eq!(session.status(), SyncStatus::Saved);
    }

    #[test]
    fn a_reader_offers_what_it_has_and_learns_that_it_is_ahead_of_the_server() {
        let mut session = ClientSession::default();
        step(&mut session, Event::Opened { vector: bytes("v") });
        receive(&mut session, &hello(Role::Reader, 1));
        let offer = Effect::Offer { vector: bytes("s") };
        assert_eq!(receive(&mut session, &Message::Step1(bytes("s"))), [offer]);
        step(&mut session, Event::Offered(bytes("d")));
        receive(&mut session, &Message::Step2(bytes("u")));
        assert_eq!((session.status(), session.pending()), (SyncStatus::ReadOnly, 0));
        let refused = Message::Refused(WriteNumber(1), "role".into());
        assert_eq!(receive(&mut session, &refused), [Effect::Stop(Stopped::Ahead)]);
    }

    #[test]
    fn an_update_before_the_step_2_leaves_no_hole() {
        let mut session = ClientSession::default();
        step(&mut session, Event::Opened { vector: bytes("v") });
        receive(&mut session, &hello(Role::Editor, 1));
        assert_eq!(receive(&mut session, &Message::Update(bytes("early"))), []);
        let effects = receive(&mut session, &Message::Step2(bytes("all, the early one too")));
        assert!(effects.contains(&Effect::Integrate(bytes("all, the early one too"))));
        assert_eq!(
            receive(&mut session, &Message::Update(bytes("late"))),
            [Effect::Integrate(bytes("late"))]
        );
    }

    #[test]
    fn another_epoch_is_never_merged() {
        let mut session = in_step(Role::Editor);
        step(&mut session, Event::Closed);
        step(&mut session, Event::Opened { vector: bytes("v") });
        assert_eq!(receive(&mut session, &hello(Role::Editor, 2)), [Effect::Stop(Stopped::OtherEpoch)]);
        assert_eq!(receive(&mut session, &Message::Step2(bytes("u"))), []);
        assert_eq!(session.status(), SyncStatus::Error);
        step(&mut session, Event::Edited(bytes("e")));
        assert_eq!(session.pending(), 1);
    }

    #[test]
    fn a_refusal_is_an_error_and_what_was_refused_stays_unsaved() {
        let mut session = in_step(Role::Editor);
        step(&mut session, Event::Edited(bytes("e")));
        let effects = receive(&mut session, &Message::Refused(WriteNumber(2), "role".into()));
        assert_eq!(effects, [Effect::Stop(Stopped::Refused)]);
        assert_eq!((session.status(), session.pending()), (SyncStatus::Error, 1));
    }

    #[test]
    fn while_the_disk_is_full_nothing_is_called_saved_and_then_all_goes_on() {
        let mut session = in_step(Role::Editor);
        let figures =
            |trouble| Message::Figures(Figures { connected: 1, in_step: 1, on_disk_at: 5, trouble });
        receive(&mut session, &figures(Trouble::DiskFull));
        assert_eq!(session.status(), SyncStatus::Error);
        step(&mut session, Event::Edited(bytes("e")));
        receive(&mut session, &figures(Trouble::None));
        assert_eq!((session.status(), session.pending()), (SyncStatus::Saving, 1));
        receive(&mut session, &Message::Saved(WriteNumber(2)));
        assert_eq!(session.status(), SyncStatus::Saved);
        receive(&mut session, &figures(Trouble::CannotSave));
        step(&mut session, Event::Closed);
        assert_eq!((session.status(), session.figures()), (SyncStatus::Offline, None));
    }

    #[test]
    fn a_changed_role_is_what_the_status_says_from_then_on() {
        let mut session = in_step(Role::Editor);
        receive(&mut session, &Message::RoleChanged(Role::Reader));
        assert_eq!((session.status(), session.role()), (SyncStatus::ReadOnly, Some(Role::Reader)));
        receive(&mut session, &Message::RoleChanged(Role::Owner));
        assert_eq!(session.status(), SyncStatus::Saved);
        let sent = step(&mut session, Event::Edited(bytes("e")));
        assert_eq!(sent, [Effect::Transmit(Message::Write(WriteNumber(2), bytes("e")).encode())]);
    }

    #[test]
    fn a_frame_that_does_not_decode_reconnects() {
        let mut session = in_step(Role::Editor);
        assert_eq!(step(&mut session, Event::Received(bytes("\u{7F}"))), [Effect::Reconnect]);
    }
}
