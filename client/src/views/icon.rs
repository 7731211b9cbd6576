//! The drawings. Each stands beside a word or in a control that has a name, so none has one itself.

use leptos::prelude::*;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    Bullet,
    Ordered,
    Lettered,
    Link,
    Undo,
    Redo,
    More,
    Contents,
    Share,
    Close,
}

/// A drawing of 20 by 20 in the colour of the text around it.
pub(super) fn icon(icon: Icon) -> impl IntoView {
    let paths = match icon {
        Icon::Bullet => {
            "<path d='M8 5h9M8 10h9M8 15h9'/><path stroke-width='3' d='M3.5 5h.01M3.5 10h.01M3.5 15h.01'/>"
        }
        Icon::Ordered => {
            "<path d='M8 5h9M8 10h9M8 15h9'/>\
             <path stroke-width='1.3' d='M2.8 3.6l1.2-.8v4M2.6 12.2c.3-1.3 2.4-1.2 2.2.1-.1.8-1.4 1.6-2.2 2.7h2.4'/>"
        }
        Icon::Lettered => {
            "<path d='M8 5h9M8 10h9M8 15h9'/>\
             <path stroke-width='1.3' d='M2.3 7l1.7-4.4L5.7 7M2.9 5.6h2.2M2.7 11h1.5c1.6 0 1.6 2.1 0 2.1 2 0 2 2.4 0 2.4H2.7z'/>"
        }
        Icon::Link => "<path d='M8.5 6H7a4 4 0 0 0 0 8h1.5M11.5 6H13a4 4 0 0 1 0 8h-1.5M7 10h6'/>",
        Icon::Undo => "<path d='M7 4L3.5 7.5 7 11'/><path d='M3.5 7.5h8a4.5 4.5 0 0 1 0 9H8'/>",
        Icon::Redo => "<path d='M13 4l3.5 3.5L13 11'/><path d='M16.5 7.5h-8a4.5 4.5 0 0 0 0 9H12'/>",
        Icon::More => "<path stroke-width='2.6' d='M4.5 10h.01M10 10h.01M15.5 10h.01'/>",
        Icon::Contents => "<path d='M4 5h12M4 10h12M4 15h8'/>",
        Icon::Share => {
            "<path d='M8.5 11.5a3.5 3.5 0 0 0 5 0l2.5-2.5a3.5 3.5 0 0 0-5-5l-1 1'/>\
             <path d='M11.5 8.5a3.5 3.5 0 0 0-5 0L4 11a3.5 3.5 0 0 0 5 5l1-1'/>"
        }
        Icon::Close => "<path d='M5 5l10 10M15 5L5 15'/>",
    };
    let svg = format!(
        "<svg width='20' height='20' viewBox='0 0 20 20' fill='none' stroke='currentColor' \
         stroke-width='1.6' stroke-linecap='round' stroke-linejoin='round'>{paths}</svg>"
    );
    view! { <span aria-hidden="true" inner_html=svg></span> }
}

/// The mark of the product: two views, and what they share.
pub(super) fn mark() -> impl IntoView {
    let svg = "<svg width='30' height='30' viewBox='0 0 32 32' fill='none' stroke='currentColor' \
               stroke-width='2.5'><circle cx='11.5' cy='16' r='9.25'/><circle cx='20.5' cy='16' r='9.25'/>\
               <path fill='currentColor' stroke='none' \
               d='M16 7.92a9.25 9.25 0 0 1 0 16.16a9.25 9.25 0 0 1 0-16.16z'/></svg>";
    view! { <span aria-hidden="true" inner_html=svg></span> }
}

/// A template as a sheet seen from afar.
pub(super) fn sheet(template: &str) -> impl IntoView {
    let lines = match template {
        "aktorsgemensam" => {
            "<path stroke-width='2' d='M10 10h12M10 22h9M10 34h11'/>\
             <path d='M10 14h20M10 17h16M10 26h20M10 29h14M10 38h18'/>"
        }
        "tom" => "<path d='M10 9v6'/>",
        _ => {
            "<path stroke-width='2' d='M10 10h12M10 25h9'/>\
             <path d='M10 14h20M10 17h18M10 20h20M10 29h20M10 32h17M10 35h20M10 38h12'/>"
        }
    };
    let svg = format!(
        "<svg width='40' height='48' viewBox='0 0 40 48' fill='none' stroke='currentColor' \
         stroke-width='1.2'><path d='M4.5 2.5h31v43h-31z'/>{lines}</svg>"
    );
    view! { <span class="miniature" aria-hidden="true" inner_html=svg></span> }
}
