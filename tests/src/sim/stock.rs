//! A person with a stock Yjs page: it follows y-websocket's rules and knows no numbers.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use rand::Rng;
use samsyn_shared::domain::limits;
use samsyn_shared::room::Dialect;
use samsyn_shared::sync::protocol::{Message, PresenceEntry, encode_presence};

use super::content::Content;
use super::environment::Environment;
use super::network::{LinkId, Packet};
use super::replica::{Replica, Snapshot};
use super::wire::Wire;

/// y-websocket's own patience.
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Stock {
    pub(super) wire: Wire,
    began: Duration,
    replica: Replica,
    /// All that was written since the page was loaded.
    written: Content,
    is_synced: bool,
    presence_clock: u64,
    announced: Duration,
}

impl Stock {
    pub(super) fn new(client: usize, environment: &mut Environment) -> Self {
        let replica = Replica::new(&mut environment.rng);
        environment.honest.insert(replica.client());
        let wire = Wire::new(client, Dialect::Stock);
        let written = Content::default();
        let (began, announced) = (environment.now, environment.now);
        Self { wire, began, replica, written, is_synced: false, presence_clock: 0, announced }
    }

    pub(super) fn act(&mut self, environment: &mut Environment) -> Result<()> {
        if environment.rng.random_range(0..20) == 0 {
            self.announce(environment);
            return Ok(());
        }
        // It learns what it may do when it is denied; a reader's page lets nobody write.
        if !environment.may_write(self.wire.client) && environment.rng.random_bool(0.9) {
            return Ok(());
        }
        let Some(update) = self.replica.edit(&mut environment.rng)? else { return Ok(()) };
        let content = Content::of(&update)?;
        environment.tally.edits += 1;
        environment.note(|| format!("{} (stock) writes {content:?}", self.wire.client));
        self.written.extend(content);
        self.wire.send(environment, Message::Update(update).encode());
        Ok(())
    }

    pub(super) fn hear(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        match self.wire.hears(environment, link) {
            None => {}
            // A stock page knows no epochs: its person is told to load it anew.
            Some(Packet::Open) if environment.is_outdated(self.began) => self.load(environment),
            Some(Packet::Open) => {
                self.is_synced = false;
                self.wire.send(environment, Message::Step1(self.replica.vector()?).encode());
                self.announce(environment);
            }
            Some(Packet::Frame(frame)) => self.read(environment, frame)?,
            Some(Packet::Close(_)) => self.wire.lose(environment),
        }
        Ok(())
    }

    fn read(&mut self, environment: &mut Environment, frame: Bytes) -> Result<()> {
        match Message::decode(frame).context("the server sent what is no message")? {
            Message::Step1(vector) => {
                let difference = self.replica.difference(&vector)?;
                self.wire.send(environment, Message::Step2(difference).encode());
            }
            Message::Step2(update) => {
                self.replica.integrate(&update).context("what the server sent does not apply")?;
                self.is_synced = true;
                self.wire.backoff.reset();
            }
            Message::Update(update) => {
                self.replica.integrate(&update).context("what the server sent does not apply")?;
            }
            Message::Presence(_) => {}
            Message::Denied(why) => self.denied(environment, &why)?,
            other => bail!("a stock client was sent {other:?}"),
        }
        Ok(())
    }

    /// It was told that something was denied: the person loads the page anew.
    fn denied(&mut self, environment: &mut Environment, why: &str) -> Result<()> {
        let is_right =
            environment.lacked_since(self.wire.client, self.began) || environment.is_outdated(self.began);
        ensure!(is_right, "a stock client was denied ({why}) that might always write");
        environment.note(|| format!("{} (stock) is denied, and starts anew", self.wire.client));
        environment.tally.refused += 1;
        self.load(environment);
        Ok(())
    }

    /// The page is loaded anew.
    fn load(&mut self, environment: &mut Environment) {
        self.wire.lose(environment);
        let wire = std::mem::replace(&mut self.wire, Wire::new(0, Dialect::Stock));
        *self = Self { wire, ..Self::new(0, environment) };
    }

    pub(super) fn notice(&mut self, environment: &mut Environment, link: LinkId) {
        if self.wire.link() == Some(link) {
            self.wire.lose(environment);
        }
    }

    pub(super) fn watch(&mut self, environment: &mut Environment) {
        if self.wire.is_silent_for(environment, SILENCE) {
            self.wire.lose(environment);
        } else if environment.now - self.announced >= limits::PRESENCE_RENEWAL {
            self.announce(environment);
        }
    }

    fn announce(&mut self, environment: &mut Environment) {
        self.presence_clock += 1;
        self.announced = environment.now;
        let state = r#"{"user":{"name":"stock"}}"#.to_owned();
        let entry = PresenceEntry { client: self.replica.client(), clock: self.presence_clock, state };
        self.wire.send(environment, Message::Presence(encode_presence(&[entry])).encode());
    }

    /// Why it is not at rest, if it isn't.
    pub(super) fn unrest(&self) -> Option<String> {
        let is_at_rest = self.wire.is_open() && self.is_synced;
        (!is_at_rest).then(|| format!("{} (stock) is not synced", self.wire.client))
    }

    /// # Errors
    /// When something is missing at the end.
    pub(super) fn check(&self, environment: &Environment, stored: &Snapshot) -> Result<()> {
        let of = || format!("of stock client {} ({:x})", self.wire.client, self.replica.client());
        environment.disk.durable().holds(&self.written).with_context(of)?;
        self.replica.likeness().and_then(|likeness| likeness.same_as(stored)).with_context(of)
    }

    pub(super) fn client_id(&self) -> u64 {
        self.replica.client()
    }
}
