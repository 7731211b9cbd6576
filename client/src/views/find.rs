//! The bar in which one looks for words in the målbild. What is found is the state's to say; here it is
//! shown where it stands on the screen.

use leptos::html::Div;
use leptos::prelude::*;
use samsyn_shared::Permission;
use samsyn_shared::Section;
use samsyn_shared::page::Hit;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, HtmlInputElement, KeyboardEvent, ScrollBehavior, ScrollToOptions};

use super::icon::{Icon, icon};
use super::part::{act, when};
use crate::malbild::Malbild;
use crate::words::words;

/// What is found is shown this far from the edges of what can be seen, in CSS pixels.
const CLEAR: f64 = 24.0;

/// The field's id.
const FIELD: &str = "find-words";

/// The bar, while somebody looks for something.
pub(super) fn find(malbild: Malbild) -> impl IntoView {
    let open = Memo::new(move |_| malbild.find.read().open);
    view! { {move || when(open.get(), || bar(malbild))} }
}

/// Opens the bar, or leads to its field.
pub(super) fn open(malbild: Malbild) {
    malbild.open_find();
    enter(malbild);
}

/// Leads to the field, when there is one, and shows what is found.
fn enter(malbild: Malbild) {
    if let Some(field) = document().get_element_by_id(FIELD) {
        let field: HtmlInputElement = field.unchecked_into();
        field.focus().expect("a field that is shown takes the focus");
        field.select();
    }
    reveal(malbild);
}

/// Whether the keyboard is in the bar's field.
pub(super) fn has_focus() -> bool {
    document().active_element().is_some_and(|element| element.id() == FIELD)
}

fn bar(malbild: Malbild) -> impl IntoView {
    let w = words();
    let bar = NodeRef::<Div>::new();
    bar.on_load(move |_| enter(malbild));
    let before = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let before = StoredValue::new_local(before);
    let close = move || {
        let back = before.get_value();
        malbild.close_find();
        // Whoever does not write goes back to where they were.
        if let Some(back) = back.filter(|_| !writes(malbild)) {
            back.focus().unwrap_or_default();
        }
    };
    let input = move |event| {
        malbild.look_for(event_target_value(&event));
        reveal(malbild);
    };
    let keydown = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            event.stop_propagation();
            close();
        }
        "Enter" if !event.is_composing() && has_focus() => {
            event.prevent_default();
            go(malbild, !event.shift_key());
        }
        _ => {}
    };
    let count = move || {
        let find = malbild.find.read();
        if find.words.is_empty() { String::new() } else { (w.find_count)(find.current, find.count) }
    };
    let step = move |drawing, label: &'static str, forward| {
        view! {
            <button type="button" class="plain icon-only" aria-label=label title=label on:click=act(move |_| go(malbild, forward))>
                {icon(drawing)}
            </button>
        }
    };
    view! {
        <div class="find" role="search" node_ref=bar on:keydown=act(keydown)>
            <label class="unseen" for=FIELD>{w.find}</label>
            <input class="input" id=FIELD type="text" autocomplete="off" spellcheck="false"
                enterkeyhint="search" placeholder=w.find
                prop:value=move || malbild.find.read().words.clone() on:input=act(input)/>
            <span class="find-count" role="status" aria-live="polite" prop:textContent=count></span>
            {step(Icon::Up, w.find_previous, false)}
            {step(Icon::Down, w.find_next, true)}
            <button type="button" class="plain icon-only" aria-label=w.close title=w.close on:click=act(move |_| close())>
                {icon(Icon::Close)}
            </button>
        </div>
    }
}

fn writes(malbild: Malbild) -> bool {
    malbild.caret.read_untracked().active.is_some()
        && malbild.writer.read_untracked().role.may(Permission::WriteContent)
}

/// Goes to the next place, or to the one before.
pub(super) fn go(malbild: Malbild, forward: bool) {
    malbild.find_next(forward);
    reveal(malbild);
}

/// Scrolls to what is found, unless it can be seen: between the bar and the keyboard of a phone.
fn reveal(malbild: Malbild) {
    let Some(place) = malbild.found_now() else { return };
    let Some((top, bottom)) = extent(malbild, place) else { return };
    let (highest, lowest) = visible();
    if top < highest + CLEAR || bottom > lowest - CLEAR {
        // A third from the top of what can be seen: what comes after it is read next.
        let by = top - (highest + (lowest - highest) / 3.0);
        let to = ScrollToOptions::new();
        to.set_top(window().scroll_y().unwrap_or_default() + by);
        to.set_behavior(ScrollBehavior::Instant);
        window().scroll_to_with_scroll_to_options(&to);
    }
}

/// A section's heading, with what is found in it.
pub(super) fn heading(malbild: Malbild, section: &'static Section) -> impl IntoView {
    move || {
        let mut parts = Vec::new();
        let mut done = 0;
        let found = malbild.find.read().in_headings.clone().into_iter();
        for (place, is_current) in found.filter(|(place, _)| place.section == section.key) {
            let class = if is_current { "found found-now" } else { "found" };
            parts.push(view! { {slice(section.heading, done, place.from)} }.into_any());
            let words = slice(section.heading, place.from, place.to);
            parts.push(view! { <mark class=class>{words}</mark> }.into_any());
            done = place.to;
        }
        parts.push(slice(section.heading, done, u32::MAX).into_any());
        parts
    }
}

/// A part of a text, by UTF-16 code units.
fn slice(text: &str, from: u32, to: u32) -> String {
    let units: Vec<u16> = text.encode_utf16().take(to as usize).skip(from as usize).collect();
    String::from_utf16_lossy(&units)
}

/// Where a place is in the window.
fn extent(malbild: Malbild, place: Hit) -> Option<(f64, f64)> {
    if place.in_heading {
        let selector = format!("[data-section=\"{}\"] h2", place.section);
        let heading = document().query_selector(&selector).ok().flatten()?.get_bounding_client_rect();
        return Some((heading.top(), heading.bottom()));
    }
    let selector = format!("[data-text=\"{}\"]", place.section);
    let host = document().query_selector(&selector).ok().flatten()?;
    let (top, bottom) = malbild.extent(place.section, place.from, place.to)?;
    let origin = host.get_bounding_client_rect().top();
    Some((origin + top, origin + bottom))
}

/// What can be seen of the sheet, from and to.
fn visible() -> (f64, f64) {
    let edge = |selector: &str, edge: fn(&web_sys::DomRect) -> f64| {
        let element = document().query_selector(selector).ok().flatten()?;
        let rectangle = element.get_bounding_client_rect();
        (rectangle.height() > 0.0).then(|| edge(&rectangle))
    };
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let seen =
        window().visual_viewport().map_or(height, |viewport| viewport.offset_top() + viewport.height());
    let top = [".bar", ".find"]
        .iter()
        .filter_map(|part| edge(part, |rectangle| rectangle.bottom()))
        .fold(0.0, f64::max);
    let below = [".bar-actions", ".toolbar", ".panel"];
    let below = below
        .iter()
        .filter_map(|part| edge(part, |rectangle| rectangle.top()))
        .filter(|edge| *edge > height / 2.0);
    (top, below.fold(seen, f64::min))
}
