//! The page of one målbild: what it shows in each phase of opening, and the parts of the open page.
//! Here is also what holds for the page as a whole: its name in the tab, what screen readers are told,
//! the wall.

use leptos::prelude::*;
use samsyn_shared::Permission;
use samsyn_shared::SyncStatus;
use web_sys::KeyboardEvent;

use super::desk::{Desk, Panel};
use super::part::{act, when};
use super::{
    aside, authorship, banner, bar, browser, contents, find, introduction, keys, menu, not_pasted, notice,
    people, removal, share, sheet,
};
use crate::malbild::{Malbild, Phase};
use crate::state::owner_link;
use crate::state::recent::{self, Recent};
use crate::words::{NAME, words};

/// The page.
pub(super) fn malbild(malbild: Malbild) -> impl IntoView {
    let phase = Memo::new(move |_| malbild.opening.phase.get());
    name_the_tab(malbild);
    browser::watch_keyboard();
    let shown = move || match phase.get() {
        Phase::Opening => match malbild.writer.read().stopped {
            Some(why) => notice::stopped(why).into_any(),
            None => notice::opening().into_any(),
        },
        Phase::Open => open(malbild).into_any(),
        Phase::NoAccess => notice::no_access(malbild).into_any(),
        Phase::Unreachable => notice::unreachable(malbild).into_any(),
    };
    view! { {move || shown()} }
}

fn open(malbild: Malbild) -> impl IntoView {
    let w = words();
    let made = owner_link::link(malbild.id).map(|_| Panel::Made);
    let desk = Desk { malbild, panel: RwSignal::new(made), wall: RwSignal::new(is_wall_asked_for()) };
    remember(malbild);
    leave_wall_by_escape(desk);
    keys::listen(desk);
    let panel = move || match desk.panel.get() {
        // The contents are always there; a narrow screen shows them by `data-panel`.
        None | Some(Panel::Contents) => ().into_any(),
        Some(Panel::People) => people::panel(desk).into_any(),
        Some(Panel::Authors) => authorship::panel(desk).into_any(),
        Some(Panel::Keys) => keys::panel(desk).into_any(),
        Some(Panel::Share) => share::panel(desk).into_any(),
        Some(Panel::Made) => share::made_panel(desk).into_any(),
        Some(Panel::Aside) => aside::panel(desk).into_any(),
    };
    let first = malbild.opening.template.get_untracked().and_then(|template| template.sections.first());
    let skip = move |_| {
        if let Some(section) = first {
            malbild.focus(section.key);
        }
    };
    let writes = move || {
        malbild.caret.read().active.is_some() && malbild.writer.read().role.may(Permission::WriteContent)
    };
    view! {
        <div class="malbild" class:wall=move || desk.wall.get()
            class:authored=move || malbild.authorship.read().shown data-panel=move || name_of(desk.panel.get())
            data-writing=move || writes().then_some("")>
            <button type="button" class="skip" on:click=act(skip)>{w.skip}</button>
            {bar::bar(desk)}
            {contents::contents(desk)}
            <main class="desk">{banner::banner(desk)} {sheet::sheet(malbild)}</main>
            {find::find(malbild)}
            {move || panel()}
            {move || when(desk.wall.get(), || wall_mark(malbild))}
            {bar::sync_details(malbild)}
            {menu::menu(desk)}
            {when(!is_wall_asked_for(), || introduction::introduction(malbild))}
            {not_pasted::not_pasted(malbild)}
            {removal::removal(malbild)}
            {announcer(malbild)}
        </div>
    }
}

/// Which kind of panel is open, for the style sheets.
fn name_of(panel: Option<Panel>) -> &'static str {
    match panel {
        Some(Panel::Contents) => "contents",
        Some(_) => "other",
        None => "",
    }
}

/// The wall's only sign of the tool: that it is saved, and how many are here.
fn wall_mark(malbild: Malbild) -> impl IntoView {
    let w = words();
    view! {
        <div class="wall-mark">
            <span prop:textContent=move || bar::said(malbild)></span>
            <span prop:textContent=move || (w.people_here)(malbild.people.read().here.len() + 1)></span>
        </div>
    }
}

/// Tells a screen reader what changes what one may rely on. Saving and saved come and go with every
/// word, so they are not told.
fn announcer(malbild: Malbild) -> impl IntoView {
    let w = words();
    let news = RwSignal::new(String::new());
    Effect::new(move |before: Option<SyncStatus>| {
        let now = malbild.sync.read().status;
        let cut = |status| matches!(status, SyncStatus::Offline | SyncStatus::Error);
        if cut(now) && before != Some(now) {
            let is_kept = malbild.device.trouble.get_untracked().is_none();
            let pending = malbild.sync.with_untracked(|sync| sync.pending);
            news.set((w.sync)(now, pending, is_kept));
        } else if !cut(now) && before.is_some_and(cut) {
            news.set(w.back_online.to_owned());
        }
        now
    });
    view! { <p class="unseen" role="status" aria-live="polite" prop:textContent=move || news.get()></p> }
}

fn name_the_tab(malbild: Malbild) {
    Effect::new(move |_| {
        let title = malbild.text.read().title.clone();
        document().set_title(&if title.is_empty() { NAME.to_owned() } else { format!("{title} · {NAME}") });
    });
}

/// Keeps the start page's list up to date while the målbild is open.
fn remember(malbild: Malbild) {
    let opened = js_sys::Date::now();
    Effect::new(move |_| {
        let (title, role) = (malbild.text.read().title.clone(), malbild.writer.read().role);
        recent::note(Recent { id: malbild.id, title, role, opened });
    });
}

fn is_wall_asked_for() -> bool {
    let query = window().location().search().unwrap_or_default();
    web_sys::UrlSearchParams::new_with_str(&query)
        .is_ok_and(|query| query.get("vy").is_some_and(|view| view == "vagg"))
}

fn leave_wall_by_escape(desk: Desk) {
    let listener = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() && desk.wall.get_untracked() {
            desk.wall.set(false);
        }
    });
    on_cleanup(move || listener.remove());
}
