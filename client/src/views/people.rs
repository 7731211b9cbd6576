//! The panel that says who is here, and lets one change how one is seen.

use leptos::prelude::*;

use super::desk::Desk;
use super::health;
use super::identity_form::identity_form;
use super::panel::panel_frame;
use super::part::{act, when};
use super::people_list::{people_list, tells_trouble};
use crate::malbild::Malbild;
use crate::words::words;

/// The panel.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let others = move || {
        let people = malbild.people.read().here.clone();
        if people.is_empty() {
            view! { <p class="hint">{w.people_alone}</p> }.into_any()
        } else {
            people_list(desk, &people)
        }
    };
    panel_frame(
        desk,
        w.people,
        view! {
            {move || others()}
            {move || when(tells_trouble(malbild), || health::health(desk))}
            <hr/>
            {own_form(malbild)}
        }
        .into_any(),
    )
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
