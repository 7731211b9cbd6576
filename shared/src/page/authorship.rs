//! A page's authorship view: who wrote which words, as marks in the texts and as the legend beside them; and the signature
//! that says who writes here.

use super::marks::Kinds;
use super::parties::{Group, Party, Tally, characters, run_at};
use super::replica::TITLE;
use super::{Identity, Layer, Page, Told};
use crate::document::authorship::Author;

impl Page {
    /// Tells the document who writes here: with the first words, or at once when they are written.
    pub(super) fn sign(&mut self) {
        let Some(Identity { name, organisation }) = self.view.writer.me.clone() else { return };
        let (author, at_once) = (Author::Person { name, organisation }, self.may_write());
        let signed = self.replica().introduce(author, at_once);
        signed.expect("no transaction outlives a function of Replica");
        self.tell_edits();
    }

    /// Shows who wrote which words, or no longer.
    pub fn show_authors(&mut self, shown: bool) {
        self.view.authorship.update(|authorship| authorship.shown = shown);
        if shown {
            self.mark_authors();
        } else {
            self.unmark(Layer::Author);
        }
    }

    /// The caret was moved. When the text changed too, all is read anew soon, and this with it.
    pub(super) fn caret_moved(&mut self) {
        let is_read = self.view.caret.active.is_some_and(|key| self.is_read(key));
        if is_read && self.view.authorship.shown {
            self.tell(self.view.authorship.told.parties.clone());
        }
    }

    fn tell(&mut self, parties: Vec<Party>) {
        let caret = self.active_text().map(|text| (text.key, text.in_document(text.selection().head)));
        let at_caret = caret.and_then(|(key, head)| {
            let reading = self.reading(key);
            let run = run_at(self.runs(key, &reading), &reading.units, head)?;
            let author = self.author(run.client);
            let group = Group::of(author.as_ref());
            let name = if let Some(Author::Person { name, .. }) = author { name } else { String::new() };
            Some((group, name))
        });
        let told = Told { parties, at_caret };
        if told != self.view.authorship.told {
            self.view.authorship.update(|authorship| authorship.told = told);
        }
    }

    pub(super) fn mark_authors(&mut self) {
        if !self.view.authorship.shown {
            return;
        }
        // By client id, in its order.
        let mut known: Vec<(u64, Group)> = Vec::new();
        let mut tally = Tally::default();
        let mut grouped = Vec::new();
        // Who made the målbild is not told, so whose its title is isn't either.
        for key in self.keys().filter(|key| *key != TITLE) {
            let reading = self.reading(key);
            let mut parts: Vec<(Group, u32, u32)> = Vec::new();
            for run in self.runs(key, &reading) {
                let place = known.binary_search_by_key(&run.client, |(known, _)| *known);
                let place = place.unwrap_or_else(|place| {
                    known.insert(place, (run.client, Group::of(self.author(run.client).as_ref())));
                    place
                });
                let group = &known[place].1;
                tally.add(group, characters(&reading.units, run));
                match parts.last_mut() {
                    Some((last, _, to)) if last == group => *to = run.to,
                    _ => parts.push((group.clone(), run.from, run.to)),
                }
            }
            grouped.push((key, parts));
        }
        let parties = tally.parties();
        for (key, parts) in &grouped {
            self.mark_layer(Layer::Author, *key, kinds(parts, &parties));
        }
        self.tell(parties);
    }

    fn author(&self, client: u64) -> Option<Author> {
        self.held().author(client).expect("no transaction outlives a function of Replica")
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
