//! The frame of what opens beside the sheet. What is in it is the caller's.

use leptos::html::Aside;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent};

use super::desk::Desk;
use super::icon::{Icon, icon};
use crate::words::words;

/// A panel: its heading, a way to close it, and Escape. The keyboard goes back to where it came from.
pub(super) fn panel_frame(desk: Desk, heading: &'static str, content: impl IntoView) -> impl IntoView {
    let w = words();
    let frame = NodeRef::<Aside>::new();
    let before = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let before = StoredValue::new_local(before);
    let close = move || {
        let back = before.get_value();
        desk.close_panel();
        if let Some(back) = back {
            // What had the focus may be gone; then the page has it, which is as good.
            back.focus().unwrap_or_default();
        }
    };
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            close();
        }
    };
    view! {
        <aside class="panel" node_ref=frame aria-label=heading on:keydown=keydown>
            <div class="panel-head">
                <h2>{heading}</h2>
                <button type="button" class="plain icon-only" aria-label=w.close title=w.close
                    on:click=move |_| close()>
                    {icon(Icon::Close)}
                </button>
            </div>
            {content}
        </aside>
    }
}
