//! A client's end of its connection: it comes back when it is gone, as a browser does. It doesn't know what is
//! said over it.

use std::time::Duration;

use bytes::Bytes;
use samsyn_shared::room::Dialect;
use samsyn_shared::sync::backoff::Backoff;

use super::environment::{Environment, Scheduled};
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
    pub(super) fn connect(&mut self, environment: &mut Environment) {
        self.connect_unless(environment, false);
    }

    /// Connects, unless it has. What is blocked on its way never arrives.
    pub(super) fn connect_unless(&mut self, environment: &mut Environment, is_blocked: bool) {
        if self.link.is_none() {
            let link = environment.network.connect(self.client);
            self.link = Some(link);
            self.heard = environment.now;
            if is_blocked {
                environment.tally.blocked += 1;
                return;
            }
            environment.send(link, Side::Server, Packet::Open);
        }
    }

    /// A packet came over a connection. Gives it if that is the present one.
    pub(super) fn hears(&mut self, environment: &mut Environment, link: LinkId) -> Option<Packet> {
        let packet = environment.network.arrive(link, Side::Client)?;
        if self.link != Some(link) {
            return None;
        }
        self.heard = environment.now;
        self.is_open |= matches!(packet, Packet::Open);
        Some(packet)
    }

    pub(super) fn send(&self, environment: &mut Environment, frame: Bytes) {
        if let (Some(link), true) = (self.link, self.is_open) {
            environment.send_frame(link, Side::Server, frame);
        }
    }

    /// Whether nothing was heard for so long.
    pub(super) fn is_silent_for(&self, environment: &Environment, silence: Duration) -> bool {
        self.link.is_some() && environment.now - self.heard > silence
    }

    /// The connection is given up.
    pub(super) fn leave(&mut self, environment: &mut Environment) {
        self.is_open = false;
        if let Some(link) = self.link.take() {
            environment.cut(link);
            environment.network.deafen(link, Side::Client);
        }
    }

    /// The connection is gone, or given up: comes back after a while.
    pub(super) fn lose(&mut self, environment: &mut Environment) {
        self.leave(environment);
        let delay = self.backoff.next(&mut environment.rng);
        environment.after(delay, Scheduled::Connects(self.client));
    }
}
