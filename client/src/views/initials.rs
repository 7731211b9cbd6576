//! A person as a small disc: a colour and initials, never the colour alone.

use leptos::prelude::*;

use crate::state::people::Person;

/// Another participant's disc.
pub(super) fn disc(person: &Person) -> impl IntoView + use<> {
    let colour = format!("var(--person-{})", person.colour);
    let name = person.name.clone();
    view! { <span class="initials" style=("--person", colour) title=name>{of(&person.name)}</span> }
}

/// A smaller one.
pub(super) fn small_disc(person: &Person) -> impl IntoView + use<> {
    let colour = format!("var(--person-{})", person.colour);
    let name = person.name.clone();
    view! { <span class="initials small" style=("--person", colour) title=name>{of(&person.name)}</span> }
}

/// One's own disc.
pub(super) fn own_disc(name: &str) -> impl IntoView + use<> {
    view! { <span class="initials self">{of(name)}</span> }
}

/// The first letters of the first and the last part of a name.
pub(super) fn of(name: &str) -> String {
    let mut parts = name.split_whitespace();
    let first = parts.next();
    let last = parts.next_back();
    let letters = [first, last].into_iter().flatten().filter_map(|part| part.chars().next());
    let initials: String = letters.flat_map(char::to_uppercase).collect();
    if initials.is_empty() { "–".to_owned() } else { initials }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        assert_eq!(of("Eva Jansson"), "EJ");
        assert_eq!(of("åsa maria von Öberg"), "ÅÖ");
        assert_eq!(of("Eva"), "E");
        assert_eq!(of("  "), "–");
    }
}
