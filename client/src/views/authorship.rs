//! Who wrote which words: the panel with the legend, and the legend on the wall. The marks themselves are the state's and the style sheet's.

use leptos::prelude::*;

use super::desk::{Desk, Panel};
use super::panel::panel_frame;
use crate::editor::surface::can_mark;
use crate::state::authorship::{Group, Mark, Party};
use crate::words::words;

/// The panel.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    if !can_mark() {
        return panel_frame(desk, w.authors, view! { <p class="problem">{w.authors_unable}</p> }.into_any())
            .into_any();
    }
    show_until_gone(desk);
    let at_caret = move || match malbild.authorship.at_caret.get() {
        None => w.authors_no_caret.to_owned(),
        Some((group, name)) => {
            let names = [name, group_name(&group)];
            names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
        }
    };
    let content = view! {
        <div class="stack">
            <p class="hint">{w.authors_hint}</p>
            {move || legend(&malbild.authorship.parties.get())}
            <p class="at-caret"><span class="hint">{w.authors_at_caret}</span>
                <span role="status" aria-live="polite">{at_caret}</span></p>
        </div>
    };
    panel_frame(desk, w.authors, content.into_any()).into_any()
}

/// The legend on the wall, where no panel is.
pub(super) fn on_wall(desk: Desk) -> impl IntoView {
    let authorship = desk.malbild.authorship;
    let needed = Memo::new(move |_| desk.wall.get() && authorship.shown.get());
    move || {
        needed.get().then(|| {
            show_until_gone(desk);
            view! { <div class="authors-legend">{move || legend(&authorship.parties.get())}</div> }
        })
    }
}

/// The words are marked as long as a legend says what the marks mean: in the panel, then on the wall.
fn show_until_gone(desk: Desk) {
    desk.malbild.show_authors(true);
    on_cleanup(move || {
        if desk.panel.get_untracked() != Some(Panel::Authors) && !desk.wall.get_untracked() {
            desk.malbild.show_authors(false);
        }
    });
}

fn legend(parties: &[Party]) -> impl IntoView + use<> {
    let w = words();
    if parties.is_empty() {
        return view! { <p class="hint">{w.authors_nobody}</p> }.into_any();
    }
    let rows = parties.iter().map(|party| {
        view! {
            <li>
                {swatch(party.mark)}
                <span class="who">{group_name(&party.group)}</span>
                <span class="share">{(w.authors_share)(party.share)}</span>
            </li>
        }
    });
    view! { <ul class="authors-list">{rows.collect_view()}</ul> }.into_any()
}

/// A few letters marked as the words in the text are.
fn swatch(mark: Mark) -> impl IntoView {
    let colour = mark.colour().map(|colour| format!("var(--person-{colour})"));
    let line = mark.line().map(|line| line.to_string());
    let marked = mark != Mark::None;
    view! {
        <span class="swatch" class:marked=marked data-line=line style=("--person", colour) aria-hidden="true">
            {words().authors_sample}
        </span>
    }
}

fn group_name(group: &Group) -> String {
    let w = words();
    match group {
        Group::Organisation(name) => name.clone(),
        Group::NoOrganisation => w.authors_no_organisation.to_owned(),
        Group::Unknown => w.authors_unknown.to_owned(),
        Group::Template => w.authors_template.to_owned(),
    }
}
