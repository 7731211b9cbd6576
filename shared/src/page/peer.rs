//! The sync engine of one page load. It keeps one replica in step with the server and with this device's storage: it
//! connects and reconnects, sends local updates, integrates remote ones, and logs both on the device. Pure: events in,
//! effects out.
//!
//! It doesn't know sockets, timers or a database, nor what is shown. The protocol is [`ClientSession`]'s; what the
//! device must write is [`DeviceLog`](crate::sync::device_log::DeviceLog)'s.
//!
//! Invariant: What a page cannot integrate ends the connection, and nothing that stood on it is done
//! (`an_answer_that_does_not_apply_ends_the_connection_and_nothing_after_it_is_done`).

mod device;
mod reaction;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rand::RngCore as _;
use rand::rngs::SmallRng;

use self::device::PeerDevice;
pub use self::reaction::{Access, Attempt, Effect, Event};
use super::clock::Clock;
use super::replica::Replica;
use crate::domain::limits;
use crate::sync::backoff::Backoff;
use crate::sync::client_session::{self, ClientSession, Stopped};
use crate::sync::device_log::{Due, StoredRecords};
use crate::sync::liveness::Liveness;
use crate::sync::protocol::{CloseCode, Message, PresenceEntry, RoomHealth, encode_presence};
use crate::sync::transport::TransportChoice;
use crate::{Epoch, Role, SyncStatus, WriteNumber};

/// One page load's replica, with its session, its device log and its connection.
pub struct Peer {
    replica: Replica,
    session: ClientSession,
    device: PeerDevice,
    choice: TransportChoice,
    backoff: Backoff,
    liveness: Liveness,
    rng: SmallRng,
    /// The number of the current attempt to connect. Events with another number come from an abandoned one.
    attempt: Attempt,
    /// Whether a connection is being opened or is open.
    has_connection: bool,
    /// Whether the server has said anything over this connection.
    is_heard: bool,
    /// Whether a link's token is still to be traded for a session.
    has_token: bool,
    /// Whether the replica holds what there is to show.
    is_ready: bool,
    /// Whether syncing has ended for good.
    is_done: bool,
    due: Dues,
    clock: Clock,
}

/// What a peer begins with.
#[derive(Debug)]
pub struct Beginning {
    /// Whether this browser keeps what is written.
    pub has_device: bool,
    /// The history of what was found on the device, if anything was.
    pub epoch: Option<Epoch>,
    /// What was found there; the replica has it.
    pub found: StoredRecords,
    /// Whether a link's token is still to be traded for a session.
    pub has_token: bool,
}

/// The peer's timers: when each is due, by the peer's [`Clock`].
#[derive(Debug, Default)]
struct Dues {
    /// Give up a WebSocket over which nothing came.
    give_up: Option<Duration>,
    /// Connect again.
    connect: Option<Duration>,
    /// Compare fingerprints with the room.
    compare: Option<Duration>,
    /// Check that the connection lives.
    look: Option<Duration>,
    /// Renew this page's presence.
    announce: Option<Duration>,
    /// Write the device log.
    keep: Option<Duration>,
}

impl Peer {
    /// A peer without a connection. `seed` is fresh randomness.
    #[must_use]
    pub fn new(replica: Replica, beginning: Beginning, mut seed: SmallRng) -> Self {
        let Beginning { has_device, epoch, found, has_token } = beginning;
        let session = epoch.map_or_else(ClientSession::default, ClientSession::holding);
        let device = PeerDevice::of(seed.next_u64() % limits::NUMBER_END, has_device);
        let mut peer = Self {
            replica,
            session,
            device,
            choice: TransportChoice::default(),
            backoff: Backoff::default(),
            liveness: Liveness::default(),
            rng: seed,
            attempt: Attempt(0),
            has_connection: false,
            is_heard: false,
            has_token,
            is_ready: !found.log.is_empty(),
            is_done: false,
            due: Dues::default(),
            clock: Clock::default(),
        };
        let mut effects = Vec::new();
        peer.import(Duration::ZERO, found, false, &mut effects);
        debug_assert!(effects.is_empty(), "nothing is sent before there is a connection");
        peer
    }

    /// The replica. After changing it, pass the updates that the change made to [`Peer::handle`] as [`Event::Edited`].
    pub fn replica(&mut self) -> &mut Replica {
        &mut self.replica
    }

    /// The replica, to be read.
    #[must_use]
    pub const fn held(&self) -> &Replica {
        &self.replica
    }

    /// Handles `event`, and appends to `effects` what the driver must do. `now` is the wall clock, counted from any
    /// moment; it may jump, and the peer's own clock makes it monotonic.
    pub fn handle(&mut self, now: Duration, event: Event, effects: &mut Vec<Effect>) {
        let time = self.clock.at(now);
        match event {
            Event::Started => self.start(time, effects),
            Event::Woke => self.woke(now, time, effects),
            Event::Edited(update) => {
                self.session(time, client_session::Event::Edited(update), effects);
            }
            Event::Announced(entry) => Self::announce(entry, effects),
            Event::Opened(attempt) if attempt == self.attempt => match self.replica.vector() {
                Ok(vector) => self.session(time, client_session::Event::Opened { vector }, effects),
                Err(_) => self.lost(time, effects),
            },
            Event::Received(attempt, bytes) if attempt == self.attempt => {
                self.heard(time, effects);
                self.session(time, client_session::Event::Received(bytes), effects);
            }
            Event::Closed(attempt, code) if attempt == self.attempt => {
                if code == Some(CloseCode::OtherEpoch.number()) {
                    // Coming back with the same replica would end the same way, for ever.
                    self.session(time, client_session::Event::SentAway, effects);
                } else {
                    self.lost(time, effects);
                }
            }
            Event::TokenTraded { attempt, is_reached } if attempt == self.attempt => {
                self.traded(time, is_reached, effects);
            }
            Event::Opened(_) | Event::Received(..) | Event::Closed(..) | Event::TokenTraded { .. } => {}
            Event::AccessAnswered(access) => self.answered(time, access, effects),
            Event::NetworkChanged => {
                self.choice.network_changed();
                self.doubt(time, effects);
            }
            Event::Shown => self.doubt(time, effects),
            Event::RetryAsked => self.hurry(time, effects),
            Event::DeviceWrote(outcome) => self.wrote(time, outcome, effects),
            Event::DeviceRead(found) => self.has_read(time, found, effects),
            Event::OthersKept => self.read_new_records(effects),
            Event::Leaving => self.keep(Due::Leaving, effects),
            Event::NotNoted => self.device.not_noted(),
        }
        self.note(effects);
    }

    /// How long until [`Event::Woke`] is due.
    #[must_use]
    pub fn wake_in(&self, now: Duration) -> Option<Duration> {
        let Dues { give_up, connect, compare, look, announce, keep } = &self.due;
        let due = [give_up, connect, compare, look, announce, keep].into_iter().flatten().min()?;
        Some(self.clock.until(*due, now))
    }

    /// The number of the current attempt. Every connect and every disconnect takes a new one.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// What the status line may claim.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.session.status()
    }

    /// How many updates of this session the server has not acknowledged as stored.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.session.pending()
    }

    /// This connection's role, once the server has said it.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.session.role()
    }

    /// The room's health, once the server has said it over this connection.
    #[must_use]
    pub const fn room_health(&self) -> Option<RoomHealth> {
        self.session.room_health()
    }

    /// The last write number that was given, to an edit or to an offered difference.
    #[must_use]
    pub const fn last(&self) -> WriteNumber {
        self.session.last()
    }

    fn start(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.due.look = Some(time + limits::LOOK_EVERY);
        self.due.announce = Some(time + limits::PRESENCE_RENEWAL);
        if self.device.is_there() {
            self.due.keep = Some(time + limits::DEVICE_LOG_EVERY);
            // Another tab may have written since this page read the device.
            self.read_new_records(effects);
        }
        self.connect(time, effects);
    }

    fn woke(&mut self, now: Duration, time: Duration, effects: &mut Vec<Effect>) {
        let is_due = |due: &mut Option<Duration>| due.take_if(|due| *due <= time).is_some();
        if is_due(&mut self.due.look) {
            self.due.look = Some(time + limits::LOOK_EVERY);
            if self.liveness.was_away_at(now) {
                self.doubt(time, effects);
            }
            if self.liveness.is_dead_at(now) && self.has_connection {
                self.lost(time, effects);
            }
        }
        if is_due(&mut self.due.give_up) && self.choice.is_late() {
            self.lost(time, effects);
        }
        if is_due(&mut self.due.connect) {
            self.connect(time, effects);
        }
        if is_due(&mut self.due.compare) {
            self.due.compare = Some(time + limits::COMPARE_EVERY);
            self.session(time, client_session::Event::Doubted, effects);
        }
        if is_due(&mut self.due.announce) {
            self.due.announce = Some(time + limits::PRESENCE_RENEWAL);
            effects.push(Effect::AnnouncePresence);
        }
        if is_due(&mut self.due.keep) {
            self.due.keep = Some(time + limits::DEVICE_LOG_EVERY);
            self.keep(Due::All, effects);
        }
    }

    fn connect(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        if self.is_done {
            return;
        }
        self.due.connect = None;
        self.attempt.0 += 1;
        if self.has_token {
            // The text that this device keeps is shown already; the server must see the link's token first.
            return effects.push(Effect::TradeToken(self.attempt));
        }
        self.liveness = Liveness::default();
        let transport = self.choice.begin(time);
        self.has_connection = true;
        self.due.give_up = Some(time + limits::WEBSOCKET_ANSWER);
        effects.push(Effect::Connect(self.attempt, transport));
    }

    fn heard(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.is_heard = true;
        self.liveness.heard();
        if let Some(transport) = self.choice.heard(time) {
            effects.push(Effect::ShowTransport(Some(transport)));
        }
    }

    fn traded(&mut self, time: Duration, is_reached: bool, effects: &mut Vec<Effect>) {
        if !is_reached {
            return self.lost(time, effects);
        }
        // A token that was refused takes nothing from the access that this browser's session has: connect anyway.
        self.has_token = false;
        effects.push(Effect::ForgetToken);
        self.connect(time, effects);
    }

    /// The connection is gone: tells the session, and reconnects, by another transport at once or after the backoff.
    fn lost(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.disconnect(effects);
        self.session(time, client_session::Event::Closed, effects);
        if self.is_done {
            return;
        }
        let was_heard = std::mem::take(&mut self.is_heard);
        if self.choice.lost() {
            return self.connect(time, effects);
        }
        if !was_heard {
            // A browser does not say why a WebSocket did not open; an HTTP request's status does.
            effects.push(Effect::AskForAccess);
        }
        self.due.connect = Some(time + self.backoff.next(&mut self.rng));
    }

    fn disconnect(&mut self, effects: &mut Vec<Effect>) {
        self.attempt.0 += 1;
        self.has_connection = false;
        (self.due.give_up, self.due.compare) = (None, None);
        effects.extend([Effect::Disconnect, Effect::ShowPresence(None), Effect::ShowTransport(None)]);
    }

    fn answered(&mut self, time: Duration, access: Access, effects: &mut Vec<Effect>) {
        match (access, self.is_ready) {
            (Access::Open, _) | (Access::Unknown, true) => {}
            (Access::Unknown, false) => effects.push(Effect::ShowUnreachable),
            (Access::Denied, true) => self.session(time, client_session::Event::Denied, effects),
            (Access::Denied, false) => effects.push(Effect::ShowNoAccess),
        }
    }

    /// The network may have changed, or the machine slept: probes the connection, or connects now if there is none.
    fn doubt(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        if self.has_connection {
            effects.push(Effect::Transmit(Message::QueryPresence.encode()));
            self.liveness.doubted();
            self.session(time, client_session::Event::Doubted, effects);
        }
        self.hurry(time, effects);
    }

    /// Connects now instead of after the backoff, unless there is a connection.
    fn hurry(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.backoff.reset();
        if !self.has_connection {
            self.connect(time, effects);
        }
    }

    fn announce(entry: PresenceEntry, effects: &mut Vec<Effect>) {
        effects.push(Effect::Transmit(Message::Presence(encode_presence(&[entry])).encode()));
    }

    /// Hands an event to the session, and performs the session's effects in order. When one fails, the connection is
    /// given up and the effects after it are dropped, since they relied on it.
    fn session(&mut self, time: Duration, event: client_session::Event, effects: &mut Vec<Effect>) {
        // A stack: the next effect is the last. What an effect causes runs before the effects that were queued behind it.
        let mut asked = Vec::new();
        let mut next = Next::Event(event);
        loop {
            let after = asked.len();
            match next {
                Next::Nothing => {}
                Next::Event(event) => self.session.handle(event, &mut asked),
                Next::Lost => return self.lost(time, effects),
            }
            asked[after..].reverse();
            let Some(effect) = asked.pop() else { return };
            next = self.perform(time, effect, effects);
        }
    }

    fn perform(&mut self, time: Duration, effect: client_session::Effect, effects: &mut Vec<Effect>) -> Next {
        use client_session::Effect as Asked;
        match effect {
            Asked::Transmit(message) => effects.push(Effect::Transmit(message)),
            Asked::Keep(number, update) => return self.keep_edit(number, update, effects),
            Asked::Saved(number) => self.device.log.saved(number),
            Asked::Integrate(update) => match self.replica.integrate(&update) {
                Ok(changes) => {
                    effects.push(Effect::Show(changes));
                    self.device.integrated(update);
                }
                Err(_) => return Next::Lost,
            },
            Asked::Offer { vector } => match self.replica.difference(&vector) {
                Ok(difference) => return Next::Event(client_session::Event::Offered(difference)),
                Err(_) => return Next::Lost,
            },
            Asked::ShowPresence(entries) => effects.push(Effect::ShowPresence(Some(entries))),
            Asked::InStep => {
                self.backoff.reset();
                self.is_ready = true;
                effects.push(Effect::ShowReady);
                // If the replica has differed from the room before, wait before the next comparison: a lasting
                // difference must not become a reconnect loop.
                let rest = if self.session.partings() > 0 { limits::COMPARE_EVERY } else { Duration::ZERO };
                self.due.compare = Some(time + rest);
            }
            Asked::AnnouncePresence => effects.push(Effect::AnnouncePresence),
            Asked::Compare(held) => {
                if self.replica.fingerprint().is_ok_and(|own| !own.agrees_with(&held)) {
                    effects.push(Effect::NoteParting);
                    return Next::Event(client_session::Event::Parted);
                }
            }
            Asked::Stop(why) => self.stop(why, effects),
            Asked::Reconnect => return Next::Lost,
        }
        Next::Nothing
    }

    /// Ends syncing for good; the text stays on the page. What the server will never take is set aside on the device.
    fn stop(&mut self, why: Stopped, effects: &mut Vec<Effect>) {
        self.is_done = true;
        self.disconnect(effects);
        effects.push(Effect::ShowStopped(why));
        if matches!(why, Stopped::Refused | Stopped::Ahead | Stopped::OtherEpoch) {
            self.device.set_aside(effects);
        }
    }
}

/// What an effect of the session leads to.
enum Next {
    Nothing,
    /// The session must handle this.
    Event(client_session::Event),
    /// The connection must be given up.
    Lost,
}
