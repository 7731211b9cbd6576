//! The panel that says who is here, and lets one change how one is seen.

use leptos::prelude::*;

use super::desk::Desk;
use super::identity_form::identity_form;
use super::panel::panel_frame;
use super::part::{act, when};
use super::{browser, health, initials};
use crate::malbild::Malbild;
use crate::words::words;
use samsyn_shared::page::people::Person;

/// Up to this width panels lie over the sheet, as phone.css has it.
const COVERING: &str = "(max-width: 63.99rem)";

/// The panel.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let others = move || {
        let people = malbild.people.read().here.clone();
        if people.is_empty() {
            view! { <p class="hint">{w.people_alone}</p> }.into_any()
        } else {
            list(desk, &people)
        }
    };
    panel_frame(
        desk,
        w.people,
        view! {
            {move || others()}
            {move || when(health::is_shown(malbild), || health::health(desk))}
            <hr/>
            {own_form(malbild)}
        }
        .into_any(),
    )
}

/// People by name, each with what is to be said of them. Their roles are not: the server tells a page its own alone,
/// and what a presence says of itself is a claim.
pub(super) fn list(desk: Desk, people: &[Person]) -> AnyView {
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
    let trouble =
        Some(health::trouble(person)).filter(|text| !text.is_empty() && health::is_shown(desk.malbild));
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

fn own_form(malbild: Malbild) -> impl IntoView {
    let w = words();
    let done = RwSignal::new(false);
    let form = identity_form(malbild, w.save, Box::new(move || done.set(true)));
    view! {
        <div class="stack" on:input=act(move |_| done.set(false))>
            <h3>{w.you_heading}</h3>
            <p class="hint" data-own-role="" prop:textContent=move || (w.role)(malbild.writer.read().role)></p>
            {form}
            <p role="status" class="hint">{move || if done.get() { w.saved } else { "" }}</p>
        </div>
    }
}
