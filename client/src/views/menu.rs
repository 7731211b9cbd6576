//! What is wanted now and then: the text as a copy, a file or a print, the wall, theme and language.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use super::copying::{self, Outcome};
use super::desk::{Desk, Panel};
use super::part::{act, truth};
use super::{browser, find, removal};
use crate::editor::keys::{FIND, HELP, written};
use crate::state::preferences::{Language, Theme};
use crate::words::{language, words};

/// The menu.
pub(super) fn menu(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let hide = move || {
        if let Some(menu) = document().get_element_by_id("menu") {
            menu.unchecked_into::<HtmlElement>()
                .hide_popover()
                .expect("a popover that is in the page can be hidden");
        }
    };
    let outcome = RwSignal::new(None);
    let copy = move |_| copying::copy_all(outcome);
    let copy_label = move || match outcome.get() {
        Some(Outcome::Copied) => w.copied,
        Some(Outcome::Failed) => w.copy_failed,
        None => w.copy_text,
    };
    let download = move |_| {
        // Other systems take an `å` in two parts for another name.
        let title = js_sys::JsString::from(malbild.text.read_untracked().title.clone()).normalize("NFC");
        let name = browser::file_name(&String::from(title), w.file_name);
        browser::download(&name, &malbild.markdown());
        hide();
    };
    let print = move |_| {
        hide();
        window().print().expect("a page may always ask to be printed");
    };
    let show_on_wall = move |_| {
        hide();
        // Who wrote what is shown there too.
        if desk.panel.get_untracked() != Some(Panel::Authors) {
            desk.close_panel();
        }
        desk.wall.set(true);
    };
    let look_for = move |_| {
        hide();
        find::open(malbild);
    };
    let show_authors = move |_| {
        hide();
        desk.toggle(Panel::Authors);
    };
    let remove = move |_| {
        hide();
        removal::ask();
    };
    let show_keys = move |_| {
        hide();
        desk.panel.set(Some(Panel::Keys));
    };
    let theme = RwSignal::new(Theme::load());
    let themes = Theme::ALL.map(|choice| {
        let choose = move |_| {
            choice.save();
            theme.set(choice);
        };
        view! {
            <button type="button" class="plain" aria-pressed=move || truth(theme.get() == choice) on:click=act(choose)>
                {(w.theme_name)(choice)}
            </button>
        }
    });
    let languages = Language::ALL.map(|choice| {
        let choose = move |_| {
            choice.save();
            window().location().reload().expect("a page may always load itself anew");
        };
        view! {
            <button type="button" class="plain" aria-pressed=truth(choice == language()) on:click=act(choose)>
                {(w.language_name)(choice)}
            </button>
        }
    });
    view! {
        <div class="popover menu" id="menu" popover="auto" role="dialog" aria-label=w.more>
            <button type="button" class="plain" data-action="find" on:click=act(look_for)>
                {w.find}<kbd aria-hidden="true">{written(FIND, browser::is_mac(), w)}</kbd>
            </button>
            <button type="button" class="plain" data-action="authors"
                aria-pressed=move || truth(malbild.authorship.read().shown) on:click=act(show_authors)>
                {w.authors_show}
            </button>
            <button type="button" class="plain" data-action="copy" on:click=act(copy)>
                <span role="status">{move || copy_label()}</span>
            </button>
            <button type="button" class="plain" on:click=act(download)>{w.download}</button>
            <button type="button" class="plain" on:click=act(print)>{w.print}</button>
            <button type="button" class="plain" data-action="wall" on:click=act(show_on_wall)>{w.wall}</button>
            <button type="button" class="plain" aria-keyshortcuts=HELP on:click=act(show_keys)>
                {w.keys}<kbd aria-hidden="true">{HELP}</kbd>
            </button>
            <button type="button" class="plain" data-action="remove" on:click=act(remove)>{w.remove}</button>
            <h3>{w.theme}</h3>
            {themes.collect_view()}
            <h3>{w.language}</h3>
            {languages.collect_view()}
        </div>
    }
}
