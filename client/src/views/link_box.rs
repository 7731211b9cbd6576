//! What stands beside a link, below it and outside of the text: where it leads, and the form in which its
//! address is written. It comes after the text in the order of the keyboard. Which of its parts are seen
//! follows from `data-shown`, in link.css. All of its parts are there as long as it is, so it is written as
//! one piece of HTML, which is a tenth of what the page would have to load otherwise.

use leptos::html::Div;
use leptos::prelude::*;
use samsyn_shared::Permission;
use samsyn_shared::SectionKey;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent};

use super::part::{act, when};
use crate::editor::carets::pixels;
use crate::malbild::{LinkBox, Malbild};
use crate::words::words;

/// The place beside a section's text.
pub(super) fn link_box(malbild: Malbild, key: SectionKey) -> impl IntoView {
    let is_here =
        Memo::new(move |_| malbild.link.with(|link| link.as_ref().is_some_and(|l| l.at.section == key)));
    view! { {move || when(is_here.get(), || content(malbild))} }
}

fn content(malbild: Malbild) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let form = move || frame.get()?.first_element_child().map(|form| form.unchecked_into::<HtmlElement>());
    Effect::new(move |was_writing: Option<bool>| {
        let (Some(form), Some(shown)) = (form(), malbild.link.get()) else { return false };
        show(&form, &shown, malbild.writer.read_untracked().role.may(Permission::WriteContent));
        if shown.at.writing && was_writing != Some(true) {
            let address = part::<HtmlInputElement>(&form, ADDRESS);
            address.set_value(shown.at.link.as_ref().map_or("", |link| link.as_str()));
            enter(&address);
        }
        shown.at.writing
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(form) = untrack(form) else { return };
        let address = part::<HtmlInputElement>(&form, ADDRESS);
        let problem = part::<Element>(&form, PROBLEM);
        let words_for_it = part::<HtmlInputElement>(&form, TEXT).value();
        if let Err(why) = malbild.set_link(&address.value(), &words_for_it) {
            problem.set_text_content(Some((words().link_problem)(why)));
            address.set_attribute("aria-invalid", "true").expect("the attribute's name is valid");
            enter(&address);
        }
    };
    let click = move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        match target.and_then(|target| target.get_attribute("data-action")).as_deref() {
            Some("link-edit") => malbild.edit_link(),
            Some("link-remove") => malbild.remove_link(),
            Some("link-cancel") => malbild.close_link(),
            _ => {}
        }
    };
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.is_composing() {
            event.stop_propagation();
            malbild.close_link();
        }
    };
    view! {
        <div node_ref=frame>
            <form class="link-box" aria-label=words().link novalidate inner_html=parts()
                on:submit=act(submit) on:click=act(click) on:keydown=act(keydown)></form>
        </div>
    }
}

const WHAT: &str = ".link-what";
const ADDRESS: &str = "[data-field=link-address]";
const PROBLEM: &str = ".problem";
const TEXT: &str = "[data-field=link-text]";
const OPEN: &str = "[data-action=link-open]";

/// The parts, in the page's words and nobody else's.
fn parts() -> String {
    let w = words();
    let act = |action, words| {
        format!("<button type='button' class='plain' data-action='link-{action}'>{words}</button>")
    };
    format!(
        "<p class='link-what'></p>\
         <label class='field link-field-address'><span class='legend'>{}</span>\
         <input class='input' data-field='link-address' inputmode='url' autocomplete='off' autocapitalize='none' \
         spellcheck='false' aria-describedby='link-problem'></label>\
         <p role='alert' id='link-problem' class='problem'></p>\
         <label class='field link-field-text'><span class='legend'>{}</span>\
         <input class='input' data-field='link-text' autocomplete='off'></label>\
         <div class='link-acts'><button class='button main'>{}</button>\
         <a class='plain' data-action='link-open' target='_blank' rel='noopener noreferrer'>{}</a>{}{}{}</div>",
        w.link_address,
        w.link_text,
        w.save,
        w.link_open,
        act("edit", w.link_edit),
        act("remove", w.link_remove),
        act("cancel", w.cancel),
    )
}

/// Where it stands and what of it is seen. What is in a document goes in as text, never as HTML.
fn show(form: &HtmlElement, shown: &LinkBox, may_write: bool) {
    let style = form.style();
    for (name, length) in [("--x", shown.left), ("top", shown.top)] {
        style.set_property(name, &pixels(length)).expect("a style takes lengths");
    }
    let leads = shown.at.link.as_ref().map_or("", |link| link.as_str());
    let what =
        shown.at.words.as_ref().map_or_else(|| leads.to_owned(), |selected| (words().link_on)(selected));
    part::<Element>(form, WHAT).set_text_content(Some(&what));
    let open = part::<Element>(form, OPEN);
    let lead =
        if leads.is_empty() { open.remove_attribute("href") } else { open.set_attribute("href", leads) };
    lead.expect("the attribute's name is valid");
    form.set_attribute("data-shown", mode(shown, may_write)).expect("the attribute's name is valid");
}

fn part<T: wasm_bindgen::JsCast>(form: &Element, selector: &str) -> T {
    let found = form.query_selector(selector).expect("the selector is valid");
    found.expect("each part is there as long as the form").unchecked_into()
}

fn enter(field: &HtmlInputElement) {
    field.focus().expect("a field that is shown takes the focus");
    field.select();
}

fn mode(shown: &LinkBox, may_write: bool) -> &'static str {
    match (shown.at.writing, &shown.at.link, &shown.at.words) {
        (false, Some(_), _) if may_write => "address",
        (false, Some(_), _) => "read",
        (false, None, _) => "nothing",
        (true, Some(_), _) => "link",
        (true, None, Some(_)) => "words",
        (true, None, None) => "new",
    }
}
