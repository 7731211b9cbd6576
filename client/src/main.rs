//! The page in which people write a målbild: views over an open målbild, which is driven by the shared page.

pub mod api;
pub mod device;
pub mod early;
pub mod editor;
pub mod malbild;
#[cfg(test)]
mod palette;
pub mod state;
pub mod views;
pub mod words;
pub mod worker;

use leptos::prelude::*;
use state::REACHED;
use state::preferences::{Language, Theme};

fn main() {
    let language = Language::load();
    words::choose(language);
    Theme::load().show();
    if let Some(root) = document().document_element() {
        root.set_attribute("lang", language.tag()).expect("the attribute's name is valid");
    }
    mount_to_body(views::app);
    worker::install();
    let tell = || leptos::task::spawn_local(state::left::tell());
    tell();
    for event in ["online", REACHED] {
        window_event_listener_untyped(event, move |_| tell());
    }
}
