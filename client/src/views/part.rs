//! The parts of a view that act or come and go, each of one type. Leptos compiles code anew for every type
//! of handler and of view, so a handler is boxed, what changes is a closure written out in the `view!`
//! where it stands (Leptos boxes those alone), and what comes and goes is an `AnyView`.

use leptos::prelude::*;

/// A handler of events of one kind.
pub(super) fn act<E: 'static>(handler: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(handler)
}

/// A view that is there, or not.
pub(super) fn when<V: IntoView + 'static>(there: bool, view: impl FnOnce() -> V) -> AnyView {
    if there { view().into_any() } else { ().into_any() }
}

/// How an attribute says yes and no.
pub(super) fn truth(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}
