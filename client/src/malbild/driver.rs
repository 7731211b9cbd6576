//! Hands what happens in this browser to the shared [`Page`], and does what it says must be done: over a connection, on
//! this device, on the surfaces of the texts, at a time. It decides nothing.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::page::peer::{self, Access, Attempt, Event};
use samsyn_shared::page::{Effect, Page};
use samsyn_shared::sync::transport::Transport;

use super::connection::{Connection, ConnectionEvents};
use super::opening::forget_fragment;
use super::signals::Versions;
use super::surfaces::TextSurface;
use super::{Malbild, Phase};
use crate::api;
use crate::device::{Device, Tabs};
use crate::state::{REACHED, now};

/// What performs a page's effects. A cell is borrowed only inside one function, and nothing is called meanwhile that may
/// report something.
#[derive(Default)]
pub(super) struct Driver {
    /// None until it is known what there is to show.
    pub(super) page: RefCell<Option<Page>>,
    /// The versions of its view that the signals have.
    shown: RefCell<Versions>,
    is_performing: Cell<bool>,
    /// When the alarm goes off, and what takes it back.
    alarm: RefCell<Option<(Duration, TimeoutHandle)>>,
    connection: RefCell<Option<Connection>>,
    /// A link's token that is still to be traded for a session.
    pub(super) token: RefCell<Option<String>>,
    pub(super) device: RefCell<Option<Device>>,
    pub(super) tabs: RefCell<Option<Tabs>>,
    pub(super) surfaces: RefCell<Vec<Rc<TextSurface>>>,
    /// How far the page is from where it should have been scrolled to, in CSS pixels.
    pub(super) drift: Cell<f64>,
    /// How often it was tried to open.
    pub(super) attempts: Cell<u32>,
}

impl Malbild {
    pub(super) fn driver(&self) -> Rc<Driver> {
        self.driver.get_value()
    }

    /// Asks the page something that changes nothing; none before there is one.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut Page) -> T) -> Option<T> {
        self.driver().page.borrow_mut().as_mut().map(|page| question(page.at(now())))
    }

    /// Has the page do something, and does what follows, behind what is to be done already.
    pub(super) fn act<T>(&self, deed: impl FnOnce(&mut Page) -> T) -> Option<T> {
        let answer = self.ask(deed);
        self.perform_all();
        answer
    }

    /// Hands an event to the page's peer.
    pub(super) fn tell_peer(&self, event: Event) {
        self.act(|page| page.tell_peer(event));
    }

    /// Does what the page asks for, in order, and shows what it has to show.
    fn perform_all(&self) {
        let driver = self.driver();
        if driver.is_performing.replace(true) {
            return;
        }
        loop {
            // Not borrowed while they are performed: what is performed may lead to another event.
            let effects = self.ask(Page::take_effects).unwrap_or_default();
            if effects.is_empty() {
                break;
            }
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
        driver.is_performing.set(false);
        if let Some(page) = &*driver.page.borrow() {
            self.present(page.view(), &mut driver.shown.borrow_mut());
        }
        self.place_link();
        self.set_alarm();
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Peer(effect) => self.perform_for_peer(effect),
            Effect::Surface(key, effect) => self.perform_on_surface(key, effect),
            Effect::AwaitFrame => {
                let malbild = *self;
                request_animation_frame(move || malbild.frame());
            }
            Effect::DrawCarets => self.draw_carets(),
            Effect::Mark => {
                let begun = now();
                self.act(Page::mark);
                self.act(|page| page.marked(now().saturating_sub(begun)));
            }
            Effect::VerifyWhenIdle => {
                let malbild = *self;
                request_idle_callback(move || malbild.verify_changed());
            }
            Effect::SetEditable(editable) => self.set_editable(editable),
            Effect::NoteReached => {
                let reached = web_sys::Event::new(REACHED).expect("a name is all that it needs");
                window().dispatch_event(&reached).expect("an event that was made just now is told once");
            }
        }
    }

    fn perform_for_peer(&self, effect: peer::Effect) {
        use peer::Effect as Asked;
        let driver = self.driver();
        match effect {
            Asked::Connect(attempt, transport) => self.connect(attempt, transport),
            Asked::Disconnect => drop(driver.connection.take()),
            Asked::Transmit(message) => {
                if let Some(connection) = &*driver.connection.borrow() {
                    connection.send(message);
                }
            }
            Asked::TradeToken(attempt) => self.trade_token(attempt),
            Asked::ForgetToken => {
                driver.token.take();
                forget_fragment(self.id);
            }
            Asked::AskForAccess => self.ask_for_access(),
            Asked::Write { batch, is_strict } => self.write(batch, is_strict),
            Asked::Read { log, edits } => self.read(log, edits),
            Asked::TellTabs => {
                if let Some(tabs) = &*driver.tabs.borrow() {
                    tabs.tell();
                }
            }
            Asked::Note(about) => self.note(about),
            Asked::SetAside => self.set_aside(),
            Asked::AskToPersist => spawn_local(crate::device::ask_to_persist()),
            Asked::ShowReady => self.ready(),
            Asked::ShowUnreachable => self.opening.phase.set(Phase::Unreachable),
            Asked::ShowNoAccess => self.opening.phase.set(Phase::NoAccess),
            Asked::NoteParting => {
                leptos::logging::warn!("the page and the server held something else");
            }
            // The page shows these itself.
            Asked::AnnouncePresence
            | Asked::Show(_)
            | Asked::ShowPresence(_)
            | Asked::ShowTransport(_)
            | Asked::ShowStopped(_) => {}
        }
    }

    /// Listens to what happens to the page, which lives as long as its målbild: no listener is ever removed.
    pub(super) fn listen(self) {
        window_event_listener(leptos::ev::online, move |_| self.tell_peer(Event::NetworkChanged));
        window_event_listener(leptos::ev::visibilitychange, move |_| {
            if document().hidden() { self.leave_soon() } else { self.tell_peer(Event::Shown) }
        });
        window_event_listener_untyped("pagehide", move |_| {
            self.act(Page::leave);
            self.leave_soon();
        });
        window_event_listener(leptos::ev::scroll, move |_| {
            self.act(Page::draw_carets_soon);
        });
        self.listen_to_tabs();
    }

    /// The page may end now: what was written and is not reported comes into the document, and on to the device.
    fn leave_soon(&self) {
        self.settle();
        self.tell_peer(Event::Leaving);
    }

    fn connect(&self, attempt: Attempt, transport: Transport) {
        let malbild = *self;
        let events = ConnectionEvents {
            opened: Box::new(move || malbild.tell_peer(Event::Opened(attempt))),
            received: Box::new(move |bytes| malbild.tell_peer(Event::Received(attempt, bytes))),
            closed: Rc::new(move |code| malbild.tell_peer(Event::Closed(attempt, code))),
        };
        let connection = Connection::open(transport, self.id, events);
        *self.driver().connection.borrow_mut() = Some(connection);
    }

    fn trade_token(&self, attempt: Attempt) {
        let malbild = *self;
        let token = self.driver().token.borrow().clone().unwrap_or_default();
        spawn_local(async move {
            let outcome = api::trade_token(malbild.id, &token).await;
            let is_reached = !outcome.is_err_and(|error| error.is_network());
            malbild.tell_peer(Event::TokenTraded { attempt, is_reached });
        });
    }

    fn ask_for_access(&self) {
        let malbild = *self;
        spawn_local(async move {
            let access = match api::get_malbild(malbild.id).await {
                Ok(_) => Access::Open,
                Err(error) if error.is_network() => Access::Unknown,
                Err(_) => Access::Denied,
            };
            malbild.tell_peer(Event::AccessAnswered(access));
        });
    }

    /// Has the alarm go off when the page wants to be woken; one that goes off earlier is left as it is.
    fn set_alarm(&self) {
        let now = now();
        let driver = self.driver();
        let Some(rest) = driver.page.borrow().as_ref().and_then(|page| page.wake_in(now)) else { return };
        let due = now + rest;
        let mut alarm = driver.alarm.borrow_mut();
        // A clock that was set back would have the alarm far away.
        let is_soon = |at: &Duration| *at <= due && *at + rest >= now;
        if alarm.as_ref().is_some_and(|(at, _)| is_soon(at)) {
            return;
        }
        let malbild = *self;
        let woke = move || {
            malbild.driver().alarm.take();
            malbild.act(Page::wake);
        };
        if let Some((_, handle)) = alarm.take() {
            handle.clear();
        }
        *alarm = set_timeout_with_handle(woke, rest).ok().map(|handle| (due, handle));
    }
}
