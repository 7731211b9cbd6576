//! Keeps an open målbild in step with the server: hands what happens in this browser to the page's `Peer`, and does what
//! it says must be done, over a connection, the device and the views. It decides nothing.

mod connection;
mod device_driver;
mod socket;
mod stream;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::page::peer::{Access, Attempt, Effect, Event};
use samsyn_shared::sync::transport::Transport;

use crate::api;
use crate::device::{Device, Tabs};
use crate::state::malbild::Malbild;
use crate::state::malbild::port::{OpenedFrom, Port};
use crate::state::now;
use connection::{Connection, ConnectionEvents};

/// Starts syncing; it goes on as long as the page lives.
pub fn connect(malbild: Malbild, OpenedFrom { device, token }: OpenedFrom) {
    let driver = Driver(Rc::new(State {
        malbild,
        effects: RefCell::default(),
        is_performing: Cell::default(),
        connection: RefCell::default(),
        tabs: RefCell::default(),
        device,
        token: RefCell::new(token),
        alarm: RefCell::default(),
    }));
    let told = |event: fn() -> Event| {
        let driver = driver.clone();
        move || driver.handle(event())
    };
    let (editing, announcing) = (driver.clone(), driver.clone());
    malbild.plug(Port {
        edited: Box::new(move |update| editing.handle(Event::Edited(update))),
        presence: Box::new(move |entry| announcing.handle(Event::Announced(entry))),
        retry: Box::new(told(|| Event::RetryAsked)),
    });
    // The page lives as long as its målbild: the listeners are never removed.
    let (online, visible) = (told(|| Event::NetworkChanged), told(|| Event::Shown));
    window_event_listener(leptos::ev::online, move |_| online());
    window_event_listener(leptos::ev::visibilitychange, move |_| {
        if !document().hidden() {
            visible();
        }
    });
    driver.listen_to_device();
    driver.handle(Event::Started);
}

/// What performs the peer's effects. `Clone`: it is one and the same.
#[derive(Clone)]
struct Driver(Rc<State>);

struct State {
    malbild: Malbild,
    /// What is to be done, in order.
    effects: RefCell<Vec<Effect>>,
    is_performing: Cell<bool>,
    connection: RefCell<Option<Connection>>,
    tabs: RefCell<Option<Tabs>>,
    device: Option<Device>,
    /// A link's token that is still to be traded for a session.
    token: RefCell<Option<String>>,
    /// When the alarm goes off, and what takes it back.
    alarm: RefCell<Option<(Duration, TimeoutHandle)>>,
}

impl Driver {
    /// Hands an event to the peer, and does what follows, behind what is to be done already.
    fn handle(&self, event: Event) {
        let mut effects = Vec::new();
        self.0.malbild.tell_peer(now(), event, &mut effects);
        self.0.effects.borrow_mut().extend(effects);
        if !self.0.is_performing.replace(true) {
            loop {
                // Not borrowed while they are performed: what is performed may lead to another event.
                let effects = self.0.effects.take();
                if effects.is_empty() {
                    break;
                }
                effects.into_iter().for_each(|effect| self.perform(effect));
            }
            self.0.is_performing.set(false);
            self.0.malbild.report();
            self.set_alarm();
        }
    }

    fn perform(&self, effect: Effect) {
        let malbild = self.0.malbild;
        match effect {
            Effect::Connect(attempt, transport) => self.connect(attempt, transport),
            Effect::Disconnect => drop(self.0.connection.borrow_mut().take()),
            Effect::Transmit(message) => {
                if let Some(connection) = &*self.0.connection.borrow() {
                    connection.send(message);
                }
            }
            Effect::TradeToken(attempt) => self.trade_token(attempt),
            Effect::ForgetToken => {
                self.0.token.take();
                malbild.forget_token();
            }
            Effect::AskForAccess => self.ask_for_access(),
            Effect::Write { batch, is_strict } => self.write(batch, is_strict),
            Effect::Read { log, edits } => self.read(log, edits),
            Effect::TellTabs => {
                if let Some(tabs) = &*self.0.tabs.borrow() {
                    tabs.tell();
                }
            }
            Effect::Note(about) => self.note(about),
            Effect::SetAside => self.set_aside(),
            Effect::AskToPersist => spawn_local(crate::device::ask_to_persist()),
            Effect::AnnouncePresence => malbild.announce(),
            Effect::Show(changes) => malbild.show(&changes),
            Effect::ShowPresence(entries) => malbild.show_presence(entries),
            Effect::ShowTransport(transport) => malbild.transport.set(transport),
            Effect::ShowReady => malbild.ready(),
            Effect::ShowUnreachable => malbild.be_unreachable(),
            Effect::ShowNoAccess => malbild.be_denied(),
            Effect::ShowStopped(why) => malbild.stop(why),
            Effect::NoteParting => {
                leptos::logging::warn!("the page and the server held something else");
            }
        }
    }

    fn connect(&self, attempt: Attempt, transport: Transport) {
        let (opened, received, closed) = (self.clone(), self.clone(), self.clone());
        let events = ConnectionEvents {
            opened: Box::new(move || opened.handle(Event::Opened(attempt))),
            received: Box::new(move |bytes| received.handle(Event::Received(attempt, bytes))),
            closed: Rc::new(move || closed.handle(Event::Closed(attempt))),
        };
        let connection = Connection::open(transport, self.0.malbild.id, events);
        *self.0.connection.borrow_mut() = Some(connection);
    }

    fn trade_token(&self, attempt: Attempt) {
        let driver = self.clone();
        let token = self.0.token.borrow().clone().unwrap_or_default();
        spawn_local(async move {
            let outcome = api::trade_token(driver.0.malbild.id, &token).await;
            let is_reached = !outcome.is_err_and(|error| error.is_network());
            driver.handle(Event::TokenTraded { attempt, is_reached });
        });
    }

    fn ask_for_access(&self) {
        let driver = self.clone();
        spawn_local(async move {
            let access = match api::get_malbild(driver.0.malbild.id).await {
                Ok(_) => Access::Open,
                Err(error) if error.is_network() => Access::Unknown,
                Err(_) => Access::Denied,
            };
            driver.handle(Event::AccessAnswered(access));
        });
    }

    /// Has the alarm go off when the peer wants to be woken; one that goes off earlier is left as it is.
    fn set_alarm(&self) {
        let now = now();
        let Some(rest) = self.0.malbild.wake_in(now) else { return };
        let due = now + rest;
        let mut alarm = self.0.alarm.borrow_mut();
        // A clock that was set back would have the alarm far away.
        let is_soon = |at: &Duration| *at <= due && *at + rest >= now;
        if alarm.as_ref().is_some_and(|(at, _)| is_soon(at)) {
            return;
        }
        let driver = self.clone();
        let woke = move || {
            driver.0.alarm.take();
            driver.handle(Event::Woke);
        };
        if let Some((_, handle)) = alarm.take() {
            handle.clear();
        }
        *alarm = set_timeout_with_handle(woke, rest).ok().map(|handle| (due, handle));
    }
}
