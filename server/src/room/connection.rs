//! What a room calls the connections in it. It doesn't know sockets.

/// One connection, unique for the room's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Which messages a connection understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Offers `samsyn.v1`.
    Own,
    /// Any client of y-websocket's protocol.
    Stock,
}
