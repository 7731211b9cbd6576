//! Whether a request is for this server: its `Host` must be one, and the public address' where that is configured.
//! Else another site's name could be pointed here, and its page would be our own to the browser.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::App;
use super::error::ApiError;

/// What is asked by the machine itself, under whatever name.
const UNDER_ANY_NAME: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Refuses what is not for this server.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    if UNDER_ANY_NAME.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match judge(request.headers(), request.uri().authority(), app.public_url.as_deref()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn judge(headers: &HeaderMap, target: Option<&Authority>, public_url: Option<&str>) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(ApiError::HOST) };
    let host = host.to_str().ok().and_then(parsed).ok_or(ApiError::HOST)?;
    // A request line may name a host itself: then both must be the same.
    if target.is_some_and(|target| parsed(target.as_str()).as_ref() != Some(&host)) {
        return Err(ApiError::HOST);
    }
    match public_url.and_then(|url| url.split_once("://")) {
        Some((scheme, public)) if without_port(&host, scheme) != without_port(public, scheme) => {
            Err(ApiError::MISDIRECTED)
        }
        _ => Ok(()),
    }
}

/// A host with its port perhaps, in lower case. `None` if it is none.
fn parsed(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    let (host, port) = match authority.as_str().rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority.as_str(), None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    let is_name =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_address = inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    (is_port && (is_name || is_address)).then(|| text.to_ascii_lowercase())
}

/// Without the port that the scheme has by itself.
fn without_port<'a>(host: &'a str, scheme: &str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn judged(hosts: &[&str], public_url: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        match judge(&headers, None, public_url) {
            Ok(()) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        for host in
            ["samsyn.example", "SAMSYN.example:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "my_host", "a."]
        {
            assert_eq!(judged(&[host], None), 200, "{host}");
        }
        for host in [
            "",
            " ",
            "a b",
            "a/b",
            "u@a",
            "a:b",
            "a:",
            ":80",
            "a:+80",
            "a:99999",
            "a;b",
            "a\"b",
            "<a>",
            "a?b",
            "[::1",
            "[x]",
            "a,b",
            "åäö.example",
            "a:1:2",
            "a%20b",
        ] {
            assert_eq!(judged(&[host], None), 400, "{host:?}");
        }
        assert_eq!(judged(&[], None), 400);
        assert_eq!(judged(&["a", "a"], None), 400);
    }

    #[test]
    fn with_a_public_address_no_other_host_is_answered() {
        let public = Some("https://malbild.example");
        for host in ["malbild.example", "Malbild.Example", "malbild.example:443"] {
            assert_eq!(judged(&[host], public), 200, "{host}");
        }
        for host in ["127.0.0.1:8080", "evil.example", "malbild.example:80", "malbild.example.evil.example"] {
            assert_eq!(judged(&[host], public), 421, "{host}");
        }
        assert_eq!(judged(&["malbild.example:8080"], Some("http://malbild.example:8080")), 200);
        assert_eq!(judged(&["malbild.example"], Some("http://malbild.example:8080")), 421);
    }

    #[test]
    fn a_request_line_names_no_other_host() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("a.example"));
        let target = |host: &'static str| judge(&headers, Some(&Authority::from_static(host)), None);
        assert!(target("A.example").is_ok() && target("b.example").is_err());
    }
}
