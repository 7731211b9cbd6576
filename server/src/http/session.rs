//! `/api/malbilder/{id}/session`: trades the token of a link for a session cookie, and gives that up again.

use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use samsyn_shared::MalbildId;

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::access::session::{COOKIE, SessionKey};

/// `POST`: the token's role and all that the caller's session had are a new session's; on disk before the answer.
pub(super) async fn trade(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id: MalbildId = id.parse().map_err(|_| ApiError::NOT_FOUND)?;
    let token = caller.credential.token.as_ref().ok_or(ApiError::NO_TOKEN)?;
    let old = caller.credential.session.as_ref();
    let session = app.access.trade(id, token, old).await?.ok_or(ApiError::NOT_FOUND)?;
    caller.welcome();
    Ok((StatusCode::NO_CONTENT, cookies(&app, &session)).into_response())
}

/// `DELETE`: this browser's session opens the målbild no more. Only for our own page, and well also where nothing was
/// open: the page says it again until it was heard.
pub(super) async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.require_own()?;
    let id: MalbildId = id.parse().map_err(|_| ApiError::NOT_FOUND)?;
    if let Some(session) = &caller.credential.session {
        app.access.leave(id, session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a session that still has the cookie's old name under the new one, once the page asks for anything.
pub(super) async fn renewed(app: &App, caller: &Caller, answer: Response) -> Result<Response, ApiError> {
    let Some(old) = caller.credential.session.as_ref().filter(|_| caller.has_old_cookie) else {
        return Ok(answer);
    };
    Ok(match app.access.renew(old).await? {
        Some(session) => (cookies(app, &session), answer).into_response(),
        None => answer,
    })
}

/// What the browser is to keep; and where TLS gives the cookie another name, that it forgets the old one.
fn cookies(app: &App, session: &SessionKey) -> AppendHeaders<Vec<(HeaderName, String)>> {
    let mut set = vec![(header::SET_COOKIE, session.to_cookie(app.is_secure()))];
    if app.is_secure() {
        set.push((
            header::SET_COOKIE,
            format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0; Secure"),
        ));
    }
    AppendHeaders(set)
}

#[cfg(test)]
mod tests;
