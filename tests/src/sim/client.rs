//! Whoever takes part over a connection, honest or not.

use anyhow::Result;

use super::hostile::Hostile;
use super::nature::Nature;
use super::network::LinkId;
use super::person::Person;
use super::replica::Likeness;
use super::stock::Stock;
use super::wire::Wire;

#[derive(Debug)]
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
    pub(super) fn connect(&mut self, nature: &mut Nature) {
        match self {
            Self::Person(person) => person.wire.connect(nature),
            Self::Stock(stock) => stock.wire.connect(nature),
            Self::Hostile(hostile) => hostile.connect(nature),
        }
    }

    pub(super) fn act(&mut self, nature: &mut Nature) -> Result<()> {
        match self {
            Self::Person(person) => person.act(nature),
            Self::Stock(stock) => stock.act(nature),
            Self::Hostile(hostile) => hostile.act(nature),
        }
    }

    pub(super) fn hear(&mut self, nature: &mut Nature, link: LinkId) -> Result<()> {
        match self {
            Self::Person(person) => person.hear(nature, link)?,
            Self::Stock(stock) => stock.hear(nature, link)?,
            Self::Hostile(hostile) => hostile.hear(nature, link),
        }
        Ok(())
    }

    pub(super) fn notice(&mut self, nature: &mut Nature, link: LinkId) -> Result<()> {
        match self {
            Self::Person(person) => person.notice(nature, link)?,
            Self::Stock(stock) => stock.notice(nature, link),
            Self::Hostile(hostile) => hostile.notice(nature, link),
        }
        Ok(())
    }

    pub(super) fn watch(&mut self, nature: &mut Nature) -> Result<()> {
        match self {
            Self::Person(person) => person.watch(nature)?,
            Self::Stock(stock) => stock.watch(nature),
            Self::Hostile(_) => {}
        }
        Ok(())
    }

    pub(super) fn kept(&mut self, nature: &mut Nature) -> Result<()> {
        match self {
            Self::Person(person) => person.kept(nature),
            Self::Stock(_) | Self::Hostile(_) => Ok(()),
        }
    }

    /// Why it is not at rest, if it isn't.
    pub(super) fn unrest(&self, nature: &Nature) -> Option<String> {
        match self {
            Self::Person(person) => person.unrest(nature),
            Self::Stock(stock) => stock.unrest(),
            Self::Hostile(_) => None,
        }
    }

    /// Compares it with what is stored, and whom it is shown with who is here.
    pub(super) fn check(&self, nature: &Nature, stored: &Likeness, here: Option<&[u64]>) -> Result<()> {
        match self {
            Self::Person(person) => person.check(nature, stored, here),
            Self::Stock(stock) => stock.check(nature, stored),
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
