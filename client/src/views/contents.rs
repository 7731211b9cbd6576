//! The table of contents: which sections there are, which still are empty, and who is where.

use leptos::prelude::*;
use samsyn_shared::{Section, SectionKey};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent};

use super::desk::{Desk, Panel};
use super::initials;
use super::part::act;
use crate::words::words;

/// The contents.
pub(super) fn contents(desk: Desk) -> impl IntoView {
    let sections =
        desk.malbild.opening.template.get_untracked().map(|template| template.sections).unwrap_or_default();
    let w = words();
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" && desk.panel.get_untracked() == Some(Panel::Contents) {
            desk.close_panel();
        }
    };
    view! {
        <nav class="contents" aria-labelledby="contents-heading" on:keydown=act(keydown)>
            <h2 id="contents-heading">{w.contents}</h2>
            <ol>{sections.iter().map(|section| entry(desk, section)).collect_view()}</ol>
        </nav>
    }
}

fn entry(desk: Desk, section: &'static Section) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let filled = Memo::new(move |_| malbild.text.read().filled.clone().contains(&section.key));
    let here = move || initials::small_discs(&malbild.people_in(section.key)).into_any();
    // No link with a fragment: the fragment is where a token travels.
    let go = move |_| {
        if desk.panel.get_untracked() == Some(Panel::Contents) {
            desk.close_panel();
        }
        bring_into_view(section.key);
        malbild.focus(section.key);
    };
    view! {
        <li>
            <button type="button" class="entry"
                aria-current=move || (malbild.caret.read().active == Some(section.key)).then_some("true") on:click=act(go)>
                <span class="mark" class:filled=move || filled.get() aria-hidden="true"></span>
                <span>
                    {section.heading}
                    <span class="unseen">
                        ", "{move || if filled.get() { w.contents_filled } else { w.contents_empty }}
                    </span>
                </span>
                <span class="here">{move || here()}</span>
            </button>
        </li>
    }
}

fn bring_into_view(key: SectionKey) {
    let selector = format!("[data-section=\"{key}\"]");
    let found = document().query_selector(&selector).expect("a key has no quotation marks in it");
    if let Some(section) = found.and_then(|section| section.dyn_into::<HtmlElement>().ok()) {
        section.scroll_into_view();
    }
}
