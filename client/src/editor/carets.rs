//! The carets and selections of others, drawn over a section's text in elements of their own, so that
//! the text holds nothing but the document. Who has which caret is told by the caller.

use std::cell::RefCell;

use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlElement};

use super::surface::Surface;

/// One other person's place in a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Caret {
    /// The client id of the page they write in.
    pub client: u64,
    /// Which colour of the palette.
    pub colour: usize,
    /// What the flag says.
    pub label: String,
    /// Where the selection began.
    pub anchor: u32,
    /// Where the caret is.
    pub head: u32,
}

/// The layer over one section's text.
pub struct Carets {
    layer: HtmlElement,
    marks: RefCell<Vec<Mark>>,
    selections: RefCell<Vec<HtmlElement>>,
}

/// A caret as it is drawn.
struct Mark {
    caret: Caret,
    element: HtmlElement,
}

impl Carets {
    /// Adds an empty layer to a surface's host. Screen readers pass it over: who is in which section
    /// stands in the contents.
    #[must_use]
    pub fn new(host: &HtmlElement) -> Self {
        let layer = element(&document(), "div", "carets");
        layer.set_attribute("aria-hidden", "true").expect("the name is a valid attribute");
        host.append_child(&layer).expect("a host takes children");
        Self { layer, marks: RefCell::default(), selections: RefCell::default() }
    }

    /// Draws these and no others. A caret that stands still keeps its element where it is, so that its
    /// flag, which leaves after a while, does not come back whenever somebody else moves.
    pub fn draw(&self, surface: &Surface, carets: Vec<Caret>) {
        let document = document();
        self.selections.take().iter().for_each(|part| part.remove());
        let mut before = self.marks.take();
        let mut marks = Vec::new();
        for caret in carets {
            let [left, top, height] = surface.caret_at(caret.head)[..] else { continue };
            let person = format!("var(--person-{})", caret.colour);
            self.draw_selection(&document, surface, &caret, &person);
            let still = before.iter().position(|mark| mark.caret == caret);
            let element = still.map(|i| before.swap_remove(i).element).unwrap_or_else(|| {
                let mark = flagged(&document, &caret.label);
                self.layer.append_child(&mark).expect("a layer takes children");
                mark
            });
            place(&element, &person, &[("left", left), ("top", top), ("height", height), ("--x", left)]);
            marks.push(Mark { caret, element });
        }
        before.iter().for_each(|mark| mark.element.remove());
        *self.marks.borrow_mut() = marks;
    }

    fn draw_selection(&self, document: &Document, surface: &Surface, caret: &Caret, person: &str) {
        let (from, to) = (caret.anchor.min(caret.head), caret.anchor.max(caret.head));
        if from == to {
            return;
        }
        for rectangle in surface.boxes_of(from, to).chunks_exact(4) {
            let part = element(document, "span", "selection");
            let [left, top, width, height] = [rectangle[0], rectangle[1], rectangle[2], rectangle[3]];
            place(&part, person, &[("left", left), ("top", top), ("width", width), ("height", height)]);
            self.layer.append_child(&part).expect("a layer takes children");
            self.selections.borrow_mut().push(part);
        }
    }
}

fn flagged(document: &Document, label: &str) -> HtmlElement {
    let mark = element(document, "span", "caret");
    let flag = element(document, "span", "flag");
    flag.set_text_content(Some(label));
    mark.append_child(&flag).expect("a caret takes children");
    mark
}

fn place(element: &HtmlElement, person: &str, lengths: &[(&str, f64)]) {
    let style = element.style();
    style.set_property("--person", person).expect("a style takes custom properties");
    for (name, length) in lengths {
        style.set_property(name, &pixels(*length)).expect("a style takes lengths");
    }
}

/// A length as a style takes it. The browser writes the number: with Rust's own code for fractions the page
/// would be kilobytes heavier.
#[must_use]
pub fn pixels(length: f64) -> String {
    let number = js_sys::Number::from(length).to_fixed(1).expect("one digit is in the range");
    String::from(number) + "px"
}

fn element(document: &Document, tag: &str, class: &str) -> HtmlElement {
    let element: Element = document.create_element(tag).expect("the tag is a valid name");
    element.set_class_name(class);
    element.unchecked_into()
}

fn document() -> Document {
    web_sys::window().and_then(|window| window.document()).expect("the page runs in a window")
}
