//! The carets and selections of others, drawn over a section's text in elements of their own, so that
//! the text holds nothing but the document. Who has which caret is told by the caller.

use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlElement};

use super::surface::Surface;

/// One other person's place in a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Caret {
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
}

impl Carets {
    /// Adds an empty layer to a surface's host. Screen readers pass it over: who is in which section
    /// stands in the contents.
    #[must_use]
    pub fn new(host: &HtmlElement) -> Self {
        let layer = element(&document(), "div", "carets");
        layer.set_attribute("aria-hidden", "true").expect("the name is a valid attribute");
        host.append_child(&layer).expect("a host takes children");
        Self { layer }
    }

    /// Draws these and no others.
    pub fn draw(&self, surface: &Surface, carets: &[Caret]) {
        let document = document();
        self.layer.replace_children_with_node_0();
        for caret in carets {
            let person = format!("var(--person-{})", caret.colour);
            let (from, to) = (caret.anchor.min(caret.head), caret.anchor.max(caret.head));
            if from < to {
                for rectangle in surface.boxes_of(from, to).chunks_exact(4) {
                    let part = element(&document, "span", "selection");
                    place(&part, &person, &[("left", rectangle[0]), ("top", rectangle[1])]);
                    place(&part, &person, &[("width", rectangle[2]), ("height", rectangle[3])]);
                    self.layer.append_child(&part).expect("a layer takes children");
                }
            }
            let [left, top, height] = surface.caret_at(caret.head)[..] else { continue };
            let mark = element(&document, "span", "caret");
            place(&mark, &person, &[("left", left), ("top", top), ("height", height)]);
            let flag = element(&document, "span", "flag");
            flag.set_text_content(Some(&caret.label));
            mark.append_child(&flag).expect("a caret takes children");
            self.layer.append_child(&mark).expect("a layer takes children");
        }
    }
}

fn place(element: &HtmlElement, person: &str, lengths: &[(&str, f64)]) {
    let style = element.style();
    style.set_property("--person", person).expect("a style takes custom properties");
    for (name, length) in lengths {
        style.set_property(name, &format!("{length:.1}px")).expect("a style takes lengths");
    }
}

fn element(document: &Document, tag: &str, class: &str) -> HtmlElement {
    let element: Element = document.create_element(tag).expect("the tag is a valid name");
    element.set_class_name(class);
    element.unchecked_into()
}

fn document() -> Document {
    web_sys::window().and_then(|window| window.document()).expect("the page runs in a window")
}
