//! The functions of `client/editor/surface.js` and what it reports. Deltas cross as JSON, positions as
//! the model's indexes in UTF-16 code units.

use samsyn_shared::text::delta::Op;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use super::keys;

#[wasm_bindgen]
extern "C" {
    /// One section's text as ProseMirror shows it.
    pub type Surface;

    #[wasm_bindgen(js_namespace = samsynSurface)]
    fn create(host: &HtmlElement, options: &JsValue, reports: &JsValue) -> Surface;

    /// Shows this text (inserts), changing as little as it can.
    #[wasm_bindgen(method)]
    pub fn reset(this: &Surface, inserts: &str);

    /// Shows a change of the model and answers with the length of the text as it is shown then.
    #[wasm_bindgen(method)]
    pub fn apply(this: &Surface, delta: &str) -> u32;

    /// The text as it is shown (inserts).
    #[wasm_bindgen(method)]
    pub fn shown(this: &Surface) -> String;

    /// Puts the selection there and scrolls it into view.
    #[wasm_bindgen(method)]
    pub fn select(this: &Surface, anchor: u32, head: u32);

    /// The attributes that the next typed text will have.
    #[wasm_bindgen(method)]
    pub fn pen(this: &Surface, attributes: &str);

    /// Marks parts of the text, and in this layer no others: names, and triples of a name's place among
    /// them, from and to.
    #[wasm_bindgen(method)]
    pub fn mark(this: &Surface, layer: &str, names: Vec<String>, runs: Vec<u32>);

    /// Whether the browser can mark text that it does not change.
    #[wasm_bindgen(js_namespace = samsynSurface, js_name = canMark)]
    pub fn can_mark() -> bool;

    /// Puts the texts of all surfaces on the clipboard, as HTML and as plain text; false when the browser does not let us.
    /// Works only while a click or a key is heard.
    #[wasm_bindgen(js_namespace = samsynSurface, js_name = copyAll)]
    pub fn copy_all() -> bool;

    /// Whether the person may write.
    #[wasm_bindgen(method, js_name = setEditable)]
    pub fn set_editable(this: &Surface, editable: bool);

    /// Reads what the browser changed and the surface did not report yet; it may report now.
    #[wasm_bindgen(method)]
    pub fn settle(this: &Surface);

    /// Ends what is being composed with what it is now, and keeps the focus.
    #[wasm_bindgen(method, js_name = endComposition)]
    pub fn end_composition(this: &Surface);

    /// How long what a reader takes as one character is before a place in its line; 0 at its start.
    #[wasm_bindgen(method, js_name = graphemeBefore)]
    pub fn grapheme_before(this: &Surface, index: u32) -> u32;

    /// Puts the focus into the text.
    #[wasm_bindgen(method)]
    pub fn focus(this: &Surface);

    /// Where the caret is in the window, in CSS pixels from its top; not a number without the focus.
    #[wasm_bindgen(method, js_name = caretTop)]
    pub fn caret_top(this: &Surface) -> f64;

    /// A caret's left, top and height in the host, in CSS pixels.
    #[wasm_bindgen(method, js_name = caretAt)]
    pub fn caret_at(this: &Surface, index: u32) -> Vec<f64>;

    /// Where carets are in the host, in CSS pixels: for each anchor and head the caret's left, top and
    /// height, how wide its line is empty behind it, the number of its selection's rectangles, and left, top, width and
    /// height of each. What the
    /// window does not show is not measured; such a caret has no height.
    #[wasm_bindgen(method)]
    pub fn measure(this: &Surface, places: &[u32]) -> Vec<f64>;

    /// Scrolls a place into view.
    #[wasm_bindgen(method)]
    pub fn reveal(this: &Surface, index: u32);
}

/// Whether surfaces can be made: their script is a file of its own, and may come later than this program.
#[must_use]
pub fn is_loaded() -> bool {
    js_sys::Reflect::has(&js_sys::global(), &"samsynSurface".into()).expect("the global object is an object")
}

/// What a surface reports. The closures may call the surface again.
pub struct Reports {
    /// Lines changed: where they begin, as they were, as they are, the caret from there or -1.
    pub edited: Box<dyn Fn(u32, String, String, i32)>,
    /// The selection's anchor and head, and the inline attributes of all of it.
    pub selected: Box<dyn Fn(u32, u32, String)>,
    /// A key that may mean something; true when it did.
    pub command: Box<dyn Fn(String) -> bool>,
    /// The focus came or went.
    pub focused: Box<dyn Fn(bool)>,
    /// Something was pasted or dropped where the selection is: its HTML as foreign inserts, whether that is our
    /// own, its plain text, and whether there were files; see `samsyn_shared::text::paste::Transfer`.
    pub pasted: Box<dyn Fn(String, bool, String, bool)>,
    /// What is selected begins to be dragged; or it is dropped elsewhere on the page, which is told next, and moves there.
    pub dragged: Box<dyn Fn(bool)>,
    /// A word is being composed from here to there, told at each step of it; -1 when it no longer is. Where the browser
    /// does not follow it, its line must be left as it is.
    pub composing: Box<dyn Fn(i32, i32, bool)>,
    /// Asked whether a link may lead there.
    pub follows: fn(String) -> bool,
    /// Asked whether the surface shows what the document holds; shows it if it didn't.
    pub verify: Box<dyn Fn() -> bool>,
}

/// Reads a delta or attributes that a surface wrote.
#[must_use]
pub fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("the surface writes deltas and attributes")
}

/// Writes a delta or attributes for a surface.
#[must_use]
pub fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("deltas and attributes are plain JSON")
}

/// What a surface is told at its making.
pub struct Options<'a> {
    /// The id of the heading.
    pub labelled_by: &'a str,
    /// The id of the guiding question; empty when there is none.
    pub described_by: &'a str,
    /// Whether it is one line.
    pub one_line: bool,
    /// Whether the person may write.
    pub editable: bool,
    /// What it shows first.
    pub text: &'a [Op],
}

impl Surface {
    /// Makes a surface in a host. It lives as long as the page, and so do the reports.
    #[must_use]
    pub fn new(host: &HtmlElement, options: &Options<'_>, reports: Reports) -> Self {
        let set = |object: &js_sys::Object, name: &str, value: &JsValue| {
            js_sys::Reflect::set(object, &name.into(), value).expect("a plain object takes properties");
        };
        let told = js_sys::Object::new();
        set(&told, "labelledBy", &options.labelled_by.into());
        set(&told, "describedBy", &options.described_by.into());
        set(&told, "oneLine", &options.one_line.into());
        set(&told, "editable", &options.editable.into());
        set(&told, "text", &json(options.text).into());
        let pair = |(key, name): (&str, &str)| js_sys::Array::of2(&key.into(), &name.into());
        set(&told, "keys", &keys::of_the_text().map(pair).collect::<js_sys::Array>());
        let heard = js_sys::Object::new();
        set(&heard, "edited", &Closure::wrap(reports.edited).into_js_value());
        set(&heard, "selected", &Closure::wrap(reports.selected).into_js_value());
        set(&heard, "command", &Closure::wrap(reports.command).into_js_value());
        set(&heard, "focused", &Closure::wrap(reports.focused).into_js_value());
        set(&heard, "pasted", &Closure::wrap(reports.pasted).into_js_value());
        set(&heard, "dragged", &Closure::wrap(reports.dragged).into_js_value());
        set(&heard, "composing", &Closure::wrap(reports.composing).into_js_value());
        let follows: Box<dyn Fn(String) -> bool> = Box::new(reports.follows);
        set(&heard, "follows", &Closure::wrap(follows).into_js_value());
        set(&heard, "verify", &Closure::wrap(reports.verify).into_js_value());
        create(host, &told, &heard)
    }
}
