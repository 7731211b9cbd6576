//! People by name, each with what is to be said of them, and whether trouble is said here.

use leptos::prelude::*;
use samsyn_shared::Role;
use samsyn_shared::page::people::Person;

use super::desk::Desk;
use super::{browser, initials};
use crate::malbild::Malbild;
use crate::words::words;

/// Up to this width panels lie over the sheet, as phone.css has it.
const COVERING: &str = "(max-width: 63.99rem)";

/// People by name, each with what is to be said of them. Their roles are not: the server tells a page its own alone,
/// and what a presence says of itself is a claim.
pub(super) fn people_list(desk: Desk, people: &[Person]) -> AnyView {
    let items: Vec<_> = people.iter().map(|person| item(desk, person)).collect();
    view! { <ul class="people-list">{items}</ul> }.into_any()
}

fn item(desk: Desk, person: &Person) -> impl IntoView + use<> {
    let w = words();
    let name = person.name_or(w.nameless);
    let template = desk.malbild.opening.template.get_untracked();
    let section = person.section.and_then(|key| template.and_then(|template| template.section(key)));
    let place = section.map(|section| (w.writes_in)(section.heading));
    let organisation = Some(person.organisation.clone()).filter(|organisation| !organisation.is_empty());
    let trouble = Some(trouble(person)).filter(|text| !text.is_empty() && tells_trouble(desk.malbild));
    let details: Vec<_> = organisation.into_iter().chain(place).chain(trouble).collect();
    let details = details.join(" · ");
    let go_to = section.map(|section| (w.go_to)(&person.said(w.nameless), section.heading));
    let row = view! {
        {initials::disc(person)}
        <div>
            <div class="who">{name}</div>
            <div class="where">{details}</div>
        </div>
    };
    let client = person.client;
    match go_to {
        Some(go_to) => view! {
            <li>
                <button type="button" class="person" title=go_to
                    on:click=move |_| go(desk, client)>
                    {row}
                </button>
            </li>
        }
        .into_any(),
        None => view! { <li class="person">{row}</li> }.into_any(),
    }
}

/// Goes to where somebody writes. A panel that covers the sheet closes first.
fn go(desk: Desk, client: u64) {
    if browser::matches(COVERING) {
        desk.close_panel();
        browser::focus("[data-people]");
    }
    desk.malbild.seek(client);
}

/// Whether it is told here who was lost and what waits on whose device: to who leads the work.
pub(super) fn tells_trouble(malbild: Malbild) -> bool {
    malbild.writer.read().role == Role::Owner
}

/// Since when somebody is lost, and what waits on their device; nothing when all is well with them.
fn trouble(person: &Person) -> String {
    let w = words();
    match person.lost {
        Some(since) => (w.lost)(&browser::moment(since), person.unsaved),
        None if person.unsaved > 0 => (w.waits)(person.unsaved),
        None => String::new(),
    }
}
