//! A client's end of its connection: it comes back when it is gone, as a browser does. It doesn't know what is
//! said over it.

use std::time::Duration;

use bytes::Bytes;
use samsyn_server::room::Dialect;
use samsyn_shared::backoff::Backoff;

use super::nature::{Happening, Nature};
use super::network::{LinkId, Packet, Side};

#[derive(Debug)]
pub(super) struct Wire {
    /// Whose it is.
    pub(super) client: usize,
    pub(super) dialect: Dialect,
    link: Option<LinkId>,
    is_open: bool,
    heard: Duration,
    pub(super) backoff: Backoff,
}

impl Wire {
    pub(super) fn new(client: usize, dialect: Dialect) -> Self {
        let backoff = Backoff::default();
        Self { client, dialect, link: None, is_open: false, heard: Duration::ZERO, backoff }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) const fn link(&self) -> Option<LinkId> {
        self.link
    }

    /// Connects, unless it has.
    pub(super) fn connect(&mut self, nature: &mut Nature) {
        if self.link.is_none() {
            let link = nature.network.connect(self.client);
            self.link = Some(link);
            self.heard = nature.now;
            nature.send(link, Side::Server, Packet::Open);
        }
    }

    /// A packet came over a connection. Gives it if that is the present one.
    pub(super) fn hears(&mut self, nature: &mut Nature, link: LinkId) -> Option<Packet> {
        let packet = nature.network.arrive(link, Side::Client)?;
        if self.link != Some(link) {
            return None;
        }
        self.heard = nature.now;
        self.is_open |= matches!(packet, Packet::Open);
        Some(packet)
    }

    pub(super) fn send(&self, nature: &mut Nature, frame: Bytes) {
        if let (Some(link), true) = (self.link, self.is_open) {
            nature.send_frame(link, Side::Server, frame);
        }
    }

    /// Whether nothing was heard for so long.
    pub(super) fn is_silent_for(&self, nature: &Nature, silence: Duration) -> bool {
        self.link.is_some() && nature.now - self.heard > silence
    }

    /// The connection is gone, or given up: comes back after a while.
    pub(super) fn lose(&mut self, nature: &mut Nature) {
        self.is_open = false;
        if let Some(link) = self.link.take() {
            nature.cut(link);
            nature.network.deafen(link, Side::Client);
        }
        let delay = self.backoff.next(&mut nature.rng);
        nature.after(delay, Happening::Connects(self.client));
    }
}
