//! The panel that lists the keys, and the keys that are the page's own.

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::desk::{Desk, Panel};
use super::panel::panel_frame;
use super::{browser, find, toolbar};
use crate::editor::keys::{BINDINGS, FIND, FIND_NEXT, HELP, TOOLS, TYPED, written};
use crate::words::{KeyGroup, words};

/// The panel. It takes the keyboard, so that it is read out and scrolls, and Escape closes it.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let mac = browser::is_mac();
    let list = NodeRef::<Div>::new();
    list.on_load(|list| {
        list.focus().expect("an element that is in the page takes the focus");
        // To take the focus a list that is higher than its panel scrolls the heading away.
        if let Some(panel) = list.parent_element() {
            panel.set_scroll_top(0);
        }
    });
    let mut html = String::new();
    for group in KeyGroup::ALL {
        let bindings = BINDINGS.iter().filter(|binding| binding.group == group);
        let rows =
            bindings.filter_map(|binding| Some((binding.label?(w), written(binding.shown(mac), mac, w))));
        add_group(&mut html, (w.key_group)(group), rows);
        if group == KeyGroup::Lines {
            let space = (w.key_name)("Space");
            let typed = TYPED.iter().map(|(mark, label)| (label(w).to_owned(), [mark, " ", space].concat()));
            let undo = (w.typed_undo.to_owned(), written("Mod-z", mac, w));
            add_group(&mut html, w.typed, typed.chain([undo]));
        }
    }
    panel_frame(
        desk,
        w.keys,
        view! { <div class="keys-list" tabindex="-1" node_ref=list inner_html=html></div> }.into_any(),
    )
}

/// Adds a heading and rows, each of what is done and how.
fn add_group(html: &mut String, heading: &str, rows: impl Iterator<Item = (String, String)>) {
    *html += &["<h3>", heading, "</h3><dl class='keys'>"].concat();
    for (what, how) in rows {
        *html += &["<div><dt>", &what, "</dt><dd><kbd>", &how, "</kbd></dd></div>"].concat();
    }
    *html += "</dl>";
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
            FIND if !find::has_focus() => find::open(desk.malbild),
            FIND_NEXT if desk.malbild.find.read_untracked().open => {
                find::go(desk.malbild, !event.shift_key());
            }
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || listener.remove());
}
