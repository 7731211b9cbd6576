//! One WebSocket to the server. What the bytes mean is the session's.

use std::rc::Rc;

use leptos::task::spawn_local;
use samsyn_shared::MalbildId;
use samsyn_shared::sync::protocol::SUBPROTOCOL;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use super::ConnectionEvents;
use crate::early;

/// An open or opening socket; dropped, it is closed and says nothing more.
pub(in crate::malbild) struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn Fn()>,
    _received: Closure<dyn Fn(MessageEvent)>,
    _closed: Closure<dyn Fn(CloseEvent)>,
}

impl Socket {
    /// Begins to open a socket to a målbild's content.
    pub(super) fn open(id: MalbildId, events: ConnectionEvents) -> Self {
        let ConnectionEvents { opened, received, closed } = events;
        let (socket, heard) = early::socket(id).unwrap_or_else(|| (Self::opening(id), Vec::new()));
        let opened: Rc<dyn Fn()> = opened.into();
        let received = Rc::new(move |event: MessageEvent| {
            // A text frame is no message of the protocol: it is passed over.
            if let Ok(buffer) = event.data().dyn_into::<js_sys::ArrayBuffer>() {
                received(js_sys::Uint8Array::new(&buffer).to_vec().into());
            }
        });
        let state = socket.ready_state();
        if state != WebSocket::CONNECTING {
            // Its caller does not have it yet. No event comes before this.
            let (opened, received, closed) = (opened.clone(), received.clone(), closed.clone());
            spawn_local(async move {
                if state == WebSocket::OPEN || !heard.is_empty() {
                    opened();
                }
                heard.into_iter().for_each(|event| received(event));
                if state != WebSocket::OPEN {
                    closed(None);
                }
            });
        }
        let opened = Closure::new(move || opened());
        let received = Closure::new(move |event| received(event));
        let closed = Closure::new(move |event: CloseEvent| closed(Some(event.code())));
        socket.set_onopen(Some(AsRef::<JsValue>::as_ref(&opened).unchecked_ref()));
        socket.set_onmessage(Some(AsRef::<JsValue>::as_ref(&received).unchecked_ref()));
        socket.set_onclose(Some(AsRef::<JsValue>::as_ref(&closed).unchecked_ref()));
        Self { socket, _opened: opened, _received: received, _closed: closed }
    }

    fn opening(id: MalbildId) -> WebSocket {
        let location = web_sys::window().expect("the page runs in a window").location();
        let host = location.host().expect("a page from a server has a host");
        let secure = location.protocol().is_ok_and(|protocol| protocol == "https:");
        let scheme = if secure { "wss" } else { "ws" };
        let address = format!("{scheme}://{host}/sync/{id}/content");
        let socket = WebSocket::new_with_str(&address, SUBPROTOCOL).expect("the address is a valid one");
        socket.set_binary_type(BinaryType::Arraybuffer);
        socket
    }

    /// Sends a message, if it is open.
    pub(super) fn send(&self, bytes: &[u8]) {
        if self.socket.ready_state() == WebSocket::OPEN && self.socket.send_with_u8_array(bytes).is_err() {
            leptos::logging::warn!("the socket did not take a message");
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        if self.socket.close().is_err() {
            leptos::logging::warn!("the socket did not close");
        }
    }
}
