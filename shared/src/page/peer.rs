//! One replica that is kept in step with the server: it connects, comes back when the connection is gone, sends what is
//! written here and takes what others write; and it has all of that kept on this device. Pure: events in, effects out.
//!
//! It doesn't know sockets, timers or a database, and not what is shown. What the protocol says is
//! [`ClientSession`]'s; what the device is to write is in [`DeviceLog`](crate::sync::device_log::DeviceLog).

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

/// One page load's replica, and all that keeps it in step.
pub struct Peer {
    replica: Replica,
    session: ClientSession,
    device: PeerDevice,
    choice: TransportChoice,
    backoff: Backoff,
    liveness: Liveness,
    rng: SmallRng,
    /// Counts attempts to connect, so that what an abandoned one still says is not taken for the new one's.
    attempt: Attempt,
    is_connected: bool,
    /// Whether anything came over this connection.
    was_heard: bool,
    /// Whether a link's token is still to be traded for a session.
    has_token: bool,
    /// Whether the replica holds what there is to show.
    is_ready: bool,
    /// Syncing has ended for good.
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

/// When something is to be done, in the peer's own time.
#[derive(Debug, Default)]
struct Dues {
    /// A connection over which nothing came is given up.
    give_up: Option<Duration>,
    connect: Option<Duration>,
    compare: Option<Duration>,
    /// It is looked whether the connection lives.
    look: Option<Duration>,
    announce: Option<Duration>,
    keep: Option<Duration>,
}

impl Peer {
    /// A peer that is connected to nothing yet. `seed` is fresh randomness.
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
            is_connected: false,
            was_heard: false,
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

    /// The replica. The updates that changing it makes are to be told with [`Event::Edited`].
    pub fn replica(&mut self) -> &mut Replica {
        &mut self.replica
    }

    /// The replica, to be read.
    #[must_use]
    pub const fn held(&self) -> &Replica {
        &self.replica
    }

    /// Adds to `effects` what to do about `event`. `now` is the time since any moment, by a clock that may be set.
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
                    // Whoever came back with the same would be sent away again, for ever.
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

    /// The attempt to connect that is under way, or was last.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// What the status line may claim.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.session.status()
    }

    /// How many of this device's updates are not known to be on the server's disk.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.session.pending()
    }

    /// What this connection may do, once the server has said so.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.session.role()
    }

    /// How the room is doing, once the server has said so on this connection.
    #[must_use]
    pub const fn room_health(&self) -> Option<RoomHealth> {
        self.session.room_health()
    }

    /// The number that was given to an edit last.
    #[must_use]
    pub const fn last(&self) -> WriteNumber {
        self.session.last()
    }

    fn start(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.due.look = Some(time + limits::LOOK_EVERY);
        self.due.announce = Some(time + limits::PRESENCE_RENEWAL);
        if self.device.is_there() {
            self.due.keep = Some(time + limits::DEVICE_LOG_EVERY);
            // What was kept between the reading and now is read now.
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
            if self.liveness.is_dead_at(now) && self.is_connected {
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
            // What this device keeps was shown at once; the server wants to see the link first.
            return effects.push(Effect::TradeToken(self.attempt));
        }
        self.liveness = Liveness::default();
        let transport = self.choice.begin(time);
        self.is_connected = true;
        self.due.give_up = Some(time + limits::WEBSOCKET_ANSWER);
        effects.push(Effect::Connect(self.attempt, transport));
    }

    fn heard(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.was_heard = true;
        self.liveness.heard();
        if let Some(transport) = self.choice.heard(time) {
            effects.push(Effect::ShowTransport(Some(transport)));
        }
    }

    fn traded(&mut self, time: Duration, is_reached: bool, effects: &mut Vec<Effect>) {
        if !is_reached {
            return self.lost(time, effects);
        }
        // A link that opens nothing leaves whatever this browser may do already.
        self.has_token = false;
        effects.push(Effect::ForgetToken);
        self.connect(time, effects);
    }

    /// The connection is gone: says so, and comes back, by another transport at once or after a while.
    fn lost(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.disconnect(effects);
        self.session(time, client_session::Event::Closed, effects);
        if self.is_done {
            return;
        }
        if self.choice.lost() {
            return self.connect(time, effects);
        }
        if !std::mem::take(&mut self.was_heard) {
            // A browser does not tell why a socket did not open; the server's answer to a request does.
            effects.push(Effect::AskForAccess);
        }
        self.due.connect = Some(time + self.backoff.next(&mut self.rng));
    }

    fn disconnect(&mut self, effects: &mut Vec<Effect>) {
        self.attempt.0 += 1;
        self.is_connected = false;
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

    /// The network may be another now, or the machine slept: whoever is thought to be there is asked, and who is not is
    /// looked for at once.
    fn doubt(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        if self.is_connected {
            effects.push(Effect::Transmit(Message::QueryPresence.encode()));
            self.liveness.doubted();
            self.session(time, client_session::Event::Doubted, effects);
        }
        self.hurry(time, effects);
    }

    /// Somebody asked, or the network came back: tries now.
    fn hurry(&mut self, time: Duration, effects: &mut Vec<Effect>) {
        self.backoff.reset();
        if !self.is_connected {
            self.connect(time, effects);
        }
    }

    fn announce(entry: PresenceEntry, effects: &mut Vec<Effect>) {
        effects.push(Effect::Transmit(Message::Presence(encode_presence(&[entry])).encode()));
    }

    /// Lets the session hear of something, and does what it says, in order. A failure is the connection's end: nothing
    /// that was to be done after it is done, since it stood on that.
    fn session(&mut self, time: Duration, event: client_session::Event, effects: &mut Vec<Effect>) {
        // What is to be done next is the last. What follows from an effect comes before what was to be done after it.
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
                // One that parted from the server came back for it; should it part again at once, it must not come
                // back in a circle.
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

    /// Syncing ends for good; the text stays as it is.
    fn stop(&mut self, why: Stopped, effects: &mut Vec<Effect>) {
        self.is_done = true;
        self.disconnect(effects);
        effects.push(Effect::ShowStopped(why));
        if matches!(why, Stopped::Refused | Stopped::Ahead | Stopped::OtherEpoch) {
            self.device.set_aside(effects);
        }
    }
}

/// What follows from an effect of the session.
enum Next {
    Nothing,
    /// It hears of this.
    Event(client_session::Event),
    /// The connection can't be gone on with.
    Lost,
}
