//! The client: the files of `dist/`, embedded in the binary when it is built. (A debug build reads them
//! from the folder instead, so that they need not be compiled in at each change.)
//!
//! It doesn't know what is in them, but for the place where Trunk wants a nonce.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use rust_embed::RustEmbed;

use super::App;
use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Dist;

const NONCE: &str = "{{__TRUNK_NONCE__}}";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// The service worker, and what it may do: fetch what it keeps.
const WORKER: &str = "worker.js";
const WORKERS_POLICY: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";

/// `GET /` and `GET /m/…`: the page, with a nonce of its own.
pub(super) async fn index(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(file) = Dist::get("index.html") else { return not_built() };
    let mut random = [0; 16];
    rand::rng().fill_bytes(&mut random);
    page(&String::from_utf8_lossy(&file.data), &random, &headers, app.public_url.as_deref())
}

fn page(html: &str, random: &[u8], headers: &HeaderMap, public_url: Option<&str>) -> Response {
    let nonce = URL_SAFE_NO_PAD.encode(random);
    let html = html.replace(NONCE, &nonce);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let policy = policy(&nonce, host, public_url);
    ([(header::CACHE_CONTROL, ASK_AGAIN), (header::CONTENT_SECURITY_POLICY, &policy)], Html(html))
        .into_response()
}

/// Answers a person with the page where a program gets a refusal in JSON: they opened an address of the API in a window.
pub(super) async fn for_people(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_asked = request.method() == Method::GET && wants_page(request.headers());
    let asked = is_asked.then(|| request.headers().clone());
    let answer = next.run(request).await;
    match asked.filter(|_| answer.status().is_client_error()) {
        Some(headers) => (answer.status(), index(State(app), headers).await).into_response(),
        None => answer,
    }
}

/// Everything else: a file of the client, or nothing. A person is told so by the page.
pub(super) async fn asset(state: State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return ApiError::METHOD.into_response();
    }
    let name = uri.path().trim_start_matches('/');
    // The brotli twins are an encoding, not files of their own; the index has its own way; what begins with
    // a dot is Trunk at work.
    let hidden = name.ends_with(".br") || name == "index.html" || name.starts_with('.');
    match Dist::get(name) {
        Some(file) if !hidden => {
            let twin = if accepts_brotli(&headers) { Dist::get(&format!("{name}.br")) } else { None };
            let hash = file.metadata.sha256_hash();
            serve(name, (file.data, &hash), twin.map(|twin| twin.data), &headers)
        }
        _ if wants_page(&headers) => (StatusCode::NOT_FOUND, index(state, headers).await).into_response(),
        _ => ApiError::NO_ROUTE.into_response(),
    }
}

/// Whether it is a window that is to show the answer.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// Answers with a file whose content has this hash, or with its brotli twin.
fn serve(
    name: &str,
    (data, hash): (Cow<'static, [u8]>, &[u8]),
    twin: Option<Cow<'static, [u8]>>,
    headers: &HeaderMap,
) -> Response {
    let cache = if has_hash(name) { FOR_EVER } else { ASK_AGAIN };
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag.as_str()), (header::CACHE_CONTROL, cache)])
            .into_response();
    }
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let is_text = kind.type_() == mime_guess::mime::TEXT;
    let kind = if is_text { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let is_twin = twin.is_some();
    let data = twin.unwrap_or(data);
    let mut response = Response::new(Body::from(data.into_owned()));
    let answer = response.headers_mut();
    for (header, value) in [
        (header::CONTENT_TYPE, kind.as_str()),
        (header::CACHE_CONTROL, cache),
        (header::ETAG, &etag),
        (header::VARY, "accept-encoding"),
    ] {
        answer.insert(header, HeaderValue::from_str(value).expect("these are plain ASCII"));
    }
    if is_twin {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    if name == WORKER {
        answer.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKERS_POLICY));
    }
    response
}

/// Trunk puts 16 hexadecimal digits of the content's hash behind the last `-` before the ending (or
/// before wasm-bindgen's `_bg`).
fn has_hash(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let stem = file.split('.').next().unwrap_or(file);
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let refused = |weight: &str| weight.trim().trim_end_matches(['0', '.']) == "q=";
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("br") && !refused(weight)
    })
}

/// What the page may load and do. Older browsers need the WebSocket's address spelled out. Style attributes are allowed:
/// Chromium's own editing sets them around a word that is being composed, to keep what slanted or bold words beside it look
/// like. They load nothing that the rest of the policy forbids, and the page itself sets none.
fn policy(nonce: &str, host: Option<&str>, public_url: Option<&str>) -> String {
    let is_plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    let public = public_url.and_then(|url| url.split_once("://")).map(|(_, host)| host.trim_end_matches('/'));
    let mut sockets = String::new();
    for host in [host, public].into_iter().flatten().filter(is_plain) {
        sockets.push_str(&format!(" ws://{host} wss://{host}"));
    }
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         style-src-attr 'unsafe-inline'; font-src 'self'; img-src 'self' data:; connect-src 'self'{sockets}; manifest-src 'self'; \
         worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn not_built() -> Response {
    let page = "<!doctype html><title>Samsyn</title><p>The server runs, but this build of it has no page \
                inside. <code>cargo xtask build</code> makes one that has.";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, ASK_AGAIN)], Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_cached_for_ever() {
        for hashed in ["samsyn-0123456789abcdef.js", "a/samsyn-0123456789abcdef_bg.wasm"] {
            assert!(has_hash(hashed), "{hashed}");
        }
        for plain in
            ["favicon.svg", "worker.js", "samsyn-0123456789abcdeF.js", "a-0123.js", "font-regular.woff2"]
        {
            assert!(!has_hash(plain), "{plain}");
        }
    }

    fn file(name: &str, known: Option<&str>, twin: bool) -> Response {
        let headers: HeaderMap = known
            .map(|tag| (header::IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap()))
            .into_iter()
            .collect();
        let twin = twin.then_some(Cow::Borrowed(&b"br"[..]));
        serve(name, (Cow::Borrowed(b"raw"), &[7; 32]), twin, &headers)
    }

    #[tokio::test]
    async fn a_file_comes_as_what_it_is_or_as_its_twin() {
        let raw = file("samsyn-0123456789abcdef_bg.wasm", None, false);
        assert_eq!(raw.headers()[header::CONTENT_TYPE], "application/wasm");
        assert_eq!(raw.headers()[header::CACHE_CONTROL], FOR_EVER);
        assert!(!raw.headers().contains_key(header::CONTENT_ENCODING));
        let twin = file("favicon.svg", None, true);
        assert_eq!(twin.headers()[header::CONTENT_TYPE], "image/svg+xml");
        assert_eq!(twin.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        assert_eq!(twin.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(axum::body::to_bytes(twin.into_body(), 100).await.unwrap(), "br");
    }

    #[test]
    fn a_file_that_is_known_already_is_not_sent_again() {
        let tag = file("favicon.svg", None, false).headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(file("favicon.svg", Some(&tag), true).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(file("favicon.svg", Some("\"other\""), true).status(), StatusCode::OK);
    }

    #[test]
    fn the_worker_may_fetch_what_it_keeps_and_is_asked_for_each_time() {
        let worker = file(WORKER, None, true);
        assert_eq!(worker.headers()[header::CONTENT_SECURITY_POLICY], WORKERS_POLICY);
        assert_eq!(worker.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        assert!(!file("favicon.svg", None, true).headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }

    #[tokio::test]
    async fn the_page_and_its_policy_share_a_nonce() {
        let html = "<script nonce=\"{{__TRUNK_NONCE__}}\"></script>";
        let response = page(html, &[1; 16], &HeaderMap::new(), None);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert_eq!(response.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        let html = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let nonce = std::str::from_utf8(&html).unwrap().split('"').nth(1).unwrap().to_owned();
        assert!(nonce.len() > 20 && policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
    }

    #[test]
    fn brotli_is_for_those_who_accept_it() {
        let accepts = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            accepts_brotli(&headers)
        };
        assert!(accepts("gzip, deflate, br, zstd") && accepts("br;q=0.5"));
        assert!(!accepts("gzip") && !accepts("br;q=0") && !accepts("br;q=0.0") && !accepts(""));
    }

    #[test]
    fn a_host_that_is_no_host_stays_out_of_the_policy() {
        let policy = policy("n", Some("evil; script-src *"), Some("https://malbild.example"));
        assert!(!policy.contains("evil"));
        assert!(
            policy.contains("connect-src 'self' ws://malbild.example wss://malbild.example;"),
            "{policy}"
        );
        assert!(policy.contains("'nonce-n'"));
    }
}
