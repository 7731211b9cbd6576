//! Why nothing was pasted, until it is read.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::part::act;
use crate::malbild::Malbild;
use crate::words::words;

/// The note, when there is one.
pub(super) fn not_pasted(malbild: Malbild) -> impl IntoView {
    let w = words();
    let words = move || malbild.caret.read().not_pasted.map_or("", w.not_pasted);
    view! {
        <div class="note" hidden=move || malbild.caret.read().not_pasted.is_none()>
            <p role="alert">{move || words()}</p>
            <button type="button" class="plain icon-only" aria-label=w.close title=w.close
                on:click=act(move |_| malbild.forget_paste())>
                {icon(Icon::Close)}
            </button>
        </div>
    }
}
