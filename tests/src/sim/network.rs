//! The connections between pages and the server: messages under direction, in order on each connection and in no
//! order between them. It doesn't know what a message means, nor when anything happens.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use rand::Rng;
use rand::rngs::SmallRng;

/// One attempt to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(pub(super) u64);

/// One of a connection's two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What travels.
#[derive(Debug, Clone)]
pub(super) enum Packet {
    /// A client knocks, or the server lets it in.
    Open,
    /// One whole WebSocket message.
    Frame(Bytes),
    /// The other end has closed, perhaps with a code.
    Close(Option<u16>),
}

#[derive(Debug, Default)]
pub(super) struct Network {
    links: BTreeMap<LinkId, Link>,
    next: u64,
}

#[derive(Debug)]
struct Link {
    client: usize,
    is_cut: bool,
    to_client: Direction,
    to_server: Direction,
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Direction {
    under_way: VecDeque<Packet>,
    /// When the last of them arrives.
    last: Duration,
}

impl Network {
    /// A client begins to connect.
    pub(super) fn connect(&mut self, client: usize) -> LinkId {
        let id = LinkId(self.next);
        self.next += 1;
        let direction = Direction::default;
        self.links.insert(id, Link { client, is_cut: false, to_client: direction(), to_server: direction() });
        id
    }

    /// Whose connection it is.
    pub(super) fn client_of(&self, link: LinkId) -> Option<usize> {
        self.links.get(&link).map(|link| link.client)
    }

    /// Whether nothing gets through any more.
    pub(super) fn is_cut(&self, link: LinkId) -> bool {
        self.links.get(&link).is_none_or(|link| link.is_cut)
    }

    /// Whether something on a whole connection arrives later than that.
    pub(super) fn is_awaited_after(&self, time: Duration) -> bool {
        let mut whole = self.links.values().filter(|link| !link.is_cut);
        whole.any(|link| link.to_client.last > time || link.to_server.last > time)
    }

    /// Sends a packet that would take so long by itself. Gives the time of its arrival, unless the
    /// connection is cut: then nobody ever hears of it.
    pub(super) fn send(
        &mut self,
        link: LinkId,
        to: Side,
        packet: Packet,
        now: Duration,
        delay: Duration,
    ) -> Option<Duration> {
        let link = self.links.get_mut(&link).filter(|link| !link.is_cut)?;
        let direction = link.direction(to);
        direction.under_way.push_back(packet);
        direction.last = direction.last.max(now + delay);
        Some(direction.last)
    }

    /// A packet arrives, unless it was lost.
    pub(super) fn arrive(&mut self, link: LinkId, at: Side) -> Option<Packet> {
        self.links.get_mut(&link)?.direction(at).under_way.pop_front()
    }

    /// Cuts a connection: of what is under direction each direction, a random number of the last messages is lost. Says
    /// whether it was whole.
    pub(super) fn cut(&mut self, link: LinkId, rng: &mut SmallRng) -> bool {
        let Some(link) = self.links.get_mut(&link) else { return false };
        for direction in [&mut link.to_client, &mut link.to_server] {
            direction.under_way.truncate(rng.random_range(0..=direction.under_way.len()));
        }
        !std::mem::replace(&mut link.is_cut, true)
    }

    /// One end is gone: what was under direction to it is lost, and it takes nothing more.
    pub(super) fn deafen(&mut self, link: LinkId, side: Side) {
        if let Some(link) = self.links.get_mut(&link) {
            link.direction(side).under_way.clear();
        }
    }
}

impl Link {
    fn direction(&mut self, to: Side) -> &mut Direction {
        match to {
            Side::Client => &mut self.to_client,
            Side::Server => &mut self.to_server,
        }
    }
}
