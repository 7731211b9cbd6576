//! What carries the protocol's messages: a WebSocket, or HTTP. To whoever sends and hears they are the same.

mod socket;
mod stream;

use std::rc::Rc;

use bytes::Bytes;
use samsyn_shared::MalbildId;
use samsyn_shared::sync::transport::Transport;

use self::socket::Socket;
use self::stream::Stream;
use crate::early;

/// An open or opening connection; dropped, it is closed.
pub(super) enum Connection {
    Socket(Socket),
    Stream(Stream),
}

/// What is told of a connection.
pub(super) struct ConnectionEvents {
    /// It is open: what is sent from now on arrives, or it is closed.
    pub(super) opened: Box<dyn Fn()>,
    /// A message came.
    pub(super) received: Box<dyn Fn(Bytes)>,
    /// It is gone, or never opened; and the code that the server closed it with, if it gave one. May be told more than
    /// once.
    pub(super) closed: Rc<dyn Fn(Option<u16>)>,
}

impl Connection {
    /// Begins to open a connection to a målbild's content.
    pub(super) fn open(transport: Transport, id: MalbildId, events: ConnectionEvents) -> Self {
        match transport {
            Transport::WebSocket => Self::Socket(Socket::open(id, events)),
            Transport::Http => {
                if let Some((socket, _)) = early::socket(id)
                    && socket.close().is_err()
                {
                    leptos::logging::warn!("a socket that nobody takes did not close");
                }
                Self::Stream(Stream::open(id, events))
            }
        }
    }

    /// Sends a message. On a connection that is not open the message is dropped: the session offers all that the
    /// server lacks when the next one opens.
    pub(super) fn send(&self, message: Bytes) {
        match self {
            Self::Socket(socket) => socket.send(&message),
            Self::Stream(stream) => stream.send(message),
        }
    }
}
