//! One connection over HTTP: an `EventSource` that hears, and requests that speak, one at a time. What is sent while
//! one is on its way goes together in the next. What the messages mean is the session's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use leptos::task::spawn_local;
use samsyn_shared::MalbildId;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::stream::{CLOSE_EVENT, CONNECTION_EVENT, pack};
use wasm_bindgen::prelude::*;
use web_sys::{EventSource, MessageEvent};

use super::ConnectionEvents;
use crate::api;

/// An open or opening stream; dropped, it is closed. What was handed to the browser is sent nevertheless.
pub(in crate::malbild) struct Stream {
    source: EventSource,
    posts: Rc<Posts>,
    _greeted: Closure<dyn Fn(MessageEvent)>,
    _received: Closure<dyn Fn(MessageEvent)>,
    _closed: Closure<dyn Fn(MessageEvent)>,
}

/// What goes up.
struct Posts {
    id: MalbildId,
    /// What the requests show, once the stream has begun.
    secret: RefCell<Option<String>>,
    /// The number of the last request, when it was made, and whether it is on its way still.
    number: Cell<u64>,
    posted_at: Cell<f64>,
    under_way: Cell<bool>,
    waiting: RefCell<Vec<Bytes>>,
    closed: Rc<dyn Fn(Option<u16>)>,
}

impl Stream {
    /// Begins to open a stream of a målbild's content.
    pub(super) fn open(id: MalbildId, events: ConnectionEvents) -> Self {
        let ConnectionEvents { opened, received, closed } = events;
        let source = EventSource::new(&api::events_path(id)).expect("the address is a valid one");
        let posts = Rc::new(Posts {
            id,
            secret: RefCell::default(),
            number: Cell::default(),
            posted_at: Cell::default(),
            under_way: Cell::default(),
            waiting: RefCell::default(),
            closed: closed.clone(),
        });
        let greeted = posts.clone();
        let greeted = Closure::new(move |event: MessageEvent| {
            *greeted.secret.borrow_mut() = event.data().as_string();
            opened();
        });
        let (answering, broken) = (posts.clone(), closed.clone());
        let received = Closure::new(move |event: MessageEvent| {
            let data = event.data().as_string().unwrap_or_default();
            match STANDARD.decode(data) {
                Ok(message) => received(message.into()),
                // Something in between changed it.
                Err(_) => return broken(None),
            }
            answering.answer();
        });
        // An EventSource would come back by itself, as another connection: when to do that is decided elsewhere.
        let closed = Closure::new(move |event: MessageEvent| {
            // The last line is a code and its reason; an error has no words.
            let words = event.data().as_string().unwrap_or_default();
            closed(words.rsplit('\n').next().and_then(|last| last.split(' ').next()?.parse().ok()));
        });
        let listen = |name: &str, closure: &JsValue| {
            source
                .add_event_listener_with_callback(name, closure.unchecked_ref())
                .expect("an EventSource takes listeners");
        };
        listen(CONNECTION_EVENT, greeted.as_ref());
        listen("message", received.as_ref());
        listen(CLOSE_EVENT, closed.as_ref());
        listen("error", closed.as_ref());
        Self { source, posts, _greeted: greeted, _received: received, _closed: closed }
    }

    /// Sends a message, with the next request.
    pub(super) fn send(&self, message: Bytes) {
        if self.posts.secret.borrow().is_some() {
            self.posts.waiting.borrow_mut().push(message);
            self.posts.post();
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
        self.posts.secret.take();
    }
}

impl Posts {
    /// Lets the server hear that somebody is here, if it heard nothing for a while. Done when something is heard,
    /// and not by a timer: those of a page in the background hardly run.
    fn answer(self: &Rc<Self>) {
        if js_sys::Date::now() - self.posted_at.get() >= limits::ANSWER_EVERY.as_millis() as f64 {
            self.post();
        }
    }

    /// Sends what waits, unless a request is on its way: then that is done when it has arrived.
    fn post(self: &Rc<Self>) {
        let Some(secret) = self.secret.borrow().clone().filter(|_| !self.under_way.replace(true)) else {
            return;
        };
        self.number.set(self.number.get() + 1);
        self.posted_at.set(js_sys::Date::now());
        let body = self.next_body();
        let posts = self.clone();
        spawn_local(async move {
            let posted = api::post_messages(posts.id, &secret, posts.number.get(), &body).await;
            posts.under_way.set(false);
            if posted.is_err() {
                // All that did not arrive is offered again by the next connection.
                (posts.closed)(None);
            } else if !posts.waiting.borrow().is_empty() {
                posts.post();
            }
        });
    }

    /// As many of the messages that wait as one request takes, one at least.
    fn next_body(&self) -> Bytes {
        let mut waiting = self.waiting.borrow_mut();
        let mut bytes = 0;
        let fits = |message: &&Bytes| {
            bytes += message.len() + limits::ENVELOPE_BYTES;
            bytes <= limits::MESSAGE_BYTES
        };
        let count = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
        let rest = waiting.split_off(count);
        pack(&std::mem::replace(&mut *waiting, rest))
    }
}
