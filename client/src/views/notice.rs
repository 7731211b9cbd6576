//! Where there is no målbild to show: on its way, no access, not reached, nothing there. Each says what
//! happened and what to do.

use leptos::prelude::*;
use samsyn_shared::sync::client_session::Stopped;
use web_sys::Event;

use super::icon;
use super::part::act;
use crate::malbild::Malbild;
use crate::words::{NAME, words};

/// On its way; says so only when it takes long.
pub(super) fn opening() -> impl IntoView {
    view! { <main class="notice opening"><p role="status">{words().opening}</p></main> }
}

/// Nobody without a link gets further: whom to ask, and where to put the link.
pub(super) fn no_access(malbild: Malbild) -> impl IntoView {
    let w = words();
    let link = RwSignal::new(String::new());
    let wrong = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        wrong.set(!malbild.use_link(&link.get_untracked()));
    };
    let form = view! {
        <form class="stack" on:submit=act(submit)>
            <label class="field">
                <span class="legend">{w.no_access_link}</span>
                <input class="input" autocomplete="off" spellcheck="false" prop:value=move || link.get()
                    aria-invalid=move || wrong.get().then_some("true")
                    on:input=act(move |event: Event| link.set(event_target_value(&event)))/>
            </label>
            <p role="alert" class:problem=move || wrong.get()>{move || if wrong.get() { w.no_access_wrong } else { "" }}</p>
            <div><button class="button main">{w.no_access_open}</button></div>
        </form>
    };
    card(w.no_access_heading, w.no_access_text, form.into_any())
}

/// The server was not reached.
pub(super) fn unreachable(malbild: Malbild) -> impl IntoView {
    let w = words();
    let retry = move |_| malbild.retry();
    let again = view! { <div><button class="button main" on:click=act(retry)>{w.retry}</button></div> };
    card(w.unreachable_heading, w.unreachable_text, again.into_any())
}

/// The page cannot show this målbild as it is.
pub(super) fn stopped(why: Stopped) -> impl IntoView {
    let w = words();
    card(w.unreachable_heading, (w.stopped)(why), reload_button().into_any())
}

/// The address is none of ours.
pub(super) fn nothing() -> impl IntoView {
    let w = words();
    let home = view! { <div><a href="/">{w.home}</a></div> };
    card(w.nothing_heading, w.nothing_text, home.into_any())
}

/// Loads the page anew.
pub(super) fn reload_button() -> impl IntoView {
    let reload = |_| window().location().reload().expect("a page may always load itself anew");
    view! { <div><button type="button" class="button" on:click=act(reload)>{words().reload}</button></div> }
}

fn card(heading: &'static str, text: &'static str, action: AnyView) -> impl IntoView {
    view! {
        <main class="notice">
            <a class="wordmark" href="/">{icon::mark()}{NAME}</a>
            <div class="card">
                <h1>{heading}</h1>
                <p>{text}</p>
                {action}
            </div>
        </main>
    }
}
