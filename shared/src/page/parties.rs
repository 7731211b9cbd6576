//! The parties of a text: the organisations (and the template, and persons without one) that wrote its words, how much each
//! wrote, and by which marking each is told apart. The markings' looks are the style sheet's.

use crate::document::authorship::{Author, Run};

use super::people::COLOURS;

/// How many kinds of line the style sheet has: the second cue beside the colour.
pub const LINES: usize = 5;

/// How many organisations are told apart: each colour with each line.
pub const MARKS: usize = COLOURS * LINES;

/// Whose words are taken together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// An organisation's, by its name.
    Organisation(String),
    /// Those of people who named none.
    NoOrganisation,
    /// Those of whom nobody told: foreign clients'.
    Unknown,
    /// The template's example.
    Template,
}

impl Group {
    /// Whose an author's words are.
    #[must_use]
    pub fn of(author: Option<&Author>) -> Self {
        match author {
            Some(Author::Person { organisation, .. }) if organisation.is_empty() => Self::NoOrganisation,
            Some(Author::Person { organisation, .. }) => Self::Organisation(organisation.clone()),
            Some(Author::Template(_)) => Self::Template,
            None => Self::Unknown,
        }
    }
}

/// How a group's words are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marking {
    /// As an organisation's: the number of one of [`MARKS`].
    Numbered(usize),
    /// As nobody's in particular.
    Plain,
    /// Not at all: what came with the template is nobody's contribution.
    None,
}

impl Marking {
    /// The highlight's name; none for what is not marked.
    #[must_use]
    pub fn highlight(self) -> Option<String> {
        match self {
            Self::Numbered(number) => Some(format!("author-{number}")),
            Self::Plain => Some("author-plain".to_owned()),
            Self::None => None,
        }
    }

    /// Which colour of the palette.
    #[must_use]
    pub fn colour(self) -> Option<usize> {
        if let Self::Numbered(number) = self { Some(number % COLOURS) } else { None }
    }

    /// Which kind of line. All marks of one colour differ in it.
    #[must_use]
    pub fn line(self) -> Option<usize> {
        if let Self::Numbered(number) = self { Some((number + number / COLOURS) % LINES) } else { None }
    }
}

/// A group with its part in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    /// Who.
    pub group: Group,
    /// How their words are marked.
    pub mark: Marking,
    /// Their part of all that is written, in per cent.
    pub share: f64,
}

/// Who wrote how much: each group once, in their own order, with how many characters they wrote.
#[derive(Debug, Default)]
pub struct Tally(Vec<(Group, u32)>);

impl Tally {
    /// Counts what a group wrote.
    pub fn add(&mut self, group: &Group, characters: u32) {
        match self.0.binary_search_by(|(known, _)| known.cmp(group)) {
            Ok(place) => self.0[place].1 += characters,
            Err(place) => self.0.insert(place, (group.clone(), characters)),
        }
    }

    /// Those who wrote something, the ones who wrote most first.
    #[must_use]
    pub fn parties(&self) -> Vec<Party> {
        let total: f64 = self.0.iter().map(|(_, characters)| f64::from(*characters)).sum();
        let mut taken = [false; MARKS];
        let mut parties: Vec<Party> = Vec::new();
        for (group, characters) in self.0.iter().filter(|(_, characters)| *characters > 0) {
            let share = 100.0 * f64::from(*characters) / total;
            let place = parties.iter().position(|party| party.share < share).unwrap_or(parties.len());
            parties.insert(place, Party { group: group.clone(), mark: mark_of(group, &mut taken), share });
        }
        parties
    }
}

/// How a group is marked. An organisation's own name leads to its colour, so that it has the same one on
/// every page, as long as few enough write.
fn mark_of(group: &Group, taken: &mut [bool; MARKS]) -> Marking {
    let name = match group {
        Group::Organisation(name) => name,
        Group::NoOrganisation | Group::Unknown => return Marking::Plain,
        Group::Template => return Marking::None,
    };
    let first = colour_of(name);
    let nearest = |step: usize| step / COLOURS * COLOURS + (first + step) % COLOURS;
    let number = (0..MARKS).map(nearest).find(|number| !taken[*number]).unwrap_or(first);
    taken[number] = true;
    Marking::Numbered(number)
}

fn colour_of(name: &str) -> usize {
    // FNV-1a: the same on every page, whatever the standard library's hasher does.
    let letters = name.chars().flat_map(char::to_uppercase);
    let hash = letters.fold(0x811c_9dc5_u32, |hash, c| (hash ^ u32::from(c)).wrapping_mul(0x0100_0193));
    (hash % 10) as usize
}

/// How many of the characters in a run are no line ends.
#[must_use]
pub fn characters(text: &[u16], run: &Run) -> u32 {
    let (from, to) = (run.from as usize, (run.to as usize).min(text.len()));
    let written = text.get(from..to).unwrap_or_default().iter().filter(|unit| **unit != u16::from(b'\n'));
    u32::try_from(written.count()).expect("a text is shorter than its positions reach")
}

/// The run that a caret is behind: who wrote the character before it, or on an empty beginning of a line
/// the one after it.
#[must_use]
pub fn run_at<'a>(runs: &'a [Run], text: &[u16], caret: u32) -> Option<&'a Run> {
    let line_end = u16::from(b'\n');
    let before = caret.checked_sub(1).filter(|at| text.get(*at as usize) != Some(&line_end));
    let at = before.unwrap_or(caret);
    let empty = text.get(at as usize).is_none_or(|unit| *unit == line_end);
    runs.iter().find(|run| run.from <= at && at < run.to).filter(|_| !empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn organisation(name: &str) -> Group {
        Group::Organisation(name.to_owned())
    }

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    fn tally(written: &[(Group, u32)]) -> Vec<Party> {
        let mut tally = Tally::default();
        written.iter().for_each(|(group, characters)| tally.add(group, *characters));
        tally.parties()
    }

    fn marks(organisations: usize) -> Vec<Marking> {
        let groups: Vec<_> = (0..organisations).map(|n| (organisation(&format!("Kommun {n}")), 1)).collect();
        tally(&groups).iter().map(|party| party.mark).collect()
    }

    #[test]
    fn those_who_wrote_most_come_first_and_who_wrote_nothing_is_no_party() {
        let msb = organisation("MSB");
        let region = organisation("Region Väst");
        let written = [
            (msb.clone(), 20),
            (region.clone(), 70),
            (Group::Unknown, 5),
            (Group::Template, 0),
            (msb.clone(), 5),
        ];
        let parties = tally(&written);
        let told: Vec<_> = parties.iter().map(|party| (party.group.clone(), party.share)).collect();
        assert_eq!(told, [(region, 70.0), (msb, 25.0), (Group::Unknown, 5.0)]);
        assert_eq!(parties[2].mark, Marking::Plain);
    }

    #[test]
    fn fifty_organisations_differ_in_colour_or_line_and_sixty_still_have_both() {
        let looks: BTreeSet<_> = marks(50).iter().map(|mark| (mark.colour(), mark.line())).collect();
        assert_eq!(looks.len(), 50);
        let colours: BTreeSet<_> = marks(10).iter().map(|mark| mark.colour()).collect();
        assert_eq!(colours.len(), 10);
        assert!(marks(60).iter().all(|mark| mark.line().is_some()));
    }

    #[test]
    fn an_organisation_has_the_same_colour_beside_others() {
        let (one, other) = (organisation("Länsstyrelsen"), organisation("Region Väst"));
        assert_ne!(colour_of("Länsstyrelsen"), colour_of("Region Väst"), "else they prove nothing here");
        assert_eq!(colour_of("LÄNSSTYRELSEN"), colour_of("Länsstyrelsen"));
        let alone = tally(&[(one.clone(), 1)]);
        assert_eq!(alone[0].mark, tally(&[(other, 1), (one, 2)])[0].mark);
    }

    #[test]
    fn line_ends_are_nobodys_characters() {
        let text = units("a\n\n😀b\n");
        assert_eq!(characters(&text, &Run { client: 1, from: 0, to: 7 }), 4);
        assert_eq!(characters(&text, &Run { client: 1, from: 1, to: 3 }), 0);
        assert_eq!(characters(&text, &Run { client: 1, from: 5, to: 99 }), 1);
    }

    #[test]
    fn the_caret_is_behind_what_it_was_written_after() {
        let text = units("ab\n\ncd\n");
        let runs = [Run { client: 1, from: 0, to: 1 }, Run { client: 2, from: 1, to: 7 }];
        let at = |caret| run_at(&runs, &text, caret).map(|run| run.client);
        assert_eq!([at(0), at(1), at(2), at(4), at(5)], [Some(1), Some(1), Some(2), Some(2), Some(2)]);
        assert_eq!((at(3), at(7), at(99)), (None, None, None));
    }
}
