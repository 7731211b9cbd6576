//! `/api/malbilder`: making one, showing it, sharing it, exporting it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use samsyn_shared::api::{
    CreateMalbild, CreatedMalbild, ExportedMalbild, LinkRequest, MalbildInfo, MintedLink, PerRole,
};
use samsyn_shared::document::read_model::one_line;
use samsyn_shared::domain::limits;
use samsyn_shared::text::share_link::ShareLink;
use samsyn_shared::{MalbildId, Permission, Role, Template, Token};
use serde::Deserialize;

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use super::listen::Own;
use crate::access::token;

/// `POST /api/malbilder`. Anyone may; the tokens in the answer are the only way in.
pub(super) async fn create(
    State(app): State<App>,
    _: Caller,
    headers: HeaderMap,
    body: Result<Json<CreateMalbild>, JsonRejection>,
) -> Result<(StatusCode, Json<CreatedMalbild>), ApiError> {
    let Json(request) = body?;
    let template = Template::find(&request.template).ok_or(ApiError::UnknownTemplate)?;
    let title = title(&request.title, template)?;
    let made = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (id, client_id, secrets) = {
        let mut rng = rand::rng();
        let id = MalbildId::generate(&mut rng);
        let secrets = Role::ALL.map(|role| (role, Token::generate(&mut rng)));
        (id, samsyn_shared::domain::ids::client_id(&mut rng), secrets)
    };
    let records = secrets.iter().map(|(role, secret)| token::record(id, *role, &secret.hash())).collect();
    app.registry.create(id, template, &title, client_id, made, records).await?;
    metrics::counter!("samsyn_malbilder_made_total").increment(1);
    let base = base_url(&app, &headers);
    let tokens = PerRole::of(|role| secrets[role as usize].1.reveal());
    let links = PerRole::of(|role| link(&base, id, tokens.get(role)));
    Ok((StatusCode::CREATED, Json(CreatedMalbild { id, tokens, links })))
}

/// `GET /api/malbilder/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let (malbild, role) = caller.enter(&app, &id)?;
    let model = app.registry.read(&malbild).await?;
    let template = malbild.template.identifier();
    let status = "draft".to_owned();
    let info = MalbildInfo { id: malbild.id, title: model.title, template, status, role };
    super::session::renewed(&app, &caller, Json(info).into_response()).await
}

/// `POST /api/malbilder/{id}/links`: nobody can read a hashed token back, so sharing mints one more.
pub(super) async fn mint_link(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Json<LinkRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<MintedLink>), ApiError> {
    let (malbild, own) = caller.enter(&app, &id)?;
    let Json(LinkRequest { role }) = body?;
    if !own.may(Permission::HandOut(role)) {
        return Err(ApiError::ROLE);
    }
    let token = Token::generate(&mut rand::rng());
    app.access.mint(malbild.id, role, &token).await?;
    let token = token.reveal();
    let link = link(&base_url(&app, &headers), malbild.id, &token);
    Ok((StatusCode::CREATED, Json(MintedLink { role, token, link })))
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
    let (malbild, _) = caller.enter(&app, &id)?;
    let format = query.format.unwrap_or_default();
    if !super::error::FORMATS.contains(&format.as_str()) {
        return Err(ApiError::UnknownFormat);
    }
    let model = app.registry.read(&malbild).await?;
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

/// The title as it's seeded: one line, the template's own if there is none.
fn title(asked: &str, template: &Template) -> Result<String, ApiError> {
    let title = one_line(asked);
    if title.encode_utf16().count() > limits::TITLE_UNITS {
        return Err(ApiError::TitleTooLong);
    }
    Ok(if title.is_empty() { template.title.to_owned() } else { title })
}

/// The configured public address, else the one that the caller used.
fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.public_url {
        return url.to_string();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

fn link(base: &str, id: MalbildId, token: &str) -> String {
    format!("{base}{}", ShareLink { id, token: Some(token.to_owned()) })
}
