//! Asks before a målbild is removed from this device.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlDialogElement;

use super::part::act;
use crate::malbild::Malbild;
use crate::words::words;

const ID: &str = "removal";

/// Asks.
pub(super) fn ask() {
    if let Some(dialog) = dialog() {
        dialog.show_modal().expect("a dialog that is in the page and closed can be shown");
    }
}

fn dialog() -> Option<HtmlDialogElement> {
    document().get_element_by_id(ID).map(|dialog| dialog.unchecked_into::<HtmlDialogElement>())
}

/// The dialogue, closed until somebody asks.
pub(super) fn removal(malbild: Malbild) -> impl IntoView {
    let w = words();
    let close = move |_| {
        if let Some(dialog) = dialog() {
            dialog.close();
        }
    };
    let go = move |_| malbild.remove_from_device();
    view! {
        <dialog id=ID class="removal" aria-labelledby="removal-heading">
            <div class="stack">
                <h2 id="removal-heading">{w.remove_heading}</h2>
                <p prop:textContent=move || (w.remove_text)(malbild.sync.read().pending)></p>
                <div class="row">
                    <button type="button" class="button main" data-action="remove-go" on:click=act(go)>
                        {w.remove_go}
                    </button>
                    <button type="button" class="button" on:click=act(close)>{w.cancel}</button>
                </div>
            </div>
        </dialog>
    }
}
