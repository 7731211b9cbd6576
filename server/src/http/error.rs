//! What can go wrong with a request, each with its status and stable code. The cause is logged here
//! and never sent.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use samsyn_shared::Template;
use samsyn_shared::domain::limits;
use serde_json::json;

use super::unfinished::Crowded;
use crate::registry::OpenError;
use crate::store::StoreError;

/// A refused or failed request.
#[derive(Debug)]
pub(super) enum ApiError {
    /// A fixed status, code and message.
    Plain(StatusCode, &'static str, &'static str),
    UnknownTemplate,
    TitleTooLong,
    UnknownFormat,
    BadRequest(String),
    Store(StoreError),
    UnknownMadeFrom(String),
}

impl ApiError {
    /// Also for a wrong token: nobody learns which målbilder exist.
    pub(super) const NOT_FOUND: Self =
        Self::Plain(StatusCode::NOT_FOUND, "not-found", "no such målbild, or no access to it");
    pub(super) const NO_ROUTE: Self = Self::Plain(StatusCode::NOT_FOUND, "not-found", "nothing is here");
    pub(super) const METHOD: Self =
        Self::Plain(StatusCode::METHOD_NOT_ALLOWED, "method", "this method is not allowed here");
    pub(super) const ROLE: Self = Self::Plain(StatusCode::FORBIDDEN, "role", "your role is too low for this");
    pub(super) const ORIGIN: Self =
        Self::Plain(StatusCode::FORBIDDEN, "origin", "the Origin header names another site");
    pub(super) const NO_TOKEN: Self =
        Self::Plain(StatusCode::NOT_FOUND, "not-found", "no such målbild, or no token for it");
    pub(super) const NO_UPGRADE: Self =
        Self::Plain(StatusCode::UPGRADE_REQUIRED, "websocket", "this address speaks WebSocket");
    pub(super) const GONE: Self =
        Self::Plain(StatusCode::GONE, "gone", "no such connection any more; open another one");
    pub(super) const NUMBER: Self =
        Self::Plain(StatusCode::CONFLICT, "number", "a request before this one is missing");
    pub(super) const NO_NUMBER: Self =
        Self::Plain(StatusCode::BAD_REQUEST, "bad-request", "the header samsyn-number is missing");
    pub(super) const BAD_NUMBER: Self = Self::Plain(
        StatusCode::BAD_REQUEST,
        "bad-request",
        "the header samsyn-number must be a number as we write it, from 1 on",
    );
    pub(super) const BUSY: Self =
        Self::Plain(StatusCode::CONFLICT, "busy", "another request over this connection is not answered yet");
    pub(super) const CROWDED: Self = Self::Plain(
        StatusCode::TOO_MANY_REQUESTS,
        "slow",
        "too much is unfinished here, and most of it in this request; come back",
    );
    pub(super) const HOST: Self =
        Self::Plain(StatusCode::BAD_REQUEST, "host", "the Host header is missing, or names no host");
    pub(super) const MISDIRECTED: Self = Self::Plain(
        StatusCode::MISDIRECTED_REQUEST,
        "host",
        "this server answers under its public address alone",
    );
    pub(super) const CUT_SHORT: Self =
        Self::Plain(StatusCode::BAD_REQUEST, "cut-short", "the body ended too early");
    pub(super) const UNDECODABLE: Self =
        Self::Plain(StatusCode::BAD_REQUEST, "undecodable", "the body holds what is no message");
    pub(super) const TOO_LARGE: Self =
        Self::Plain(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is over 16 MiB");
    pub(super) const STOPPING: Self =
        Self::Plain(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the server is stopping; come back");
    pub(super) const INTERNAL: Self =
        Self::Plain(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong here");
}

/// The formats that exports come in.
pub(super) const FORMATS: [&str; 2] = ["json", "md"];

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        let (status, code, message, known) = match self {
            Self::Plain(status, code, message) => (status, code, message.to_owned(), None),
            Self::UnknownTemplate => {
                let known: Vec<_> = Template::all().iter().map(|template| template.name).collect();
                let message = format!("unknown template; known are {}", known.join(", "));
                (unprocessable, "unknown-template", message, Some(known))
            }
            Self::TitleTooLong => {
                let message = format!("a title has at most {} UTF-16 code units", limits::TITLE_UNITS);
                (unprocessable, "title-too-long", message, None)
            }
            Self::UnknownFormat => {
                let message = format!("unknown format; known are {}", FORMATS.join(", "));
                (unprocessable, "unknown-format", message, Some(FORMATS.to_vec()))
            }
            Self::BadRequest(message) => (unprocessable, "bad-request", message, None),
            Self::Store(StoreError::Corrupt { .. } | StoreError::CorruptRecord { .. }) => {
                let message = "this målbild is damaged on the server's disk; the others are not";
                (StatusCode::INTERNAL_SERVER_ERROR, "damaged", message.to_owned(), None)
            }
            Self::Store(_) => {
                let message = "the server cannot store anything at the moment".to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, "store", message, None)
            }
            Self::UnknownMadeFrom(template) => {
                tracing::error!(template, "a målbild's template is not known to this version");
                let message = "this målbild was made by a newer version of the server".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "template", message, None)
            }
        };
        let mut error = json!({ "code": code, "message": message });
        if let Some(known) = known {
            error["known"] = json!(known);
        }
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request met the store's error");
        Self::Store(error)
    }
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unknown => Self::NOT_FOUND,
            OpenError::Store(error) => error.into(),
            OpenError::Template(name) => Self::UnknownMadeFrom(name),
            OpenError::Stopping => Self::STOPPING,
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let not_json = Self::Plain(
            StatusCode::BAD_REQUEST,
            "not-json",
            "the body must be JSON, and be called application/json",
        );
        match rejection {
            JsonRejection::JsonDataError(error) => {
                // Names the field, not its value's surroundings; still, cut to one line.
                let text = error.body_text();
                Self::BadRequest(text.lines().next().unwrap_or_default().chars().take(200).collect())
            }
            JsonRejection::BytesRejection(error) if Crowded::caused(&error) => Self::CROWDED,
            JsonRejection::BytesRejection(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Self::Plain(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is over 64 KiB")
            }
            _ => not_json,
        }
    }
}
