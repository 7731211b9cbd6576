//! What was asked of the server while this program was on its way (`client/editor/src/early.ts`). Each of it is taken
//! once; whoever finds nothing asks by themselves.

use samsyn_shared::MalbildId;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, WebSocket, window};

const NAME: &str = "samsynEarly";

#[wasm_bindgen]
extern "C" {
    type Early;

    #[wasm_bindgen(method, getter)]
    fn id(this: &Early) -> String;

    #[wasm_bindgen(method, getter)]
    fn token(this: &Early) -> String;

    #[wasm_bindgen(method, getter)]
    fn answer(this: &Early) -> Option<js_sys::Promise>;

    #[wasm_bindgen(method, setter, js_name = answer)]
    fn set_answer(this: &Early, none: JsValue);

    #[wasm_bindgen(method, getter)]
    fn socket(this: &Early) -> Option<WebSocket>;

    #[wasm_bindgen(method, setter, js_name = socket)]
    fn set_socket(this: &Early, none: JsValue);

    #[wasm_bindgen(method, setter, js_name = isTaken)]
    fn set_is_taken(this: &Early, taken: bool);

    #[wasm_bindgen(method, getter)]
    fn heard(this: &Early) -> js_sys::Array;
}

fn early(id: MalbildId) -> Option<Early> {
    let early =
        js_sys::Reflect::get(window()?.as_ref(), &NAME.into()).ok().filter(|early| !early.is_undefined())?;
    let early: Early = early.unchecked_into();
    (early.id() == id.to_string()).then_some(early)
}

/// The status and the text that the server answered with when it was asked what the målbild is, after the token was
/// traded. None if that was not asked, or the server was not reached.
pub async fn answer(id: MalbildId, token: Option<&str>) -> Option<(u16, String)> {
    let early = early(id).filter(|early| early.token() == token.unwrap_or_default())?;
    let answer = early.answer()?;
    early.set_answer(JsValue::NULL);
    let answer: js_sys::Array = JsFuture::from(answer).await.ok()?.unchecked_into();
    Some((answer.get(0).as_f64()? as u16, answer.get(1).as_string()?))
}

/// The socket that was opened, is opening or has failed, and what came over it. From now on none is opened but by this
/// program.
pub fn socket(id: MalbildId) -> Option<(WebSocket, Vec<MessageEvent>)> {
    let early = early(id)?;
    early.set_is_taken(true);
    let socket = early.socket()?;
    early.set_socket(JsValue::NULL);
    Some((socket, early.heard().iter().map(JsCast::unchecked_into).collect()))
}

#[cfg(test)]
mod tests {
    use samsyn_shared::domain::limits;

    #[test]
    fn what_asks_early_waits_as_long_as_the_program_does() {
        let script = include_str!("../editor/src/early.ts");
        let (_, rest) = script.split_once("AbortSignal.timeout(").expect("it does not wait without end");
        let (limit, _) = rest.split_once(')').expect("a call");
        assert_eq!(limit.replace('_', "").parse(), Ok(limits::REQUEST_ANSWER.as_millis()));
    }
}
