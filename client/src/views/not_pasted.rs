//! Why nothing was pasted, until it is read.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::malbild::Malbild;
use crate::words::words;

/// The note, when there is one.
pub(super) fn not_pasted(malbild: Malbild) -> impl IntoView {
    let w = words();
    let close = move |_| malbild.not_pasted.set(None);
    let note = move || {
        malbild.not_pasted.get().map(|why| {
            view! {
                <div class="note">
                    <p>{(w.not_pasted)(why)}</p>
                    <button type="button" class="plain icon-only" aria-label=w.close title=w.close on:click=close>
                        {icon(Icon::Close)}
                    </button>
                </div>
            }
        })
    };
    view! { <div role="alert">{note}</div> }
}
