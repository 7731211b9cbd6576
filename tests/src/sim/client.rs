//! Whoever takes part over a connection, honest or not.

use anyhow::Result;

use super::environment::Environment;
use super::hostile::Hostile;
use super::network::LinkId;
use super::person::Person;
use super::replica::Snapshot;
use super::stock::Stock;
use super::wire::Wire;

pub(super) enum Client {
    Person(Box<Person>),
    Stock(Box<Stock>),
    Hostile(Box<Hostile>),
}

impl Client {
    pub(super) const fn wire(&self) -> &Wire {
        match self {
            Self::Person(person) => &person.wire,
            Self::Stock(stock) => &stock.wire,
            Self::Hostile(hostile) => &hostile.wire,
        }
    }

    /// Connects, unless it has.
    pub(super) fn connect(&mut self, environment: &mut Environment) -> Result<()> {
        match self {
            Self::Person(person) => person.start(environment)?,
            Self::Stock(stock) => stock.wire.connect(environment),
            Self::Hostile(hostile) => hostile.connect(environment),
        }
        Ok(())
    }

    pub(super) fn act(&mut self, environment: &mut Environment) -> Result<()> {
        match self {
            Self::Person(person) => person.act(environment),
            Self::Stock(stock) => stock.act(environment),
            Self::Hostile(hostile) => hostile.act(environment),
        }
    }

    pub(super) fn hear(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        match self {
            Self::Person(person) => person.hear(environment, link)?,
            Self::Stock(stock) => stock.hear(environment, link)?,
            Self::Hostile(hostile) => hostile.hear(environment, link),
        }
        Ok(())
    }

    pub(super) fn notice(&mut self, environment: &mut Environment, link: LinkId) -> Result<()> {
        match self {
            Self::Person(person) => person.notice(environment, link)?,
            Self::Stock(stock) => stock.notice(environment, link),
            Self::Hostile(hostile) => hostile.notice(environment, link),
        }
        Ok(())
    }

    pub(super) fn watch(&mut self, environment: &mut Environment) {
        match self {
            Self::Stock(stock) => stock.watch(environment),
            Self::Person(_) | Self::Hostile(_) => {}
        }
    }

    /// The person, if it is one with our page.
    pub(super) fn person(&mut self) -> Option<&mut Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Stock(_) | Self::Hostile(_) => None,
        }
    }

    /// Why it is not at rest, if it isn't.
    pub(super) fn unrest(&self, environment: &Environment) -> Option<String> {
        match self {
            Self::Person(person) => person.unrest(environment),
            Self::Stock(stock) => stock.unrest(),
            Self::Hostile(_) => None,
        }
    }

    /// Compares it with what is stored, and whom it is shown with who is here.
    pub(super) fn check(
        &self,
        environment: &Environment,
        stored: &Snapshot,
        here: Option<&[u64]>,
    ) -> Result<()> {
        match self {
            Self::Person(person) => person.check(environment, stored, here),
            Self::Stock(stock) => stock.check(environment, stored),
            Self::Hostile(_) => Ok(()),
        }
    }

    /// The id that it is here under; none if it is not honest.
    pub(super) fn client_id(&self) -> Option<u64> {
        match self {
            Self::Person(person) => Some(person.client_id()),
            Self::Stock(stock) => Some(stock.client_id()),
            Self::Hostile(_) => None,
        }
    }
}
