//! `/api/malbilder`: making one, showing it, exporting it.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use samsyn_shared::api::{CreateMalbild, CreatedMalbild, ExportedMalbild, MalbildInfo, MalbildStanding};
use serde::Deserialize;

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use super::listen::Own;
use crate::access::Bearer;
use crate::malbild::birth::Birth;
use crate::store::Time;

/// `POST /api/malbilder`. Anyone may; the tokens in the answer are the only way in.
pub(super) async fn create(
    State(app): State<App>,
    _: Caller,
    headers: HeaderMap,
    body: Result<Json<CreateMalbild>, JsonRejection>,
) -> Result<(StatusCode, Json<CreatedMalbild>), ApiError> {
    let Json(request) = body?;
    let birth = Birth::of(&request, Time::now(), &mut rand::rng())?;
    let tokens = birth.store(&app.storage).await?;
    metrics::counter!("samsyn_malbilder_made_total").increment(1);
    Ok((StatusCode::CREATED, Json(tokens.reveal(&base_url(&app, &headers)))))
}

/// `GET /api/malbilder/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let (malbild, Bearer { seat, role, actor }) = caller.enter(&app, &id).await?;
    let model = app.rooms.read(&malbild).await?;
    let template = malbild.template.identifier();
    let status = "draft".to_owned();
    let (kind, phase) = app.rooms.look(&malbild, |state| (state.kind(), state.phase())).await?;
    let info = MalbildInfo { id: malbild.id, title: model.title, template, status, role };
    let standing = MalbildStanding { info, kind, phase, seat, actor };
    super::session::renewed(&app, &caller, Json(standing).into_response()).await
}

#[derive(Deserialize)]
pub(super) struct ExportQuery {
    format: Option<String>,
}

/// `GET /api/malbilder/{id}/export?format=md`.
pub(super) async fn export(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let (malbild, _) = caller.enter(&app, &id).await?;
    let format = query.format.unwrap_or_default();
    if !super::error::FORMATS.contains(&format.as_str()) {
        return Err(ApiError::UnknownFormat);
    }
    let model = app.rooms.read(&malbild).await?;
    let mut answer = match format.as_str() {
        "md" => {
            let kind = (header::CONTENT_TYPE, "text/markdown; charset=utf-8");
            ([kind], model.to_markdown()).into_response()
        }
        _ => Json(ExportedMalbild { id: malbild.id, model }).into_response(),
    };
    answer.extensions_mut().insert(Own);
    Ok(answer)
}

/// The configured public address, else the one that the caller used.
pub(super) fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.public_url {
        return url.to_string();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
