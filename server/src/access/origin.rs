//! Whether a request comes from our own page. Browsers send `Origin` with every WebSocket and every
//! request that changes something; other programs send none.
//!
//! It doesn't know roles: it says whether the request is allowed at all, and whether its cookie counts.

/// What a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// From our own page: cookie and token count.
    Own,
    /// From a program, or unknown: only a token counts.
    TokenOnly,
    /// From somebody else's page: refused.
    Foreign,
}

/// What the rule looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The `Origin` header.
    pub origin: Option<&'a str>,
    /// The `Host` header.
    pub host: Option<&'a str>,
    /// The `Sec-Fetch-Site` header; only browsers send it, and no script can change it.
    pub fetch_site: Option<&'a str>,
    /// The configured public address, as `https://HOST[:PORT]`.
    pub public_url: Option<&'a str>,
    /// Whether it's a plain GET or HEAD; a WebSocket is not.
    pub safe: bool,
}

/// Judges a request. An `Origin` that is present must be the public address where one is configured, and our own host
/// where none is. Without an `Origin`,
/// a cookie counts only for a safe request that the browser itself marks as coming from us
/// (`same-origin`, or `none` for one that a person typed).
#[must_use]
pub fn judge(asked: &Asked<'_>) -> Standing {
    if let Some(origin) = asked.origin {
        let is_own = match asked.public_url {
            Some(url) => url.trim_end_matches('/') == origin,
            None => {
                let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
                host.is_some() && host == asked.host
            }
        };
        return if is_own { Standing::Own } else { Standing::Foreign };
    }
    match asked.fetch_site {
        Some("same-origin" | "none") if asked.safe => Standing::Own,
        _ => Standing::TokenOnly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_origin(origin: &str, public_url: Option<&str>) -> Standing {
        let host = Some("samsyn.example:8080");
        judge(&Asked { origin: Some(origin), host, public_url, ..Asked::default() })
    }

    #[test]
    fn an_origin_must_be_the_public_address_or_the_host_where_there_is_none() {
        let public = Some("https://malbild.example/");
        assert_eq!(with_origin("http://samsyn.example:8080", None), Standing::Own);
        assert_eq!(with_origin("https://malbild.example", public), Standing::Own);
        assert_eq!(with_origin("https://malbild.example", None), Standing::Foreign);
        for foreign in [
            "http://samsyn.example:8080",
            "http://malbild.example",
            "https://evil.example",
            "http://samsyn.example",
            "https://malbild.example.evil.example",
            "null",
            "",
        ] {
            assert_eq!(with_origin(foreign, public), Standing::Foreign, "{foreign:?}");
        }
    }

    #[test]
    fn without_an_origin_a_cookie_counts_only_where_the_browser_vouches_for_a_safe_request() {
        let standing = |fetch_site, safe| judge(&Asked { fetch_site, safe, ..Asked::default() });
        assert_eq!(standing(Some("same-origin"), true), Standing::Own);
        assert_eq!(standing(Some("none"), true), Standing::Own);
        assert_eq!(standing(Some("cross-site"), true), Standing::TokenOnly);
        assert_eq!(standing(Some("same-origin"), false), Standing::TokenOnly);
        assert_eq!(standing(None, true), Standing::TokenOnly);
    }
}
