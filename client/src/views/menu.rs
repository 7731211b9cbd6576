//! What is wanted now and then: the text as a copy, a file or a print, the wall, theme and language.

use leptos::html::Div;
use leptos::prelude::*;

use super::browser;
use super::copying::{self, Outcome};
use super::desk::{Desk, Panel};
use crate::editor::keys::HELP;
use crate::state::preferences::{Language, Theme};
use crate::words::{language, words};

/// The menu.
pub(super) fn menu(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let popover = NodeRef::<Div>::new();
    let hide = move || {
        if let Some(popover) = popover.get_untracked() {
            popover.hide_popover().expect("a popover that is in the page can be hidden");
        }
    };
    let outcome = RwSignal::new(None);
    let copy = move |_| copying::copy(malbild.markdown(), outcome);
    let copy_label = move || match outcome.get() {
        Some(Outcome::Copied) => w.copied,
        Some(Outcome::Failed) => w.copy_failed,
        None => w.copy_text,
    };
    let download = move |_| {
        let name = browser::file_name(&malbild.title.get_untracked(), w.file_name);
        browser::download(&name, &malbild.markdown());
        hide();
    };
    let print = move |_| {
        hide();
        window().print().expect("a page may always ask to be printed");
    };
    let show_on_wall = move |_| {
        hide();
        desk.close_panel();
        desk.wall.set(true);
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
        let pressed = move || (theme.get() == choice).to_string();
        item(pressed, (w.theme_name)(choice), choose)
    });
    let languages = Language::ALL.map(|choice| {
        let choose = move |_| {
            choice.save();
            window().location().reload().expect("a page may always load itself anew");
        };
        let pressed = move || (choice == language()).to_string();
        item(pressed, (w.language_name)(choice), choose)
    });
    view! {
        <div class="popover menu" id="menu" popover="auto" node_ref=popover>
            <button type="button" class="plain" on:click=copy><span role="status">{copy_label}</span></button>
            <button type="button" class="plain" on:click=download>{w.download}</button>
            <button type="button" class="plain" on:click=print>{w.print}</button>
            <button type="button" class="plain" on:click=show_on_wall>{w.wall}</button>
            <button type="button" class="plain" aria-keyshortcuts=HELP on:click=show_keys>
                {w.keys}<kbd aria-hidden="true">{HELP}</kbd>
            </button>
            <h3>{w.theme}</h3>
            {themes.collect_view()}
            <h3>{w.language}</h3>
            {languages.collect_view()}
        </div>
    }
}

fn item(
    pressed: impl Fn() -> String + Send + 'static,
    label: &'static str,
    choose: impl Fn(leptos::ev::MouseEvent) + 'static,
) -> impl IntoView {
    view! { <button type="button" class="plain" aria-pressed=pressed on:click=choose>{label}</button> }
}
