//! The journal of a målbild: everything that must be *true* (who speaks for whom, what was said, what was decided), as entries
//! in one order, each for an act that was asked for and accepted. A chain of hashes proves that nothing was changed since.
//!
//! Pure: whoever holds a journal gives it acts, the time and randomness, and keeps the entries that it makes. It knows no
//! disk, no request and no view.
//!
//! Invariant: An act is entered once, however often it is asked for (`an_act_that_comes_again_is_the_entry_that_it_was`).
//! Invariant: The chain verifies for whoever may not see a body, and after erasing; any changed byte breaks it
//! (`a_chain_verifies_with_and_without_its_bodies_and_no_byte_of_it_can_be_changed`).

mod act;
mod canonical;
mod chain;
mod entry;
mod fold;
mod hash;
mod seen;
mod state;

pub use self::act::{Act, Declined, Opened, OpenedSeat, Origin, Restored, Revoke, SeatMade, Unreadable};
pub use self::chain::{Break, Tip};
pub use self::entry::{Body, Entry};
pub use self::hash::{Hash, Salt};
pub use self::state::{Seat, State, Thread};
use crate::domain::limits;
use crate::{ActId, ActorId, EntryNumber, Role, SeatId, Timestamp};

/// A journal as whoever writes or reads it holds it: where its chain ends, and what its entries make together. The entries
/// themselves are kept elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    tip: Tip,
    state: State,
}

/// Who asks for an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// Their seat.
    pub seat: SeatId,
    /// What its role is.
    pub role: Role,
    /// For whom it speaks.
    pub actor: Option<ActorId>,
    /// The name that they give.
    pub name: Option<String>,
}

/// An act that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub speaker: Speaker,
    /// The identifier that they chose: who asks again under it is told what came of it.
    pub id: ActId,
    /// For what.
    pub act: Act,
}

/// What an entry has that nobody chooses.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// When it is entered.
    pub at: Timestamp,
    /// Fresh randomness for its body.
    pub salt: Salt,
}

/// The texts that acts speak of: what stands in the content now.
pub trait Texts {
    /// What stands in a section, its lines with their ends; none if the målbild has no such section.
    fn section(&self, key: &str) -> Option<String>;
}

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is this entry, which is to be kept.
    Entered(Box<Entry>),
    /// It came before, and is the entry with this number.
    Before(EntryNumber, Timestamp),
}

impl Journal {
    /// Where the chain ends.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        self.tip
    }

    /// What the entries make together.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Judges an act that is asked for, and enters it.
    ///
    /// # Errors
    /// [`Declined`]: nothing has changed.
    pub fn ask(&mut self, asked: Asked, texts: &dyn Texts, stamp: Stamp) -> Result<Taken, Declined> {
        let Asked { speaker, id, act } = asked;
        if let Some(known) = self.state.known(&id) {
            let is_same = known.seat.as_ref() == Some(&speaker.seat) && known.digest == act.digest();
            return if is_same { Ok(Taken::Before(known.number, known.at)) } else { Err(Declined::Id) };
        }
        if self.state.was_erased(&id) {
            return Err(Declined::Closed);
        }
        if self.tip.number().0 >= limits::JOURNAL_ENTRIES {
            return Err(Declined::Full);
        }
        act.judge(&act::Judging { state: &self.state, speaker: &speaker, texts })?;
        let body = Body::of(act.fields(), id, Some(&speaker));
        Ok(Taken::Entered(Box::new(self.enter(&act, body, stamp))))
    }

    /// Enters what the server itself has to say, under a fresh identifier.
    pub fn note(&mut self, act: &Act, id: ActId, stamp: Stamp) -> Entry {
        self.enter(act, Body::of(act.fields(), id, None), stamp)
    }

    /// Adds an entry that another made.
    ///
    /// # Errors
    /// [`Break`]: it is not the one that follows, or not as it was made. Nothing has changed.
    pub fn fold(&mut self, entry: &Entry) -> Result<(), Break> {
        self.tip = self.tip.verified(entry)?;
        fold::fold(&mut self.state, entry);
        Ok(())
    }

    fn enter(&mut self, act: &Act, body: Body, Stamp { at, salt }: Stamp) -> Entry {
        // A clock that was put back does not put the record out of order.
        let next = (self.tip.number().next(), at.max(self.tip.at()), self.tip.hash());
        let entry = Entry::seal(next, act.name(), body, salt);
        self.fold(&entry).expect("an entry that was made for the end of the chain stands there");
        entry
    }
}

#[cfg(test)]
mod tests;
