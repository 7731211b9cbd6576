//! The bar in which one looks for words in the målbild. What is found is the state's to say; here it is
//! shown where it stands on the screen.

use leptos::html::Input;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent, ScrollBehavior, ScrollToOptions};

use super::icon::{Icon, icon};
use crate::state::malbild::{Found, Malbild};
use crate::words::words;

/// What is found is shown this far from the edges of what can be seen, in CSS pixels.
const CLEAR: f64 = 24.0;

/// The bar, while somebody looks for something; and Ctrl+F, which opens it. In its field the key is the
/// browser's own.
pub(super) fn find(malbild: Malbild) -> impl IntoView {
    let finding = malbild.finding;
    let field = NodeRef::<Input>::new();
    let keys = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        let find = event.key().eq_ignore_ascii_case("f") && (event.ctrl_key() || event.meta_key());
        if find && !event.shift_key() && !event.alt_key() {
            let there =
                field.get_untracked().is_some_and(|field| document().active_element() == Some(field.into()));
            if !there {
                event.prevent_default();
                malbild.open_find();
                take_focus(field);
                reveal(malbild);
            }
        } else if event.key() == "F3" && finding.open.get_untracked() {
            event.prevent_default();
            go(malbild, !event.shift_key());
        }
    });
    on_cleanup(move || keys.remove());
    let open = Memo::new(move |_| finding.open.get());
    move || open.get().then(|| bar(malbild, field))
}

fn bar(malbild: Malbild, field: NodeRef<Input>) -> impl IntoView {
    let w = words();
    let finding = malbild.finding;
    field.on_load(move |field| {
        field.focus().expect("a field that is shown takes the focus");
        field.select();
        reveal(malbild);
    });
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
        "Enter" if !event.is_composing() && event.target() == field.get_untracked().map(Into::into) => {
            event.prevent_default();
            go(malbild, !event.shift_key());
        }
        _ => {}
    };
    let count = move || {
        let words = finding.words.with(String::is_empty);
        if words { String::new() } else { (w.find_count)(finding.current.get(), finding.count.get()) }
    };
    let step = move |drawing, label: &'static str, forward| {
        view! {
            <button type="button" class="plain icon-only" aria-label=label title=label on:click=move |_| go(malbild, forward)>
                {icon(drawing)}
            </button>
        }
    };
    view! {
        <div class="find" role="search" on:keydown=keydown>
            <label class="unseen" for="find-words">{w.find}</label>
            <input class="input" id="find-words" type="text" autocomplete="off" spellcheck="false"
                enterkeyhint="search" placeholder=w.find node_ref=field
                prop:value=finding.words on:input=input/>
            <span class="find-count" role="status" aria-live="polite">{count}</span>
            {step(Icon::Up, w.find_previous, false)}
            {step(Icon::Down, w.find_next, true)}
            <button type="button" class="plain icon-only" aria-label=w.close title=w.close on:click=move |_| close()>
                {icon(Icon::Close)}
            </button>
        </div>
    }
}

fn writes(malbild: Malbild) -> bool {
    malbild.active.get_untracked().is_some() && malbild.role.get_untracked().may_write_content()
}

fn take_focus(field: NodeRef<Input>) {
    if let Some(field) = field.get_untracked() {
        field.focus().expect("a field that is shown takes the focus");
        field.select();
    }
}

fn go(malbild: Malbild, forward: bool) {
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

/// Where a place is in the window.
fn extent(malbild: Malbild, place: Found) -> Option<(f64, f64)> {
    let selector = format!("[data-section=\"{}\"] .surface-host", place.section);
    let host = document().query_selector(&selector).ok().flatten()?;
    let (top, bottom) = malbild.extent(place)?;
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
