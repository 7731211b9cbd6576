//! The outer face: routes, and what is true of every answer. What a målbild is, who may open it and
//! how edits travel is decided behind it.

mod acts;
mod caller;
mod error;
mod health;
mod host;
mod journal;
mod listen;
mod malbilder;
mod page;
mod seats;
mod session;
mod stream;
mod sync;
mod unfinished;
mod visitors;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, delete, get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use samsyn_shared::domain::limits;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use self::error::ApiError;
pub use self::listen::serve;
pub use self::stream::Streams;
pub use self::unfinished::Unfinished;
pub use self::visitors::{Bounds, Visitors};
use crate::access::Access;
use crate::rooms::Rooms;
use crate::store::Storage;

/// What every handler may use.
#[derive(Clone)]
pub struct App {
    /// Where the målbilder are; for `/readyz`, too.
    pub storage: Storage,
    /// Who may do what.
    pub access: Access,
    /// The rooms that are open.
    pub rooms: Rooms,
    /// `https://HOST`, if it was configured.
    pub public_url: Option<Arc<str>>,
    /// Renders `/metrics`; none in tests.
    pub metrics: Option<PrometheusHandle>,
    /// Cancelled when the server stops: `/readyz` says no.
    pub stopping: CancellationToken,
    /// Counts the connections' tasks, so that stopping can wait for them.
    pub sockets: TaskTracker,
    /// The connections that are carried by HTTP.
    pub streams: Streams,
    /// Who is connected.
    pub visitors: Visitors,
}

impl App {
    /// Over a store, with nobody connected yet and nothing configured.
    #[must_use]
    pub fn new(storage: Storage, rooms: Rooms, visitors: Visitors) -> Self {
        Self {
            access: Access::new(storage.clone()),
            rooms,
            storage,
            public_url: None,
            metrics: None,
            stopping: CancellationToken::new(),
            sockets: TaskTracker::new(),
            streams: Streams::default(),
            visitors,
        }
    }

    /// Whether browsers come by TLS.
    fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .route("/malbilder", post(malbilder::create))
        .route("/malbilder/{id}", get(malbilder::show))
        .route("/malbilder/{id}/links", post(seats::mint_link))
        .route("/malbilder/{id}/seats", get(seats::list))
        .route("/malbilder/{id}/seats/{seat}", delete(seats::revoke))
        .route("/malbilder/{id}/acts", post(acts::ask))
        .route("/malbilder/{id}/journal", get(journal::read))
        .route("/malbilder/{id}/export", get(malbilder::export))
        .route("/malbilder/{id}/session", post(session::trade).delete(session::end))
        .fallback(|| async { ApiError::NO_ROUTE })
        .method_not_allowed_fallback(|| async { ApiError::METHOD })
        .layer(DefaultBodyLimit::max(limits::HTTP_BODY_BYTES));
    let all = Router::new()
        .nest("/api", api)
        .route("/api", any(|| async { ApiError::NO_ROUTE }))
        .route("/sync/{id}/{part}", get(sync::upgrade))
        .route("/sync/{id}/{part}/events", get(stream::open).post(stream::post))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/", get(page::index))
        .route("/m/{*rest}", get(page::index))
        .fallback(page::asset)
        .layer(middleware::from_fn_with_state(app.clone(), page::for_people))
        .layer(middleware::from_fn_with_state(app.clone(), host::check));
    let is_secure = app.is_secure();
    let all = protect(all.with_state(app));
    if is_secure { all.layer(middleware::map_response(strictly)) } else { all }
}

/// Tells browsers to come by TLS alone, for a year.
async fn strictly(mut response: Response) -> Response {
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

/// What is true of every answer: a panic is one answer's, and the headers that protect are there.
fn protect(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| -> Response {
            tracing::error!("a handler panicked");
            ApiError::INTERNAL.into_response()
        }))
        .layer(middleware::map_response(secure))
}

/// Headers on every answer. The page's own policy, with its nonce, is set where the page is made; what says
/// nothing about caching isn't cached.
async fn secure(mut response: Response) -> Response {
    const ALWAYS: [(HeaderName, &str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
