//! The sheet: the head with the title, and the sections. In each section stands an empty host, in which
//! the state makes the text surface; a question is never part of it.

use leptos::html::Div;
use leptos::prelude::*;
use samsyn_shared::{Section, SectionKey, Template};

use super::part::{act, truth};
use super::{browser, find, initials, link_box};
use crate::malbild::{Malbild, TITLE};
use crate::words::words;

/// What names the title for who does not see that it is one.
const TITLE_LABEL: &str = "title-label";

/// From this width on the reminders stand unfolded in the margin, as malbild.css has it.
const MARGIN: &str = "(min-width: 84rem)";

/// The sheet.
pub(super) fn sheet(malbild: Malbild) -> impl IntoView {
    let w = words();
    let template = malbild.opening.template.get_untracked();
    let sections = template.map(|template| template.sections).unwrap_or_default();
    let alone = sections.len() == 1;
    let kind = template.map(kind_of).unwrap_or_default();
    let kind = move || if malbild.text.read().title.clone() == kind { "" } else { kind };
    view! {
        <article class="sheet" lang="sv">
            <header class="sheet-head">
                <p class="kicker"><span>{move || kind()}</span><span class="chip" data-mark="utkast">{w.draft}</span></p>
                {title(malbild)}
            </header>
            {sections.iter().map(|section| self::section(malbild, section, alone)).collect_view()}
        </article>
    }
}

/// What kind of målbild it is. One that began as an example is of the kind that the example shows.
fn kind_of(template: &'static Template) -> &'static str {
    let keys = |template: &Template| template.sections.iter().map(|section| section.key).collect::<Vec<_>>();
    let blank = Template::all().iter().find(|other| !other.is_example && keys(other) == keys(template));
    blank.map_or(template.title, |blank| blank.title)
}

/// The title, a text of one line on as many lines of the sheet as it needs.
fn title(malbild: Malbild) -> impl IntoView {
    let w = words();
    let host = NodeRef::<Div>::new();
    host.on_load(move |host| malbild.attach(TITLE, &host, TITLE_LABEL, ""));
    view! {
        <span class="unseen" id=TITLE_LABEL>{w.title_field}</span>
        <h1 class="title" class:filled=move || !malbild.text.read().title.is_empty()>
            <span class="placeholder" aria-hidden="true">{w.untitled}</span>
            <div class="surface-host" data-text=TITLE.as_str() node_ref=host></div>
        </h1>
    }
}

fn section(malbild: Malbild, section: &'static Section, alone: bool) -> impl IntoView {
    let w = words();
    let key = section.key;
    let (heading_id, question_id) = (format!("heading-{key}"), format!("question-{key}"));
    let filled = Memo::new(move |_| malbild.text.read().filled.clone().contains(&key));
    let unfolded = RwSignal::new(false);
    let host = NodeRef::<Div>::new();
    let (labelled_by, described_by, section_label) =
        (heading_id.clone(), question_id.clone(), heading_id.clone());
    host.on_load(move |host| malbild.attach(key, &host, &labelled_by, &described_by));
    let placeholder = section.questions.iter().map(|question| view! { <p>{*question}</p> });
    view! {
        <section class="section" class:filled=move || filled.get() class:alone=alone data-section=key.as_str()
            aria-labelledby=section_label>
            <h2 id=heading_id class:unseen=alone>{find::heading(malbild, section)}</h2>
            {here(malbild, key)}
            <button type="button" class="question" id=question_id
                aria-expanded=move || truth(unfolded.get())
                on:click=act(move |_| unfolded.update(|unfolded| *unfolded = !*unfolded))>
                {section.questions.join(" ")}
            </button>
            <div class="writing">
                <div class="placeholder" aria-hidden="true">{placeholder.collect_view()}</div>
                <div class="surface-host" data-text=key.as_str() node_ref=host></div>
                <div class="beside">{link_box::link_box(malbild, key)}</div>
            </div>
            {section.reminder.map(|reminder| view! {
                <aside class="reminder">
                    <details open=browser::matches(MARGIN)>
                        <summary>{w.reminder}</summary>
                        <p>{reminder}</p>
                    </details>
                </aside>
            })}
        </section>
    }
}

/// Who writes in a section, beside its heading.
fn here(malbild: Malbild, key: SectionKey) -> impl IntoView {
    let w = words();
    move || {
        let people = malbild.people_in(key);
        let names: Vec<_> = people.iter().map(|person| person.said(w.nameless)).collect();
        let said = (!names.is_empty()).then(|| (w.writing_here)(&names.join(", ")));
        view! {
            <p class="here">
                <span class="unseen">{said}</span>
                <span aria-hidden="true">{initials::small_discs(&people)}</span>
            </p>
        }
    }
}
