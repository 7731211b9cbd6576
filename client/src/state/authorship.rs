//! Who wrote which words, by organisation: what the view of it shows, made of runs and authors. How each
//! organisation is marked is decided here; the marks' looks are the style sheet's.

use std::collections::{BTreeMap, BTreeSet};

use samsyn_shared::authorship::{Author, Run};

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
pub enum Mark {
    /// As an organisation's: the number of one of [`MARKS`].
    Numbered(usize),
    /// As nobody's in particular.
    Plain,
    /// Not at all: what came with the template is nobody's contribution.
    None,
}

impl Mark {
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
    pub mark: Mark,
    /// Their part of all that is written, in per cent.
    pub share: f64,
}

/// The groups, those who wrote most first, from how many characters each wrote.
#[must_use]
pub fn parties(written: &BTreeMap<Group, u32>) -> Vec<Party> {
    let marks = marks(written.keys());
    let total: f64 = written.values().map(|units| f64::from(*units)).sum();
    let mut parties: Vec<Party> = written
        .iter()
        .filter(|(_, units)| **units > 0)
        .map(|(group, units)| {
            let share = 100.0 * f64::from(*units) / total;
            Party { group: group.clone(), mark: marks[group], share }
        })
        .collect();
    parties.sort_by(|one, other| other.share.total_cmp(&one.share));
    parties
}

/// How each group is marked. An organisation's own name leads to its colour, so that it has the same one
/// on every page, as long as fewer organisations than colours write.
fn marks<'a>(groups: impl Iterator<Item = &'a Group>) -> BTreeMap<Group, Mark> {
    let mut free: BTreeSet<usize> = (0..MARKS).collect();
    let mark = |group: &Group| match group {
        Group::Organisation(name) => {
            let first = colour_of(name);
            let near = |mark: &&usize| (**mark / COLOURS, (**mark % COLOURS + COLOURS - first) % COLOURS);
            let number = free.iter().min_by_key(near).copied().unwrap_or(first);
            free.remove(&number);
            Mark::Numbered(number)
        }
        Group::NoOrganisation | Group::Unknown => Mark::Plain,
        Group::Template => Mark::None,
    };
    let mut mark = mark;
    groups.map(|group| (group.clone(), mark(group))).collect()
}

fn colour_of(name: &str) -> usize {
    // FNV-1a: the same on every page, whatever the standard library's hasher does.
    let hash = name
        .to_lowercase()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
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

    fn organisation(name: &str) -> Group {
        Group::Organisation(name.to_owned())
    }

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn those_who_wrote_most_come_first_and_who_wrote_nothing_is_no_party() {
        let written = [
            (organisation("MSB"), 25),
            (organisation("Region Väst"), 70),
            (Group::Unknown, 5),
            (Group::Template, 0),
        ];
        let parties = parties(&BTreeMap::from(written));
        let told: Vec<_> = parties.iter().map(|party| (party.group.clone(), party.share)).collect();
        assert_eq!(
            told,
            [(organisation("Region Väst"), 70.0), (organisation("MSB"), 25.0), (Group::Unknown, 5.0)]
        );
        assert_eq!(parties[2].mark, Mark::Plain);
    }

    #[test]
    fn forty_organisations_differ_in_colour_or_line_and_sixty_still_have_both() {
        let names: Vec<_> = (0..60).map(|n| organisation(&format!("Kommun {n}"))).collect();
        let forty = marks(names[..40].iter());
        let looks: BTreeSet<_> = forty.values().map(|mark| (mark.colour(), mark.line())).collect();
        assert_eq!(looks.len(), 40);
        let ten = marks(names[..10].iter());
        let colours: BTreeSet<_> = ten.values().map(|mark| mark.colour()).collect();
        assert_eq!(colours.len(), 10);
        assert!(marks(names.iter()).values().all(|mark| mark.line().is_some()));
    }

    #[test]
    fn an_organisation_has_the_same_colour_beside_others() {
        let (one, other) = (organisation("Länsstyrelsen"), organisation("Region Väst"));
        assert_ne!(colour_of("Länsstyrelsen"), colour_of("Region Väst"), "else they prove nothing here");
        assert_eq!(marks([&one].into_iter())[&one], marks([&one, &other].into_iter())[&one]);
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
