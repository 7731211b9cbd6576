//! `POST /api/malbilder/{id}/session`: trades the token of a link for a session cookie.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use samsyn_shared::MalbildId;

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::access::session::SessionKey;

/// Adds the token's role to the caller's session, or to a fresh one; on disk before the answer.
pub(super) async fn trade(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id: MalbildId = id.parse().map_err(|_| ApiError::NOT_FOUND)?;
    let token = caller.credential.token.ok_or(ApiError::NO_TOKEN)?;
    let session = caller.credential.session.unwrap_or_else(|| SessionKey::generate(&mut rand::rng()));
    app.access.grant(id, &token, session.clone()).await?.ok_or(ApiError::NOT_FOUND)?;
    let secure = app.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session.to_cookie(secure))]).into_response())
}
