//! This browser's own storage, as texts under names of ours. Where storage is forbidden or full the
//! page works and remembers nothing: nothing of a målbild's text is kept here.

use web_sys::Storage;

/// How long a thing is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Until someone clears it.
    Always,
    /// As long as this tab.
    Tab,
}

/// What was remembered under this name.
#[must_use]
pub(super) fn read(span: Span, name: &str) -> Option<String> {
    storage(span)?.get_item(&full(name)).ok()?
}

/// Remembers a text; `None` forgets what was there.
pub(super) fn write(span: Span, name: &str, text: Option<&str>) {
    let Some(storage) = storage(span) else { return };
    let outcome = match text {
        Some(text) => storage.set_item(&full(name), text),
        None => storage.remove_item(&full(name)),
    };
    if outcome.is_err() {
        leptos::logging::warn!("this browser does not let the page remember {name}");
    }
}

fn storage(span: Span) -> Option<Storage> {
    let window = web_sys::window()?;
    match span {
        Span::Always => window.local_storage(),
        Span::Tab => window.session_storage(),
    }
    .ok()?
}

fn full(name: &str) -> String {
    format!("samsyn.{name}")
}
