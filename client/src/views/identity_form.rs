//! The fields in which a person says who they are, at the first visit and later.

use leptos::prelude::*;
use samsyn_shared::page::Identity;
use web_sys::Event;

use super::part::act;
use crate::malbild::Malbild;
use crate::words::words;

/// Name and organisation, as they are now, and a button that sets them. `done` is called when they are.
pub(super) fn identity_form(malbild: Malbild, button: &'static str, done: Box<dyn Fn()>) -> impl IntoView {
    let w = words();
    let me = malbild.writer.read_untracked().me.clone().unwrap_or_default();
    let (name, organisation) = (RwSignal::new(me.name), RwSignal::new(me.organisation));
    let missing = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let me = Identity {
            name: name.get_untracked().trim().to_owned(),
            organisation: organisation.get_untracked().trim().to_owned(),
        };
        missing.set(me.name.is_empty());
        if !me.name.is_empty() {
            malbild.introduce(me);
            done();
        }
    };
    let length = samsyn_shared::domain::limits::NAME_CHARS.to_string();
    view! {
        <form class="stack" on:submit=act(submit)>
            <label class="field">
                <span class="legend">{w.name}</span>
                <input class="input" name="name" autocomplete="name" maxlength=length.clone()
                    prop:value=move || name.get() aria-invalid=move || missing.get().then_some("true")
                    on:input=act(move |event: Event| name.set(event_target_value(&event)))/>
            </label>
            <p role="alert" class:problem=move || missing.get()>{move || if missing.get() { w.name_missing } else { "" }}</p>
            <label class="field">
                <span class="legend">{w.organisation}</span>
                <input class="input" name="organisation" autocomplete="organization" maxlength=length
                    prop:value=move || organisation.get()
                    on:input=act(move |event: Event| organisation.set(event_target_value(&event)))/>
            </label>
            <button class="button main">{button}</button>
        </form>
    }
}
