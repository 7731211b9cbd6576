//! The server's HTTP API as the page uses it. It knows no signal and no view: each function is one
//! request and its answer.

use gloo_net::http::{Request, RequestBuilder, Response};
use samsyn_shared::{MalbildId, Role};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The server's stable code; empty when it was not reached.
    pub code: String,
    /// The HTTP status; 0 when the server was not reached.
    pub status: u16,
}

impl ApiError {
    /// Whether the server was not reached.
    #[must_use]
    pub const fn is_network(&self) -> bool {
        self.status == 0
    }

    const fn network() -> Self {
        Self { code: String::new(), status: 0 }
    }
}

/// A målbild that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Made {
    /// Its identifier.
    pub id: MalbildId,
    tokens: OwnersPart,
    links: OwnersPart,
}

impl Made {
    /// The token that opens it as its owner.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.tokens.owner
    }

    /// The link that opens it as its owner.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.links.owner
    }
}

/// Of the tokens or links that come for each role, the page keeps the owner's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct OwnersPart {
    owner: String,
}

/// What a målbild is, as far as this browser's role may know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MalbildInfo {
    /// The title that it has on the server.
    pub title: String,
    /// Its template, as `name@version`.
    pub template: String,
    /// What this browser may do in it.
    pub role: Role,
}

/// A link that was made to be shared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SharedLink {
    /// The whole address, with the token in its fragment.
    pub link: String,
}

/// Makes a målbild from a template.
///
/// # Errors
/// [`ApiError`]: not reached, or refused (an unknown template, a title that is too long).
pub async fn create_malbild(title: &str, template: &str) -> Result<Made, ApiError> {
    let body = json!({ "title": title, "template": template });
    read(post("/api/malbilder", &body.to_string()).await?).await
}

/// Trades a link's token for this browser's session cookie.
///
/// # Errors
/// [`ApiError`]: not reached, or the token opens nothing.
pub async fn trade_token(id: MalbildId, token: &str) -> Result<(), ApiError> {
    let request = Request::post(&format!("/api/malbilder/{id}/session"))
        .header("Authorization", &format!("Bearer {token}"));
    send(request).await.map(drop)
}

/// Asks what a målbild is.
///
/// # Errors
/// [`ApiError`]: not reached, or this browser has no access.
pub async fn get_malbild(id: MalbildId) -> Result<MalbildInfo, ApiError> {
    read(send(Request::get(&format!("/api/malbilder/{id}"))).await?).await
}

/// Makes one more link for a role.
///
/// # Errors
/// [`ApiError`]: not reached, or the role is above one's own.
pub async fn mint_link(id: MalbildId, role: Role) -> Result<SharedLink, ApiError> {
    let body = json!({ "role": role });
    read(post(&format!("/api/malbilder/{id}/links"), &body.to_string()).await?).await
}

async fn post(path: &str, body: &str) -> Result<Response, ApiError> {
    let request = Request::post(path).header("Content-Type", "application/json").body(body);
    let request = request.expect("a text is always a body");
    answer(request.send().await).await
}

async fn send(request: RequestBuilder) -> Result<Response, ApiError> {
    answer(request.send().await).await
}

async fn answer(sent: Result<Response, gloo_net::Error>) -> Result<Response, ApiError> {
    let response = sent.map_err(|_| ApiError::network())?;
    if response.ok() {
        return Ok(response);
    }
    let status = response.status();
    // A proxy between us and the server answers with pages of its own: then the status must do.
    let code = response.json::<Refusal>().await.map(|refusal| refusal.error.code).unwrap_or_default();
    Err(ApiError { code, status })
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    // The connection may end in the middle of an answer.
    response.json().await.map_err(|_| ApiError::network())
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalDetail,
}

#[derive(Deserialize)]
struct RefusalDetail {
    code: String,
}
