//! The server's HTTP API as the page uses it. It knows no signal and no view: each function is one
//! request and its answer.

use leptos::prelude::window;
use samsyn_shared::api::{
    CreateMalbild, CreatedMalbild, ErrorCode, LinkRequest, MalbildInfo, MintedLink, Refusal,
};
use samsyn_shared::domain::limits;
use samsyn_shared::domain::malbild_kind::MalbildKind;
use samsyn_shared::sync::protocol::stream::{CONNECTION_HEADER, NUMBER_HEADER};
use samsyn_shared::{MalbildId, Role};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use crate::early;

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The server's stable code; none when it was not reached.
    pub code: Option<ErrorCode>,
    /// The HTTP status; 0 when the server was not reached.
    pub status: u16,
}

impl ApiError {
    /// Whether our server did not answer: nobody did, it is in trouble, or something in between answered for it, a
    /// proxy or the page that a network shows to strangers. Ours gives a code with each refusal.
    #[must_use]
    pub const fn is_network(&self) -> bool {
        self.code.is_none() || self.status >= 500
    }

    const fn network() -> Self {
        Self { code: None, status: 0 }
    }
}

/// Whether the server answers.
pub async fn is_reached() -> bool {
    ask("GET", "/healthz", JSON, None).await.is_ok()
}

/// Makes a målbild from a template.
///
/// # Errors
/// [`ApiError`]: not reached, or refused (an unknown template, a title that is too long).
pub async fn create_malbild(title: &str, template: &str) -> Result<CreatedMalbild, ApiError> {
    let (title, template) = (title.to_owned(), template.to_owned());
    let asked = CreateMalbild { title, template, kind: MalbildKind::Skarpt };
    read(&ask("POST", "/api/malbilder", JSON, Some(&written(&asked))).await?)
}

/// Trades a link's token for this browser's session cookie.
///
/// # Errors
/// [`ApiError`]: not reached, or the token opens nothing.
pub async fn trade_token(id: MalbildId, token: &str) -> Result<(), ApiError> {
    let path = format!("/api/malbilder/{id}/session");
    ask("POST", &path, ("Authorization", &format!("Bearer {token}")), None).await.map(drop)
}

/// Gives up this browser's access to a målbild.
///
/// # Errors
/// [`ApiError`]: not reached, or this browser may not say so.
pub async fn end_session(id: MalbildId) -> Result<(), ApiError> {
    ask("DELETE", &format!("/api/malbilder/{id}/session"), JSON, None).await.map(drop)
}

/// Trades a link's token, if there is one, and asks what the målbild is.
///
/// # Errors
/// [`ApiError`]: not reached, the token opens nothing, or this browser has no access.
pub async fn enter(id: MalbildId, token: Option<&str>) -> Result<MalbildInfo, ApiError> {
    if let Some((status, text)) = early::answer(id, token).await {
        return read(&accepted(status, text)?);
    }
    if let Some(token) = token {
        trade_token(id, token).await?;
    }
    get_malbild(id).await
}

/// Asks what a målbild is.
///
/// # Errors
/// [`ApiError`]: not reached, or this browser has no access.
pub async fn get_malbild(id: MalbildId) -> Result<MalbildInfo, ApiError> {
    read(&ask("GET", &format!("/api/malbilder/{id}"), JSON, None).await?)
}

/// Makes one more link for a role.
///
/// # Errors
/// [`ApiError`]: not reached, or the role is above one's own.
pub async fn mint_link(id: MalbildId, role: Role) -> Result<MintedLink, ApiError> {
    let asked = written(&LinkRequest::of(role));
    read(&ask("POST", &format!("/api/malbilder/{id}/links"), JSON, Some(&asked)).await?)
}

/// Where a målbild's content comes as events, and where what is said to it is posted.
#[must_use]
pub fn events_path(id: MalbildId) -> String {
    format!("/sync/{id}/content/events")
}

/// Posts messages to an open stream of events. A small body arrives also when the page is closed meanwhile.
///
/// # Errors
/// [`ApiError`]: not reached, or the stream is gone.
pub async fn post_messages(id: MalbildId, secret: &str, number: u64, body: &[u8]) -> Result<(), ApiError> {
    let headers = [(CONNECTION_HEADER, secret), (NUMBER_HEADER, &number.to_string())];
    let init = RequestInit::new();
    let keepalive = body.len() <= limits::KEPT_ALIVE_BYTES;
    js_sys::Reflect::set(&init, &"keepalive".into(), &keepalive.into()).expect("it is an object");
    init.set_body(&js_sys::Uint8Array::from(body));
    send("POST", &events_path(id), &headers, init).await.map(drop)
}

/// What the body is.
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// One request with one header. Gives the answer's text.
async fn ask(method: &str, path: &str, header: (&str, &str), body: Option<&str>) -> Result<String, ApiError> {
    let init = RequestInit::new();
    init.set_body(&body.map_or(JsValue::UNDEFINED, JsValue::from_str));
    let limit = limits::REQUEST_ANSWER.as_millis().try_into().expect("seconds are few milliseconds");
    init.set_signal(Some(&AbortSignal::timeout_with_u32(limit)));
    send(method, path, &[header], init).await
}

/// One request by the browser's own `fetch`: a crate around it brings streams along, which weigh 6 kB.
async fn send(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    init: RequestInit,
) -> Result<String, ApiError> {
    let sent = async {
        let all = Headers::new()?;
        for (name, value) in headers {
            all.append(name, value)?;
        }
        init.set_method(method);
        init.set_headers(&all);
        let response = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?;
        let response: Response = response.unchecked_into();
        let text = JsFuture::from(response.text()?).await?;
        Ok::<_, JsValue>((response.status(), text.as_string().unwrap_or_default()))
    };
    // The connection may also end in the middle of an answer.
    let (status, text) = sent.await.map_err(|_| ApiError::network())?;
    accepted(status, text)
}

/// The text of an answer that is no refusal.
fn accepted(status: u16, text: String) -> Result<String, ApiError> {
    if (200..300).contains(&status) {
        return Ok(text);
    }
    // A proxy between us and the server answers with pages of its own: then the status must do.
    let code = serde_json::from_str::<Refusal>(&text).ok().map(|refusal| refusal.error.code);
    Err(ApiError { code, status })
}

/// A request's body.
fn written(request: &impl Serialize) -> String {
    serde_json::to_string(request).expect("texts are plain JSON")
}

/// Reads an answer. One that is none came from something between us and the server.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|_| ApiError::network())
}
