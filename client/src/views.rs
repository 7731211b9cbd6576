//! All that is drawn but the text itself. A view reads signals and calls what the state offers; it
//! never speaks to the server about a document, and it holds no word of its own.
//!
//! Invariant: Words that say how it is stay true though a translator replaced them
//! (`words_that_say_how_it_is_stay_true_when_a_translator_has_replaced_them`).

mod aside;
mod authorship;
mod banner;
mod bar;
mod browser;
mod contents;
mod copying;
mod desk;
mod find;
mod health;
mod icon;
mod identity_form;
mod initials;
mod introduction;
mod keys;
mod link_box;
mod malbild;
mod menu;
mod not_pasted;
mod notice;
mod panel;
mod part;
mod people;
mod people_list;
mod removal;
mod share;
mod sheet;
mod start;
mod toolbar;

use leptos::prelude::*;
use samsyn_shared::text::share_link::ShareLink;

use crate::malbild::Malbild;

/// The page that the address asks for. There are two, and a link between them loads anew, so the
/// address is read once.
pub fn app() -> impl IntoView {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let address = path.clone() + &location.hash().unwrap_or_default();
    match ShareLink::find(&address) {
        Some(link) => malbild::malbild(Malbild::open(link)).into_any(),
        None if path == "/" => start::start().into_any(),
        None => notice::nothing().into_any(),
    }
}
