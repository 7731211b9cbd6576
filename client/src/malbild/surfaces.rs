//! The adapter between the text surfaces (a ProseMirror view for each section) and [`Page`]: what a surface reports becomes
//! a call of the page, and the page's effects are performed on the surface.
//!
//! A surface may call a report from within any of its methods, so the page must not be borrowed while one runs. The one
//! exception is `grapheme_before`, which only reads.
//!
//! The text surface holds no truth. It has no history, no schema decision and no socket; whatever it
//! shows can be made again from the replica.

use std::rc::Rc;

use leptos::prelude::*;
use samsyn_shared::SectionKey;
use samsyn_shared::page::binding::Due;
use samsyn_shared::page::command::{Command, Selection};
use samsyn_shared::page::replica::TITLE;
use samsyn_shared::page::{LinkAtCaret, Page, SurfaceEdit, SurfaceEffect};
use samsyn_shared::text::delta::Op;
use samsyn_shared::text::hyperlink::Hyperlink;
use samsyn_shared::text::paste::Transfer;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, ResizeObserver};

use super::Malbild;
use super::signals::set_changed;
use crate::editor::carets::Carets;
use crate::editor::surface::{Options, Reports, Surface, json, read};

/// A text's surface, and the carets of others over it.
pub(super) struct TextSurface {
    key: SectionKey,
    surface: Surface,
    carets: Carets,
}

/// The box beside the link at the caret, and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkBox {
    /// The link.
    pub at: LinkAtCaret,
    /// From the left of the section's text, in CSS pixels.
    pub left: f64,
    /// From its top, in CSS pixels.
    pub top: f64,
}

impl Malbild {
    /// Makes the text surface of the title or of a section in its host.
    pub fn attach(&self, key: SectionKey, host: &HtmlElement, labelled_by: &str, described_by: &str) {
        let malbild = *self;
        let reports = Reports {
            edited: Box::new(move |at, before, after, caret| {
                let caret = u32::try_from(caret).ok();
                let edit = SurfaceEdit { at, before: read(&before), after: read(&after), caret };
                malbild.act(|page| page.edited(key, &edit));
            }),
            selected: Box::new(move |anchor, head, inline| {
                let inline = read(&inline);
                malbild.act(|page| page.selected(key, Selection { anchor, head }, inline));
            }),
            command: Box::new(move |name| {
                Command::from_key(&name).is_some_and(|command| malbild.perform_in(key, command))
            }),
            focused: Box::new(move |focused| {
                if focused {
                    malbild.act(|page| page.focused(key));
                }
            }),
            pasted: Box::new(move |foreign, own, plain, files| {
                let transfer = Transfer { foreign: read(&foreign), own, plain, files };
                malbild.finish(key);
                malbild.act(|page| page.pasted(key, &transfer));
            }),
            dragged: Box::new(move |begins| {
                malbild.act(|page| if begins { page.drag_begins(key) } else { page.drag_moves() });
            }),
            composing: Box::new(move |from, to, is_followed| {
                malbild.composing(key, u32::try_from(from).ok().zip(u32::try_from(to).ok()), is_followed);
            }),
            follows: |address| Hyperlink::of_value(&address).is_some(),
            verify: Box::new(move || malbild.verify(key)),
        };
        let Some((text, editable)) = self.act(|page| (page.attach(key), page.may_write())) else { return };
        let one_line = key == TITLE;
        let options = Options { labelled_by, described_by, one_line, editable, text: &text };
        let surface = Surface::new(host, &options, reports);
        let made = TextSurface { key, surface, carets: Carets::new(host) };
        self.driver().surfaces.borrow_mut().push(Rc::new(made));
        watch_size(host, move || {
            malbild.act(Page::draw_carets_soon);
        });
    }

    /// Puts the caret into a text.
    pub fn focus(&self, key: SectionKey) {
        if let Some(text) = self.surface_of(key) {
            text.surface.focus();
        }
    }

    /// The vertical extent of the range `from..to` of a section's text, in CSS pixels from the text's top: the top of the
    /// first caret and the bottom of the last.
    #[must_use]
    pub fn extent(&self, key: SectionKey, from: u32, to: u32) -> Option<(f64, f64)> {
        let (start, end) = (self.caret_at(key, from)?, self.caret_at(key, to)?);
        Some((start[1], end[1] + end[2]))
    }

    /// Performs a command in a text. Returns false if the command does not apply: then the browser handles the key.
    pub(super) fn perform_in(&self, key: SectionKey, command: Command) -> bool {
        let Some(text) = self.surface_of(key) else { return false };
        if !self.ask(|page| page.may_write()).unwrap_or_default() {
            return false;
        }
        self.finish(key);
        self.act(|page| page.show_at_once(key));
        let grapheme_before = |place| text.surface.grapheme_before(place);
        self.act(|page| page.command(key, command, &grapheme_before)).unwrap_or_default()
    }

    pub(super) fn perform_on_surface(&self, key: SectionKey, effect: SurfaceEffect) {
        let Some(text) = self.surface_of(key) else { return };
        let surface = &text.surface;
        match effect {
            SurfaceEffect::Show { delta, length, keeps_place } => {
                let shown = if keeps_place {
                    self.keeping_in_place(|| surface.apply(&json(&delta)))
                } else {
                    surface.apply(&json(&delta))
                };
                if shown != length {
                    self.act(|page| page.show_anew(key));
                }
            }
            SurfaceEffect::Reset(text) => surface.reset(&json(&text)),
            SurfaceEffect::Focus => surface.focus(),
            SurfaceEffect::Select(selection) => surface.select(selection.anchor, selection.head),
            SurfaceEffect::SetPen(attributes) => surface.pen(&json(&attributes)),
            SurfaceEffect::Mark(layer, names, runs) => surface.mark(layer.as_str(), names, runs),
            SurfaceEffect::Reveal(place) => surface.reveal(place),
        }
    }

    /// Makes every surface report its pending changes of the DOM now.
    pub(super) fn settle(&self) {
        self.surfaces().iter().for_each(|text| text.surface.settle());
    }

    /// Makes every surface report, and commits the composition that is open in a text. An action on the text then acts on
    /// what the person sees.
    pub(super) fn finish(&self, key: SectionKey) {
        self.settle();
        self.save_word(key);
        if let Some(text) = self.surface_of(key) {
            self.end_composition(&text);
        }
    }

    fn end_composition(&self, text: &TextSurface) {
        let key = text.key;
        if self.ask(|page| page.is_composing(key)).unwrap_or_default() {
            text.surface.end_composition();
            self.act(|page| page.composing(key, None, false));
        }
    }

    fn save_word(&self, key: SectionKey) {
        if self.ask(|page| page.is_word_deleted(key)).unwrap_or_default()
            && let Some(text) = self.surface_of(key)
        {
            let shown: Vec<Op> = read(&text.surface.shown());
            self.act(|page| page.save_word(key, &shown));
        }
    }

    fn composing(&self, key: SectionKey, word: Option<(u32, u32)>, is_followed: bool) {
        if word.is_none() {
            self.save_word(key);
        }
        self.act(|page| page.composing(key, word, is_followed));
        if word.is_none() {
            self.show_when_due(key);
        }
    }

    /// Handles the animation frame that the page asked for.
    pub(super) fn frame(&self) {
        self.surfaces().iter().for_each(|text| self.prepare(text));
        self.act(Page::frame);
    }

    fn show_when_due(&self, key: SectionKey) {
        if let Some(text) = self.surface_of(key) {
            self.prepare(&text);
            self.act(|page| page.show_when_due(key));
        }
    }

    /// Prepares a surface for pending changes of others: makes it report its own first, and commits a composition that has
    /// been idle for long. Does nothing if none are pending.
    fn prepare(&self, text: &TextSurface) {
        let due = || self.ask(|page| page.due(text.key)).unwrap_or(Due::Never);
        if due() == Due::Never {
            return;
        }
        text.surface.settle();
        if due() == Due::Interrupting {
            self.end_composition(text);
        }
    }

    pub(super) fn verify_changed(&self) {
        let changed = self.ask(|page| page.changed_texts()).unwrap_or_default();
        for key in changed {
            self.verify(key);
        }
    }

    /// Compares what a surface shows with the document, and resets the surface if they differ. Returns whether they agreed;
    /// while changes are pending it returns true, and compares later.
    fn verify(&self, key: SectionKey) -> bool {
        let Some(text) = self.surface_of(key) else { return true };
        self.show_when_due(key);
        let shown: Vec<Op> = read(&text.surface.shown());
        let is_right = self.act(|page| page.verify(key, &shown)).unwrap_or(true);
        if !is_right {
            leptos::logging::warn!("a text surface parted from its document and was shown anew");
        }
        is_right
    }

    pub(super) fn set_editable(&self, editable: bool) {
        self.surfaces().iter().for_each(|text| text.surface.set_editable(editable));
    }

    pub(super) fn draw_carets(&self) {
        // All is measured before anything is drawn: to measure after a change lays out the page anew.
        let surfaces = self.surfaces();
        let sight = |text: &Rc<TextSurface>| {
            let carets = self.ask(|page| page.carets(text.key)).unwrap_or_default();
            text.carets.sight(&text.surface, carets)
        };
        let sighted: Vec<_> = surfaces.iter().map(sight).collect();
        for (text, sighted) in surfaces.iter().zip(sighted) {
            text.carets.draw(sighted);
        }
    }

    /// Positions the link box under its link.
    pub(super) fn place_link(&self) {
        let link = self.ask(|page| page.view().caret.link.clone()).flatten();
        let placed = link.and_then(|at| {
            let (start, end) = (self.caret_at(at.section, at.from)?, self.caret_at(at.section, at.to)?);
            // Below where it ends; one that goes over lines ends left of where it begins.
            let left = if start[1] < end[1] { 0.0 } else { start[0] };
            Some(LinkBox { at, left, top: end[1] + end[2] })
        });
        set_changed(self.link, &placed);
    }

    /// A caret's left, top and height in its text's host, at a place in the document.
    fn caret_at(&self, key: SectionKey, place: u32) -> Option<[f64; 3]> {
        let in_view = self.ask(|page| page.in_view(key, place))?;
        self.surface_of(key)?.surface.caret_at(in_view).try_into().ok()
    }

    /// Runs `show`, and scrolls by as much as it moved the caret: whoever writes keeps their place, whatever is inserted
    /// above. If the caret is not in the window, the element at the middle of its upper third is kept in place instead.
    /// Without a text that has the focus it only runs `show`. CSS scroll anchoring keeps other lines in place, or none, so
    /// the style sheet switches it off (`overflow-anchor: none`) while a text has the focus.
    fn keeping_in_place(&self, show: impl FnOnce() -> u32) -> u32 {
        let active = self.ask(|page| page.view().caret.active).flatten().and_then(|key| self.surface_of(key));
        let caret = || active.as_ref().map_or(f64::NAN, |text| text.surface.caret_top());
        let side =
            |side: Result<JsValue, JsValue>| side.ok().and_then(|side| side.as_f64()).unwrap_or_default();
        let (width, height) = (side(window().inner_width()), side(window().inner_height()));
        let before = caret();
        if before.is_nan() {
            return show();
        }
        let looked_at = document().element_from_point((width / 2.0) as f32, (height / 3.0) as f32);
        let looked_at = looked_at.filter(|_| !(0.0..height).contains(&before));
        let top =
            || looked_at.as_ref().map_or_else(caret, |element| element.get_bounding_client_rect().top());
        // Some browsers scroll by whole pixels; the rest is kept in `drift` and corrected by the next call.
        let driver = self.driver();
        let wanted = top() - driver.drift.get();
        let shown = show();
        window().scroll_by_with_x_and_y(0.0, top() - wanted);
        driver.drift.set((top() - wanted).clamp(-1.0, 1.0));
        shown
    }

    fn surfaces(&self) -> Vec<Rc<TextSurface>> {
        self.driver().surfaces.borrow().clone()
    }

    fn surface_of(&self, key: SectionKey) -> Option<Rc<TextSurface>> {
        self.driver().surfaces.borrow().iter().find(|text| text.key == key).cloned()
    }
}

/// Calls back when the host's size changes, as long as the page lives.
fn watch_size(host: &HtmlElement, resized: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(resized).into_js_value();
    ResizeObserver::new(callback.unchecked_ref()).expect("the callback is a function").observe(host);
}
