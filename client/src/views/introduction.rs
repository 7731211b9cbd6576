//! The one question before the first word: name and organisation. Asked once in a browser, and not of
//! who was introduced by their link. Closing it without an answer is one.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlDialogElement;

use super::identity_form::identity_form;
use super::part::{act, when};
use crate::malbild::Malbild;
use crate::words::words;

/// The question, when it is to be asked.
pub(super) fn introduction(malbild: Malbild) -> impl IntoView {
    when(malbild.writer.read_untracked().me.clone().is_none(), || question(malbild))
}

fn question(malbild: Malbild) -> impl IntoView {
    let w = words();
    // A dialog opens only once it is in the page, which it is by the next frame.
    request_animation_frame(|| {
        if let Some(dialog) = dialog().filter(|dialog| !dialog.open()) {
            dialog.show_modal().expect("a closed dialog in the page can be opened");
        }
    });
    let close = move || {
        if let Some(dialog) = dialog() {
            dialog.close();
        }
    };
    // However it closed, the caret is in the text behind it.
    let closed = move |_| {
        let template = malbild.opening.template.get_untracked();
        if let Some(section) = template.and_then(|template| template.sections.first()) {
            malbild.focus(section.key);
        }
    };
    view! {
        <dialog class="introduction" aria-labelledby="introduction-heading" on:close=act(closed)>
            <div class="stack">
                <div>
                    <h2 id="introduction-heading">{w.introduction_heading}</h2>
                    <p class="hint">{w.introduction_hint}</p>
                </div>
                {identity_form(malbild, w.introduction_go, Box::new(close))}
            </div>
        </dialog>
    }
}

fn dialog() -> Option<HtmlDialogElement> {
    let found = document().query_selector(".introduction").expect("the selector is valid");
    found.map(|dialog| dialog.unchecked_into())
}
