//! The panel with the texts that were set aside on this device, to copy from.

use leptos::prelude::*;
use samsyn_shared::sync::device_log::Key;

use super::browser;
use super::copying::{self, Outcome};
use super::desk::Desk;
use super::panel::panel_frame;
use super::part::act;
use crate::device::{Aside, Passage};
use crate::words::words;

/// The panel.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let all = move || {
        let asides = desk.malbild.device.asides.get();
        asides.into_iter().map(|(key, aside)| one(desk, key, aside)).collect_view()
    };
    let content = view! {
        <div class="stack">
            <p class="hint">{w.aside_hint}</p>
            {move || all()}
        </div>
    };
    panel_frame(desk, w.aside, content.into_any())
}

fn one(desk: Desk, key: Key, aside: Aside) -> impl IntoView {
    let w = words();
    let is_sure = RwSignal::new(false);
    let drop = move |_| {
        if is_sure.get_untracked() {
            desk.malbild.drop_aside(key);
        } else {
            is_sure.set(true);
        }
    };
    view! {
        <section class="aside">
            <h3>{(w.aside_at)(&browser::moment(aside.at))}</h3>
            {aside.parts.into_iter().map(part).collect_view()}
            <button type="button" class="button wide" data-action="drop-aside" on:click=act(drop)>
                {move || if is_sure.get() { w.aside_drop_sure } else { w.aside_drop }}
            </button>
        </section>
    }
}

fn part(part: Passage) -> impl IntoView {
    let w = words();
    let outcome = RwSignal::new(None);
    let heading = if part.heading.is_empty() { w.aside_title.to_owned() } else { part.heading };
    let label = (w.aside_copy_part)(&heading);
    let text = part.text.clone();
    let copy = move |_| copying::copy(text.clone(), outcome);
    let said = move || match outcome.get() {
        Some(Outcome::Copied) => w.copied,
        Some(Outcome::Failed) => w.copy_failed,
        None => w.aside_copy,
    };
    view! {
        <div class="aside-part">
            <h4>{heading}</h4>
            <p class="aside-text">{part.text}</p>
            <button type="button" class="plain" aria-label=label on:click=act(copy)>
                <span role="status" prop:textContent=said></span>
            </button>
        </div>
    }
}
