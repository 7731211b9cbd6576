//! The other participants as the page shows them: from presences to people with a colour and a place.

use samsyn_shared::presence::{Cursor, Presence, Presences};

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
    pub section: Option<&'static str>,
}

impl Person {
    /// Somebody who is here, as they said themselves.
    #[must_use]
    pub fn of(client: u64, presence: &Presence, colour: usize) -> Self {
        let (name, organisation) = (presence.user.name.clone(), presence.user.organisation.clone());
        Self { client, name, organisation, colour, unsaved: presence.unsaved, lost: None, section: None }
    }

    /// The name, or what stands for one.
    #[must_use]
    pub fn name_or<'a>(&'a self, nameless: &'a str) -> &'a str {
        if self.name.is_empty() { nameless } else { &self.name }
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

/// The others, by client id, each with the caret they announced.
#[must_use]
pub fn others(presences: &Presences, own_client: u64) -> Vec<(Person, Option<&Cursor>)> {
    let mut taken = [false; COLOURS];
    let mut people = Vec::new();
    for (client, presence) in presences.readable() {
        // One's own page takes a colour too, so that everyone sees the same person in the same.
        let colour = colour_of(client, &mut taken);
        if client == own_client {
            continue;
        }
        people.push((Person::of(client, presence, colour), presence.cursor.as_ref()));
    }
    people
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
    use samsyn_shared::protocol::PresenceEntry;

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
