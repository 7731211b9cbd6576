//! One section's text surface with what it last reported: the selection, and what holds for it.

use std::cell::{Cell, RefCell};

use samsyn_shared::delta::{Attributes, LineKind, Op, visible_lines};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, ResizeObserver};

use super::people::Person;
use crate::editor::carets::{Caret, Carets};
use crate::editor::command::Selection;
use crate::editor::surface::{Options, Reports, Surface};

/// A section on the page.
pub(super) struct Section {
    /// Its key.
    pub(super) key: &'static str,
    /// Its text.
    pub(super) surface: Surface,
    carets: Carets,
    selection: Cell<Selection>,
    inline: RefCell<Attributes>,
    line: Cell<LineKind>,
}

impl Section {
    /// Makes the surface in its host.
    pub(super) fn new(
        key: &'static str,
        host: &HtmlElement,
        labelled_by: &str,
        described_by: &str,
        editable: bool,
        reports: Reports,
    ) -> Self {
        let surface = Surface::new(host, &Options { labelled_by, described_by, editable }, reports);
        let carets = Carets::new(host);
        let selection = Cell::default();
        Self { key, surface, carets, selection, inline: RefCell::default(), line: Cell::default() }
    }

    /// Takes a report of the selection; the attributes are JSON.
    pub(super) fn select(&self, anchor: u32, head: u32, inline: &str, line: &str) {
        let parse = |json| serde_json::from_str::<Attributes>(json).expect("the surface writes attributes");
        self.selection.set(Selection { anchor, head });
        self.line.set(LineKind::of(&parse(line)));
        *self.inline.borrow_mut() = parse(inline);
    }

    /// The selection.
    pub(super) fn selection(&self) -> Selection {
        self.selection.get()
    }

    /// What the selection's first line is.
    pub(super) fn line(&self) -> LineKind {
        self.line.get()
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

    /// Whether the surface shows this text.
    pub(super) fn shows(&self, held: &[Op]) -> bool {
        let shown: Vec<Op> = serde_json::from_str(&self.surface.shown()).expect("the surface writes deltas");
        visible_lines(&shown) == visible_lines(held)
    }

    /// Draws the carets of these people: each with the selection's anchor and head.
    pub(super) fn draw_carets<'a>(&self, people: impl Iterator<Item = (&'a Person, u32, u32)>) {
        let carets: Vec<Caret> = people
            .map(|(person, anchor, head)| {
                let names = [person.name.as_str(), person.organisation.as_str()];
                let label = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" · ");
                Caret { client: person.client, colour: person.colour, label, anchor, head }
            })
            .collect();
        self.carets.draw(&self.surface, carets);
    }
}

/// Calls back when the host's size changes, as long as the page lives.
pub(super) fn watch_size(host: &HtmlElement, resized: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(resized).into_js_value();
    ResizeObserver::new(callback.unchecked_ref()).expect("the callback is a function").observe(host);
}
