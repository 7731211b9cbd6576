//! What can go wrong with a request, each with its status and stable code. The cause is logged here
//! and never sent.

use axum::Json;
use axum::extract::rejection::{JsonDataError, JsonRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use samsyn_shared::Template;
use samsyn_shared::api::{ErrorCode, Refusal, RefusalDetail};
use samsyn_shared::domain::limits;
use samsyn_shared::journal::Declined;
use samsyn_shared::room::NotTaken;

use super::unfinished::Crowded;
use crate::malbild::MalbildError;
use crate::malbild::birth::BirthError;
use crate::rooms::OpenError;
use crate::store::StoreError;

/// A refused or failed request.
#[derive(Debug)]
pub(super) enum ApiError {
    /// A fixed status, code and message.
    Plain(StatusCode, ErrorCode, &'static str),
    UnknownTemplate,
    TitleTooLong,
    UnknownFormat,
    /// The body is JSON, and not what was asked for.
    BadBody(JsonDataError),
    Store(StoreError),
    /// An act was not taken.
    Declined(Declined),
}

impl ApiError {
    /// Also for a wrong token: nobody learns which målbilder exist.
    pub(super) const NOT_FOUND: Self =
        Self::Plain(StatusCode::NOT_FOUND, ErrorCode::NotFound, "no such målbild, or no access to it");
    pub(super) const NO_ROUTE: Self =
        Self::Plain(StatusCode::NOT_FOUND, ErrorCode::NotFound, "nothing is here");
    pub(super) const METHOD: Self =
        Self::Plain(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Method, "this method is not allowed here");
    pub(super) const ROLE: Self =
        Self::Plain(StatusCode::FORBIDDEN, ErrorCode::Role, "your role is too low for this");
    pub(super) const ORIGIN: Self =
        Self::Plain(StatusCode::FORBIDDEN, ErrorCode::Origin, "the Origin header names another site");
    pub(super) const NO_TOKEN: Self =
        Self::Plain(StatusCode::NOT_FOUND, ErrorCode::NotFound, "no such målbild, or no token for it");
    pub(super) const NO_UPGRADE: Self =
        Self::Plain(StatusCode::UPGRADE_REQUIRED, ErrorCode::Websocket, "this address speaks WebSocket");
    pub(super) const GONE: Self =
        Self::Plain(StatusCode::GONE, ErrorCode::Gone, "no such connection any more; open another one");
    pub(super) const NUMBER: Self =
        Self::Plain(StatusCode::CONFLICT, ErrorCode::Number, "a request before this one is missing");
    pub(super) const NO_NUMBER: Self =
        Self::Plain(StatusCode::BAD_REQUEST, ErrorCode::BadRequest, "the header samsyn-number is missing");
    pub(super) const BAD_NUMBER: Self = Self::Plain(
        StatusCode::BAD_REQUEST,
        ErrorCode::BadRequest,
        "the header samsyn-number must be a number as we write it, from 1 on",
    );
    pub(super) const BUSY: Self = Self::Plain(
        StatusCode::CONFLICT,
        ErrorCode::Busy,
        "another request over this connection is not answered yet",
    );
    pub(super) const CROWDED: Self = Self::Plain(
        StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Slow,
        "too much is unfinished here, and most of it in this request; come back",
    );
    pub(super) const HOST: Self =
        Self::Plain(StatusCode::BAD_REQUEST, ErrorCode::Host, "the Host header is missing, or names no host");
    pub(super) const MISDIRECTED: Self = Self::Plain(
        StatusCode::MISDIRECTED_REQUEST,
        ErrorCode::Host,
        "this server answers under its public address alone",
    );
    pub(super) const CUT_SHORT: Self =
        Self::Plain(StatusCode::BAD_REQUEST, ErrorCode::CutShort, "the body ended too early");
    pub(super) const UNDECODABLE: Self =
        Self::Plain(StatusCode::BAD_REQUEST, ErrorCode::Undecodable, "the body holds what is no message");
    pub(super) const TOO_LARGE: Self =
        Self::Plain(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, "the body is over 16 MiB");
    pub(super) const NEWER: Self = Self::Plain(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Template,
        "this målbild was made by a newer version of the server",
    );
    pub(super) const STOPPING: Self = Self::Plain(
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Stopping,
        "the server is stopping; come back",
    );
    pub(super) const NO_ACT: Self = Self::Plain(
        StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Invalid,
        "no kind of act that can be asked for has these fields",
    );
    pub(super) const NO_ACT_ID: Self = Self::Plain(
        StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Invalid,
        "an act's id is 16 to 64 of A-Z, a-z, 0-9, _ and -",
    );
    pub(super) const NO_SEAT: Self =
        Self::Plain(StatusCode::NOT_FOUND, ErrorCode::NotFound, "there is no such seat");
    pub(super) const NO_TIME: Self = Self::Plain(
        StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Invalid,
        "a time is written like 2026-11-22T14:02:11Z",
    );
    pub(super) const NOT_NOW: Self = Self::Plain(
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Store,
        "the server can't judge or store it at the moment; ask again",
    );
    pub(super) const INTERNAL: Self =
        Self::Plain(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "something went wrong here");
}

/// The formats that exports come in.
pub(super) const FORMATS: [&str; 2] = ["json", "md"];

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        let mut known = Vec::new();
        let (status, code, message) = match self {
            Self::Plain(status, code, message) => (status, code, message.to_owned()),
            Self::UnknownTemplate => {
                known.extend(Template::all().iter().map(|template| template.name));
                let message = format!("unknown template; known are {}", known.join(", "));
                (unprocessable, ErrorCode::UnknownTemplate, message)
            }
            Self::TitleTooLong => {
                let message = format!("a title has at most {} UTF-16 code units", limits::TITLE_UNITS);
                (unprocessable, ErrorCode::TitleTooLong, message)
            }
            Self::UnknownFormat => {
                known.extend(FORMATS);
                let message = format!("unknown format; known are {}", known.join(", "));
                (unprocessable, ErrorCode::UnknownFormat, message)
            }
            Self::BadBody(error) => {
                // Names the field, not its value's surroundings; still, cut to one line.
                let text = error.body_text();
                let message = text.lines().next().unwrap_or_default().chars().take(200).collect();
                (unprocessable, ErrorCode::BadRequest, message)
            }
            Self::Declined(why) => {
                let (status, code) = declined(&why);
                (status, code, why.to_string())
            }
            Self::Store(StoreError::Corrupt { .. } | StoreError::CorruptRecord { .. }) => {
                let message = "this målbild is damaged on the server's disk; the others are not";
                (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Damaged, message.to_owned())
            }
            Self::Store(_) => {
                let message = "the server cannot store anything at the moment";
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Store, message.to_owned())
            }
        };
        (status, Json(Refusal { error: RefusalDetail { code, known, message } })).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request met the store's error");
        Self::Store(error)
    }
}

impl From<MalbildError> for ApiError {
    fn from(error: MalbildError) -> Self {
        match error {
            MalbildError::Unknown => Self::NOT_FOUND,
            MalbildError::Store(error) => error.into(),
            MalbildError::Template(template) => {
                tracing::error!(template, "a målbild's template is not known to this version");
                Self::NEWER
            }
        }
    }
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Malbild(error) => error.into(),
            OpenError::Stopping => Self::STOPPING,
        }
    }
}

impl From<NotTaken> for ApiError {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::NotNow => Self::NOT_NOW,
            NotTaken::Declined(declined) => Self::Declined(declined),
        }
    }
}

/// The status and the code of an act that was declined.
const fn declined(why: &Declined) -> (StatusCode, ErrorCode) {
    match why {
        Declined::Role => (StatusCode::FORBIDDEN, ErrorCode::Role),
        Declined::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid),
        Declined::Id => (StatusCode::CONFLICT, ErrorCode::Id),
        Declined::Missing(_) => (StatusCode::CONFLICT, ErrorCode::Missing),
        Declined::Changed => (StatusCode::CONFLICT, ErrorCode::Changed),
        Declined::Ambiguous => (StatusCode::CONFLICT, ErrorCode::Ambiguous),
        Declined::Closed => (StatusCode::CONFLICT, ErrorCode::Closed),
        Declined::Full => (StatusCode::CONFLICT, ErrorCode::Full),
        Declined::LastOwner => (StatusCode::CONFLICT, ErrorCode::LastOwner),
    }
}

impl From<BirthError> for ApiError {
    fn from(error: BirthError) -> Self {
        match error {
            BirthError::UnknownTemplate => Self::UnknownTemplate,
            BirthError::TitleTooLong => Self::TitleTooLong,
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let not_json = Self::Plain(
            StatusCode::BAD_REQUEST,
            ErrorCode::NotJson,
            "the body must be JSON, and be called application/json",
        );
        match rejection {
            JsonRejection::JsonDataError(error) => Self::BadBody(error),
            JsonRejection::BytesRejection(error) if Crowded::caused(&error) => Self::CROWDED,
            JsonRejection::BytesRejection(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Self::Plain(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, "the body is over 64 KiB")
            }
            _ => not_json,
        }
    }
}
