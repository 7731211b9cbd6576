//! What the views ask of the browser itself: the clipboard, a download, the time in words, and how
//! much of the page an on-screen keyboard covers.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, HtmlAnchorElement, HtmlDocument, HtmlElement, HtmlTextAreaElement, Url,
};

use crate::editor::carets::pixels;
use crate::words::words;

/// Whether a media query holds.
pub(super) fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|query| query.matches())
}

/// Gives the keyboard to what a selector finds, if it is there and takes it.
pub(super) fn focus(selector: &str) {
    let found = document().query_selector(selector).expect("the selector is valid");
    if let Some(found) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        found.focus().unwrap_or_default();
    }
}

/// Puts a text on the clipboard; false when the browser does not let us.
pub(super) async fn copy(text: &str) -> bool {
    // Over plain HTTP, as on many a local network, there is no clipboard object.
    if window().is_secure_context() {
        return JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok();
    }
    copy_by_selecting(text).unwrap_or(false)
}

fn copy_by_selecting(text: &str) -> Result<bool, JsValue> {
    let field: HtmlTextAreaElement = document().create_element("textarea")?.unchecked_into();
    field.set_class_name("unseen");
    field.set_value(text);
    let body = document().body().expect("a page that runs has a body");
    body.append_child(&field)?;
    field.select();
    let copied = document().unchecked_into::<HtmlDocument>().exec_command("copy");
    field.remove();
    copied
}

/// Hands a text to the browser as a file to keep.
pub(super) fn download(file_name: &str, text: &str) {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/markdown;charset=utf-8");
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind).expect("a text is always a blob");
    let url = Url::create_object_url_with_blob(&blob).expect("a blob always has a URL");
    let link: HtmlAnchorElement =
        document().create_element("a").expect("the element's name is valid").unchecked_into();
    link.set_href(&url);
    link.set_download(file_name);
    link.click();
    Url::revoke_object_url(&url).expect("a URL that was made here can be revoked");
}

/// A file name that says what is in the file.
pub(super) fn file_name(title: &str, otherwise: &str) -> String {
    let forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let name: String = title.chars().map(|c| if forbidden(c) { ' ' } else { c }).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name.trim_matches('.');
    format!("{}.md", if name.is_empty() { otherwise } else { name })
}

/// A moment as people say it: the time, and the date when it was not today.
pub(super) fn moment(millis: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(millis));
    let options = js_sys::Object::new();
    let set = |key: &str, value: &str| {
        js_sys::Reflect::set(&options, &key.into(), &value.into()).expect("a plain object takes every key");
    };
    let today = js_sys::Date::new_0().to_date_string() == date.to_date_string();
    if !today {
        set("day", "numeric");
        set("month", "long");
    }
    set("hour", "2-digit");
    set("minute", "2-digit");
    date.to_locale_string(words().locale, &options).into()
}

/// A moment of today to the second.
pub(super) fn clock(millis: f64) -> String {
    js_sys::Date::new(&JsValue::from_f64(millis)).to_locale_time_string(words().locale).into()
}

/// Whether keys are held and written as on a Mac.
pub(super) fn is_mac() -> bool {
    let platform = window().navigator().platform().unwrap_or_default();
    ["Mac", "iP"].iter().any(|apple| platform.starts_with(apple))
}

/// Keeps `--keyboard` on the root at what an on-screen keyboard covers, for the browsers that lay the
/// page out behind it.
pub(super) fn watch_keyboard() {
    let Some(viewport) = window().visual_viewport() else { return };
    let measured = viewport.clone();
    let last = std::cell::Cell::new(0.0);
    let measure = Closure::<dyn Fn()>::new(move || {
        let Some(root) = document().document_element() else { return };
        let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
        // Zooming in with two fingers shrinks the visual viewport too; that is no keyboard.
        let zoomed = measured.scale() > 1.01;
        let covered =
            if zoomed { 0.0 } else { (height - measured.height() - measured.offset_top()).max(0.0) };
        // A property of the root costs the style of the whole page anew.
        if last.replace(covered) == covered {
            return;
        }
        let style = root.unchecked_into::<web_sys::HtmlElement>().style();
        style.set_property("--keyboard", &pixels(covered)).expect("the property's name is valid");
    });
    for event in ["resize", "scroll"] {
        viewport
            .add_event_listener_with_callback(event, measure.as_ref().unchecked_ref())
            .expect("an event listener can always be added");
    }
    // It listens as long as the page lives.
    measure.forget();
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_is_named_after_its_title() {
        assert_eq!(file_name("Snö: läge 1/2", "x"), "Snö läge 1 2.md");
        assert_eq!(file_name(" .. ", "målbild"), "målbild.md");
    }
}
