//! Addresses that a text may lead to: the web and mail, and nothing that a browser would run. The one
//! place that decides it, for what people write, what they paste and what others' documents hold.

use crate::delta::utf16_len;
use crate::limits;

/// An address that may be followed: `http:`, `https:` or `mailto:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

/// Why a text is no address that may be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing was written.
    #[error("no address")]
    Empty,
    /// More than [`limits::LINK_UNITS`].
    #[error("the address is too long")]
    TooLong,
    /// A scheme that is not ours, such as `javascript:`.
    #[error("addresses of this kind are not followed")]
    Scheme,
    /// It leads nowhere.
    #[error("this is no address")]
    Invalid,
}

impl Link {
    /// Reads what a person wrote: `www.x.se` is `https://www.x.se`, `a@b.se` is `mailto:a@b.se`.
    ///
    /// # Errors
    /// [`LinkError`], by which the page says what is wrong.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LinkError::Empty);
        }
        if utf16_len(text) > limits::LINK_UNITS {
            return Err(LinkError::TooLong);
        }
        // A browser drops line ends and reads a backslash as a slash: what it follows is not what was checked.
        let odd = |c: char| c.is_control() || c.is_whitespace() || "\\\"<>`\u{FFFC}".contains(c);
        if text.contains(odd) {
            return Err(if has_foreign_scheme(text) { LinkError::Scheme } else { LinkError::Invalid });
        }
        match scheme(text) {
            Some(("http", rest)) => web("http", rest.strip_prefix("//")),
            Some(("https", rest)) => web("https", rest.strip_prefix("//")),
            Some(("mailto", rest)) => mail(rest),
            Some(_) => Err(LinkError::Scheme),
            None if text.starts_with("//") => web("https", text.strip_prefix("//")),
            None if text.contains('@') && !text.contains('/') => mail(text),
            None => web("https", Some(text).filter(|text| has_domain(authority(text)))),
        }
    }

    /// Reads a pasted text that is an address and nothing else: one that says so by its beginning, or a
    /// mail address. `1.30` and `plan.docx` are none.
    #[must_use]
    pub fn bare(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        let begins = ["http://", "https://", "mailto:", "www."].iter().any(|start| lower.starts_with(start));
        (begins || text.contains('@')).then(|| Self::parse(text).ok()).flatten()
    }

    /// Reads an `href` of foreign HTML. An address without a scheme leads somewhere on the page that it was
    /// copied from, and is none.
    #[must_use]
    pub fn of_href(href: &str) -> Option<Self> {
        let href = href.trim().replace(' ', "%20");
        scheme(&href).and_then(|_| Self::parse(&href).ok())
    }

    /// Whether the value of an attribute `link` may be followed as it stands.
    #[must_use]
    pub fn is_safe(value: &str) -> bool {
        scheme(value).is_some() && Self::parse(value).is_ok()
    }

    /// The value of the attribute `link`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A known scheme in small letters, or any other as "", and what follows its colon. A host with a port
/// is no scheme.
fn scheme(text: &str) -> Option<(&'static str, &str)> {
    let (name, rest) = text.split_once(':')?;
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return None;
    }
    let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if name.contains('.') && !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let known = ["http", "https", "mailto"].into_iter().find(|known| name.eq_ignore_ascii_case(known));
    Some((known.unwrap_or_default(), rest))
}

/// Whether it would be of another scheme without what a browser drops from it.
fn has_foreign_scheme(text: &str) -> bool {
    let kept: String = text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    matches!(scheme(&kept), Some(("", _)))
}

fn authority(text: &str) -> &str {
    text.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Beyond ASCII all are taken for letters: domains are written in every script.
fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii()
}

/// `host.se`, perhaps with a port: at least two labels, the last one of letters.
fn has_domain(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let labels: Vec<&str> = host.split('.').collect();
    let label = |label: &&str| !label.is_empty() && label.chars().all(is_letter_or_digit);
    let last = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && labels.iter().all(label)
        && last.chars().count() > 1
        && !last.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}

/// A host may be a name of the own network; a person before it would only hide where it leads.
fn web(scheme: &str, rest: Option<&str>) -> Result<Link, LinkError> {
    let rest = rest.ok_or(LinkError::Invalid)?;
    let host = authority(rest);
    let leads = host.starts_with(|c: char| is_letter_or_digit(c) || c == '[') && !host.contains('@');
    if leads { Ok(Link(format!("{scheme}://{rest}"))) } else { Err(LinkError::Invalid) }
}

fn mail(rest: &str) -> Result<Link, LinkError> {
    let address = rest.split('?').next().unwrap_or_default();
    let (name, domain) = address.split_once('@').ok_or(LinkError::Invalid)?;
    let leads = !name.is_empty() && has_domain(domain) && !name.contains([':', '/']);
    if leads { Ok(Link(format!("mailto:{rest}"))) } else { Err(LinkError::Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, LinkError> {
        Link::parse(text).map(|link| link.as_str().to_owned())
    }

    #[test]
    fn what_people_write_becomes_a_whole_address() {
        for (text, address) in [
            ("https://x.se/a?b=c#d", "https://x.se/a?b=c#d"),
            ("HTTP://x.se", "http://x.se"),
            ("  www.x.se ", "https://www.x.se"),
            ("krisinformation.se/råd", "https://krisinformation.se/råd"),
            ("//x.se", "https://x.se"),
            ("x.se:8080/a", "https://x.se:8080/a"),
            ("http://intranät/sida", "http://intranät/sida"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            ("anna.ask@lansstyrelsen.se", "mailto:anna.ask@lansstyrelsen.se"),
            ("MAILTO:a@b.se?subject=Lägesbild", "mailto:a@b.se?subject=Lägesbild"),
            ("https://sv.wikipedia.org/wiki/Storm_(väder)", "https://sv.wikipedia.org/wiki/Storm_(väder)"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(address), "{text}");
            assert!(Link::is_safe(address), "{address}");
        }
    }

    #[test]
    fn what_a_browser_would_run_or_open_elsewhere_is_refused() {
        for text in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            " \u{1}javascript:alert(1)",
            "javascript://x.se/%0aalert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://x.se/1",
            "tel:112",
            "about:blank",
            "view-source:https://x.se",
        ] {
            assert_eq!(parsed(text), Err(LinkError::Scheme), "{text:?}");
            assert!(!Link::is_safe(text), "{text:?}");
            assert_eq!(Link::bare(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_no_address() {
        for text in [
            "hej",
            "två ord",
            "https://",
            "https:x.se",
            "http:///a",
            "1.30",
            "@",
            "a@b",
            "mailto:",
            "https://x .se",
            "https:\\\\x.se",
            "https://bank.se@ond.se/",
            "https://x.se/\"onclick=",
            "/api",
            "#a",
            "?a",
        ] {
            assert_eq!(parsed(text), Err(LinkError::Invalid), "{text:?}");
        }
        assert_eq!(parsed("  "), Err(LinkError::Empty));
        assert_eq!(parsed(&format!("https://x.se/{}", "a".repeat(2000))), Err(LinkError::TooLong));
    }

    #[test]
    fn a_relative_address_is_not_safe_as_a_value() {
        assert!(!Link::is_safe("www.x.se"));
        assert!(!Link::is_safe("/m/abc"));
    }

    #[test]
    fn only_what_says_that_it_is_an_address_is_one_when_pasted() {
        for text in ["https://x.se", "www.x.se/a", "a@b.se", " HTTPS://x.se\n"] {
            assert!(Link::bare(text).is_some(), "{text}");
        }
        for text in ["x.se", "1.30", "plan.docx", "se https://x.se", "Ring @anna", "åäö åäö"] {
            assert_eq!(Link::bare(text), None, "{text}");
        }
    }
}
