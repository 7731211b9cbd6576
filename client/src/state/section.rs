//! One section's text surface with its binding to the document, and what it last reported.

use std::cell::{Cell, Ref, RefCell};
use std::time::Duration;

use samsyn_shared::SectionKey;
use samsyn_shared::text::delta::{self, Attributes, LineKind, Op, plain, utf16_len, visible_lines};
use samsyn_shared::text::line_index::LineIndex;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, ResizeObserver};

use super::binding::{Binding, Composed, Due};
use super::people::Person;
use super::remote_carets::CaretPlace;
use crate::editor::carets::{Caret, Carets, Sighted};
use crate::editor::command::Selection;
use crate::editor::surface::{Options, Reports, Surface, json, read_delta};

/// A section on the page. Its binding is borrowed only inside a function of this file, and the surface is
/// not called meanwhile: it may report at once.
pub(super) struct Section {
    /// Its key.
    pub(super) key: SectionKey,
    /// Its text.
    pub(super) surface: Surface,
    /// The carets of others over it.
    pub(super) carets: Carets,
    binding: RefCell<Binding>,
    inline: RefCell<Attributes>,
    /// Whether it changed since it was last compared with the document.
    is_changed: Cell<bool>,
}

impl Section {
    /// Makes the surface in its host, with what it shows first.
    pub(super) fn new(key: SectionKey, host: &HtmlElement, options: &Options<'_>, reports: Reports) -> Self {
        Self {
            key,
            surface: Surface::new(host, options, reports),
            carets: Carets::new(host),
            binding: RefCell::new(Binding::of(options.text)),
            inline: RefCell::default(),
            is_changed: Cell::new(false),
        }
    }

    /// Takes a report of the selection; the attributes are JSON.
    pub(super) fn select(&self, anchor: u32, head: u32, inline: &str) {
        self.binding.borrow_mut().select(Selection { anchor, head });
        *self.inline.borrow_mut() = serde_json::from_str(inline).expect("the surface writes attributes");
    }

    /// The selection, in the document's text.
    pub(super) fn selection(&self) -> Selection {
        self.binding.borrow().selection()
    }

    /// What the selection's first line is.
    pub(super) fn line(&self) -> LineKind {
        self.binding.borrow().line()
    }

    /// The lines that are shown.
    pub(super) fn lines(&self) -> Ref<'_, LineIndex> {
        Ref::map(self.binding.borrow(), Binding::lines)
    }

    /// The person changed what is shown, as [`Binding::edited`] says; gives the change for the document.
    pub(super) fn edited(&self, at: u32, before: &[Op], after: &[Op], caret: Option<u32>) -> Vec<Op> {
        self.is_changed.set(true);
        self.binding.borrow_mut().edited(at, before, after, caret)
    }

    /// The document changed, and the surface does not show it yet.
    pub(super) fn changed(&self, delta: &[Op]) {
        self.is_changed.set(true);
        self.binding.borrow_mut().changed(delta);
    }

    /// A word is being composed, or no longer.
    pub(super) fn compose(&self, composed: Option<Composed>) {
        self.binding.borrow_mut().compose(composed);
    }

    /// The change that writes the word that is being composed again if others deleted some of it; none if it is there.
    pub(super) fn saved_word(&self) -> Option<Vec<Op>> {
        let word = self.binding.borrow().composed().filter(|_| self.binding.borrow().is_word_deleted())?;
        let shown = read_delta(&self.surface.shown());
        let to_end = utf16_len(&plain(&shown)).checked_sub(word.to)?;
        let cut = [Op::delete(word.from), Op::retain(word.to - word.from), Op::delete(to_end)];
        let written = delta::compose(&shown, &cut);
        Some(self.edited(word.from, &written, &written, None))
    }

    /// Whether a word is being composed.
    pub(super) fn is_composing(&self) -> bool {
        self.binding.borrow().is_composing()
    }

    /// What is to be done about what the document has beyond what is shown.
    pub(super) fn due(&self, now: Duration) -> Due {
        self.binding.borrow().due(now)
    }

    /// Shows what waits. Gives the length of what is shown then.
    pub(super) fn show_waiting(&self) -> u32 {
        let waiting = self.binding.borrow_mut().take();
        self.surface.apply(&json(&waiting))
    }

    /// Ends what is being composed with what it is now.
    pub(super) fn end_composition(&self) {
        if self.is_composing() {
            self.surface.end_composition();
            self.binding.borrow_mut().compose(None);
        }
    }

    /// Shows this text, whatever it was.
    pub(super) fn reset(&self, text: &[Op]) {
        self.binding.borrow_mut().reset(text);
        self.surface.reset(&json(text));
    }

    /// Where a place in what is shown is in the document.
    pub(super) fn in_document(&self, place: u32) -> u32 {
        self.binding.borrow().in_document(place)
    }

    /// Where a place in the document is in what is shown.
    pub(super) fn in_view(&self, place: u32) -> u32 {
        self.binding.borrow().in_view(place)
    }

    /// Whether it changed since it was last compared with the document.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed.get()
    }

    /// Whether all that is selected has an inline attribute.
    pub(super) fn has_inline(&self, name: &str) -> bool {
        self.inline.borrow().contains_key(name)
    }

    /// The attributes that hold for all that is selected, as they are typed on with.
    pub(super) fn pen(&self) -> Attributes {
        self.inline.borrow().clone()
    }

    /// What the next typed text has when one attribute is switched.
    pub(super) fn pen_with(&self, name: &str, on: bool) -> String {
        let mut attributes = self.pen();
        if on {
            attributes.insert(name.to_owned(), true.into());
        } else {
            attributes.remove(name);
        }
        serde_json::to_string(&attributes).expect("attributes are plain JSON")
    }

    /// Whether the surface shows this text: what the document holds.
    pub(super) fn shows(&self, held: &[Op]) -> bool {
        self.is_changed.set(false);
        let shown = read_delta(&self.surface.shown());
        visible_lines(&shown) == visible_lines(held)
    }

    /// Looks where the carets are of those of these people who are in this section.
    pub(super) fn sight_carets(&self, places: &[(&Person, CaretPlace)]) -> Sighted {
        let binding = self.binding.borrow();
        let here = places.iter().filter(|(_, place)| place.section == self.key);
        let carets: Vec<Caret> = here
            .map(|(person, place)| {
                let name = if person.name.is_empty() { String::new() } else { person.name_or("") };
                let names = [name, person.organisation.clone()];
                let label = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" · ");
                Caret {
                    client: person.client,
                    colour: person.colour,
                    label,
                    initials: person.initials(),
                    anchor: binding.in_view(place.anchor),
                    head: binding.in_view(place.head),
                    moves: place.moves,
                    is_highlighted: place.is_highlighted,
                }
            })
            .collect();
        drop(binding);
        self.carets.sight(&self.surface, carets)
    }

    /// Scrolls to a place in the document.
    pub(super) fn reveal(&self, place: u32) {
        let place = self.binding.borrow().in_view(place);
        self.surface.reveal(place);
    }
}

/// Calls back when the host's size changes, as long as the page lives.
pub(super) fn watch_size(host: &HtmlElement, resized: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(resized).into_js_value();
    ResizeObserver::new(callback.unchecked_ref()).expect("the callback is a function").observe(host);
}
