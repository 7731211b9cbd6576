//! Where there is no målbild to show: on its way, no access, not reached, nothing there. Each says what
//! happened and what to do.

use leptos::prelude::*;
use samsyn_shared::client_session::Stopped;

use super::icon;
use crate::state::malbild::Malbild;
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
        <form class="stack" on:submit=submit>
            <label class="field">
                <span class="legend">{w.no_access_link}</span>
                <input class="input" autocomplete="off" spellcheck="false" prop:value=link
                    aria-invalid=move || wrong.get().then_some("true")
                    on:input=move |event| link.set(event_target_value(&event))/>
            </label>
            <p role="alert" class:problem=wrong>{move || wrong.get().then_some(w.no_access_wrong)}</p>
            <div><button class="button main">{w.no_access_open}</button></div>
        </form>
    };
    card(w.no_access_heading, w.no_access_text, form)
}

/// The server was not reached.
pub(super) fn unreachable(malbild: Malbild) -> impl IntoView {
    let w = words();
    let retry = move |_| malbild.retry();
    let again = view! { <div><button class="button main" on:click=retry>{w.retry}</button></div> };
    card(w.unreachable_heading, w.unreachable_text, again)
}

/// The page cannot show this målbild as it is.
pub(super) fn stopped(why: Stopped) -> impl IntoView {
    let w = words();
    card(w.unreachable_heading, (w.stopped)(why), reload_button())
}

/// The address is none of ours.
pub(super) fn nothing() -> impl IntoView {
    let w = words();
    card(w.nothing_heading, w.nothing_text, view! { <div><a href="/">{w.home}</a></div> })
}

/// Loads the page anew.
pub(super) fn reload_button() -> impl IntoView {
    let reload = |_| window().location().reload().expect("a page may always load itself anew");
    view! { <div><button type="button" class="button" on:click=reload>{words().reload}</button></div> }
}

fn card(heading: &'static str, text: &'static str, action: impl IntoView) -> impl IntoView {
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
