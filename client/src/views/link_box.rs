//! What stands beside a link, below it and outside of the text: where it leads, and the form in which its
//! address is written. It comes after the text in the order of the keyboard.

use leptos::html::Input;
use leptos::prelude::*;
use samsyn_shared::link::{Link, LinkError};
use web_sys::KeyboardEvent;

use crate::state::malbild::Malbild;
use crate::words::words;

/// What of it is shown. It is made anew only when this changes, so that nobody's words are lost when it moves.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Address(Link),
    Form,
}

/// The place beside a section's text.
pub(super) fn link_box(malbild: Malbild, key: &'static str) -> impl IntoView {
    let here = move || malbild.link.get().filter(|link| link.section == key);
    let shown = Memo::new(move |_| {
        here().and_then(|link| if link.writing { Some(Shown::Form) } else { link.link.map(Shown::Address) })
    });
    let place = move || here().map(|link| (link.left, link.top)).unwrap_or_default();
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            event.stop_propagation();
            event.prevent_default();
            malbild.close_link();
        }
    };
    move || {
        let content = match shown.get()? {
            Shown::Address(link) => address(malbild, &link).into_any(),
            Shown::Form => form(malbild).into_any(),
        };
        Some(view! {
            <div class="link-box" on:keydown=keydown
                style:left=move || format!("{:.0}px", place().0) style:top=move || format!("{:.0}px", place().1)>
                {content}
            </div>
        })
    }
}

/// The address of the link that the caret is in.
fn address(malbild: Malbild, link: &Link) -> impl IntoView + use<> {
    let w = words();
    let address = link.as_str().to_owned();
    let may_write = move || malbild.role.get().may_write_content();
    view! {
        <div class="link-hint" role="group" aria-label=w.link>
            <span class="link-address">{address.clone()}</span>
            {open(address)}
            <button type="button" class="plain" data-action="link-edit" hidden=move || !may_write()
                on:click=move |_| malbild.edit_link()>{w.link_edit}</button>
            <button type="button" class="plain" data-action="link-remove" hidden=move || !may_write()
                on:click=move |_| malbild.remove_link()>{w.link_remove}</button>
        </div>
    }
}

/// The form for an address, and for the words where nothing is selected.
fn form(malbild: Malbild) -> impl IntoView {
    let w = words();
    let begun = malbild.link.get_untracked();
    let link = begun.as_ref().and_then(|begun| begun.link.clone());
    let selected = begun.and_then(|begun| begun.words);
    let needs_words = link.is_none() && selected.is_none();
    let has_link = link.is_some();
    let address = RwSignal::new(link.as_ref().map(|link| link.as_str().to_owned()).unwrap_or_default());
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<LinkError>);
    let field = NodeRef::<Input>::new();
    field.on_load(|field| {
        // It can take the focus once it is in the page, which it is by the next frame.
        request_animation_frame(move || {
            field.focus().expect("a field that is shown takes the focus");
            field.select();
        });
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Err(why) = malbild.set_link(&address.get_untracked(), &text.get_untracked()) {
            problem.set(Some(why));
            if let Some(field) = field.get_untracked() {
                field.focus().expect("a field that is shown takes the focus");
            }
        }
    };
    let input = move |event| {
        address.set(event_target_value(&event));
        problem.set(None);
    };
    view! {
        <form class="link-form stack" role="dialog" aria-label=w.link novalidate on:submit=submit>
            {selected.map(|words| view! { <p class="link-words">{(w.link_on)(&words)}</p> })}
            <label class="field">
                <span class="legend">{w.link_address}</span>
                <input class="input" type="text" inputmode="url" autocomplete="off" autocapitalize="none"
                    spellcheck="false" data-field="link-address" node_ref=field prop:value=address
                    aria-invalid=move || problem.get().is_some().then_some("true")
                    aria-describedby="link-problem" on:input=input/>
            </label>
            <p role="alert" id="link-problem" class:problem=move || problem.get().is_some()>
                {move || problem.get().map(w.link_problem)}
            </p>
            {needs_words.then(|| view! {
                <label class="field">
                    <span class="legend">{w.link_text}</span>
                    <input class="input" autocomplete="off" data-field="link-text" prop:value=text
                        on:input=move |event| text.set(event_target_value(&event))/>
                </label>
            })}
            <div class="link-acts">
                <button class="button main">{w.save}</button>
                {has_link.then(|| view! {
                    <button type="button" class="plain" data-action="link-remove"
                        on:click=move |_| malbild.remove_link()>{w.link_remove}</button>
                })}
                {link.map(|link| open(link.as_str().to_owned()))}
                <button type="button" class="plain" on:click=move |_| malbild.close_link()>{w.cancel}</button>
            </div>
        </form>
    }
}

/// A link that was checked is one here as well.
fn open(address: String) -> impl IntoView {
    view! {
        <a class="plain" data-action="link-open" href=address target="_blank" rel="noopener noreferrer">
            {words().link_open}
        </a>
    }
}
