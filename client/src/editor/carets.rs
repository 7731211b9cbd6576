//! The carets and selections of others, drawn over a section's text in elements of their own, so that
//! the text holds nothing but the document. Who has which caret is told by the caller.

use std::cell::{Cell, RefCell};

use samsyn_shared::page::Caret;
use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlElement};

use super::surface::Surface;

/// With more carets than this a section is quiet.
const MANY: usize = 8;
/// With this many it is no longer, so that it does not change whenever one comes and goes.
const FEW: usize = 6;

/// Carets that are closer than this would cover each other's initials, in CSS pixels.
const CLOSE: f64 = 18.0;

/// Carets, and where they were seen.
pub struct Sighted(Vec<(Caret, Place)>);

/// Where a caret is in the layer, in CSS pixels.
#[derive(Debug, Clone, PartialEq, Default)]
struct Place {
    left: f64,
    top: f64,
    /// Nothing, when it is out of sight.
    height: f64,
    /// How wide the line is empty behind it.
    room: f64,
    /// How many others stand close to it, before it.
    close: usize,
    /// Left, top, width and height of each of the selection's rectangles.
    boxes: Vec<f64>,
}

/// The layer over one section's text.
pub struct Carets {
    layer: HtmlElement,
    marks: RefCell<Vec<CaretElement>>,
    quiet: Cell<bool>,
}

/// A caret as it is drawn.
struct CaretElement {
    caret: Caret,
    place: Place,
    /// Whether the flag stands beside it and not above.
    beside: bool,
    /// Has their colour, and holds what follows.
    other: HtmlElement,
    line: HtmlElement,
    initials: HtmlElement,
    flag: HtmlElement,
    selection: Vec<HtmlElement>,
}

impl Carets {
    /// Adds an empty layer to a surface's host. Screen readers pass it over: who is in which section
    /// stands in the contents.
    #[must_use]
    pub fn new(host: &HtmlElement) -> Self {
        let layer = element(&document(), "carets");
        layer.set_attribute("aria-hidden", "true").expect("the name is a valid attribute");
        host.append_child(&layer).expect("a host takes children");
        Self { layer, marks: RefCell::default(), quiet: Cell::default() }
    }

    /// Looks where these carets are now. Nothing is drawn yet.
    #[must_use]
    pub fn sight(&self, surface: &Surface, carets: Vec<Caret>) -> Sighted {
        if carets.is_empty() {
            return Sighted(Vec::new());
        }
        let places: Vec<u32> = carets.iter().flat_map(|caret| [caret.anchor, caret.head]).collect();
        let places = read(&surface.measure(&places));
        Sighted(carets.into_iter().zip(places).collect())
    }

    /// Draws these carets and no others. Whatever is as it was is left alone.
    pub fn draw(&self, Sighted(carets): Sighted) {
        let quiet = is_quiet(self.quiet.get(), carets.len());
        if self.quiet.replace(quiet) != quiet {
            self.layer.set_class_name(if quiet { "carets quiet" } else { "carets" });
        }
        let mut before = self.marks.take();
        let mut marks = Vec::with_capacity(carets.len());
        for (caret, place) in carets {
            let known = before.iter().position(|mark| mark.caret.client == caret.client);
            let mut mark = known.map_or_else(|| CaretElement::new(&self.layer), |i| before.swap_remove(i));
            // What is put in anew begins its animation again, and lies on top.
            if mark.caret.moves != caret.moves && (caret.is_highlighted || !quiet) {
                self.layer.append_child(&mark.other).expect("a layer takes children");
            }
            mark.draw(caret, place);
            marks.push(mark);
        }
        before.iter().for_each(|mark| mark.other.remove());
        *self.marks.borrow_mut() = marks;
    }
}

impl CaretElement {
    fn new(layer: &HtmlElement) -> Self {
        let document = document();
        let [other, line, initials, flag] =
            ["other", "caret", "head", "flag"].map(|class| element(&document, class));
        line.set_hidden(true);
        line.append_with_node_2(&initials, &flag).expect("a caret takes children");
        other.append_child(&line).expect("an element takes children");
        layer.append_child(&other).expect("a layer takes children");
        let caret = Caret {
            client: 0,
            colour: usize::MAX,
            label: String::new(),
            initials: String::new(),
            anchor: 0,
            head: 0,
            moves: 0,
            is_highlighted: false,
        };
        Self {
            caret,
            place: Place::default(),
            beside: false,
            other,
            line,
            initials,
            flag,
            selection: Vec::new(),
        }
    }

    fn draw(&mut self, caret: Caret, place: Place) {
        if self.caret.colour != caret.colour {
            set(&self.other, "--person", &format!("var(--person-{})", caret.colour));
        }
        if self.caret.label != caret.label {
            self.flag.set_text_content(Some(&caret.label));
        }
        if self.caret.initials != caret.initials {
            self.initials.set_text_content(Some(&caret.initials));
        }
        // Behind the last word of a line there is nothing that a name could cover.
        let beside = place.close == 0 && place.room >= width_of(&caret.label);
        if self.caret.is_highlighted != caret.is_highlighted || self.beside != beside {
            let sought = if caret.is_highlighted { " sought" } else { "" };
            self.line.set_class_name(&["caret", sought, if beside { " at-end" } else { "" }].concat());
            self.beside = beside;
        }
        if self.place != place {
            self.draw_at(&place);
            self.place = place;
        }
        self.caret = caret;
    }

    fn draw_at(&mut self, place: &Place) {
        let Place { left, top, height, close, boxes, .. } = place;
        self.line.set_hidden(*height == 0.0);
        put(&self.line, *left, *top);
        set(&self.line, "height", &pixels(*height));
        set(&self.line, "--x", &pixels(*left));
        set(&self.line, "--close", &close.to_string());
        let boxes = boxes.chunks_exact(4);
        self.selection.drain(boxes.len().min(self.selection.len())..).for_each(|part| part.remove());
        for (i, area) in boxes.enumerate() {
            if i == self.selection.len() {
                let part = element(&document(), "selection");
                self.other.append_child(&part).expect("an element takes children");
                self.selection.push(part);
            }
            put(&self.selection[i], area[0], area[1]);
            set(&self.selection[i], "width", &pixels(area[2]));
            set(&self.selection[i], "height", &pixels(area[3]));
        }
    }
}

/// How wide a flag with this label is at most, in CSS pixels: to ask the browser would lay out the page anew.
fn width_of(label: &str) -> f64 {
    const LETTER: f64 = 6.5;
    const AROUND: f64 = 16.0;
    LETTER * f64::from(u32::try_from(label.chars().count()).unwrap_or(u32::MAX)) + AROUND
}

/// Whether a section with so many carets of others shows no more of each than its line.
#[must_use]
pub const fn is_quiet(was_quiet: bool, carets: usize) -> bool {
    carets > if was_quiet { FEW } else { MANY }
}

/// Reads what [`Surface::measure`] writes.
fn read(mut measures: &[f64]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    while let [left, top, height, room, count, rest @ ..] = measures {
        let (boxes, others) = rest.split_at(*count as usize * 4);
        let is_close = |other: &&Place| {
            other.height > 0.0 && (other.left - left).abs() < CLOSE && (other.top - top).abs() < CLOSE
        };
        let close = places.iter().filter(is_close).count();
        let (left, top, height, room, boxes) = (*left, *top, *height, *room, boxes.to_vec());
        places.push(Place { left, top, height, room, close, boxes });
        measures = others;
    }
    places
}

/// A length as a style takes it. The browser writes the number: with Rust's own code for fractions the page
/// would be kilobytes heavier.
#[must_use]
pub fn pixels(length: f64) -> String {
    let number = js_sys::Number::from(length).to_fixed(1).expect("one digit is in the range");
    String::from(number) + "px"
}

fn put(element: &HtmlElement, left: f64, top: f64) {
    set(element, "translate", &(pixels(left) + " " + &pixels(top)));
}

fn set(element: &HtmlElement, name: &str, value: &str) {
    element.style().set_property(name, value).expect("a style takes every property");
}

fn element(document: &Document, class: &str) -> HtmlElement {
    let element: Element = document.create_element("span").expect("the tag is a valid name");
    element.set_class_name(class);
    element.unchecked_into()
}

fn document() -> Document {
    web_sys::window().and_then(|window| window.document()).expect("the page runs in a window")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_with_many_carets_is_quiet_until_there_are_clearly_fewer() {
        assert!(!is_quiet(false, 8));
        assert!(is_quiet(false, 9));
        assert!(is_quiet(true, 8) && is_quiet(true, 7));
        assert!(!is_quiet(true, 6));
    }

    #[test]
    fn what_was_measured_is_read_with_who_stands_close() {
        let measures = [
            &[10.0, 20.0, 26.0, 0.0, 0.0][..],
            &[12.0, 20.0, 26.0, 9.0, 1.0, 1.0, 2.0, 3.0, 4.0],
            &[12.0, 80.0, 26.0, 0.0, 0.0],
            &[0.0, 0.0, 0.0, 0.0, 0.0],
            &[3.0, 2.0, 26.0, 0.0, 0.0],
        ]
        .concat();
        let places = read(&measures);
        assert_eq!(places.iter().map(|place| place.close).collect::<Vec<_>>(), [0, 1, 0, 0, 0]);
        assert_eq!(places[1].boxes, [1.0, 2.0, 3.0, 4.0]);
    }
}
