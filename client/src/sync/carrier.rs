//! What carries the protocol's messages: a WebSocket, or HTTP. To whoever sends and hears they are the same.

use std::rc::Rc;

use bytes::Bytes;
use samsyn_shared::MalbildId;
use samsyn_shared::way::Way;

use super::socket::Socket;
use super::stream::Stream;

/// An open or opening connection; dropped, it is closed.
pub(super) enum Carrier {
    Socket(Socket),
    Stream(Stream),
}

/// What is told of a connection.
pub(super) struct Ears {
    /// It is open: what is sent from now on arrives, or it is closed.
    pub(super) opened: Box<dyn Fn()>,
    /// A message came.
    pub(super) received: Box<dyn Fn(Bytes)>,
    /// It is gone, or never opened. May be told more than once.
    pub(super) closed: Rc<dyn Fn()>,
}

impl Carrier {
    /// Begins to open a connection to a målbild's content.
    pub(super) fn open(way: Way, id: MalbildId, ears: Ears) -> Self {
        match way {
            Way::WebSocket => Self::Socket(Socket::open(id, ears)),
            Way::Http => Self::Stream(Stream::open(id, ears)),
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
