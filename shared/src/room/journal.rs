//! The journal of a room: its entries as they are kept, how far they are on disk, and who waits to hear what came of an act.
//!
//! It doesn't know who is connected, nor how entries come to the disk.
//!
//! Invariant: No act is called taken that is not on disk, and its entry is shown to nobody before
//! (`an_act_is_answered_and_its_entry_shown_once_it_is_on_disk`).

use std::collections::VecDeque;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::state::Effect;
use crate::domain::limits;
use crate::journal::{Act, Asked, Break, Declined, Entry, Hash, Journal, Stamp, State, Taken, Texts, Tip};
use crate::sync::protocol::DiskHealth;
use crate::{ActId, EntryNumber, Timestamp};

/// A journal with all of its entries.
#[derive(Debug, Default)]
pub struct RoomJournal {
    journal: Journal,
    /// Encoded, in order: the first has the number 1.
    entries: Vec<Bytes>,
    /// How many of them are on disk.
    stored: usize,
    /// How many more the append under way holds.
    in_flight: usize,
    /// Answers that wait until so many entries are on disk, in the order of the numbers.
    waiting: VecDeque<(usize, Ticket, ActTaken)>,
}

/// What a room calls one question about an act: unique for the room's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// An act was taken: it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActTaken {
    /// Its entry.
    pub number: EntryNumber,
    /// When it was accepted.
    pub at: Timestamp,
    /// Whether it was not known before.
    pub is_new: bool,
}

/// Why an act was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It may not be.
    #[error(transparent)]
    Declined(#[from] Declined),
    /// The disk does not take it now, or the document is being loaded.
    #[error("it can't be judged or stored at the moment")]
    NotNow,
}

/// What is stored makes no journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JournalDamage {
    /// A line is no entry.
    #[error("what stands after entry {} is no entry", .0.0)]
    NoEntry(EntryNumber),
    /// An entry is not the one that follows.
    #[error(transparent)]
    Break(#[from] Break),
}

/// A part of a journal, as far as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPage {
    /// Entries in order, encoded: whoever gives them to somebody takes out what that one may not see.
    pub entries: Vec<Bytes>,
    /// The last entry of all; none if there is none.
    pub last: Option<Bytes>,
    /// Its number.
    pub head: EntryNumber,
    /// The number that follows those that are given.
    pub next: EntryNumber,
}

impl RoomJournal {
    /// The journal that is stored so: each part is entries, one a line. An entry that comes twice in a row was stored twice,
    /// because the disk's first answer was lost.
    ///
    /// # Errors
    /// [`JournalDamage`].
    pub fn read<'a>(parts: impl Iterator<Item = &'a Bytes>) -> Result<Self, JournalDamage> {
        let mut read = Self::default();
        for part in parts {
            for line in part.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let last = read.journal.tip();
                let entry = Entry::decode(line).map_err(|_| JournalDamage::NoEntry(last.number()))?;
                if entry.number <= last.number() && read.holds(&entry) {
                    continue;
                }
                read.journal.fold(&entry)?;
                read.entries.push(part.slice_ref(line));
            }
        }
        read.stored = read.entries.len();
        Ok(read)
    }

    /// Whether this very entry is here.
    fn holds(&self, entry: &Entry) -> bool {
        let index = usize::try_from(entry.number.0).ok().and_then(|number| number.checked_sub(1));
        let known = index.and_then(|index| self.entries.get(index));
        known.and_then(|known| Entry::decode(known).ok()).is_some_and(|known| known.hash == entry.hash)
    }

    /// What the entries make together, those too that are not on disk yet.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.journal.state()
    }

    /// Where the chain ends, together with what is not on disk yet.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        self.journal.tip()
    }

    /// All of it as one part.
    #[must_use]
    pub fn whole(&self) -> Bytes {
        lines(&self.entries)
    }

    /// The hash of an entry, if there is one of this number; of nothing but zeros for 0.
    #[must_use]
    pub fn hash_of(&self, number: EntryNumber) -> Option<Hash> {
        let Some(index) = number.0.checked_sub(1) else { return Some(Hash::default()) };
        let entry = self.entries.get(usize::try_from(index).ok()?)?;
        Entry::decode(entry).ok().map(|entry| entry.hash)
    }

    /// The entries after one of this number, as one part.
    #[must_use]
    pub fn after(&self, number: EntryNumber) -> Bytes {
        let first = usize::try_from(number.0).unwrap_or(usize::MAX).min(self.entries.len());
        lines(&self.entries[first..])
    }

    /// What the server itself has to say after all of this, as one part.
    #[must_use]
    pub fn noted(mut self, act: &Act, id: ActId, stamp: Stamp) -> Bytes {
        lines(&[self.journal.note(act, id, stamp).encode().into()])
    }

    /// Whether every entry is on disk.
    pub(super) const fn is_stored(&self) -> bool {
        self.stored == self.entries.len()
    }

    /// How many entries are on disk.
    #[must_use]
    pub const fn stored(&self) -> EntryNumber {
        EntryNumber(self.stored as u64)
    }

    /// The entries from a number on: at most [`limits::JOURNAL_PAGE`], and no more than [`limits::JOURNAL_PAGE_BYTES`] unless
    /// the first one alone is.
    #[must_use]
    pub fn page(&self, from: EntryNumber) -> JournalPage {
        let stored = &self.entries[..self.stored];
        let first = usize::try_from(from.0.saturating_sub(1)).unwrap_or(usize::MAX).min(stored.len());
        let mut bytes = 0;
        let is_room = |entry: &&Bytes| {
            bytes += entry.len();
            bytes == entry.len() || bytes <= limits::JOURNAL_PAGE_BYTES
        };
        let entries: Vec<Bytes> =
            stored[first..].iter().take(limits::JOURNAL_PAGE).take_while(is_room).cloned().collect();
        let next = EntryNumber((first + entries.len()) as u64 + 1);
        JournalPage { entries, last: stored.last().cloned(), head: self.stored(), next }
    }

    /// Somebody asks for an act. What comes of it is answered at once only if nothing of it has to be stored.
    pub(super) fn asked(
        &mut self,
        (ticket, asked): (Ticket, Asked),
        texts: &dyn Texts,
        stamp: Stamp,
        disk: DiskHealth,
    ) -> Option<Effect> {
        let answer = |answer| Some(Effect::Answer { ticket, answer });
        if disk != DiskHealth::Healthy {
            return answer(Err(NotTaken::NotNow));
        }
        let (number, at, is_new) = match self.journal.ask(asked, texts, stamp) {
            Ok(Taken::Entered(entry)) => {
                self.entries.push(entry.encode().into());
                (entry.number, entry.at, true)
            }
            Ok(Taken::Before(number, at)) => (number, at, false),
            Err(declined) => return answer(Err(declined.into())),
        };
        let taken = ActTaken { number, at, is_new };
        if number <= self.stored() {
            return answer(Ok(taken));
        }
        // Whoever asks again while the first question waits is answered with it.
        let number = usize::try_from(number.0).unwrap_or(usize::MAX);
        let behind = self.waiting.partition_point(|(waited, ..)| *waited <= number);
        self.waiting.insert(behind, (number, ticket, taken));
        None
    }

    /// Begins to store what is not, unless something is being stored.
    pub(super) fn store(&mut self) -> Option<Effect> {
        if self.in_flight > 0 || self.is_stored() {
            return None;
        }
        self.in_flight = self.entries.len() - self.stored;
        let tickets = self.waiting.iter().filter(|(.., taken)| taken.is_new).map(|(_, ticket, _)| *ticket);
        let tickets = tickets.collect();
        let fresh = &self.entries[self.stored..];
        // What was erased must leave the disk, so all of it is written anew.
        if fresh.iter().filter_map(|entry| Entry::decode(entry).ok()).any(|entry| entry.erases().is_some()) {
            self.erase();
            return Some(Effect::Rewrite { tickets, whole: self.whole() });
        }
        Some(Effect::Enter { tickets, entries: lines(&self.entries[self.stored..]) })
    }

    /// What the append under way holds is on disk. Gives the answers that waited for it.
    pub(super) fn entered(&mut self) -> Vec<Effect> {
        self.stored += std::mem::take(&mut self.in_flight);
        let mut answers = Vec::new();
        while let Some((_, ticket, taken)) = self.waiting.pop_front_if(|(number, ..)| *number <= self.stored)
        {
            answers.push(Effect::Answer { ticket, answer: Ok(taken) });
        }
        answers
    }

    /// Takes the bodies that were erased out of what is kept.
    fn erase(&mut self) {
        let Self { journal, entries, .. } = self;
        for number in journal.state().erased() {
            let index = usize::try_from(number.0).ok().and_then(|number| number.checked_sub(1));
            let Some(kept) = index.and_then(|index| entries.get_mut(index)) else { continue };
            if let Ok(entry) = Entry::decode(kept) {
                *kept = entry.erased().encode().into();
            }
        }
    }
}

/// Entries as they are stored: one a line.
fn lines(entries: &[Bytes]) -> Bytes {
    let mut lines = BytesMut::with_capacity(entries.iter().map(|entry| entry.len() + 1).sum());
    for entry in entries {
        lines.put_slice(entry);
        lines.put_u8(b'\n');
    }
    lines.freeze()
}
