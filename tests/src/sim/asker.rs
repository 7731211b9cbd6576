//! Those who ask for acts over HTTP: each act until it is answered, however often the answer is lost or the server dies. They
//! watch that what was taken stays, once, and in one order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use rand::Rng as _;
use samsyn_shared::domain::role::Role;
use samsyn_shared::journal::{Act, Asked, Declined, Speaker};
use samsyn_shared::room::{ActTaken, NotTaken, RoomJournal, Ticket};
use samsyn_shared::{ActId, EntryNumber};
use serde_json::json;

use super::environment::Environment;

/// How likely an answer is lost on its way.
const LOST: f64 = 0.2;

/// All who ask, and what they know.
#[derive(Debug, Default)]
pub(super) struct Asker {
    /// Acts that are not known to be taken.
    waiting: BTreeMap<ActId, Asked>,
    /// Which act a question was about.
    tickets: BTreeMap<Ticket, ActId>,
    /// What somebody was told: the entry of each act.
    taken: BTreeMap<ActId, EntryNumber>,
    /// Acts that were to begin a thread.
    threads: BTreeSet<ActId>,
    /// Those of them that somebody has asked to erase.
    erased: Vec<ActId>,
    asked: u64,
    next: u64,
}

impl Asker {
    /// Somebody wants one act more.
    pub(super) fn want(&mut self, environment: &mut Environment) -> Result<()> {
        self.asked += 1;
        let id: ActId = format!("act-{:012}", self.asked).parse()?;
        let said: Vec<(ActId, EntryNumber)> = self
            .taken
            .iter()
            .filter(|(id, _)| self.threads.contains(id) && !self.erased.contains(id))
            .map(|(id, number)| (id.clone(), *number))
            .collect();
        let (kind, fields, role) = match environment.rng.random_range(0..4) {
            0 if !said.is_empty() => {
                let (thread, number) = &said[environment.rng.random_range(0..said.len())];
                self.erased.push(thread.clone());
                ("erase", json!({"entry": number, "reason": "Fel"}), Role::Owner)
            }
            0..2 => {
                self.threads.insert(id.clone());
                ("thread", json!({"text": format!("Ord {id}"), "section": "text"}), Role::Commenter)
            }
            _ => ("actor", json!({"name": format!("Aktör {id}")}), Role::Editor),
        };
        let fields = fields.as_object().cloned().context("fields")?;
        let act = Act::asked_for(kind, fields)?;
        let seat = format!("seat-of-{role:?}00000000").parse()?;
        let speaker = Speaker { seat, role, actor: None, name: None };
        self.waiting.insert(id.clone(), Asked { speaker, id, act });
        Ok(())
    }

    /// What is asked now: one of the acts that wait, perhaps once more.
    pub(super) fn ask(&mut self, environment: &mut Environment) -> Option<(Ticket, Asked)> {
        let count = self.waiting.len();
        let index = if count == 0 { return None } else { environment.rng.random_range(0..count) };
        let asked = self.waiting.values().nth(index)?.clone();
        self.next += 1;
        let ticket = Ticket(self.next);
        self.tickets.insert(ticket, asked.id.clone());
        Some((ticket, asked))
    }

    /// The server answers.
    ///
    /// # Errors
    /// When it says what is not so.
    pub(super) fn answered(
        &mut self,
        environment: &mut Environment,
        ticket: Ticket,
        answer: Result<ActTaken, NotTaken>,
    ) -> Result<()> {
        let id = self.tickets.remove(&ticket).context("an answer that nobody waits for")?;
        let taken = match answer {
            Ok(taken) => taken,
            Err(NotTaken::NotNow) => return Ok(()),
            // It was taken, somebody heard so, and had it erased before another answer came.
            Err(NotTaken::Declined(Declined::Closed)) if self.erased.contains(&id) => return Ok(()),
            Err(declined) => bail!("{id} is declined: {declined}"),
        };
        let is_on_disk = environment.disk.entered() >= taken.number;
        ensure!(is_on_disk, "{id} is called taken and is not on disk");
        if let Some(before) = self.taken.get(&id) {
            ensure!(*before == taken.number, "{id} is two entries");
        }
        if !environment.misfortune(LOST) {
            self.taken.insert(id.clone(), taken.number);
            self.waiting.remove(&id);
            environment.tally.acts += 1;
        }
        Ok(())
    }

    /// Whether somebody waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Everything that was taken is in the journal, at its place, and nothing else is.
    ///
    /// # Errors
    /// When it is otherwise.
    pub(super) fn check(&self, journal: &RoomJournal) -> Result<()> {
        let erased: Vec<EntryNumber> = journal.state().erased().collect();
        for (id, number) in &self.taken {
            let known = journal.state().known(id).map(|known| known.number);
            let is_there = known == Some(*number) || (known.is_none() && erased.contains(number));
            ensure!(is_there, "{id} was taken as {number:?} and is {known:?}");
        }
        let (entries, taken) = (journal.stored().0, self.taken.len() as u64);
        ensure!(entries == taken, "{taken} acts are {entries} entries");
        Ok(())
    }
}
