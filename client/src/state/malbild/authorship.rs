//! Who wrote which words, shown or not: what the legend says, and the marks in the texts.

use std::collections::{BTreeMap, HashMap};

use leptos::prelude::*;
use samsyn_shared::authorship::{Author, Run};

use super::marks::Kinds;
use super::{Malbild, set_changed};
use crate::state::authorship::{Group, Mark, Party, characters, parties, run_at};
use crate::state::identity::Identity;

/// The layer of the marks.
const LAYER: &str = "author";

/// Who wrote what, for the views.
#[derive(Clone, Copy)]
pub struct Authorship {
    /// Whether it is shown.
    pub shown: RwSignal<bool>,
    /// All who wrote, with their part of the text.
    pub parties: RwSignal<Vec<Party>>,
    /// Who wrote what the caret is behind, and their name, if they have one.
    pub at_caret: RwSignal<Option<(Group, String)>>,
}

impl Authorship {
    pub(super) fn new() -> Self {
        Self {
            shown: RwSignal::new(false),
            parties: RwSignal::new(Vec::new()),
            at_caret: RwSignal::new(None),
        }
    }
}

impl Malbild {
    /// Tells the document who writes here: with the first words, or at once when they are written.
    pub(super) fn sign(&self) {
        let Some(Identity { name, organisation }) = self.me.get_untracked() else { return };
        if self.may_write() {
            let author = Author::Person { name, organisation };
            let signed = self.with_replica(|replica| replica.introduce(author));
            signed.unwrap_or(Ok(())).expect("no transaction outlives a function of Replica");
            self.show(&[]);
        }
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

    /// Looks anew who wrote what the caret is behind.
    pub fn refresh_at_caret(&self) {
        let active = self.active.get_untracked().and_then(|key| self.section(key));
        let told = active.and_then(|section| {
            let reading = self.reading(section.key);
            let run = run_at(self.runs(section.key, &reading), &reading.units, section.selection().head)?;
            let author = self.author(run.client);
            let group = Group::of(author.as_ref());
            let name = if let Some(Author::Person { name, .. }) = author { name } else { String::new() };
            Some((group, name))
        });
        set_changed(self.authorship.at_caret, told);
    }

    pub(super) fn mark_authors(&self) {
        if !self.authorship.shown.get_untracked() {
            return;
        }
        let mut known: HashMap<u64, Group> = HashMap::new();
        let mut group_of = |run: &Run| {
            let group =
                known.entry(run.client).or_insert_with(|| Group::of(self.author(run.client).as_ref()));
            group.clone()
        };
        let mut written: BTreeMap<Group, u32> = BTreeMap::new();
        let mut grouped = Vec::new();
        for key in self.keys() {
            let reading = self.reading(key);
            let mut parts: Vec<(Group, u32, u32)> = Vec::new();
            for run in self.runs(key, &reading) {
                let group = group_of(run);
                *written.entry(group.clone()).or_default() += characters(&reading.units, run);
                match parts.last_mut() {
                    Some((last, _, to)) if *last == group => *to = run.to,
                    _ => parts.push((group, run.from, run.to)),
                }
            }
            grouped.push((key, parts));
        }
        let parties = parties(&written);
        let marks: BTreeMap<&Group, Mark> = parties.iter().map(|party| (&party.group, party.mark)).collect();
        for (key, parts) in &grouped {
            self.mark(LAYER, key, kinds(parts, &marks));
        }
        set_changed(self.authorship.parties, parties);
        self.refresh_at_caret();
    }

    fn author(&self, client: u64) -> Option<Author> {
        self.with_replica(|replica| {
            replica.author(client).expect("no transaction outlives a function of Replica")
        })
        .flatten()
    }
}

fn kinds(parts: &[(Group, u32, u32)], marks: &BTreeMap<&Group, Mark>) -> Kinds {
    let (mut names, mut runs) = (Vec::new(), Vec::new());
    for (group, from, to) in parts {
        let Some(name) = marks.get(group).and_then(|mark| mark.highlight()) else { continue };
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        runs.extend([u32::try_from(place).expect("there are few names"), *from, *to]);
    }
    (names, runs)
}
