//! One run from its first connection to its end: everything happens here, one thing after another.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::Rng;
use samsyn_server::room::state::Event;
use samsyn_shared::protocol::Trouble;
use samsyn_shared::{Epoch, Role, Template, document, ids};
use yrs::{ReadTxn, StateVector, Transact};

use super::Tally;
use super::client::Client;
use super::disk::Disk;
use super::hostile::Hostile;
use super::nature::{Happening, Nature, generator};
use super::person::Person;
use super::plan::Plan;
use super::replica::Likeness;
use super::server::Server;
use super::stock::Stock;

/// How often a client looks after its connection.
const WATCH: Duration = Duration::from_secs(2);

/// Nothing is said for so long: it is quiet. Longer than anything waits that a room or a client owes.
const QUIET: Duration = Duration::from_secs(4);

/// By when it must be quiet once nothing bad happens: the longest that a dead connection goes unnoticed at
/// both ends, and time to catch up.
const PATIENCE: Duration = Duration::from_secs(100);

pub(super) struct World {
    nature: Nature,
    server: Server,
    clients: Vec<Client>,
}

impl World {
    pub(super) fn new(seed: u64, trace: Option<fn(&str)>) -> Result<Self> {
        let mut rng = generator(seed);
        let plan = Plan::draw(&mut rng);
        let epoch = ids::client_id(&mut rng);
        let template = Template::find("tom").context("the template is gone")?;
        let seeded = document::seed(template, "T", epoch);
        let first = seeded.try_transact()?.encode_state_as_update_v1(&StateVector::default());
        let mut nature = Nature::new(plan, rng, Disk::new(first.into())?, trace);
        nature.honest.insert(epoch);
        nature.note(|| format!("{:?}", nature.plan));
        let mut world = Self { nature, server: Server::new(Epoch(epoch)), clients: Vec::new() };
        world.gather();
        Ok(world)
    }

    fn gather(&mut self) {
        let Plan { writers, readers, stocks, hostiles, peace, .. } = self.nature.plan;
        let nature = &mut self.nature;
        for client in 0..writers + readers + stocks + hostiles {
            nature.roles.push(Role::Editor);
            nature.lacked.push(None);
            self.clients.push(if client < writers + readers {
                if client >= writers {
                    nature.give_role(client, Role::Reader);
                }
                Client::Person(Box::new(Person::new(client, nature)))
            } else if client < writers + readers + stocks {
                Client::Stock(Box::new(Stock::new(client, nature)))
            } else {
                if nature.rng.random_bool(0.5) {
                    nature.give_role(client, Role::Reader);
                }
                Client::Hostile(Box::new(Hostile::new(client, nature)))
            });
            let delay = nature.while_up_to(Duration::from_secs(1));
            nature.after(delay, Happening::Connects(client));
            nature.after(delay, Happening::Acts(client));
            nature.after(delay, Happening::Watches(client));
        }
        let delay = nature.while_up_to(peace);
        nature.after(delay, Happening::Strikes);
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) fn run(&mut self) -> Result<Tally> {
        let end = self.nature.plan.span;
        self.pass(end)?;
        self.calm_down()?;
        self.settle().context("after the bad times")?;
        let before = self.check().context("after the bad times")?;
        // All of it once more from the disk, over new connections.
        self.server.crash(&mut self.nature)?;
        self.settle().context("after a last crash")?;
        let after = self.check().context("after a last crash")?;
        after.same_as(&before).context("a last crash changed something")?;
        Ok(self.nature.tally)
    }

    /// Everything that happens by then.
    fn pass(&mut self, end: Duration) -> Result<()> {
        while let Some(happening) = self.nature.next(end) {
            self.happen(happening)?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<()> {
        let Self { nature, server, clients } = self;
        match happening {
            Happening::Acts(client) => {
                if nature.is_calm {
                    return Ok(());
                }
                let thought = nature.while_up_to(nature.plan.thought);
                nature.after(thought, happening);
                clients[client].act(nature)
            }
            Happening::Connects(client) => {
                clients[client].connect(nature);
                Ok(())
            }
            Happening::Keeps(client) => clients[client].kept(nature),
            Happening::Watches(client) => {
                nature.after(WATCH, happening);
                clients[client].watch(nature)
            }
            Happening::ArrivesAtClient(link) => match nature.network.client_of(link) {
                Some(client) => clients[client].hear(nature, link),
                None => Ok(()),
            },
            Happening::ArrivesAtServer(link) => match nature.network.client_of(link) {
                Some(client) => server.hear(nature, link, clients[client].wire().dialect),
                None => Ok(()),
            },
            Happening::ClientNotices(link) => match nature.network.client_of(link) {
                Some(client) => clients[client].notice(nature, link),
                None => Ok(()),
            },
            Happening::ServerNotices(link) => server.notice(nature, link),
            Happening::Commits(job) => server.commit(nature, job),
            Happening::Answers(job) => server.answer(nature, job),
            Happening::Wakes(room) => server.wake(nature, room),
            Happening::Turns(room) => server.turn(nature, room),
            Happening::Ticks(room) => server.tick(nature, room),
            Happening::Proves(compaction) => server.prove(nature, compaction),
            Happening::Starts => {
                server.start();
                Ok(())
            }
            Happening::Strikes => self.strike(),
        }
    }

    /// Something bad happens, to somebody or to all.
    fn strike(&mut self) -> Result<()> {
        let Self { nature, server, clients } = self;
        if nature.is_calm {
            return Ok(());
        }
        let peace = nature.while_up_to(nature.plan.peace);
        nature.after(peace, Happening::Strikes);
        let client = nature.rng.random_range(0..clients.len());
        match nature.rng.random_range(0..14) {
            0..6 => {
                if let Some(link) = clients[client].wire().link() {
                    nature.note(|| format!("the connection of {client} is cut"));
                    nature.cut(link);
                }
                Ok(())
            }
            6 => server.crash(nature),
            7 => server.drain(nature),
            12 => server.reload(nature),
            13 => {
                nature.note(|| "every connection is cut".to_owned());
                let links = clients.iter().filter_map(|client| client.wire().link());
                links.for_each(|link| nature.cut(link));
                Ok(())
            }
            8 => server.change_role(nature, client, None),
            9 => {
                let trouble = if nature.rng.random_bool(0.5) { Trouble::DiskFull } else { Trouble::None };
                server.event(nature, Event::DiskChanged(trouble))
            }
            _ => {
                let role = if nature.may_write(client) { Role::Reader } else { Role::Editor };
                nature.note(|| format!("{client} becomes {role}"));
                nature.give_role(client, role);
                server.change_role(nature, client, Some(role))
            }
        }
    }

    /// The disk has space, and the hostile go home.
    fn calm_down(&mut self) -> Result<()> {
        self.nature.note(|| "nothing bad happens from here on".to_owned());
        self.nature.is_calm = true;
        self.server.event(&mut self.nature, Event::DiskChanged(Trouble::None))?;
        for client in self.clients.iter().filter(|client| client.client_id().is_none()) {
            if let Some(link) = client.wire().link() {
                self.nature.cut(link);
            }
        }
        Ok(())
    }

    /// Lets time pass until it is quiet.
    fn settle(&mut self) -> Result<()> {
        let limit = self.nature.now + PATIENCE;
        let mut was_at_rest = false;
        loop {
            let said = self.nature.tally.said;
            self.pass(self.nature.now + QUIET)?;
            let unrest = self.unrest();
            let is_at_rest = unrest.is_empty() && self.nature.tally.said == said;
            if is_at_rest && was_at_rest {
                return Ok(());
            }
            was_at_rest = is_at_rest;
            let frames = self.nature.tally.said - said;
            let late = self.nature.now >= limit;
            ensure!(!late, "it does not get quiet: {frames} frames in 4 s; {}", unrest.join("; "));
        }
    }

    fn unrest(&self) -> Vec<String> {
        let mut unrest: Vec<_> =
            self.clients.iter().filter_map(|client| client.unrest(&self.nature)).collect();
        if !self.server.is_at_rest() {
            unrest.push("the server has something under way".to_owned());
        }
        // What is half open looks whole to one end.
        let honest = self.clients.iter().filter(|client| client.client_id().is_some());
        let mut links: Vec<_> = honest.filter_map(|client| client.wire().link()).collect();
        links.sort_unstable();
        if self.server.links() != links || links.iter().any(|link| self.nature.network.is_cut(*link)) {
            unrest.push("not every connection is whole".to_owned());
        }
        if self.nature.network.is_awaited_after(self.nature.now + self.nature.plan.latency) {
            unrest.push("a slow message is under way".to_owned());
        }
        unrest
    }

    /// Everyone has what is stored, and nothing is missing.
    fn check(&mut self) -> Result<Likeness> {
        let nature = &mut self.nature;
        nature.disk.ensure_idle()?;
        nature.disk.verify()?;
        let stored = Likeness::of(&nature.disk.parts()?)?;
        if let Some(document) = self.server.document()? {
            Likeness::of([&document])?.same_as(&stored).context("of the server's room")?;
        }
        let mut here: Vec<u64> = self.clients.iter().filter_map(Client::client_id).collect();
        here.sort_unstable();
        // A hostile client may have taken somebody's name.
        let here = (nature.plan.hostiles == 0).then_some(here);
        for client in &self.clients {
            client.check(nature, &stored, here.as_deref())?;
        }
        Ok(stored)
    }
}
