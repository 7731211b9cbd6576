//! The frame of what opens beside the sheet. What is in it is the caller's.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent};

use super::desk::{Desk, Panel};
use super::icon::{Icon, icon};
use super::part::act;
use crate::editor::keys::HELP;
use crate::words::words;

/// A panel: its heading, a way to close it, and Escape; the key that
/// opened the page of keys closes it too. The keyboard goes back to where it came from.
pub(super) fn panel_frame(desk: Desk, heading: &'static str, content: AnyView) -> impl IntoView {
    let w = words();
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
        let help = event.key() == HELP && desk.panel.get_untracked() == Some(Panel::Keys);
        if event.key() == "Escape" || help {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    view! {
        <aside class="panel" aria-label=heading on:keydown=act(keydown)>
            <div class="panel-head">
                <h2>{heading}</h2>
                <button type="button" class="plain icon-only" aria-label=w.close title=w.close
                    on:click=act(move |_| close())>
                    {icon(Icon::Close)}
                </button>
            </div>
            {content}
        </aside>
    }
}
