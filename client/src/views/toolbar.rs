//! The tools for the text. One row for the whole page: it acts on the section that has the caret, and
//! never takes the focus from it.

use leptos::prelude::*;
use samsyn_shared::Permission;
use samsyn_shared::domain::limits;
use samsyn_shared::page::Format;
use samsyn_shared::page::command::Command;
use samsyn_shared::text::delta::List;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, KeyboardEvent, MouseEvent};

use super::browser;
use super::icon::{Icon, icon};
use super::part::{act, truth, when};
use crate::editor::keys::{self, Binding};
use crate::malbild::Malbild;
use crate::words::words;

/// One tool.
#[derive(Clone, Copy)]
struct Tool {
    action: &'static str,
    face: Face,
    command: fn(Format) -> Command,
    /// Whether it is on; none for a tool that is never on.
    pressed: Option<fn(Format) -> bool>,
    enabled: fn(Format) -> bool,
}

/// How a tool looks.
#[derive(Clone, Copy)]
enum Face {
    Letter(&'static str),
    Icon(Icon),
    /// Its label, or its level alone where there is no room.
    Heading,
}

fn tools() -> [Tool; 10] {
    let can_format = |format: Format| !format.unformatted;
    let plain = |action, face, command, pressed| Tool {
        action,
        face,
        command,
        pressed: Some(pressed),
        enabled: can_format,
    };
    [
        plain("bold", Face::Letter(words().bold.0), |_| Command::Bold, |f| f.bold),
        plain("italic", Face::Letter(words().italic.0), |_| Command::Italic, |f| f.italic),
        plain("underline", Face::Letter(words().underline.0), |_| Command::Underline, |f| f.underline),
        plain("link", Face::Icon(Icon::Link), |_| Command::Link, |f| f.link),
        plain("heading", Face::Heading, next_heading, |f| f.header.is_some()),
        plain(
            "bullet",
            Face::Icon(Icon::Bullet),
            |_| Command::List(List::Bullet),
            |f| f.list == Some(List::Bullet),
        ),
        plain(
            "ordered",
            Face::Icon(Icon::Ordered),
            |_| Command::List(List::Ordered),
            |f| f.list == Some(List::Ordered),
        ),
        plain(
            "lettered",
            Face::Icon(Icon::Lettered),
            |_| Command::List(List::Lettered),
            |f| f.list == Some(List::Lettered),
        ),
        Tool {
            action: "undo",
            face: Face::Icon(Icon::Undo),
            command: |_| Command::Undo,
            pressed: None,
            enabled: |f| f.can_undo,
        },
        Tool {
            action: "redo",
            face: Face::Icon(Icon::Redo),
            command: |_| Command::Redo,
            pressed: None,
            enabled: |f| f.can_redo,
        },
    ]
}

/// The key for what the tool would do now.
fn binding(tool: Tool, format: Format) -> &'static Binding {
    Binding::of((tool.command)(format)).expect("every tool has a key, as a test says")
}

/// What it is called; the heading's name says its level.
fn label(tool: Tool, format: Format) -> String {
    match (tool.face, binding(tool, format).label) {
        (Face::Heading, _) | (_, None) => heading_label(format),
        (_, Some(label)) => label(words()),
    }
}

/// What it is called, and its key.
fn title(tool: Tool, format: Format, mac: bool) -> String {
    let key = keys::written(binding(tool, format).shown(mac), mac, words());
    [&label(tool, format), " (", &key, ")"].concat()
}

fn heading_label(format: Format) -> String {
    format.header.map_or_else(|| words().heading.to_owned(), words().heading_level)
}

/// From text through the levels and back to text.
fn next_heading(format: Format) -> Command {
    Command::Heading(match format.header {
        None => Some(1),
        Some(level) if level < limits::HEADER_MAX => Some(level + 1),
        Some(_) => None,
    })
}

/// The row.
pub(super) fn toolbar(malbild: Malbild) -> impl IntoView {
    // The one tool that Tab reaches; the arrows lead to the others.
    let current = RwSignal::new(0);
    // A link at the caret changes with each key that is typed in it, what the tools show does not.
    let format = Memo::new(move |_| malbild.caret.read().format);
    let buttons = tools().into_iter().enumerate().map(move |(place, tool)| {
        let group_ends = matches!(tool.action, "link" | "lettered");
        view! {
            {button(malbild, tool, place, (current, format))}
            {when(group_ends, || view! { <span class="gap"></span> })}
        }
    });
    let keydown = move |event: KeyboardEvent| {
        let last = tools().len() - 1;
        let to = match (event.key().as_str(), current.get_untracked()) {
            ("ArrowRight", place) if place < last => place + 1,
            ("ArrowRight", _) | ("Home", _) => 0,
            ("ArrowLeft", 0) | ("End", _) => last,
            ("ArrowLeft", place) => place - 1,
            ("Escape", _) => {
                if let Some(key) = malbild.active() {
                    malbild.focus(key);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        current.set(to);
        focus_tool(to);
    };
    view! {
        <div class="toolbar" role="toolbar" aria-label=words().tools
            hidden=move || !malbild.writer.read().role.may(Permission::WriteContent)
            on:mousedown=act(|event: MouseEvent| event.prevent_default()) on:keydown=act(keydown)>
            {buttons.collect_view()}
        </div>
    }
}

fn button(
    malbild: Malbild,
    tool: Tool,
    place: usize,
    (current, format): (RwSignal<usize>, Memo<Format>),
) -> impl IntoView {
    let enabled = move || {
        malbild.caret.read().active.is_some()
            && malbild.writer.read().stopped.is_none()
            && (tool.enabled)(format.get())
    };
    let press = move |_: MouseEvent| {
        if untrack(enabled) {
            malbild.command((tool.command)(format.get_untracked()));
        }
    };
    let mac = browser::is_mac();
    let face = match tool.face {
        Face::Letter(letter) => view! { <span class="letter" aria-hidden="true">{letter}</span> }.into_any(),
        Face::Icon(drawing) => icon(drawing).into_any(),
        Face::Heading => view! {
            <span aria-hidden="true">
                <span class="long">{move || label(tool, format.get())}</span>
                <span class="short letter">{move || heading_letter(format.get())}</span>
            </span>
        }
        .into_any(),
    };
    view! {
        <button type="button" class="tool" data-action=tool.action
            aria-label=move || label(tool, format.get()) title=move || title(tool, format.get(), mac)
            aria-keyshortcuts=move || keys::for_aria(binding(tool, format.get()).shown(mac), mac)
            aria-pressed=move || tool.pressed.map(|pressed| truth(pressed(format.get())))
            aria-disabled=move || truth(!enabled())
            tabindex=move || if current.get() == place { "0" } else { "-1" }
            on:focus=act(move |_| current.set(place)) on:click=act(press)>
            {face}
        </button>
    }
}

/// The heading tool where there is no room for a word.
fn heading_letter(format: Format) -> String {
    let letter: String = words().heading.chars().take(1).collect();
    format.header.map_or(letter.clone(), |level| format!("{letter}{level}"))
}

fn focus_tool(place: usize) {
    let buttons = document().query_selector_all(".tool").expect("the selector is valid");
    let place = u32::try_from(place).expect("there are ten tools");
    if let Some(button) = buttons.item(place).and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        button.focus().expect("a button that is shown takes the focus");
    }
}

/// Puts the keyboard on the tool that it was on last.
pub(super) fn focus_tools() {
    // Who only reads has no tools to go to.
    browser::focus(".tool[tabindex='0']");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_key_and_a_name_in_every_state() {
        for tool in tools() {
            for header in [None, Some(1), Some(2), Some(3)] {
                let format = Format { header, ..Format::default() };
                let binding = Binding::of((tool.command)(format));
                assert!(binding.is_some_and(|binding| !binding.keys.is_empty()), "{}", tool.action);
                assert!(!label(tool, format).is_empty());
            }
        }
    }
}
