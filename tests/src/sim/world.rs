//! One run from its first connection to its end: everything happens here, one thing after another.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::Rng;
use samsyn_shared::domain::ids;
use samsyn_shared::room::Event;
use samsyn_shared::sync::protocol::DiskHealth;
use samsyn_shared::{Epoch, Role, Template, document};
use yrs::{ReadTxn, StateVector, Transact};

use super::Tally;
use super::asker::Asker;
use super::client::Client;
use super::disk::Disk;
use super::environment::{Environment, Scheduled, generator};
use super::hostile::Hostile;
use super::person::{Browser, Person};
use super::plan::Plan;
use super::replica::Snapshot;
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
    environment: Environment,
    server: Server,
    clients: Vec<Client>,
    asker: Asker,
}

impl World {
    pub(super) fn new(seed: u64, trace: Option<fn(&str)>) -> Result<Self> {
        let mut rng = generator(seed);
        let plan = Plan::draw(&mut rng);
        let epoch = ids::client_id(&mut rng);
        let template = Template::find("tom").context("the template is gone")?;
        let seeded = document::seed(template, "T", epoch);
        let first = seeded.try_transact()?.encode_state_as_update_v1(&StateVector::default());
        let mut environment = Environment::new(plan, rng, Disk::new(first.into())?, trace);
        environment.honest.insert(epoch);
        environment.note(|| format!("{:?}", environment.plan));
        let server = Server::new(Epoch(epoch), template);
        let mut world = Self { environment, server, clients: Vec::new(), asker: Asker::default() };
        world.gather(template)?;
        Ok(world)
    }

    fn gather(&mut self, template: &'static Template) -> Result<()> {
        let Plan { writers, readers, stocks, hostiles, peace, second_tab, .. } = self.environment.plan;
        let environment = &mut self.environment;
        let mut browser = Rc::<RefCell<Browser>>::default();
        for client in 0..writers + readers + stocks + hostiles {
            environment.roles.push(Role::Editor);
            environment.lacked.push(None);
            let ahead = environment.while_up_to(Duration::from_secs(10_000));
            environment.ahead.push(ahead);
            self.clients.push(if client < writers + readers {
                if client >= writers {
                    environment.give_role(client, Role::Reader);
                }
                // The second writer is another tab of the first.
                if client != 1 || client >= writers || !second_tab {
                    browser = Rc::default();
                }
                Client::Person(Box::new(Person::new(client, environment, template, browser.clone())?))
            } else if client < writers + readers + stocks {
                Client::Stock(Box::new(Stock::new(client, environment)))
            } else {
                if environment.rng.random_bool(0.5) {
                    environment.give_role(client, Role::Reader);
                }
                Client::Hostile(Box::new(Hostile::new(client, environment)))
            });
            let delay = environment.while_up_to(Duration::from_secs(1));
            environment.after(delay, Scheduled::Connects(client));
            environment.after(delay, Scheduled::Acts(client));
            environment.after(delay, Scheduled::Watches(client));
        }
        for happening in [Scheduled::InjectFault, Scheduled::Asks] {
            let delay = environment.while_up_to(peace);
            environment.after(delay, happening);
        }
        Ok(())
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) fn run(&mut self) -> Result<Tally> {
        let end = self.environment.plan.span;
        self.pass(end)?;
        self.calm_down()?;
        self.settle().context("after the bad times")?;
        let before = self.check().context("after the bad times")?;
        // All of it once more from the disk, over new connections.
        self.server.crash(&mut self.environment)?;
        self.settle().context("after a last crash")?;
        let after = self.check().context("after a last crash")?;
        after.same_as(&before).context("a last crash changed something")?;
        Ok(self.environment.tally)
    }

    /// Everything that happens by then.
    fn pass(&mut self, end: Duration) -> Result<()> {
        while let Some(happening) = self.environment.next(end) {
            self.happen(happening)?;
            for (ticket, answer) in std::mem::take(&mut self.environment.answers) {
                self.asker.answered(&mut self.environment, ticket, answer)?;
            }
        }
        Ok(())
    }

    /// Somebody asks for an act, which they have not asked for before or have heard nothing of.
    fn ask(&mut self) -> Result<()> {
        let Self { environment, server, asker, .. } = self;
        if !environment.is_calm {
            asker.want(environment)?;
        }
        if let Some((ticket, asked)) = asker.ask(environment) {
            server.ask(environment, ticket, asked)?;
        }
        let thought = environment.while_up_to(environment.plan.thought);
        if !environment.is_calm || asker.is_waiting() {
            environment.after(thought, Scheduled::Asks);
        }
        Ok(())
    }

    fn happen(&mut self, happening: Scheduled) -> Result<()> {
        let Self { environment, server, clients, .. } = self;
        match happening {
            Scheduled::Acts(client) => {
                if environment.is_calm {
                    return Ok(());
                }
                let thought = environment.while_up_to(environment.plan.thought);
                environment.after(thought, happening);
                clients[client].act(environment)
            }
            Scheduled::Connects(client) => clients[client].connect(environment),
            Scheduled::Keeps(client) => of_person(clients, client, |person| person.kept(environment)),
            Scheduled::Reads(client) => of_person(clients, client, |person| person.has_read(environment)),
            Scheduled::Hears(client) => of_person(clients, client, |person| person.told(environment)),
            Scheduled::Alarms(client) => of_person(clients, client, |person| person.wake(environment)),
            Scheduled::Watches(client) => {
                environment.after(WATCH, happening);
                clients[client].watch(environment);
                Ok(())
            }
            Scheduled::ArrivesAtClient(link) => match environment.network.client_of(link) {
                Some(client) => clients[client].hear(environment, link),
                None => Ok(()),
            },
            Scheduled::ArrivesAtServer(link) => match environment.network.client_of(link) {
                Some(client) => server.hear(environment, link, clients[client].wire().dialect),
                None => Ok(()),
            },
            Scheduled::ClientNotices(link) => match environment.network.client_of(link) {
                Some(client) => clients[client].notice(environment, link),
                None => Ok(()),
            },
            Scheduled::ServerNotices(link) => server.notice(environment, link),
            Scheduled::Commits(job) => server.commit(environment, job),
            Scheduled::Answers(job) => server.answer(environment, job),
            Scheduled::Wakes(room) => server.wake(environment, room),
            Scheduled::Turns(room) => server.turn(environment, room),
            Scheduled::Ticks(room) => server.tick(environment, room),
            Scheduled::Proves(compaction) => server.prove(environment, compaction),
            Scheduled::Asks => self.ask(),
            Scheduled::Starts => {
                server.start();
                Ok(())
            }
            Scheduled::InjectFault => self.strike(),
        }
    }

    /// Something bad happens, to somebody or to all.
    fn strike(&mut self) -> Result<()> {
        let Self { environment, server, clients, .. } = self;
        if environment.is_calm {
            return Ok(());
        }
        let peace = environment.while_up_to(environment.plan.peace);
        environment.after(peace, Scheduled::InjectFault);
        let client = environment.rng.random_range(0..clients.len());
        match environment.rng.random_range(0..17) {
            0..6 => {
                if let Some(link) = clients[client].wire().link() {
                    environment.note(|| format!("the connection of {client} is cut"));
                    environment.cut(link);
                }
                Ok(())
            }
            6 => server.crash(environment),
            7 => server.drain(environment),
            12 => server.reload(environment),
            13 => {
                environment.note(|| "every connection is cut".to_owned());
                let links = clients.iter().filter_map(|client| client.wire().link());
                links.for_each(|link| environment.cut(link));
                Ok(())
            }
            14 => {
                environment.are_websockets_blocked = !environment.are_websockets_blocked;
                Ok(())
            }
            15 => {
                environment.note(|| format!("the clock of {client} is set"));
                environment.ahead[client] = environment.while_up_to(Duration::from_secs(10_000));
                Ok(())
            }
            16 if environment.rng.random_bool(0.2) => server.replace_history(environment),
            8 | 16 => server.change_role(environment, client, None),
            9 => {
                let trouble =
                    if environment.rng.random_bool(0.5) { DiskHealth::DiskFull } else { DiskHealth::Healthy };
                server.event(environment, Event::DiskChanged(trouble))
            }
            _ => {
                let role = if environment.may_write(client) { Role::Reader } else { Role::Editor };
                environment.note(|| format!("{client} becomes {role}"));
                // All tabs of a browser have one role.
                let tabs = clients[client].person().map_or(vec![client], |person| person.tabs());
                for client in tabs {
                    environment.give_role(client, role);
                    server.change_role(environment, client, Some(role))?;
                }
                Ok(())
            }
        }
    }

    /// The disk has space, and the hostile go home.
    fn calm_down(&mut self) -> Result<()> {
        self.environment.note(|| "nothing bad happens from here on".to_owned());
        self.environment.is_calm = true;
        self.environment.are_websockets_blocked = false;
        self.server.event(&mut self.environment, Event::DiskChanged(DiskHealth::Healthy))?;
        for client in self.clients.iter().filter(|client| client.client_id().is_none()) {
            if let Some(link) = client.wire().link() {
                self.environment.cut(link);
            }
        }
        Ok(())
    }

    /// Lets time pass until it is quiet.
    fn settle(&mut self) -> Result<()> {
        let limit = self.environment.now + PATIENCE;
        let mut was_at_rest = false;
        loop {
            let said = self.environment.tally.said;
            self.pass(self.environment.now + QUIET)?;
            let unrest = self.unrest();
            let is_at_rest = unrest.is_empty() && self.environment.tally.said == said;
            if is_at_rest && was_at_rest {
                return Ok(());
            }
            was_at_rest = is_at_rest;
            let frames = self.environment.tally.said - said;
            let late = self.environment.now >= limit;
            ensure!(!late, "it does not get quiet: {frames} frames in 4 s; {}", unrest.join("; "));
        }
    }

    fn unrest(&self) -> Vec<String> {
        let mut unrest: Vec<_> =
            self.clients.iter().filter_map(|client| client.unrest(&self.environment)).collect();
        if self.asker.is_waiting() {
            unrest.push("somebody waits for what came of an act".to_owned());
        }
        if !self.server.is_at_rest() {
            unrest.push("the server has something under way".to_owned());
        }
        // What is half open looks whole to one end.
        let honest = self.clients.iter().filter(|client| client.client_id().is_some());
        let mut links: Vec<_> = honest.filter_map(|client| client.wire().link()).collect();
        links.sort_unstable();
        if self.server.links() != links || links.iter().any(|link| self.environment.network.is_cut(*link)) {
            unrest.push("not every connection is whole".to_owned());
        }
        if self.environment.network.is_awaited_after(self.environment.now + self.environment.plan.latency) {
            unrest.push("a slow message is under way".to_owned());
        }
        unrest
    }

    /// Everyone has what is stored, and nothing is missing.
    fn check(&mut self) -> Result<Snapshot> {
        let environment = &mut self.environment;
        environment.disk.ensure_idle()?;
        environment.disk.verify()?;
        self.asker.check(&environment.disk.journal()?)?;
        let stored = Snapshot::of(&environment.disk.parts()?)?;
        if let Some(document) = self.server.document()? {
            Snapshot::of([&document])?.same_as(&stored).context("of the server's room")?;
        }
        let mut here: Vec<u64> = self.clients.iter().filter_map(Client::client_id).collect();
        here.sort_unstable();
        // A hostile client may have taken somebody's name.
        let here = (environment.plan.hostiles == 0).then_some(here);
        for client in &self.clients {
            client.check(environment, &stored, here.as_deref())?;
        }
        Ok(stored)
    }
}

fn of_person(
    clients: &mut [Client],
    client: usize,
    does: impl FnOnce(&mut Person) -> Result<()>,
) -> Result<()> {
    clients[client].person().map_or(Ok(()), does)
}
