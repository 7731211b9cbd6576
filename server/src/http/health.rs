//! `/healthz`, `/readyz`, `/metrics`: for those who run the server. They show no content and no names.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use samsyn_shared::api::ErrorCode;

use super::App;
use super::error::ApiError;
use crate::store::Health;
use crate::vitals;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// It can take work: it is not stopping, and the store takes writes.
pub(super) async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::STOPPING);
    }
    let message = match *app.storage.health().borrow() {
        Health::Fine if app.storage.hangs() => "the disk does not answer; nothing is saved until it does",
        Health::Fine => return Ok("ready\n"),
        Health::Full => "the disk is full; nothing is saved until there is room",
        Health::Failed => "the disk refused a write; nothing is saved until the server is restarted",
    };
    Err(ApiError::Plain(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Store, message))
}

/// Prometheus' text.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    vitals::gauge(&app.rooms);
    metrics::gauge!("samsyn_commit_under_way_seconds").set(app.storage.committing_for().as_secs_f64());
    let text = app.metrics.map(|handle| handle.render()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
