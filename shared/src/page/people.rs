//! The other participants as the page shows them: from presences to people with a colour and a place.
//!
//! Invariant: The tabs of one browser are one participant
//! (`two_tabs_of_one_browser_are_one_participant_to_all_and_to_themselves`).

use std::collections::{BTreeMap, BTreeSet};

use crate::SectionKey;
use crate::sync::presence::{Cursor, Presence, Presences};
use crate::text::character::upper;

/// How many colours the style sheet has (`--person-0` and on).
pub const COLOURS: usize = 10;

/// Another participant.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The client id of the page they write in.
    pub client: u64,
    /// Their name, as it may be shown; may be empty.
    pub name: String,
    /// Their organisation, likewise.
    pub organisation: String,
    /// Which colour of the palette.
    pub colour: usize,
    /// How many changes wait on their device, when they have waited for a while.
    pub unsaved: u32,
    /// Since when their connection is lost, if it is, in milliseconds since 1970.
    pub lost: Option<f64>,
    /// The section that has their caret.
    pub section: Option<SectionKey>,
    /// What tells them from others here who have the same name, if somebody has.
    pub twin: Twin,
}

/// What tells people of one name apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Twin {
    /// Nobody else here has the name.
    #[default]
    None,
    /// Each of them is of another organisation.
    Organisation,
    /// A number, from 1, in the order of client ids: the same on every page, and the same for as long as they are
    /// here.
    Number(usize),
}

impl Person {
    /// Somebody who is here, as they said themselves.
    #[must_use]
    pub fn of(client: u64, presence: &Presence, colour: usize) -> Self {
        let (name, organisation) = (presence.user.name.clone(), presence.user.organisation.clone());
        Self {
            client,
            name,
            organisation,
            colour,
            unsaved: presence.unsaved,
            lost: None,
            section: None,
            twin: Twin::None,
        }
    }

    /// The name or what stands for one, with a number where the name alone would say nobody in particular and the
    /// organisation beside it neither.
    #[must_use]
    pub fn name_or(&self, nameless: &str) -> String {
        let name = if self.name.is_empty() { nameless } else { &self.name };
        match self.twin {
            Twin::Number(number) => format!("{name} {number}"),
            Twin::None | Twin::Organisation => name.to_owned(),
        }
    }

    /// The same where no organisation stands beside it.
    #[must_use]
    pub fn said(&self, nameless: &str) -> String {
        match self.twin {
            Twin::Organisation => format!("{} ({})", self.name_or(nameless), self.organisation),
            Twin::None | Twin::Number(_) => self.name_or(nameless),
        }
    }

    /// What is shown of the name where there is no room for it.
    #[must_use]
    pub fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// The first letters of the first and the last part of a name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut parts = name.split_whitespace();
    let first = parts.next();
    let last = parts.next_back();
    let letters = [first, last].into_iter().flatten().filter_map(|part| part.chars().next());
    let initials: String = letters.flat_map(char::to_uppercase).collect();
    if initials.is_empty() { "–".to_owned() } else { initials }
}

/// The others, by client id, each with the caret they announced. The tabs of one browser are one person, who is where
/// they said something new last.
#[must_use]
pub fn others(presences: &Presences, own_client: u64) -> Vec<(Person, Option<&Cursor>)> {
    let mut taken = [false; COLOURS];
    let mut people: Vec<(Person, Option<&Cursor>)> = Vec::new();
    let mut tabs: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut own = None;
    for (client, presence) in presences.readable() {
        let Presence { user, browser, .. } = presence;
        let next = people.len();
        // Whoever says another's number says their name as well, and could do that without it.
        let at = if browser.is_empty() {
            next
        } else {
            *tabs.entry((browser, &user.name, &user.organisation)).or_insert(next)
        };
        if client == own_client {
            own = Some(at);
        }
        let Some((person, cursor)) = people.get_mut(at) else {
            // One's own page takes a colour too, so that everyone sees the same person in the same.
            let colour = colour_of(client, &mut taken);
            people.push((Person::of(client, presence, colour), presence.cursor.as_ref()));
            continue;
        };
        person.unsaved = person.unsaved.max(presence.unsaved);
        // Who types on at a line's end says nothing new; a tab that has no caret is not where they are.
        let lateness = |client, cursor: bool| (cursor, presences.last_news(client));
        if lateness(person.client, cursor.is_some()) < lateness(client, presence.cursor.is_some()) {
            person.client = client;
            *cursor = presence.cursor.as_ref();
        }
    }
    tell_apart(&mut people);
    if let Some(own) = own {
        people.remove(own);
    }
    people
}

/// Tells people of one name apart, one's own page among them.
fn tell_apart<T>(people: &mut [(Person, T)]) {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, (person, _)) in people.iter().enumerate() {
        by_name.entry(upper(&person.name)).or_default().push(i);
    }
    for twins in by_name.into_values().filter(|twins| twins.len() > 1) {
        // Extended and not collected, which would sort them first, by code of its own.
        let mut organisations = BTreeSet::new();
        organisations.extend(twins.iter().map(|i| upper(&people[*i].0.organisation)));
        let differ = organisations.len() == twins.len() && !organisations.contains("");
        for (i, twin) in twins.into_iter().enumerate() {
            people[twin].0.twin = if differ { Twin::Organisation } else { Twin::Number(i + 1) };
        }
    }
}

/// By client id, so that a person keeps a colour; the next free one while there is one, so that few
/// people are never alike.
fn colour_of(client: u64, taken: &mut [bool; COLOURS]) -> usize {
    let first = usize::try_from(client % COLOURS as u64).expect("below the number of colours");
    let free = (0..COLOURS).map(|step| (first + step) % COLOURS).find(|colour| !taken[*colour]);
    let colour = free.unwrap_or(first);
    taken[colour] = true;
    colour
}

/// The colour that is told to foreign clients, which know no palette of ours: that of the light theme.
#[must_use]
pub fn css_colour(client: u64) -> &'static str {
    const PALETTE: [&str; COLOURS] = [
        "#03397f", "#d92758", "#0e861e", "#72009d", "#8b682b", "#107c8b", "#b33fbe", "#314502", "#6252e2",
        "#701033",
    ];
    PALETTE[usize::try_from(client % COLOURS as u64).expect("below the number of colours")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::protocol::PresenceEntry;

    fn here(clients: &[u64]) -> Presences {
        let entries = clients
            .iter()
            .map(|client| PresenceEntry {
                client: *client,
                clock: 1,
                state: format!("{{\"user\":{{\"name\":\"P{client}\"}}}}"),
            })
            .collect();
        let mut presences = Presences::default();
        presences.apply(entries);
        presences
    }

    #[test]
    fn one_is_not_among_the_others_and_ten_people_differ() {
        let here = here(&[3, 13, 23, 33, 43, 53, 63, 73, 83, 93]);
        let people = others(&here, 93);
        assert_eq!(people.len(), 9);
        let mut colours: Vec<_> = people.iter().map(|(person, _)| person.colour).collect();
        assert_eq!(colours[0], 3);
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), 9);
    }

    fn named(people: &[(&str, &str)]) -> Presences {
        let state = |(name, organisation): &(&str, &str)| {
            serde_json::json!({"user": {"name": name, "organisation": organisation}}).to_string()
        };
        let entry = |(i, person)| PresenceEntry { client: i as u64, clock: 1, state: state(person) };
        let mut presences = Presences::default();
        presences.apply(people.iter().enumerate().map(entry).collect());
        presences
    }

    #[test]
    fn people_of_one_name_are_told_apart() {
        let said = |here: &[(&str, &str)], own| -> Vec<String> {
            others(&named(here), own).iter().map(|(person, _)| person.said("-")).collect()
        };
        let differ = [("Anna", "Region Väst"), ("ANNA", "MSB"), ("Bo", "MSB")];
        assert_eq!(said(&differ, 9), ["Anna (Region Väst)", "ANNA (MSB)", "Bo"]);
        let same = [("Anna", "MSB"), ("An\u{200B}na", "msb"), ("Anna", ""), ("A\u{308}nna", "")];
        assert_eq!(said(&same, 9), ["Anna 1", "Anna 2", "Anna 3", "Änna"]);
        // One's own page counts, so that all pages say the same.
        assert_eq!(said(&same, 0), ["Anna 2", "Anna 3", "Änna"]);
        assert_eq!(said(&[("", ""), ("", "")], 9), ["- 1", "- 2"]);
        // Beside the organisation the name is enough.
        assert_eq!(others(&named(&differ), 9)[0].0.name_or("-"), "Anna");
    }

    #[test]
    fn the_tabs_of_one_browser_are_one_person_who_is_where_they_moved_last() {
        let state = |name: &str, browser: &str, unsaved: u32| {
            serde_json::json!({"user": {"name": name}, "samsyn.unsaved": unsaved, "samsyn.browser": browser})
                .to_string()
        };
        let mut presences = Presences::default();
        let mut says = |client, clock, state| {
            presences.apply(vec![PresenceEntry { client, clock, state }]);
        };
        says(1, 1, state("Anna", "a", 1));
        says(2, 1, state("Anna", "a", 2));
        says(3, 1, state("Anna", "b", 0));
        says(4, 1, state("Bo", "a", 0));
        says(5, 1, state("Cecilia", "", 0));
        says(6, 1, state("Cecilia", "", 0));
        // To say the same again is no stir.
        says(1, 2, state("Anna", "a", 1));
        let told = |own| -> Vec<(u64, String, u32)> {
            others(&presences, own).iter().map(|(p, _)| (p.client, p.said("-"), p.unsaved)).collect()
        };
        let [anna, other, bo] = [(2, "Anna 1", 2), (3, "Anna 2", 0), (4, "Bo", 0)];
        let [cecilia, twin] = [(5, "Cecilia 1", 0), (6, "Cecilia 2", 0)];
        let as_told = |people: &[(u64, &str, u32)]| -> Vec<_> {
            people.iter().map(|(client, name, unsaved)| (*client, (*name).to_owned(), *unsaved)).collect()
        };
        assert_eq!(told(9), as_told(&[anna, other, bo, cecilia, twin]));
        // None of one's own tabs is another.
        assert_eq!(told(1), as_told(&[other, bo, cecilia, twin]));
        assert_eq!(told(5), as_told(&[anna, other, bo, twin]));
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        assert_eq!(initials("Eva Jansson"), "EJ");
        assert_eq!(initials("åsa maria von Öberg"), "ÅÖ");
        assert_eq!(initials("Eva"), "E");
        assert_eq!(initials("  "), "–");
    }

    #[test]
    fn more_people_than_colours_share_them() {
        let clients: Vec<u64> = (0..40).collect();
        assert!(others(&here(&clients), 0).iter().all(|(person, _)| person.colour < COLOURS));
    }
}
