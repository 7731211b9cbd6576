//! The bar: whose page it is, whether all is saved, the tools, who is here, and the doors to the panels.

use leptos::prelude::*;
use samsyn_shared::SyncStatus;
use web_sys::{Event, HtmlElement};

use super::desk::{Desk, Panel};
use super::icon::{self, Icon, icon};
use super::part::{act, when};
use super::{browser, health, initials, notice, toolbar};
use crate::malbild::Malbild;
use crate::words::{NAME, words};

/// So many discs fit; the rest is a number.
const DISCS: usize = 4;

/// The bar.
pub(super) fn bar(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    view! {
        <header class="bar">
            <div class="bar-lead">
                <a class="wordmark" href="/" aria-label=w.home>{icon::mark()}</a>
                <div class="bar-words">
                    <div class="bar-names" aria-hidden="true">
                        <span class="bar-brand">{NAME}</span>
                        <span class="bar-title" prop:textContent=move || malbild.text.read().title.clone()></span>
                    </div>
                    <button type="button" class="sync" popovertarget="sync-details"
                        data-said=move || malbild.connection.read().said.0.as_str()
                        data-sync-status=move || malbild.sync.read().status.as_str()
                        data-pending=move || malbild.sync.read().pending.to_string()
                        prop:textContent=move || said(malbild)></button>
                </div>
            </div>
            {toolbar::toolbar(malbild)}
            <div class="bar-actions">
                <button type="button" class="plain contents-button"
                    aria-expanded=move || desk.expanded(Panel::Contents)
                    on:click=act(move |_| desk.toggle(Panel::Contents))>
                    {icon(Icon::Contents)}<span class="action-label">{w.contents}</span>
                </button>
                {people_button(desk)}
                <button type="button" class="button share-button" data-action="share"
                    aria-expanded=move || desk.expanded(Panel::Share)
                    on:click=act(move |_| desk.toggle(Panel::Share))>
                    {icon(Icon::Share)}<span class="action-label">{w.share}</span>
                </button>
                <button type="button" class="plain more-button" popovertarget="menu" title=w.more>
                    {icon(Icon::More)}<span class="action-label">{w.more}</span>
                </button>
            </div>
        </header>
    }
}

fn people_button(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    let discs = move || {
        let people = malbild.people.read().here.clone();
        let shown = if people.len() > DISCS { DISCS - 1 } else { people.len() };
        let rest = people.len() - shown;
        view! {
            {people.iter().take(shown).map(initials::disc).collect_view()}
            {when(rest > 0, || view! { <span class="initials more">{format!("+{rest}")}</span> })}
            {initials::own_disc(&malbild.writer.read().me.clone().unwrap_or_default().name)}
        }
        .into_any()
    };
    view! {
        <button type="button" class="plain people-button" data-people=""
            data-count=move || malbild.people.read().here.len().to_string()
            aria-expanded=move || desk.expanded(Panel::People)
            on:click=act(move |_| desk.toggle(Panel::People))>
            <span class="row" aria-hidden="true">{move || discs()}</span>
            <span class="unseen" prop:textContent=move || (w.people_count)(malbild.people.read().here.len())></span>
            <span class="action-label" aria-hidden="true">{w.people}</span>
        </button>
    }
}

/// The status in words.
pub(super) fn said(malbild: Malbild) -> String {
    let (status, pending) = malbild.connection.read().said;
    (words().sync)(status, pending, malbild.device.trouble.get().is_none())
}

/// What stands behind the word of the status line.
pub(super) fn sync_details(malbild: Malbild) -> impl IntoView {
    let w = words();
    let text = move || {
        let why = (w.disk)(malbild.room.read().disk);
        match malbild.writer.read().stopped {
            Some(why) => (w.stopped)(why).to_owned(),
            None => {
                format!(
                    "{why} {}",
                    (w.sync_details)(
                        malbild.connection.read().said.0,
                        malbild.device.trouble.get().is_none()
                    )
                )
            }
        }
    };
    // Each key is saved; the words for when are made once a minute.
    let minute =
        Memo::new(move |_| malbild.sync.read().saved_at.map(|at| (at / 60_000.0).floor() * 60_000.0));
    // The browser's own words for a time take longer to load than anything else of the page; so nothing is
    // said before somebody looks.
    let opened = RwSignal::new(false);
    let toggled = move |event: Event| {
        let popover: HtmlElement = event_target(&event);
        opened.set(popover.matches(":popover-open").expect("the selector is valid"));
    };
    let when = move || {
        let cut = malbild.connection.read().cut_at.map(|at| (w.offline_since)(&browser::moment(at)));
        let saved = minute.get().map(|at| (w.saved_at)(&browser::moment(at)));
        let lines = [cut, saved].into_iter().flatten();
        view! { {lines.map(|line| view! { <p class="hint">{line}</p> }).collect_view()} }
    };
    let action = move || {
        if malbild.writer.read().stopped.is_some() {
            notice::reload_button().into_any()
        } else if matches!(malbild.connection.read().said.0, SyncStatus::Offline | SyncStatus::Error) {
            let retry = move |_| malbild.retry();
            view! { <button type="button" class="button" on:click=act(retry)>{w.retry}</button> }.into_any()
        } else {
            ().into_any()
        }
    };
    view! {
        <div class="popover" id="sync-details" popover="auto" role="dialog"
            aria-labelledby="sync-state" on:toggle=act(toggled)>
            <p><strong id="sync-state" prop:textContent=move || said(malbild)></strong></p>
            <p prop:textContent=text></p>
            {move || opened.get().then(when)}
            <p class="hint" prop:textContent=move || malbild.connection.read().transport.map(w.connected_by).unwrap_or_default()></p>
            <p class="hint" prop:textContent=move || if opened.get() { health::room(malbild) } else { String::new() }></p>
            <p class="hint" prop:textContent=move || (w.device)(malbild.device.trouble.get())></p>
            {move || action()}
        </div>
    }
}
