//! The panel that lists the keys, and the keys that are the page's own.

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::desk::{Desk, Panel};
use super::panel::panel_frame;
use super::{browser, toolbar};
use crate::editor::keys::{BINDINGS, Group, HELP, TOOLS, written};
use crate::words::words;

/// The panel. It takes the keyboard, so that it is read out and scrolls, and Escape closes it.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let mac = browser::is_mac();
    let list = NodeRef::<Div>::new();
    list.on_load(|list| list.focus().expect("an element that is in the page takes the focus"));
    let mut html = String::new();
    for group in Group::ALL {
        html += &["<h3>", (w.key_group)(group), "</h3><dl class='keys'>"].concat();
        for binding in BINDINGS.iter().filter(|binding| binding.group == group) {
            if let Some(label) = binding.label {
                let key = written(binding.shown(mac), mac, w);
                html += &["<div><dt>", &label(w), "</dt><dd><kbd>", &key, "</kbd></dd></div>"].concat();
            }
        }
        html += "</dl>";
    }
    panel_frame(
        desk,
        w.keys,
        view! { <div class="keys-list" tabindex="-1" node_ref=list inner_html=html></div> }.into_any(),
    )
}

/// Hears the page's own keys for as long as the målbild is open.
pub(super) fn listen(desk: Desk) {
    let listener = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        let held = [(event.ctrl_key() || event.meta_key(), "Mod-"), (event.alt_key(), "Alt-")];
        let held = held.into_iter().filter(|(down, _)| *down).map(|(_, name)| name);
        let pressed = held.collect::<String>() + &event.key();
        match pressed.as_str() {
            HELP => desk.toggle(Panel::Keys),
            TOOLS => toolbar::focus_tools(),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || listener.remove());
}
