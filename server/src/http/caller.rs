//! Who asks: reads the credential from a request, and refuses one from somebody else's page.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use samsyn_shared::{MalbildId, Token};

use super::App;
use super::error::ApiError;
use super::visitors::Visitor;
use crate::access::origin::{self, Asked, Standing};
use crate::access::session::{COOKIE, HOST_COOKIE, SessionKey};
use crate::access::{Bearer, Credential};
use crate::malbild::MalbildRecord;

/// The caller of a request that may go on.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) credential: Credential,
    standing: Standing,
    /// Whether its session came under the name that the cookie has without TLS, and there is TLS.
    pub(super) has_old_cookie: bool,
    /// Its connection; none in tests without one.
    visitor: Option<Arc<Visitor>>,
}

impl Caller {
    /// Refuses somebody else's page also what a page may else ask of any site.
    pub(super) fn refuse_foreign(&self) -> Result<(), ApiError> {
        if self.standing == Standing::Foreign { Err(ApiError::ORIGIN) } else { Ok(()) }
    }

    /// Refuses all but our own page.
    pub(super) fn require_own(&self) -> Result<(), ApiError> {
        if self.standing == Standing::Own { Ok(()) } else { Err(ApiError::ORIGIN) }
    }

    /// What it showed opens something: its connection is no stranger's any more.
    pub(super) fn welcome(&self) {
        if let Some(visitor) = &self.visitor {
            visitor.welcome();
        }
    }

    /// The målbild of this id and who the caller is in it. Unknown, malformed and closed ones all look alike.
    pub(super) async fn enter(&self, app: &App, id: &str) -> Result<(MalbildRecord, Bearer), ApiError> {
        let id: MalbildId = id.parse().map_err(|_| ApiError::NOT_FOUND)?;
        let bearer = app.access.bearer_for(id, &self.credential).await?.ok_or(ApiError::NOT_FOUND)?;
        let malbild = MalbildRecord::find(&app.storage, id).await?;
        self.welcome();
        Ok((malbild, bearer))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let text = |name: HeaderName| text(&parts.headers, &name);
        let is_socket = parts.headers.contains_key(header::UPGRADE);
        let safe = (parts.method == Method::GET || parts.method == Method::HEAD) && !is_socket;
        let standing = origin::judge(&Asked {
            origin: text(header::ORIGIN),
            host: text(header::HOST),
            fetch_site: text(HeaderName::from_static("sec-fetch-site")),
            public_url: app.public_url.as_deref(),
            safe,
        });
        if standing == Standing::Foreign && !safe {
            return Err(ApiError::ORIGIN);
        }
        let bearer = text(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let query = parts.uri.query().unwrap_or_default().split('&');
        let in_query = query.filter_map(|pair| pair.strip_prefix("token=")).next();
        let token = bearer.or(in_query).and_then(|token| token.parse::<Token>().ok());
        let cookies = text(header::COOKIE).filter(|_| standing == Standing::Own).unwrap_or_default();
        let named = |name| SessionKey::from_cookies(cookies, name);
        let safe_name = if app.is_secure() { named(HOST_COOKIE) } else { None };
        // A browser that came before there was TLS, or before the name was another, is not locked out.
        let has_old_cookie = app.is_secure() && safe_name.is_none();
        let session = safe_name.or_else(|| named(COOKIE));
        let visitor = parts.extensions.get::<Arc<Visitor>>().cloned();
        Ok(Self { credential: Credential { token, session }, standing, has_old_cookie, visitor })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
