//! Somebody who sends what no decent client would: real frames with bits flipped, cut short, or out of place.
//! It does not write in the name of honest clients: whoever may write can, with this CRDT.

use anyhow::Result;
use bytes::Bytes;
use rand::Rng;
use samsyn_server::room::Dialect;
use samsyn_shared::protocol::{Message, PresenceEntry, encode_presence};
use samsyn_shared::{WriteNumber, scan};

use super::nature::Nature;
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
    pub(super) fn new(client: usize, nature: &mut Nature) -> Self {
        let dialect = if nature.rng.random_bool(0.5) { Dialect::Own } else { Dialect::Stock };
        let replica = Replica::new(&mut nature.rng);
        Self { wire: Wire::new(client, dialect), replica, heard: Bytes::from_static(&[0, 0]), written: 0 }
    }

    pub(super) fn connect(&mut self, nature: &mut Nature) {
        if !nature.is_calm {
            self.wire.connect(nature);
        }
    }

    pub(super) fn act(&mut self, nature: &mut Nature) -> Result<()> {
        let message = self.message(nature)?;
        let mut frame = message.encode().to_vec();
        for _ in 0..nature.rng.random_range(0..3) {
            let at = nature.rng.random_range(0..frame.len());
            frame[at] ^= 1 << nature.rng.random_range(0..8);
        }
        if nature.rng.random_bool(0.05) {
            frame.truncate(nature.rng.random_range(0..frame.len()));
        }
        let frame = Bytes::from(frame);
        if !is_forged(nature, frame.clone()) {
            nature.note(|| format!("{} (hostile) sends {frame:02x?}", self.wire.client));
            self.wire.send(nature, frame);
        }
        Ok(())
    }

    fn message(&mut self, nature: &mut Nature) -> Result<Message> {
        self.written += 1;
        let (client, clock) = (self.replica.client(), self.written);
        let update = match nature.rng.random_range(0..6) {
            0 => return Ok(Message::Step1(self.replica.vector()?)),
            1 => {
                let entry = PresenceEntry { client, clock, state: r#"{"user":{}}"#.to_owned() };
                return Ok(Message::Presence(encode_presence(&[entry])));
            }
            2 => return Ok(Message::QueryPresence),
            3 => self.heard.clone(),
            _ => self.replica.edit(&mut nature.rng)?.unwrap_or_default(),
        };
        Ok(match nature.rng.random_range(0..3) {
            0 => Message::Update(update),
            1 => Message::Step2(update),
            _ => Message::Write(WriteNumber(self.written), update),
        })
    }

    pub(super) fn hear(&mut self, nature: &mut Nature, link: LinkId) {
        match self.wire.hears(nature, link) {
            Some(Packet::Frame(frame)) => {
                if let Ok(Message::Update(update) | Message::Step2(update)) = Message::decode(frame) {
                    // It may hold anything by now; what does not apply is nobody's loss.
                    self.replica.integrate(&update).ok();
                    self.heard = update;
                }
            }
            Some(Packet::Close) => self.wire.lose(nature),
            None | Some(Packet::Open) => {}
        }
    }

    pub(super) fn notice(&mut self, nature: &mut Nature, link: LinkId) {
        if self.wire.link() == Some(link) {
            self.wire.lose(nature);
        }
    }
}

/// Whether a frame brings something new in the name of an honest client.
fn is_forged(nature: &Nature, frame: Bytes) -> bool {
    let Ok(Message::Update(update) | Message::Step2(update) | Message::Write(_, update)) =
        Message::decode(frame)
    else {
        return false;
    };
    scan::update(&update).is_ok_and(|scan| {
        let is_new = |client: &u64, end| end > nature.disk.durable().end_of(*client);
        scan.blocks
            .iter()
            .any(|(client, clocks)| nature.honest.contains(client) && is_new(client, clocks.end))
    })
}
