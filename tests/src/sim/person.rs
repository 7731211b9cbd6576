//! A person with one of our pages: the real session over a real replica, driven as the browser drives it.
//! It watches that the page never claims more than is on disk.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::Rng;
use samsyn_shared::WriteNumber;
use samsyn_shared::client_session::{ClientSession, Effect, Event, Stopped};
use samsyn_shared::device_log::{Batch, DeviceLog, Due};
use samsyn_shared::presence::Presences;
use samsyn_shared::protocol::{Message, PresenceEntry, encode_presence};
use samsyn_shared::room::Dialect;
use samsyn_shared::{Permission, SyncStatus, limits};

use super::content::Content;
use super::device::Device;
use super::environment::{Environment, Scheduled};
use super::network::{LinkId, Packet};
use super::replica::{Replica, Snapshot};
use super::wire::Wire;

/// The longest that a device takes to write.
const WRITING: Duration = Duration::from_millis(30);

/// A page that heard nothing for this long comes back.
const SILENCE: Duration = limits::DEAD_AFTER;

#[derive(Debug)]
pub(super) struct Person {
    pub(super) wire: Wire,
    page: Page,
    device: Device,
    /// What was ever written and kept on the device, or saved: it must end in the store.
    kept: Content,
}

/// One page load.
#[derive(Debug)]
struct Page {
    began: Duration,
    replica: Replica,
    session: ClientSession,
    device_log: DeviceLog,
    /// What the device is writing.
    writing: Option<Batch>,
    /// What each unsaved edit brought, the oldest first.
    unsaved: VecDeque<(WriteNumber, Content)>,
    /// All that was written here.
    written: Content,
    presences: Presences,
    presence_clock: u64,
    announced: Duration,
}

impl Page {
    fn blank(environment: &mut Environment) -> Self {
        let replica = Replica::new(&mut environment.rng);
        environment.honest.insert(replica.client());
        Self {
            began: environment.now,
            replica,
            session: ClientSession::default(),
            device_log: DeviceLog::of(environment.rng.random_range(0..limits::NUMBER_END)),
            writing: None,
            unsaved: VecDeque::new(),
            written: Content::default(),
            presences: Presences::default(),
            presence_clock: 0,
            announced: environment.now,
        }
    }

    /// Begins with what the device holds.
    fn load(environment: &mut Environment, device: &Device) -> Result<Self> {
        let mut page = Self::blank(environment);
        for (key, weight, record) in device.log()? {
            record.updates.iter().try_for_each(|update| page.replica.integrate(update))?;
            page.device_log.read(key, weight);
        }
        for (key, _, record) in device.edits()? {
            for update in &record.updates {
                page.replica.integrate(update)?;
                let mut effects = Vec::new();
                page.session.handle(Event::Found(update.clone()), &mut effects);
                ensure!(effects.is_empty(), "something was sent before there was a connection");
                page.unsaved.push_back((page.session.last(), Content::of(update)?));
            }
            page.device_log.found(key, page.session.last(), record);
        }
        environment.tally.recalled += page.unsaved.len() as u64;
        Ok(page)
    }
}

impl Person {
    pub(super) fn new(client: usize, environment: &mut Environment) -> Self {
        let (wire, page) = (Wire::new(client, Dialect::Own), Page::blank(environment));
        Self { wire, page, device: Device::default(), kept: Content::default() }
    }

    /// Does something of their own accord.
    pub(super) fn act(&mut self, environment: &mut Environment) -> Result<()> {
        match environment.rng.random_range(0..200) {
            0 => self.reload(environment),
            1..20 => {
                self.announce(environment);
                Ok(())
            }
            // Before the server is reached nobody knows who may write.
            _ if self
                .page
                .session
                .role()
                .map_or(environment.rng.random_bool(0.2), |role| role.may(Permission::WriteContent)) =>
            {
                self.edit(environment)
            }
            _ => Ok(()),
        }
    }

    fn edit(&mut self, environment: &mut Environment) -> Result<()> {
        let Some(update) = self.page.replica.edit(&mut environment.rng)? else { return Ok(()) };
        let content = Content::of(&update)?;
        environment.tally.edits += 1;
        environment.note(|| format!("{} writes {content:?}", self.wire.client));
        self.page.written.extend(content.clone());
        self.page.unsaved.push_back((self.page.session.last().next(), content));
        self.handle(environment, Event::Edited(update))
    }

    /// Loads the page anew, or its browser dies: what was neither kept nor saved is gone with it. What the device
    /// was writing is there, or is not.
    fn reload(&mut self, environment: &mut Environment) -> Result<()> {
        environment.note(|| format!("{} loads the page anew", self.wire.client));
        if let Some(batch) = self.page.writing.take().filter(|_| environment.rng.random_bool(0.5)) {
            self.device.write(batch);
        }
        self.page = Page::load(environment, &self.device)?;
        self.wire.lose(environment);
        Ok(())
    }

    /// Has the device write what is due, if it is not writing.
    fn keep(&mut self, environment: &mut Environment, due: Due) {
        let Page { device_log, replica, writing, .. } = &mut self.page;
        let batch = device_log.next(due, || replica.whole());
        if batch.is_some() {
            *writing = batch;
            let time = environment.while_up_to(WRITING);
            environment.after(time, Scheduled::Keeps(self.wire.client));
        }
    }

    /// The device has written, or could not.
    pub(super) fn kept(&mut self, environment: &mut Environment) -> Result<()> {
        // The page that asked for it may be gone.
        let Some(batch) = self.page.writing.take() else { return Ok(()) };
        let number = if environment.misfortune(0.1) {
            environment.note(|| format!("the device of {} fails", self.wire.client));
            self.page.device_log.failed()
        } else {
            let number = self.page.device_log.written(self.device.write(batch));
            for (_, content) in self.page.unsaved.iter().take_while(|(edit, _)| *edit <= number) {
                self.kept.extend(content.clone());
            }
            number
        };
        self.handle(environment, Event::Kept(number))?;
        self.keep(environment, Due::Edits);
        Ok(())
    }

    pub(super) fn hear(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        match self.wire.hears(environment, link) {
            None => Ok(()),
            Some(Packet::Open) => {
                let vector = self.page.replica.vector()?;
                self.handle(environment, Event::Opened { vector })
            }
            Some(Packet::Frame(frame)) => self.handle(environment, Event::Received(frame)),
            Some(Packet::Close) => self.lose(environment),
        }
    }

    pub(super) fn notice(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        if self.wire.link() == Some(link) { self.lose(environment) } else { Ok(()) }
    }

    pub(super) fn watch(&mut self, environment: &mut Environment) -> Result<()> {
        if self.wire.is_silent_for(environment, SILENCE) {
            return self.lose(environment);
        }
        if environment.now - self.page.announced >= limits::PRESENCE_RENEWAL {
            self.announce(environment);
        }
        self.keep(environment, Due::All);
        self.handle(environment, Event::Doubted)
    }

    fn lose(&mut self, environment: &mut Environment) -> Result<()> {
        environment.note(|| format!("{} has lost the connection", self.wire.client));
        self.wire.lose(environment);
        self.page.presences.clear();
        self.handle(environment, Event::Closed)
    }

    fn announce(&mut self, environment: &mut Environment) {
        self.page.presence_clock += 1;
        self.page.announced = environment.now;
        let client = self.page.replica.client();
        let state = format!(r#"{{"user":{{"name":"{}"}}}}"#, self.wire.client);
        let entry = PresenceEntry { client, clock: self.page.presence_clock, state };
        self.wire.send(environment, Message::Presence(encode_presence(&[entry])).encode());
    }

    fn handle(&mut self, environment: &mut Environment, event: Event) -> Result<()> {
        let mut effects = Vec::new();
        self.page.session.handle(event, &mut effects);
        let mut stopped = None;
        for effect in effects {
            match effect {
                Effect::Transmit(frame) => self.wire.send(environment, frame),
                Effect::Keep(number, update) => {
                    self.page.device_log.edited(number, update);
                    if self.page.device_log.is_failing() {
                        self.handle(environment, Event::Kept(number))?;
                    }
                    self.keep(environment, Due::Edits);
                }
                Effect::Saved(number) => self.page.device_log.saved(number),
                Effect::Integrate(update) => self.integrate(&update)?,
                Effect::Offer { vector } => {
                    let difference = self.page.replica.difference(&vector)?;
                    self.handle(environment, Event::Offered(difference))?;
                }
                Effect::ShowPresence(entries) => {
                    environment.note(|| format!("{} is shown {entries:x?}", self.wire.client));
                    self.page.presences.apply(entries);
                }
                Effect::InStep => self.wire.backoff.reset(),
                Effect::AnnouncePresence => self.announce(environment),
                Effect::Compare(held) => {
                    environment.tally.compared += 1;
                    let own = self.page.replica.fingerprint()?;
                    ensure!(own.agrees_with(&held), "{} is in step, and not the same", self.wire.client);
                }
                Effect::Stop(why) => stopped = Some(why),
                Effect::Reconnect => anyhow::bail!("the server sent what a page does not read"),
            }
        }
        self.look(environment)?;
        stopped.map_or(Ok(()), |why| self.set_aside(environment, why))
    }

    fn integrate(&mut self, update: &Bytes) -> Result<()> {
        self.page.replica.integrate(update).context("what the server sent does not apply")?;
        self.page.device_log.integrated(update.clone());
        self.page.replica.ensure_nothing_waits()
    }

    /// What the page shows must be true.
    fn look(&mut self, environment: &mut Environment) -> Result<()> {
        let page = &mut self.page;
        while page.unsaved.len() > page.session.pending() {
            let Some((_, content)) = page.unsaved.pop_front() else { break };
            environment.note(|| format!("{} sees {content:?} as saved", self.wire.client));
            environment.tally.saved += 1;
            environment.disk.promise(content).context("the page counts as saved what is not")?;
        }
        ensure!(page.unsaved.len() == page.session.pending(), "an edit is not counted");
        if page.session.status() == SyncStatus::Saved {
            let client = page.replica.client();
            let there = environment.disk.durable().end_of(client);
            ensure!(there >= page.replica.end()?, "the page says Saved, and the disk lacks some of it");
        }
        Ok(())
    }

    /// What was refused is kept aside, and a new replica begins.
    fn set_aside(&mut self, environment: &mut Environment, why: Stopped) -> Result<()> {
        ensure!(matches!(why, Stopped::Refused | Stopped::Ahead), "the page stopped: {why:?}");
        let is_right = environment.lacked_since(self.wire.client, self.page.began);
        ensure!(is_right, "somebody was refused who might always write");
        environment.note(|| format!("{} is refused, and starts anew", self.wire.client));
        environment.tally.refused += 1;
        self.device.clear();
        self.kept = Content::default();
        self.page = Page::load(environment, &self.device)?;
        self.wire.lose(environment);
        Ok(())
    }

    /// Why it is not at rest, if it isn't.
    pub(super) fn unrest(&self, environment: &Environment) -> Option<String> {
        let wanted =
            if environment.may_write(self.wire.client) { SyncStatus::Saved } else { SyncStatus::ReadOnly };
        let (status, pending) = (self.page.session.status(), self.page.session.pending());
        let is_at_rest = status == wanted && pending == 0;
        (!is_at_rest).then(|| format!("{} is {status:?} with {pending} unsaved", self.wire.client))
    }

    /// # Errors
    /// When something is missing at the end.
    pub(super) fn check(
        &self,
        environment: &Environment,
        stored: &Snapshot,
        here: Option<&[u64]>,
    ) -> Result<()> {
        let of = || format!("of person {} ({:x})", self.wire.client, self.page.replica.client());
        environment.disk.durable().holds(&self.page.written).with_context(of)?;
        environment.disk.durable().holds(&self.kept).context("what a device kept").with_context(of)?;
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
