//! What stands beside a link, below it and outside of the text: where it leads, and the form in which its
//! address is written. It comes after the text in the order of the keyboard. Which of its parts are seen
//! follows from `data-shown`, in link.css.

use leptos::html::{Form, Input};
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::state::malbild::Malbild;
use crate::state::malbild::linking::LinkBox;
use crate::words::words;

/// The place beside a section's text.
pub(super) fn link_box(malbild: Malbild, key: &'static str) -> impl IntoView {
    let is_here =
        Memo::new(move |_| malbild.link.with(|link| link.as_ref().is_some_and(|l| l.section == key)));
    move || is_here.get().then(|| content(malbild))
}

fn content(malbild: Malbild) -> impl IntoView {
    let w = words();
    let (form, address, text) = (NodeRef::<Form>::new(), NodeRef::<Input>::new(), NodeRef::<Input>::new());
    let problem = RwSignal::new("");
    let link = Memo::new(move |_| malbild.link.get());
    let leads = move || link.get().and_then(|shown| shown.link).map(|link| link.as_str().to_owned());
    Effect::new(move |was_writing: Option<bool>| {
        let (Some(form), Some(address), Some(shown)) = (form.get(), address.get(), link.get()) else {
            return false;
        };
        let style = web_sys::HtmlElement::style(&form);
        for (name, length) in [("left", shown.left), ("top", shown.top)] {
            style.set_property(name, &format!("{length:.0}px")).expect("a style takes lengths");
        }
        let mode = mode(&shown, malbild.role.get().may_write_content());
        form.set_attribute("data-shown", mode).expect("the attribute's name is valid");
        if shown.writing && was_writing != Some(true) {
            address.set_value(&leads().unwrap_or_default());
            address.focus().expect("a field that is shown takes the focus");
            address.select();
        }
        shown.writing
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(address), Some(text)) = (address.get_untracked(), text.get_untracked()) else { return };
        if let Err(why) = malbild.set_link(&address.value(), &text.value()) {
            problem.set((w.link_problem)(why));
            address.focus().expect("a field that is shown takes the focus");
        }
    };
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            event.stop_propagation();
            malbild.close_link();
        }
    };
    let what = move || match link.get().and_then(|shown| shown.words) {
        Some(words) => (w.link_on)(&words),
        None => leads().unwrap_or_default(),
    };
    view! {
        <form class="link-box" aria-label=w.link novalidate node_ref=form on:submit=submit on:keydown=keydown>
            <p class="link-what">{what}</p>
            <label class="field link-field-address">
                <span class="legend">{w.link_address}</span>
                <input class="input" inputmode="url" autocomplete="off" autocapitalize="none" spellcheck="false"
                    data-field="link-address" aria-describedby="link-problem" node_ref=address
                    aria-invalid=move || (!problem.get().is_empty()).to_string()
                    on:input=move |_| problem.set("")/>
            </label>
            <p role="alert" id="link-problem" class="problem">{problem}</p>
            <label class="field link-field-text">
                <span class="legend">{w.link_text}</span>
                <input class="input" autocomplete="off" data-field="link-text" node_ref=text/>
            </label>
            <div class="link-acts">
                <button class="button main">{w.save}</button>
                <a class="plain" data-action="link-open" target="_blank" rel="noopener noreferrer" href=leads>
                    {w.link_open}
                </a>
                <button type="button" class="plain" data-action="link-edit"
                    on:click=move |_| malbild.edit_link()>{w.link_edit}</button>
                <button type="button" class="plain" data-action="link-remove"
                    on:click=move |_| malbild.remove_link()>{w.link_remove}</button>
                <button type="button" class="plain" data-action="link-cancel"
                    on:click=move |_| malbild.close_link()>{w.cancel}</button>
            </div>
        </form>
    }
}

fn mode(shown: &LinkBox, may_write: bool) -> &'static str {
    match (shown.writing, &shown.link, &shown.words) {
        (false, Some(_), _) if may_write => "address",
        (false, Some(_), _) => "read",
        (false, None, _) => "nothing",
        (true, Some(_), _) => "link",
        (true, None, Some(_)) => "words",
        (true, None, None) => "new",
    }
}
