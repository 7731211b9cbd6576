//! Somebody who sends what no decent client would: real frames with bits flipped, cut short, or out of place.
//! It does not write in the name of honest clients: whoever may write can, with this CRDT.

use anyhow::Result;
use bytes::Bytes;
use rand::Rng;
use samsyn_shared::WriteNumber;
use samsyn_shared::document::scan;
use samsyn_shared::room::Dialect;
use samsyn_shared::sync::protocol::{Message, PresenceEntry, encode_presence};

use super::environment::Environment;
use super::network::{LinkId, Packet};
use super::replica::Replica;
use super::wire::Wire;

#[derive(Debug)]
pub(super) struct Hostile {
    pub(super) wire: Wire,
    replica: Replica,
    /// The update that it heard last.
    heard: Bytes,
    written: u64,
}

impl Hostile {
    pub(super) fn new(client: usize, environment: &mut Environment) -> Self {
        let dialect = if environment.rng.random_bool(0.5) { Dialect::Own } else { Dialect::Stock };
        let replica = Replica::new(&mut environment.rng);
        Self { wire: Wire::new(client, dialect), replica, heard: Bytes::from_static(&[0, 0]), written: 0 }
    }

    pub(super) fn connect(&mut self, environment: &mut Environment) {
        if !environment.is_calm {
            self.wire.connect(environment);
        }
    }

    pub(super) fn act(&mut self, environment: &mut Environment) -> Result<()> {
        let message = self.message(environment)?;
        let mut frame = message.encode().to_vec();
        for _ in 0..environment.rng.random_range(0..3) {
            let at = environment.rng.random_range(0..frame.len());
            frame[at] ^= 1 << environment.rng.random_range(0..8);
        }
        if environment.rng.random_bool(0.05) {
            frame.truncate(environment.rng.random_range(0..frame.len()));
        }
        let frame = Bytes::from(frame);
        if !is_forged(environment, frame.clone()) {
            environment.note(|| format!("{} (hostile) sends {frame:02x?}", self.wire.client));
            self.wire.send(environment, frame);
        }
        Ok(())
    }

    fn message(&mut self, environment: &mut Environment) -> Result<Message> {
        self.written += 1;
        let (client, clock) = (self.replica.client(), self.written);
        let update = match environment.rng.random_range(0..6) {
            0 => return Ok(Message::Step1(self.replica.vector()?)),
            1 => {
                let entry = PresenceEntry { client, clock, state: r#"{"user":{}}"#.to_owned() };
                return Ok(Message::Presence(encode_presence(&[entry])));
            }
            2 => return Ok(Message::QueryPresence),
            3 => self.heard.clone(),
            _ => self.replica.edit(&mut environment.rng)?.unwrap_or_default(),
        };
        Ok(match environment.rng.random_range(0..3) {
            0 => Message::Update(update),
            1 => Message::Step2(update),
            _ => Message::Write(WriteNumber(self.written), update),
        })
    }

    pub(super) fn hear(&mut self, environment: &mut Environment, link: LinkId) {
        match self.wire.hears(environment, link) {
            Some(Packet::Frame(frame)) => {
                if let Ok(Message::Update(update) | Message::Step2(update)) = Message::decode(frame) {
                    // It may hold anything by now; what does not apply is nobody's loss.
                    self.replica.integrate(&update).ok();
                    self.heard = update;
                }
            }
            Some(Packet::Close(_)) => self.wire.lose(environment),
            None | Some(Packet::Open) => {}
        }
    }

    pub(super) fn notice(&mut self, environment: &mut Environment, link: LinkId) {
        if self.wire.link() == Some(link) {
            self.wire.lose(environment);
        }
    }
}

/// Whether a frame brings something new in the name of an honest client.
fn is_forged(environment: &Environment, frame: Bytes) -> bool {
    let Ok(Message::Update(update) | Message::Step2(update) | Message::Write(_, update)) =
        Message::decode(frame)
    else {
        return false;
    };
    scan::update(&update).is_ok_and(|scan| {
        let is_new = |client: &u64, end| end > environment.disk.durable().end_of(*client);
        scan.blocks
            .iter()
            .any(|(client, clocks)| environment.honest.contains(client) && is_new(client, clocks.end))
    })
}
