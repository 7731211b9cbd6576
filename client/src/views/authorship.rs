//! Who wrote which words: the panel with the legend. On the wall the legend alone is left of it. The marks
//! themselves are the state's and the style sheet's, and stay as long as the panel says what they mean.

use leptos::prelude::*;
use samsyn_shared::page::parties::{Group, Marking, Party};

use super::desk::Desk;
use super::panel::panel_frame;
use crate::editor::surface::can_mark;
use crate::words::words;

/// The panel.
pub(super) fn panel(desk: Desk) -> impl IntoView {
    let w = words();
    let malbild = desk.malbild;
    malbild.show_authors(true);
    on_cleanup(move || malbild.show_authors(false));
    let authorship = malbild.authorship;
    let hint = move || match (can_mark(), authorship.read().told.parties.is_empty()) {
        (false, _) => w.authors_unable,
        (true, true) => w.authors_nobody,
        (true, false) => w.authors_hint,
    };
    let rows = move || authorship.read().told.parties.iter().map(row).collect_view().into_any();
    let at_caret = move || match authorship.read().told.at_caret.clone() {
        None => w.authors_no_caret.to_owned(),
        Some((group, name)) if name.is_empty() => group_name(&group),
        Some((group, name)) => format!("{name}, {}", group_name(&group)),
    };
    let content = view! {
        <div class="stack">
            <p class="hint">{move || hint()}</p>
            <ul class="authors">{move || rows()}</ul>
            <p class="at-caret">
                <span class="hint">{w.authors_at_caret}</span>
                <span role="status" aria-live="polite">{move || at_caret()}</span>
            </p>
        </div>
    };
    panel_frame(desk, w.authors, content.into_any())
}

/// A group, with a few letters that are marked as its words in the text are.
fn row(party: &Party) -> impl IntoView + use<> {
    let w = words();
    let colour = party.mark.colour().map_or("var(--ink-quiet)".to_owned(), |n| format!("var(--person-{n})"));
    let line = party.mark.line().map(|line| line.to_string()).unwrap_or_default();
    let swatch = if party.mark == Marking::None { "swatch" } else { "swatch marked" };
    view! {
        <li>
            <span class=swatch data-line=line style=("--person", colour) aria-hidden="true">
                {w.authors_sample}
            </span>
            <span class="who">{group_name(&party.group)}</span>
            <span class="share">{(w.authors_share)(party.share)}</span>
        </li>
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
