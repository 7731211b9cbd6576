//! What a room calls the connections in it. It doesn't know sockets.

/// One connection, unique for the room's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);
