//! Keeps an open målbild in step with the server: drives the pure ClientSession over a WebSocket or over
//! HTTP, comes back when the connection is gone, and tells the state what the status line may claim. What it keeps on
//! this device is in `device_driver`. It knows no view.

mod connection;
mod device_driver;
mod socket;
mod stream;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::backoff::Backoff;
use samsyn_shared::client_session::{ClientSession, Effect, Event, Stopped};
use samsyn_shared::limits;
use samsyn_shared::liveness::Liveness;
use samsyn_shared::protocol::{Message, PresenceEntry, encode_presence};
use samsyn_shared::transport::TransportChoice;

use crate::api;
use crate::state::malbild::port::{OpenedFrom, Port};
use crate::state::malbild::{Malbild, Phase};
use crate::state::now;
use connection::{Connection, ConnectionEvents};
use device_driver::DeviceDriver;

/// Starts syncing; it goes on as long as the page lives.
pub fn connect(malbild: Malbild, kept: OpenedFrom) {
    let OpenedFrom { device, epoch, found, token } = kept;
    let link = Rc::new(Link {
        malbild,
        session: RefCell::new(epoch.map_or_else(ClientSession::default, ClientSession::holding)),
        device: DeviceDriver::on(device),
        token: RefCell::new(token),
        connection: RefCell::default(),
        choice: RefCell::default(),
        backoff: RefCell::default(),
        liveness: Cell::default(),
        attempt: Cell::new(0),
        was_heard: Cell::new(false),
        done: Cell::new(false),
    });
    let (edited, presence, retry) = (link.clone(), link.clone(), link.clone());
    malbild.plug(Port {
        edited: Box::new(move |update| edited.handle(Event::Edited(update))),
        presence: Box::new(move |entry| presence.tell_presence(entry)),
        retry: Box::new(move || retry.hurry()),
    });
    let (watching, renewing) = (link.clone(), link.clone());
    set_interval(move || watching.watch(), limits::LOOK_EVERY);
    set_interval(move || renewing.malbild.announce(), limits::PRESENCE_RENEWAL);
    // The page lives as long as its målbild: the listeners are never removed.
    let (online, visible) = (link.clone(), link.clone());
    window_event_listener(leptos::ev::online, move |_| {
        online.choice.borrow_mut().network_changed();
        online.doubt();
    });
    window_event_listener(leptos::ev::visibilitychange, move |_| {
        if !document().hidden() {
            visible.doubt();
        }
    });
    link.adopt(found);
    link.open();
}

struct Link {
    malbild: Malbild,
    session: RefCell<ClientSession>,
    device: DeviceDriver,
    /// A link's token that is still to be traded for a session.
    token: RefCell<Option<String>>,
    connection: RefCell<Option<Connection>>,
    choice: RefCell<TransportChoice>,
    backoff: RefCell<Backoff>,
    /// How long nothing was heard.
    liveness: Cell<Liveness>,
    /// Counts attempts, so that what an abandoned socket still says is not taken for the new one's.
    attempt: Cell<u64>,
    /// Whether anything came over this connection.
    was_heard: Cell<bool>,
    done: Cell<bool>,
}

impl Link {
    fn open(self: &Rc<Self>) {
        if self.done.get() {
            return;
        }
        let attempt = self.attempt.get() + 1;
        self.attempt.set(attempt);
        if self.token.borrow().is_some() {
            return self.trade_token(attempt);
        }
        self.liveness.set(Liveness::default());
        let (opened, received, closed, waited) = (self.clone(), self.clone(), self.clone(), self.clone());
        let events = ConnectionEvents {
            opened: Box::new(move || {
                if opened.attempt.get() == attempt {
                    opened.handle(Event::Opened { vector: opened.malbild.vector() });
                }
            }),
            received: Box::new(move |bytes| {
                if received.attempt.get() == attempt {
                    received.heard();
                    received.handle(Event::Received(bytes));
                }
            }),
            closed: Rc::new(move || {
                if closed.attempt.get() == attempt {
                    closed.lost();
                }
            }),
        };
        let transport = self.choice.borrow_mut().begin(now());
        *self.connection.borrow_mut() = Some(Connection::open(transport, self.malbild.id, events));
        let give_up = move || {
            if waited.attempt.get() == attempt && waited.choice.borrow_mut().is_late() {
                waited.lost();
            }
        };
        set_timeout(give_up, limits::WEBSOCKET_ANSWER);
    }

    fn heard(&self) {
        self.was_heard.set(true);
        self.with_liveness(Liveness::heard);
        if let Some(transport) = self.choice.borrow_mut().heard(now()) {
            self.malbild.transport.set(Some(transport));
        }
    }

    /// What this device keeps was shown at once; the server wants to see the link first.
    fn trade_token(self: &Rc<Self>, attempt: u64) {
        let link = self.clone();
        let token = self.token.borrow().clone().unwrap_or_default();
        spawn_local(async move {
            let outcome = api::trade_token(link.malbild.id, &token).await;
            if link.attempt.get() != attempt {
                return;
            }
            match outcome {
                Err(error) if error.is_network() => link.lost(),
                // A link that opens nothing leaves whatever this browser may do already.
                Ok(()) | Err(_) => {
                    link.token.take();
                    link.malbild.forget_token();
                    link.open();
                }
            }
        });
    }

    /// The connection is gone: say so, and come back, by another transport at once or after a while.
    fn lost(self: &Rc<Self>) {
        let attempt = self.attempt.get() + 1;
        self.attempt.set(attempt);
        drop(self.connection.borrow_mut().take());
        self.handle(Event::Closed);
        self.malbild.show_presence(None);
        self.malbild.transport.set(None);
        if self.done.get() {
            return;
        }
        if self.choice.borrow_mut().lost() {
            return self.open();
        }
        if !self.was_heard.replace(false) {
            self.ask_for_access();
        }
        let delay = self.backoff.borrow_mut().next(&mut crate::state::random());
        let link = self.clone();
        set_timeout(
            move || {
                if link.attempt.get() == attempt {
                    link.open();
                }
            },
            delay,
        );
    }

    /// A browser does not tell why a socket did not open; the server's answer to a request does.
    fn ask_for_access(self: &Rc<Self>) {
        let link = self.clone();
        spawn_local(async move {
            let malbild = link.malbild;
            let answer = api::get_malbild(malbild.id).await;
            let is_open = malbild.phase.get_untracked() == Phase::Open;
            match answer {
                Ok(_) => {}
                Err(error) if error.is_network() => {
                    if !is_open {
                        malbild.phase.set(Phase::Unreachable);
                    }
                }
                Err(_) if is_open => link.handle(Event::Denied),
                Err(_) => malbild.phase.set(Phase::NoAccess),
            }
        });
    }

    /// Somebody asked, or the network came back: try now.
    fn hurry(self: &Rc<Self>) {
        self.backoff.borrow_mut().reset();
        if self.connection.borrow().is_none() {
            self.open();
        }
    }

    /// Compares with the room now and then, as long as this connection lives.
    fn compare_after(self: &Rc<Self>, rest: Duration) {
        let (link, attempt) = (self.clone(), self.attempt.get());
        let compare = move || {
            if link.attempt.get() == attempt {
                link.handle(Event::Doubted);
                link.compare_after(limits::COMPARE_EVERY);
            }
        };
        set_timeout(compare, rest);
    }

    /// The network may be another now, or the machine slept: whoever is thought to be there is asked, and
    /// who is not is looked for at once.
    fn doubt(self: &Rc<Self>) {
        if self.connection.borrow().is_some() {
            self.transmit(Message::QueryPresence.encode());
            self.with_liveness(Liveness::doubted);
            self.handle(Event::Doubted);
        }
        self.hurry();
    }

    fn watch(self: &Rc<Self>) {
        let now = now();
        if self.with_liveness(|liveness| liveness.was_away_at(now)) {
            self.doubt();
        }
        if self.with_liveness(|liveness| liveness.is_dead_at(now)) && self.connection.borrow().is_some() {
            self.lost();
        }
    }

    fn with_liveness<T>(&self, f: impl FnOnce(&mut Liveness) -> T) -> T {
        let mut liveness = self.liveness.get();
        let told = f(&mut liveness);
        self.liveness.set(liveness);
        told
    }

    fn tell_presence(&self, entry: PresenceEntry) {
        self.transmit(Message::Presence(encode_presence(&[entry])).encode());
    }

    fn transmit(&self, message: Bytes) {
        if let Some(connection) = &*self.connection.borrow() {
            connection.send(message);
        }
    }

    fn handle(self: &Rc<Self>, event: Event) {
        let mut effects = Vec::new();
        self.session.borrow_mut().handle(event, &mut effects);
        for effect in effects {
            self.perform(effect);
        }
        let (status, pending, role, health) = {
            let session = self.session.borrow();
            (session.status(), session.pending(), session.role(), session.room_health())
        };
        self.malbild.report(status, pending, role);
        self.malbild.report_room(health);
        self.note();
    }

    fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Transmit(message) => self.transmit(message),
            Effect::Keep(number, update) => self.keep_edit(number, update),
            Effect::Saved(number) => self.device.saved(number),
            Effect::Integrate(update) => {
                if self.malbild.integrate(&update).is_ok() {
                    self.device.integrated(update);
                } else {
                    self.lost();
                }
            }
            Effect::Offer { vector } => match self.malbild.difference(&vector) {
                Ok(difference) => self.handle(Event::Offered(difference)),
                Err(_) => self.lost(),
            },
            Effect::ShowPresence(entries) => self.malbild.show_presence(Some(entries)),
            Effect::InStep => {
                self.backoff.borrow_mut().reset();
                self.malbild.ready();
                // One that parted from the server came back for it; should it part again at once, it must not come
                // back in a circle.
                let has_parted = self.session.borrow().partings() > 0;
                self.compare_after(if has_parted { limits::COMPARE_EVERY } else { Duration::ZERO });
            }
            Effect::AnnouncePresence => self.malbild.announce(),
            Effect::Compare(held) => {
                if self.malbild.fingerprint().is_some_and(|own| !own.agrees_with(&held)) {
                    leptos::logging::warn!("the page and the server held something else");
                    self.handle(Event::Parted);
                }
            }
            Effect::Stop(why) => {
                self.done.set(true);
                drop(self.connection.borrow_mut().take());
                self.malbild.show_presence(None);
                self.malbild.transport.set(None);
                self.malbild.stop(why);
                if matches!(why, Stopped::Refused | Stopped::Ahead | Stopped::OtherEpoch) {
                    self.set_aside();
                }
            }
            Effect::Reconnect => self.lost(),
        }
    }
}
