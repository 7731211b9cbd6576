//! A person as a small disc: a colour and initials, never the colour alone.

use leptos::prelude::*;
use samsyn_shared::page::people::{self, Person};

use crate::words::words;

/// So many discs fit beside a heading.
const FEW: usize = 3;

/// Another participant's disc.
pub(super) fn disc(person: &Person) -> impl IntoView + use<> {
    of_class("initials", person)
}

/// Small ones of these people, and the number of those for whom there is no room.
pub(super) fn small_discs(people: &[Person]) -> impl IntoView + use<> {
    let rest = people.len().saturating_sub(FEW);
    view! {
        {people.iter().take(FEW).map(|person| of_class("initials small", person)).collect_view()}
        {(rest > 0).then(|| view! { <span class="initials small more">{format!("+{rest}")}</span> })}
    }
}

/// One's own disc.
pub(super) fn own_disc(name: &str) -> impl IntoView + use<> {
    view! { <span class="initials self">{people::initials(name)}</span> }
}

fn of_class(class: &'static str, person: &Person) -> impl IntoView + use<> {
    let colour = format!("var(--person-{})", person.colour);
    view! { <span class=class style=("--person", colour) title=person.said(words().nameless)>{person.initials()}</span> }
}
