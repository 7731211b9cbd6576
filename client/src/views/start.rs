//! The start page: make a målbild, or go on with one that this browser has opened before.

use leptos::prelude::*;
use leptos::task::spawn_local;
use samsyn_shared::Template;
use samsyn_shared::api::CreatedMalbild;
use samsyn_shared::document::read_model::one_line;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::backoff::Backoff;
use samsyn_shared::text::share_link::ShareLink;
use web_sys::Event;

use super::browser;
use super::icon::{self, Icon, icon};
use super::part::{act, truth};
use crate::api;
use crate::state::owner_link;
use crate::state::preferences::{Language, Theme};
use crate::state::recent::{self, Recent};
use crate::words::{NAME, language, words};

/// The whole page.
pub(super) fn start() -> impl IntoView {
    let w = words();
    view! {
        <div class="start">
            <header class="start-head">
                <span class="wordmark">{icon::mark()}{NAME}</span>
                {preferences()}
            </header>
            <main class="start-main">
                <div class="start-intro">
                    <h1>{w.start_heading}</h1>
                    <p>{w.start_intro}</p>
                </div>
                {new_malbild()}
                {recent_list()}
            </main>
        </div>
    }
}

fn new_malbild() -> impl IntoView {
    let w = words();
    let title = RwSignal::new(String::new());
    let template = RwSignal::new(Template::all()[0].name);
    let problem = RwSignal::new(None::<&'static str>);
    let under_way = RwSignal::new(false);
    let unreached = RwSignal::new(false);
    look_for_server(unreached);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if under_way.get_untracked() {
            return;
        }
        under_way.set(true);
        problem.set(None);
        spawn_local(async move {
            let name = template.get_untracked();
            match api::create_malbild(&title_or_default(&title.get_untracked(), name), name).await {
                Ok(made) => go_to(&made),
                Err(error) => {
                    problem.set(Some((w.problem)(error.code.as_ref())));
                    under_way.set(false);
                }
            }
        });
    };
    let choices = Template::all().iter().map(|choice| {
        let (name, hint) = (w.template)(choice.name);
        view! {
            <label class="template">
                <input type="radio" name="template" value=choice.name
                    prop:checked=move || template.get() == choice.name
                    on:change=act(move |_| template.set(choice.name))/>
                {icon::sheet(choice.name)}
                <span class="name">{name}</span>
                <span class="hint">{hint}</span>
            </label>
        }
    });
    view! {
        <section class="start-new" aria-labelledby="new-heading">
            <h2 id="new-heading">{w.new_heading}</h2>
            <p class="hint" role="status" data-unreached=move || unreached.get().then_some("")>
                {move || if unreached.get() { w.cannot_create } else { "" }}
            </p>
            <form on:submit=act(submit)>
                <div class="field">
                    <label for="new-title">{w.title_label}</label>
                    <p class="hint" id="new-title-hint">{w.title_hint}</p>
                    <input class="input" id="new-title" name="title" autocomplete="off"
                        aria-describedby="new-title-hint" maxlength=limits::TITLE_UNITS.to_string()
                        prop:value=move || title.get()
                        on:input=act(move |event: Event| title.set(event_target_value(&event)))/>
                </div>
                <fieldset>
                    <legend class="legend">{w.template_legend}</legend>
                    <div class="templates">{choices.collect_view()}</div>
                </fieldset>
                <p role="alert" class:problem=move || problem.get().is_some()>{move || problem.get().unwrap_or_default()}</p>
                <div>
                    <button class="button main" data-action="new" aria-disabled=move || truth(under_way.get())>
                        {move || if under_way.get() { w.creating } else { w.create }}
                    </button>
                </div>
            </form>
        </section>
    }
}

/// The page may have come from this browser alone. It says so for as long as the server does not answer.
fn look_for_server(unreached: RwSignal<bool>) {
    spawn_local(async move {
        let is_reached = api::is_reached().await;
        unreached.set(!is_reached);
        if !is_reached {
            set_timeout(move || look_for_server(unreached), Backoff::CEILING);
        }
    });
}

/// A målbild that nobody named is called after its template.
fn title_or_default(title: &str, template: &str) -> String {
    let title = title.trim();
    if title.is_empty() {
        Template::find(template).map(|template| template.title).unwrap_or_default().to_owned()
    } else {
        title.to_owned()
    }
}

/// The page of the new målbild trades the token itself, and shows the link once. Who was introduced by
/// this page's address is introduced there, too.
fn go_to(made: &CreatedMalbild) {
    owner_link::keep(made.id, &made.links.owner);
    let query = window().location().search().unwrap_or_default();
    let address = format!("/m/{}{query}#{}", made.id, made.tokens.owner);
    window().location().assign(&address).expect("an address of the page's own origin is allowed");
}

fn recent_list() -> impl IntoView {
    let w = words();
    let all = RwSignal::new(recent::load());
    let item = move |recent: Recent| {
        let id = recent.id;
        let title = one_line(&recent.title);
        let title = if title.is_empty() { w.untitled.to_owned() } else { title };
        let remove = (w.recent_remove)(&title);
        let hint = format!("{} · {}", (w.role)(recent.role), browser::moment(recent.opened));
        view! {
            <li>
                <a href=ShareLink { id, token: None }.to_string()>
                    <span class="name">{title}</span>
                    <span class="hint">{hint}</span>
                </a>
                <button type="button" class="plain icon-only" aria-label=remove.clone() title=remove
                    on:click=act(move |_| all.set(recent::forget(id)))>
                    {icon(Icon::Close)}
                </button>
            </li>
        }
    };
    let list = move || {
        let recents = all.get();
        if recents.is_empty() {
            view! { <p class="recent-empty">{w.recent_empty}</p> }.into_any()
        } else {
            view! { <ul class="recent-list">{recents.into_iter().map(item).collect_view()}</ul> }.into_any()
        }
    };
    view! {
        <section class="start-recent" aria-labelledby="recent-heading">
            <h2 id="recent-heading">{w.recent_heading}</h2>
            {move || list()}
        </section>
    }
}

fn preferences() -> impl IntoView {
    let w = words();
    let languages = Language::ALL.map(|choice| {
        view! {
            <option value=choice.tag() lang=choice.tag() selected=choice == language()>
                {(w.language_name)(choice)}
            </option>
        }
    });
    let themes = Theme::ALL.map(|choice| {
        view! {
            <option value=choice.name() selected=choice == Theme::load()>{(w.theme_name)(choice)}</option>
        }
    });
    let choose_language = |event: Event| {
        if let Some(language) = Language::from_tag(&event_target_value(&event)) {
            language.save();
            window().location().reload().expect("a page may always load itself anew");
        }
    };
    let choose_theme = |event: Event| {
        let name = event_target_value(&event);
        if let Some(theme) = Theme::ALL.into_iter().find(|theme| theme.name() == name) {
            theme.save();
        }
    };
    view! {
        <div class="preferences">
            <label><span>{w.language}</span><select on:change=act(choose_language)>{languages.collect_view()}</select></label>
            <label><span>{w.theme}</span><select on:change=act(choose_theme)>{themes.collect_view()}</select></label>
        </div>
    }
}
