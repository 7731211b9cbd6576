//! `POST /api/malbilder/{id}/acts`: what somebody asks for beside writing text. It doesn't know what an act means.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use samsyn_shared::api::TakenAct;
use samsyn_shared::journal::{Act, Asked, Speaker};
use samsyn_shared::text::name::displayed;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::access::Bearer;

/// An act as it is asked for: its identifier, its kind, and the kind's own fields. The name of whoever asks is `by_name`, or
/// `name` where the kind has no such field.
#[derive(Debug, Deserialize)]
pub(super) struct ActRequest {
    id: String,
    act: String,
    #[serde(default)]
    by_name: Option<String>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// Answered once the act is on disk: 201, or 200 if it was before.
pub(super) async fn ask(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<ActRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<TakenAct>), ApiError> {
    let (malbild, Bearer { seat, role, actor }) = caller.enter(&app, &id).await?;
    let Json(ActRequest { id, act: kind, by_name, mut fields }) = body?;
    let id = id.parse().map_err(|_| ApiError::NO_ACT_ID)?;
    let name = match Act::has_field(&kind, "name") {
        true => by_name,
        false => match fields.remove("name") {
            None | Some(Value::Null) => by_name,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(ApiError::NO_ACT),
        },
    };
    let act = Act::asked_for(&kind, fields).map_err(|_| ApiError::NO_ACT)?;
    let name = name.map(|name| displayed(&name)).filter(|name| !name.is_empty());
    let asked = Asked { speaker: Speaker { seat, role, actor, name }, id, act };
    let taken = app.rooms.ask(&malbild, asked, Vec::new()).await??;
    let status = if taken.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(TakenAct { number: taken.number, at: taken.at })))
}
