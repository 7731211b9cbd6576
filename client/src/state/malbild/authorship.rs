//! Who wrote which words, shown or not: what the legend says, and the marks in the texts.

use leptos::prelude::*;
use samsyn_shared::document::authorship::Author;

use super::marks::Kinds;
use super::{Malbild, TITLE, set_changed};
use crate::state::authorship::{Group, Party, Tally, characters, run_at};
use crate::state::identity::Identity;

/// The layer of the marks.
const LAYER: &str = "author";

/// Who wrote what, for the views.
#[derive(Clone, Copy)]
pub struct Authorship {
    /// Whether it is shown.
    pub shown: RwSignal<bool>,
    /// What the legend says.
    pub told: RwSignal<Told>,
}

/// What the legend says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// All who wrote, with their part of the text.
    pub parties: Vec<Party>,
    /// Who wrote what the caret is behind, and their name, if they have one.
    pub at_caret: Option<(Group, String)>,
}

impl Authorship {
    pub(super) fn new() -> Self {
        Self { shown: RwSignal::new(false), told: RwSignal::new(Told::default()) }
    }
}

impl Malbild {
    /// Tells the document who writes here: with the first words, or at once when they are written.
    pub(super) fn sign(&self) {
        let Some(Identity { name, organisation }) = self.me.get_untracked() else { return };
        let author = Author::Person { name, organisation };
        let signed = self.with_replica(|replica| replica.introduce(author, self.may_write()));
        signed.unwrap_or(Ok(())).expect("no transaction outlives a function of Replica");
        self.tell_edits();
    }

    /// Shows who wrote which words, or no longer.
    pub fn show_authors(&self, shown: bool) {
        self.authorship.shown.set(shown);
        if shown {
            self.mark_authors();
        } else {
            self.unmark(LAYER);
        }
    }

    /// The caret was moved. When the text changed too, all is read anew soon, and this with it.
    pub(super) fn caret_moved(&self) {
        let read = self.active.get_untracked().is_some_and(|key| self.is_read(key));
        if read && self.authorship.shown.get_untracked() {
            let parties = self.authorship.told.with_untracked(|told| told.parties.clone());
            self.tell(parties);
        }
    }

    fn tell(&self, parties: Vec<Party>) {
        let active = self.active.get_untracked().and_then(|key| self.section(key));
        let at_caret = active.and_then(|section| {
            let reading = self.reading(section.key);
            let head = section.in_document(section.selection().head);
            let run = run_at(self.runs(section.key, &reading), &reading.units, head)?;
            let author = self.author(run.client);
            let group = Group::of(author.as_ref());
            let name = if let Some(Author::Person { name, .. }) = author { name } else { String::new() };
            Some((group, name))
        });
        set_changed(self.authorship.told, Told { parties, at_caret });
    }

    pub(super) fn mark_authors(&self) {
        if !self.authorship.shown.get_untracked() {
            return;
        }
        // By client id, in its order.
        let mut known: Vec<(u64, Group)> = Vec::new();
        let mut group_of = |client: u64| {
            let place = known.binary_search_by_key(&client, |(known, _)| *known).unwrap_or_else(|place| {
                known.insert(place, (client, Group::of(self.author(client).as_ref())));
                place
            });
            known[place].1.clone()
        };
        let mut tally = Tally::default();
        let mut grouped = Vec::new();
        // Who made the målbild is not told, so whose its title is isn't either.
        for key in self.keys().filter(|key| *key != TITLE) {
            let reading = self.reading(key);
            let mut parts: Vec<(Group, u32, u32)> = Vec::new();
            for run in self.runs(key, &reading) {
                let group = group_of(run.client);
                tally.add(&group, characters(&reading.units, run));
                match parts.last_mut() {
                    Some((last, _, to)) if *last == group => *to = run.to,
                    _ => parts.push((group, run.from, run.to)),
                }
            }
            grouped.push((key, parts));
        }
        let parties = tally.parties();
        for (key, parts) in &grouped {
            self.mark(LAYER, *key, kinds(parts, &parties));
        }
        self.tell(parties);
    }

    fn author(&self, client: u64) -> Option<Author> {
        self.with_replica(|replica| {
            replica.author(client).expect("no transaction outlives a function of Replica")
        })
        .flatten()
    }
}

fn kinds(parts: &[(Group, u32, u32)], parties: &[Party]) -> Kinds {
    let (mut names, mut runs) = (Vec::new(), Vec::new());
    for (group, from, to) in parts {
        let party = parties.iter().find(|party| party.group == *group);
        let Some(name) = party.and_then(|party| party.mark.highlight()) else { continue };
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        runs.extend([u32::try_from(place).expect("there are few names"), *from, *to]);
    }
    (names, runs)
}
