//! The panel that makes links for others, and the one that shows the owner's own link once. A link is
//! made anew each time: the server keeps none that could be read back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::{Permission, Role};

use super::copying::link_field;
use super::desk::Desk;
use super::panel::panel_frame;
use super::part::act;
use crate::api;
use crate::state::owner_link;
use crate::words::words;

/// The roles that a link can be made for, the most usual first.
const OFFERED: [Role; 3] = [Role::Editor, Role::Reader, Role::Owner];

/// The panel.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let own = malbild.writer.read_untracked().role;
    let role = RwSignal::new(if own.may(Permission::WriteContent) { Role::Editor } else { Role::Reader });
    let made = RwSignal::new(None::<(Role, String)>);
    let problem = RwSignal::new(None::<&'static str>);
    let make = move |_| {
        problem.set(None);
        let asked = role.get_untracked();
        spawn_local(async move {
            let answer = api::mint_link(malbild.id, asked).await;
            // The panel may be closed when the answer comes.
            if made.is_disposed() {
                return;
            }
            match answer {
                Ok(minted) => made.set(Some((asked, minted.link))),
                Err(error) => problem.set(Some((w.problem)(error.code.as_ref()))),
            }
        });
    };
    let choices = OFFERED.into_iter().filter(|offered| *offered <= own).map(|offered| {
        let (name, hint) = (w.share_role)(offered);
        view! {
            <label class="choice">
                <input type="radio" name="role" value=offered.as_str()
                    prop:checked=move || role.get() == offered
                    on:change=act(move |_| { role.set(offered); made.set(None); })/>
                <span class="name">{name}</span>
                <span class="hint">{hint}</span>
            </label>
        }
    });
    let link = move || match made.get() {
        Some((role, link)) => link_field((w.share_link)(role), link).into_any(),
        None => ().into_any(),
    };
    let content = view! {
        <div class="stack">
            <p class="hint">{w.share_hint}</p>
            <fieldset>
                <legend class="legend">{w.share_legend}</legend>
                <div class="choices">{choices.collect_view()}</div>
            </fieldset>
            <button type="button" class="button wide" class:main=move || made.get().is_none() on:click=act(make)>
                {w.share_make}
            </button>
            <p role="alert" class:problem=move || problem.get().is_some()>{move || problem.get().unwrap_or_default()}</p>
            {move || link()}
        </div>
    };
    panel_frame(desk, w.share, content.into_any())
}

/// The owner's link, shown once after making.
pub(super) fn made_panel(desk: Desk) -> impl IntoView {
    let w = words();
    let id = desk.malbild.id;
    let dismiss = move |_| {
        owner_link::dismiss(id);
        desk.close_panel();
    };
    let link = owner_link::link(id).unwrap_or_default();
    let content = view! {
        <div class="stack">
            <p>{w.made_text}</p>
            {link_field(w.made_link.to_owned(), link)}
            <button type="button" class="button wide" on:click=act(dismiss)>{w.made_done}</button>
        </div>
    };
    panel_frame(desk, w.made_heading, content.into_any())
}
