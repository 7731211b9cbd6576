//! A person with one of our pages: the real session over a real replica, driven as the browser drives it.
//! It watches that the page never claims more than is on disk.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::Rng;
use samsyn_server::room::Dialect;
use samsyn_shared::client_session::{ClientSession, Effect, Event, Stopped};
use samsyn_shared::presence::Presences;
use samsyn_shared::protocol::{Message, PresenceEntry, encode_presence};
use samsyn_shared::{Role, SyncStatus, limits};

use super::content::Content;
use super::nature::Nature;
use super::network::{LinkId, Packet};
use super::replica::{Likeness, Replica};
use super::wire::Wire;

/// A page that heard nothing for this long comes back.
const SILENCE: Duration = limits::DEAD_AFTER;

#[derive(Debug)]
pub(super) struct Person {
    pub(super) wire: Wire,
    page: Page,
}

/// One page load.
#[derive(Debug)]
struct Page {
    began: Duration,
    replica: Replica,
    session: ClientSession,
    /// What each unsaved edit brought, the oldest first.
    unsaved: VecDeque<Content>,
    /// All that was written here.
    written: Content,
    presences: Presences,
    presence_clock: u64,
    announced: Duration,
}

impl Page {
    fn load(nature: &mut Nature) -> Self {
        let replica = Replica::new(&mut nature.rng);
        nature.honest.insert(replica.client());
        Self {
            began: nature.now,
            replica,
            session: ClientSession::default(),
            unsaved: VecDeque::new(),
            written: Content::default(),
            presences: Presences::default(),
            presence_clock: 0,
            announced: nature.now,
        }
    }
}

impl Person {
    pub(super) fn new(client: usize, nature: &mut Nature) -> Self {
        Self { wire: Wire::new(client, Dialect::Own), page: Page::load(nature) }
    }

    /// Does something of their own accord.
    pub(super) fn act(&mut self, nature: &mut Nature) -> Result<()> {
        match nature.rng.random_range(0..200) {
            0 => self.reload(nature),
            1..20 => {
                self.announce(nature);
                Ok(())
            }
            // Before the server is reached nobody knows who may write.
            _ if self.page.session.role().map_or(nature.rng.random_bool(0.2), Role::may_write_content) => {
                self.edit(nature)
            }
            _ => Ok(()),
        }
    }

    fn edit(&mut self, nature: &mut Nature) -> Result<()> {
        let Some(update) = self.page.replica.edit(&mut nature.rng)? else { return Ok(()) };
        let content = Content::of(&update)?;
        nature.tally.edits += 1;
        nature.note(|| format!("{} writes {content:?}", self.wire.client));
        self.page.written.extend(content.clone());
        self.page.unsaved.push_back(content);
        self.handle(nature, Event::Edited(update))
    }

    /// Loads the page anew; what was not saved is gone with it.
    fn reload(&mut self, nature: &mut Nature) -> Result<()> {
        nature.note(|| format!("{} loads the page anew", self.wire.client));
        self.page = Page::load(nature);
        self.wire.lose(nature);
        Ok(())
    }

    pub(super) fn hear(&mut self, nature: &mut Nature, link: LinkId) -> Result<()> {
        match self.wire.hears(nature, link) {
            None => Ok(()),
            Some(Packet::Open) => {
                let vector = self.page.replica.vector()?;
                self.handle(nature, Event::Opened { vector })
            }
            Some(Packet::Frame(frame)) => self.handle(nature, Event::Received(frame)),
            Some(Packet::Close) => self.lose(nature),
        }
    }

    pub(super) fn notice(&mut self, nature: &mut Nature, link: LinkId) -> Result<()> {
        if self.wire.link() == Some(link) { self.lose(nature) } else { Ok(()) }
    }

    pub(super) fn watch(&mut self, nature: &mut Nature) -> Result<()> {
        if self.wire.is_silent_for(nature, SILENCE) {
            return self.lose(nature);
        }
        if nature.now - self.page.announced >= limits::PRESENCE_RENEWAL {
            self.announce(nature);
        }
        self.handle(nature, Event::Doubted)
    }

    fn lose(&mut self, nature: &mut Nature) -> Result<()> {
        nature.note(|| format!("{} has lost the connection", self.wire.client));
        self.wire.lose(nature);
        self.page.presences.clear();
        self.handle(nature, Event::Closed)
    }

    fn announce(&mut self, nature: &mut Nature) {
        self.page.presence_clock += 1;
        self.page.announced = nature.now;
        let client = self.page.replica.client();
        let state = format!(r#"{{"user":{{"name":"{}"}}}}"#, self.wire.client);
        let entry = PresenceEntry { client, clock: self.page.presence_clock, state };
        self.wire.send(nature, Message::Presence(encode_presence(&[entry])).encode());
    }

    fn handle(&mut self, nature: &mut Nature, event: Event) -> Result<()> {
        let mut effects = Vec::new();
        self.page.session.handle(event, &mut effects);
        let mut stopped = None;
        for effect in effects {
            match effect {
                Effect::Transmit(frame) => self.wire.send(nature, frame),
                Effect::Integrate(update) => self.integrate(&update)?,
                Effect::Offer { vector } => {
                    let difference = self.page.replica.difference(&vector)?;
                    self.handle(nature, Event::Offered(difference))?;
                }
                Effect::ShowPresence(entries) => {
                    nature.note(|| format!("{} is shown {entries:x?}", self.wire.client));
                    self.page.presences.apply(entries);
                }
                Effect::InStep => self.wire.backoff.reset(),
                Effect::AnnouncePresence => self.announce(nature),
                Effect::Compare(held) => {
                    nature.tally.compared += 1;
                    let own = self.page.replica.fingerprint()?;
                    ensure!(own.agrees_with(&held), "{} is in step, and not the same", self.wire.client);
                }
                Effect::Stop(why) => stopped = Some(why),
                Effect::Reconnect => anyhow::bail!("the server sent what a page does not read"),
            }
        }
        self.look(nature)?;
        stopped.map_or(Ok(()), |why| self.set_aside(nature, why))
    }

    fn integrate(&mut self, update: &Bytes) -> Result<()> {
        self.page.replica.integrate(update).context("what the server sent does not apply")?;
        self.page.replica.ensure_nothing_waits()
    }

    /// What the page shows must be true.
    fn look(&mut self, nature: &mut Nature) -> Result<()> {
        let page = &mut self.page;
        while page.unsaved.len() > page.session.pending() {
            let Some(content) = page.unsaved.pop_front() else { break };
            nature.note(|| format!("{} sees {content:?} as saved", self.wire.client));
            nature.tally.saved += 1;
            nature.disk.promise(content).context("the page counts as saved what is not")?;
        }
        ensure!(page.unsaved.len() == page.session.pending(), "an edit is not counted");
        if page.session.status() == SyncStatus::Saved {
            let client = page.replica.client();
            let there = nature.disk.durable().end_of(client);
            ensure!(there >= page.replica.end()?, "the page says Saved, and the disk lacks some of it");
        }
        Ok(())
    }

    /// What was refused is kept aside, and a new replica begins.
    fn set_aside(&mut self, nature: &mut Nature, why: Stopped) -> Result<()> {
        ensure!(matches!(why, Stopped::Refused | Stopped::Ahead), "the page stopped: {why:?}");
        let is_right = nature.lacked_since(self.wire.client, self.page.began);
        ensure!(is_right, "somebody was refused who might always write");
        nature.note(|| format!("{} is refused, and starts anew", self.wire.client));
        nature.tally.refused += 1;
        self.page = Page::load(nature);
        self.wire.lose(nature);
        Ok(())
    }

    /// Why it is not at rest, if it isn't.
    pub(super) fn unrest(&self, nature: &Nature) -> Option<String> {
        let wanted =
            if nature.may_write(self.wire.client) { SyncStatus::Saved } else { SyncStatus::ReadOnly };
        let (status, pending) = (self.page.session.status(), self.page.session.pending());
        let is_at_rest = status == wanted && pending == 0;
        (!is_at_rest).then(|| format!("{} is {status:?} with {pending} unsaved", self.wire.client))
    }

    /// # Errors
    /// When something is missing at the end.
    pub(super) fn check(&self, nature: &Nature, stored: &Likeness, here: Option<&[u64]>) -> Result<()> {
        let of = || format!("of person {} ({:x})", self.wire.client, self.page.replica.client());
        nature.disk.durable().holds(&self.page.written).with_context(of)?;
        self.page.replica.likeness().and_then(|likeness| likeness.same_as(stored)).with_context(of)?;
        if let Some(here) = here {
            let shown: Vec<u64> = self.page.presences.states().map(|(client, _)| client).collect();
            ensure!(shown == here, "person {} is shown {shown:x?} and not {here:x?}", self.wire.client);
        }
        Ok(())
    }

    pub(super) fn client_id(&self) -> u64 {
        self.page.replica.client()
    }
}
