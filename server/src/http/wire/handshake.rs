//! The request that asks for a WebSocket, and its answer (RFC 6455, 4.2). It doesn't know who asks nor for
//! what.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::OnUpgrade;
use samsyn_shared::sync::protocol::SUBPROTOCOL;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use samsyn_shared::room::Dialect;

use crate::http::error::ApiError;

/// A request that may become a WebSocket.
#[derive(Debug)]
pub(in crate::http) struct Handshake {
    /// What the client understands.
    pub(in crate::http) dialect: Dialect,
    accept: String,
    on_upgrade: OnUpgrade,
}

impl Handshake {
    /// Reads a request. `None` if it isn't one for a WebSocket, or its connection can't become one.
    pub(in crate::http) fn of(request: &mut Request) -> Option<Self> {
        let headers = request.headers();
        let key = headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes();
        let is_asked = request.method() == Method::GET
            && request.version() == Version::HTTP_11
            && headers.contains_key(header::HOST)
            && lists(headers, &header::UPGRADE, |token| token.eq_ignore_ascii_case("websocket"))
            && lists(headers, &header::CONNECTION, |token| token.eq_ignore_ascii_case("upgrade"))
            && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
            && STANDARD.decode(key).is_ok_and(|key| key.len() == 16);
        if !is_asked {
            return None;
        }
        let is_own = lists(headers, &header::SEC_WEBSOCKET_PROTOCOL, |name| name == SUBPROTOCOL);
        let dialect = if is_own { Dialect::Own } else { Dialect::Stock };
        let accept = derive_accept_key(key);
        let on_upgrade = request.extensions_mut().remove::<OnUpgrade>()?;
        Some(Self { dialect, accept, on_upgrade })
    }

    /// The answer that says yes, and what resolves when it is sent.
    pub(in crate::http) fn accept(self) -> (Response, OnUpgrade) {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        let accept = HeaderValue::from_str(&self.accept).expect("base64 is a header's value");
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        if self.dialect == Dialect::Own {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        (response, self.on_upgrade)
    }

    /// The answer to a request that isn't one, which says what is spoken here.
    pub(in crate::http) fn refusal() -> Response {
        let spoken = [(header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_VERSION, "13")];
        (spoken, ApiError::NO_UPGRADE).into_response()
    }
}

/// Whether a header that lists tokens, perhaps in several lines, has such a one.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: impl Fn(&str) -> bool) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|token| wanted(token.trim()))
}
