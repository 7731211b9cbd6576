//! A person with one of our pages: the page's own peer, over a simulated network and device. It watches that the page
//! never claims more than is on disk.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, RngCore as _, SeedableRng as _};
use samsyn_shared::domain::ids;
use samsyn_shared::page::peer::{Access, Beginning, Effect, Event, Peer};
use samsyn_shared::page::replica::{By, Replica, TITLE};
use samsyn_shared::room::Dialect;
use samsyn_shared::sync::client_session::Stopped;
use samsyn_shared::sync::device_log::{Batch, Key, Record, StoredRecords};
use samsyn_shared::sync::presence::Presences;
use samsyn_shared::sync::protocol::{Message, PresenceEntry};
use samsyn_shared::sync::transport::Transport;
use samsyn_shared::{Epoch, Permission, SectionKey, SyncStatus, Template, WriteNumber};
use yrs::StateVector;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode as _;

use super::content::Content;
use super::device::Device;
use super::environment::{Environment, Scheduled};
use super::network::{LinkId, Packet};
use super::replica::{Snapshot, random_edit};
use super::wire::Wire;

/// The longest that a device takes to write, or to read.
const WRITING: Duration = Duration::from_millis(30);
/// The longest that another tab takes to hear.
const TELLING: Duration = Duration::from_millis(10);
const TEXT: SectionKey = SectionKey::named("text");

/// What the tabs of one browser share.
#[derive(Debug, Default)]
pub(super) struct Browser {
    device: Device,
    /// What was ever written and kept on the device: it must end in the store.
    kept: Content,
    /// Which history the device says that it keeps.
    epoch: Option<Epoch>,
    /// The clients that are its tabs.
    tabs: Vec<usize>,
}

/// One tab.
pub(super) struct Person {
    pub(super) wire: Wire,
    browser: Rc<RefCell<Browser>>,
    template: &'static Template,
    page: Page,
}

/// One page load.
struct Page {
    began: Duration,
    /// When the server greeted it last.
    greeted: Option<Duration>,
    peer: Peer,
    effects: VecDeque<Effect>,
    /// What the device is writing, oldest first, and whether it is reading.
    writing: VecDeque<Batch>,
    reading: Option<Effect>,
    /// Which records of the device are this page's, once there are any.
    tab: Option<u64>,
    /// What each unsaved edit brought, the oldest first; none of what is not known yet.
    unsaved: VecDeque<(WriteNumber, Option<Content>)>,
    /// All that was written here.
    written: Content,
    presences: Presences,
    presence_clock: u64,
    alarm: Option<Duration>,
}

impl Page {
    /// Begins with what the device holds.
    fn load(
        environment: &mut Environment,
        template: &'static Template,
        browser: &mut Browser,
    ) -> Result<Self> {
        let client = ids::client_id(&mut environment.rng);
        environment.honest.insert(client);
        let blank = || Replica::new(template, client, Arc::new(|| 1_000_000));
        let mut replica = blank();
        let mut found = browser.device.find(Key(0), Key(0))?;
        if !replica.recall(&found) {
            // Another tab set aside what some of it stands on: what can be read of it is set aside too.
            replica = blank();
            found = StoredRecords::default();
            browser.clear();
        }
        let mut unsaved = VecDeque::new();
        for update in found.edits.iter().flat_map(|(_, _, record)| &record.updates) {
            unsaved.push_back((WriteNumber(unsaved.len() as u64 + 1), Some(Content::of(update)?)));
        }
        environment.tally.recalled += unsaved.len() as u64;
        let epoch = browser.epoch.filter(|_| !found.log.is_empty());
        let beginning = Beginning { has_device: true, epoch, found, has_token: false };
        let seed = SmallRng::seed_from_u64(environment.rng.next_u64());
        let peer = Peer::new(replica, beginning, seed);
        ensure!(peer.pending() == unsaved.len(), "what a device kept is not counted");
        Ok(Self {
            began: environment.now,
            greeted: None,
            peer,
            effects: VecDeque::new(),
            writing: VecDeque::new(),
            reading: None,
            tab: None,
            unsaved,
            written: Content::default(),
            presences: Presences::default(),
            presence_clock: 0,
            alarm: None,
        })
    }
}

impl Browser {
    fn clear(&mut self) {
        self.device.clear();
        self.kept = Content::default();
    }
}

impl Person {
    pub(super) fn new(
        client: usize,
        environment: &mut Environment,
        template: &'static Template,
        browser: Rc<RefCell<Browser>>,
    ) -> Result<Self> {
        browser.borrow_mut().tabs.push(client);
        let page = Page::load(environment, template, &mut browser.borrow_mut())?;
        Ok(Self { wire: Wire::new(client, Dialect::Own), browser, template, page })
    }

    /// The clients that are tabs of the same browser, itself among them.
    pub(super) fn tabs(&self) -> Vec<usize> {
        self.browser.borrow().tabs.clone()
    }

    /// The page begins to sync.
    pub(super) fn start(&mut self, environment: &mut Environment) -> Result<()> {
        self.event(environment, Event::Started)
    }

    /// Does something of their own accord.
    pub(super) fn act(&mut self, environment: &mut Environment) -> Result<()> {
        match environment.rng.random_range(0..200) {
            0 => self.reload(environment),
            1..10 => self.announce(environment),
            10 => self.event(environment, Event::Leaving),
            11 => self.event(environment, Event::Shown),
            12 => self.event(environment, Event::RetryAsked),
            13 => self.event(environment, Event::NetworkChanged),
            // Before the server is reached nobody knows who may write.
            _ if self
                .page
                .peer
                .role()
                .map_or(environment.rng.random_bool(0.2), |role| role.may(Permission::WriteContent)) =>
            {
                self.edit(environment)
            }
            _ => Ok(()),
        }
    }

    fn edit(&mut self, environment: &mut Environment) -> Result<()> {
        let replica = self.page.peer.replica();
        if environment.rng.random_bool(0.05) {
            if environment.rng.random_bool(0.6) {
                replica.undo()
            } else {
                replica.redo()
            };
        } else {
            let key = if environment.rng.random_bool(0.15) { TITLE } else { TEXT };
            let edit = random_edit(&replica.read(key)?, &mut environment.rng);
            replica.edit(vec![(key, edit)], By::View)?;
        }
        for update in replica.take_updates() {
            let content = Content::of(&update)?;
            environment.tally.edits += 1;
            environment.note(|| format!("{} writes {content:?}", self.wire.client));
            self.page.written.extend(content.clone());
            self.page.unsaved.push_back((self.page.peer.last().next(), Some(content)));
            self.event(environment, Event::Edited(update))?;
        }
        Ok(())
    }

    /// Loads the page anew, or its browser dies: what was neither kept nor saved is gone with it. What the device
    /// was writing is there, or is not.
    fn reload(&mut self, environment: &mut Environment) -> Result<()> {
        environment.note(|| format!("{} loads the page anew", self.wire.client));
        for batch in std::mem::take(&mut self.page.writing) {
            if environment.rng.random_bool(0.5) {
                break;
            }
            self.browser.borrow_mut().device.write(batch);
        }
        self.load(environment)
    }

    fn load(&mut self, environment: &mut Environment) -> Result<()> {
        self.wire.leave(environment);
        self.page = Page::load(environment, self.template, &mut self.browser.borrow_mut())?;
        let delay = environment.while_up_to(Duration::from_millis(300));
        environment.after(delay, Scheduled::Connects(self.wire.client));
        Ok(())
    }

    /// The device has done the next thing that it was asked for, or could not.
    pub(super) fn kept(&mut self, environment: &mut Environment) -> Result<()> {
        // The page that asked for it may be gone.
        let Some(batch) = self.page.writing.pop_front() else { return Ok(()) };
        if environment.misfortune(0.1) {
            environment.note(|| format!("the device of {} fails", self.wire.client));
            return self.event(environment, Event::DeviceWrote(None));
        }
        let written = {
            let mut browser = self.browser.borrow_mut();
            if let Some(record) = &batch.edits {
                let Record { tab, updates } = Record::decode(record).context("a record of a batch")?;
                self.page.tab = Some(tab);
                for update in &updates {
                    browser.kept.extend(Content::of(update)?);
                }
            }
            browser.device.write(batch)
        };
        self.event(environment, Event::DeviceWrote(Some(written)))
    }

    /// The device has read what it was asked for.
    pub(super) fn has_read(&mut self, environment: &mut Environment) -> Result<()> {
        let Some(Effect::Read { log, edits }) = self.page.reading.take() else { return Ok(()) };
        if environment.misfortune(0.1) {
            return self.event(environment, Event::DeviceRead(None));
        }
        let found = self.browser.borrow().device.find(log, edits)?;
        let before = self.page.peer.last();
        self.tell(environment, Event::DeviceRead(Some(found)));
        // What it takes of another tab's edits, and in how many updates, is seen when it sends them.
        for number in before.0 + 1..=self.page.peer.last().0 {
            self.page.unsaved.push_back((WriteNumber(number), None));
            environment.tally.found += 1;
        }
        self.follow(environment)
    }

    /// Another tab has kept something.
    pub(super) fn told(&mut self, environment: &mut Environment) -> Result<()> {
        self.event(environment, Event::OthersKept)
    }

    /// Its alarm goes off.
    pub(super) fn wake(&mut self, environment: &mut Environment) -> Result<()> {
        self.page.alarm = None;
        self.event(environment, Event::Woke)
    }

    pub(super) fn hear(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        let Some(packet) = self.wire.hears(environment, link) else { return Ok(()) };
        let attempt = self.page.peer.attempt();
        match packet {
            Packet::Open => self.event(environment, Event::Opened(attempt)),
            Packet::Frame(frame) => {
                let frame = environment.garbled(frame)?;
                match Message::decode(frame.clone())? {
                    Message::Hello(_) => self.page.greeted = Some(environment.now),
                    Message::Held(_) => environment.tally.compared += 1,
                    _ => {}
                }
                self.event(environment, Event::Received(attempt, frame))
            }
            Packet::Close(code) => self.event(environment, Event::Closed(attempt, code)),
        }
    }

    pub(super) fn notice(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        if self.wire.link() != Some(link) {
            return Ok(());
        }
        let attempt = self.page.peer.attempt();
        self.event(environment, Event::Closed(attempt, None))
    }

    fn announce(&mut self, environment: &mut Environment) -> Result<()> {
        self.page.presence_clock += 1;
        let client = self.page.peer.held().client();
        let state = format!(r#"{{"user":{{"name":"{}"}}}}"#, self.wire.client);
        let entry = PresenceEntry { client, clock: self.page.presence_clock, state };
        self.event(environment, Event::Announced(entry))
    }

    /// Hands an event to the peer, and does what follows.
    fn event(&mut self, environment: &mut Environment, event: Event) -> Result<()> {
        self.tell(environment, event);
        self.follow(environment)
    }

    fn tell(&mut self, environment: &Environment, event: Event) {
        let mut effects = Vec::new();
        self.page.peer.handle(environment.clock(self.wire.client), event, &mut effects);
        self.page.effects.extend(effects);
    }

    fn follow(&mut self, environment: &mut Environment) -> Result<()> {
        while let Some(effect) = self.page.effects.pop_front() {
            self.perform(environment, effect)?;
        }
        self.look(environment)?;
        self.set_alarm(environment);
        Ok(())
    }

    fn perform(&mut self, environment: &mut Environment, effect: Effect) -> Result<()> {
        let client = self.wire.client;
        match effect {
            Effect::Connect(_, transport) => {
                let is_blocked = transport == Transport::WebSocket && environment.are_websockets_blocked;
                environment.tally.by_http += u64::from(transport == Transport::Http);
                self.wire.connect_unless(environment, is_blocked);
            }
            Effect::Disconnect => self.wire.leave(environment),
            Effect::Transmit(message) => self.send(environment, message)?,
            Effect::AskForAccess => {
                let access = if environment.rng.random_bool(0.5) { Access::Open } else { Access::Unknown };
                return self.event(environment, Event::AccessAnswered(access));
            }
            Effect::Write { batch, .. } => {
                self.page.writing.push_back(batch);
                let time = environment.while_up_to(WRITING);
                environment.after(time, Scheduled::Keeps(client));
            }
            Effect::Read { .. } => {
                ensure!(self.page.reading.replace(effect).is_none(), "a device is read twice at once");
                let time = environment.while_up_to(WRITING);
                environment.after(time, Scheduled::Reads(client));
            }
            Effect::TellTabs => {
                for tab in self.tabs().into_iter().filter(|tab| *tab != client) {
                    let time = environment.while_up_to(TELLING);
                    environment.after(time, Scheduled::Hears(tab));
                }
            }
            Effect::AnnouncePresence => return self.announce(environment),
            Effect::ShowPresence(None) => self.page.presences.clear(),
            Effect::ShowPresence(Some(entries)) => {
                environment.note(|| format!("{client} is shown {entries:x?}"));
                self.page.presences.apply(entries);
            }
            Effect::ShowStopped(why) => self.stopped(environment, why)?,
            Effect::SetAside => self.set_aside(environment)?,
            // What another tab logged of the server's words may be what the server lost since.
            Effect::NoteParting if self.tabs().len() > 1 => {
                environment.note(|| format!("{client} parted from the server"));
                environment.tally.parted += 1;
            }
            Effect::NoteParting => bail!("{client} is in step, and not the same"),
            Effect::TradeToken(_) | Effect::ForgetToken | Effect::ShowNoAccess => bail!("{effect:?}"),
            Effect::Note(about) => self.browser.borrow_mut().epoch = Some(about.epoch),
            Effect::AskToPersist
            | Effect::Show(_)
            | Effect::ShowTransport(_)
            | Effect::ShowReady
            | Effect::ShowUnreachable => {}
        }
        Ok(())
    }

    fn send(&mut self, environment: &mut Environment, message: Bytes) -> Result<()> {
        if let Message::Write(number, update) = Message::decode(message.clone())?
            && let Some((_, content)) = self.page.unsaved.iter_mut().find(|(known, _)| *known == number)
        {
            content.get_or_insert(Content::of(&update)?);
        }
        self.wire.send(environment, message);
        Ok(())
    }

    fn set_alarm(&mut self, environment: &mut Environment) {
        let Some(rest) = self.page.peer.wake_in(environment.clock(self.wire.client)) else { return };
        let due = environment.now + rest;
        if self.page.alarm.is_none_or(|alarm| due < alarm) {
            self.page.alarm = Some(due);
            // A browser is late at times.
            let late = environment.while_up_to(Duration::from_millis(20));
            environment.at(due + late, Scheduled::Alarms(self.wire.client));
        }
    }

    /// What the page shows must be true.
    fn look(&mut self, environment: &mut Environment) -> Result<()> {
        let page = &mut self.page;
        if environment.is_outdated(page.greeted.unwrap_or(page.began)) {
            // It cannot know yet that what it was told does not hold any more.
            page.unsaved.drain(..page.unsaved.len().saturating_sub(page.peer.pending()));
            return Ok(());
        }
        while page.unsaved.len() > page.peer.pending() {
            let Some((_, content)) = page.unsaved.pop_front() else { break };
            environment.note(|| format!("{} sees {content:?} as saved", self.wire.client));
            environment.tally.saved += 1;
            // What went as part of a handshake's offer is compared at the end.
            let content = content.unwrap_or_default();
            environment.disk.promise(content).context("the page counts as saved what is not")?;
        }
        ensure!(page.unsaved.len() == page.peer.pending(), "an edit is not counted");
        if page.peer.status() == SyncStatus::Saved {
            let client = page.peer.held().client();
            let there = environment.disk.durable().end_of(client);
            ensure!(there >= end(page.peer.held())?, "the page says Saved, and the disk lacks some of it");
            ensure!(
                !page.peer.held().is_waiting(),
                "the page says Saved, and something waits for what did not come"
            );
        }
        Ok(())
    }

    fn stopped(&self, environment: &mut Environment, why: Stopped) -> Result<()> {
        let is_right = match why {
            Stopped::Refused | Stopped::Ahead => environment.lacked_since(self.wire.client, self.page.began),
            // What its device keeps may be older than the page.
            Stopped::OtherEpoch => environment.replaced.is_some(),
            Stopped::NewerServer | Stopped::NoAccess => bail!("the page stopped: {why:?}"),
        };
        ensure!(is_right, "somebody was refused who might always write");
        environment.note(|| format!("{} is refused, and starts anew", self.wire.client));
        environment.tally.refused += 1;
        Ok(())
    }

    /// What was refused is kept aside, and a new page begins.
    fn set_aside(&mut self, environment: &mut Environment) -> Result<()> {
        self.browser.borrow_mut().clear();
        self.load(environment)
    }

    /// Why it is not at rest, if it isn't.
    pub(super) fn unrest(&self, environment: &Environment) -> Option<String> {
        let wanted =
            if environment.may_write(self.wire.client) { SyncStatus::Saved } else { SyncStatus::ReadOnly };
        let (status, pending) = (self.page.peer.status(), self.page.peer.pending());
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
        let held = self.page.peer.held();
        let of = || format!("of person {} ({:x})", self.wire.client, held.client());
        environment.disk.durable().holds(&self.page.written).with_context(of)?;
        let kept = &self.browser.borrow().kept;
        environment.disk.durable().holds(kept).context("what a device kept").with_context(of)?;
        let whole = held.whole().context("something waits for what did not come").with_context(of)?;
        Snapshot::of([&whole])?.same_as(stored).with_context(of)?;
        if let Some(here) = here {
            let shown: Vec<u64> = self.page.presences.states().map(|(client, _)| client).collect();
            ensure!(shown == here, "person {} is shown {shown:x?} and not {here:x?}", self.wire.client);
        }
        Ok(())
    }

    pub(super) fn client_id(&self) -> u64 {
        self.page.peer.held().client()
    }
}

/// Up to which clock a replica's own blocks are there.
fn end(replica: &Replica) -> Result<u32> {
    let vector = StateVector::decode_v1(&replica.vector()?)?;
    Ok(vector.get(&ClientID::new(replica.client())))
}
