//! A button that copies, and says that it did where the eye already is.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlInputElement;

use super::browser;
use super::part::act;
use crate::editor::surface;
use crate::words::words;

/// How long the button says so.
const SHOWN: Duration = Duration::from_secs(2);

/// The outcome of the last copying, while it is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is on the clipboard.
    Copied,
    /// The browser did not let us.
    Failed,
}

/// Copies a text and shows the outcome for a moment.
pub(super) fn copy(text: String, outcome: RwSignal<Option<Outcome>>) {
    spawn_local(async move { show(browser::copy(&text).await, outcome) });
}

/// Copies all texts of the page and shows the outcome for a moment.
pub(super) fn copy_all(outcome: RwSignal<Option<Outcome>>) {
    show(surface::copy_all(), outcome);
}

fn show(copied: bool, outcome: RwSignal<Option<Outcome>>) {
    outcome.set(Some(if copied { Outcome::Copied } else { Outcome::Failed }));
    set_timeout(
        move || {
            // What shows it may be closed by then.
            if !outcome.is_disposed() {
                outcome.set(None);
            }
        },
        SHOWN,
    );
}

/// A labelled field with a link, and a button that copies it.
pub(super) fn link_field(label: String, link: String) -> impl IntoView {
    let w = words();
    let outcome = RwSignal::new(None);
    let copied = link.clone();
    let select = move || {
        let field = document().query_selector(".link-field").expect("the selector is valid");
        if let Some(field) = field {
            field.unchecked_into::<HtmlInputElement>().select();
        }
    };
    let press = move |_| {
        copy(copied.clone(), outcome);
        select();
    };
    let button = move || match outcome.get() {
        Some(Outcome::Copied) => w.copied,
        _ => w.copy_link,
    };
    view! {
        <div class="stack">
            <label class="field">
                <span class="legend">{label}</span>
                <input class="input link-field" readonly prop:value=link on:focus=act(move |_| select())/>
            </label>
            <button type="button" class="button main wide" on:click=act(press)>{move || button()}</button>
            <p role="status" class="hint">
                {move || if outcome.get() == Some(Outcome::Failed) { w.copy_failed } else { "" }}
            </p>
        </div>
    }
}
