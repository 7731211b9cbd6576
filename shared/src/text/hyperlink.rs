//! Addresses that a text may lead to: the web and mail, and nothing that a browser would run. The one
//! place that decides it, at every way in and at every way out: what people write, what they paste, what others'
//! documents hold, what the page shows and follows, what is copied and exported. What is refused is text: its
//! words stay.
//!
//! Two decisions beyond the schemes. A host may be of any script, since domains are; but one label does not mix
//! Latin with letters that look like it, and none has forms that stand for other characters. A host that is all
//! of another script, and one in punycode, leads where the browser says that it leads: a link's words may say
//! anything anyway. Percent signs are read by nobody before the address is used, so they are refused only where
//! none belongs: in a host and in a mail address.
//!
//! Invariant: One rule says where a text may lead, at every way out: page, click, copy, JSON, Markdown; what it
//! refuses is its words (`what_is_no_allowed_address_is_its_words_at_every_way_out`,
//! `one_rule_says_what_is_an_address`).

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::domain::{limits, schema};
use crate::text::character::{is_invisible, is_mark};
use crate::text::delta::{Attributes, utf16_len};

/// An address that may be followed: `http:`, `https:` or `mailto:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hyperlink(String);

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

impl Hyperlink {
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
        let odd = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c) || "\\\"<>`".contains(c);
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

    /// Reads the value of an attribute `link`, which any client may have written: an address as it stands, with
    /// its scheme and nothing around it.
    #[must_use]
    pub fn of_value(value: &str) -> Option<Self> {
        scheme(value).filter(|_| value.trim() == value).and_then(|_| Self::parse(value).ok())
    }

    /// Reads where a text with these attributes leads, if it leads anywhere.
    #[must_use]
    pub fn of(attributes: &Attributes) -> Option<Self> {
        Self::of_value(attributes.get(schema::LINK)?.as_str()?)
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
    let dropped = |c: &char| c.is_control() || c.is_whitespace() || is_invisible(*c);
    let kept: String = text.chars().filter(|c| !dropped(c)).collect();
    matches!(scheme(&kept), Some(("", _)))
}

fn authority(text: &str) -> &str {
    text.split(['/', '?', '#']).next().unwrap_or_default()
}

/// `host.se`, perhaps with a port: at least two labels, the last one of letters.
fn has_domain(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let Some((_, last)) = host.trim_end_matches('.').rsplit_once('.') else { return false };
    let ends = last.chars().nth(1).is_some() && !last.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    ends && is_authority(authority)
}

/// Whether this is a host that a browser takes, perhaps with a port, and nobody before it: a person would only
/// hide where it leads.
fn is_authority(authority: &str) -> bool {
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let is_port_or_none = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().is_ok() && is_port_or_none;
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    // The root's own label may be written.
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    is_port(port)
        && host.split('.').all(is_label)
        // A browser takes what ends in a number for four of them, in any of their spellings.
        && (!is_number(last) || host.parse::<Ipv4Addr>().is_ok())
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

fn is_number(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    match lower.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|c| c.is_ascii_hexdigit()),
        None => lower.bytes().all(|c| c.is_ascii_digit()),
    }
}

/// One name of a host: letters of every script but not of several that look alike, digits, dashes.
fn is_label(label: &str) -> bool {
    let takes = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || c == '-' || c == '_'
        } else {
            (c.is_alphanumeric() || is_mark(c)) && !stands_for_another(c)
        }
    };
    let has = |of: fn(char) -> bool| label.chars().any(of);
    let begins = label.starts_with(|c: char| c != '_' && !is_mark(c));
    begins && label.chars().all(takes) && !(has(is_latin) && has(looks_latin))
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

/// Scripts with letters that look like Latin ones: Greek, Cyrillic, Armenian, Cherokee, and the phonetic letters.
fn looks_latin(c: char) -> bool {
    matches!(c,
        '\u{250}'..='\u{2AF}' | '\u{370}'..='\u{58F}' | '\u{13A0}'..='\u{13FF}' | '\u{1C80}'..='\u{1C8F}'
        | '\u{1D00}'..='\u{1DBF}' | '\u{1F00}'..='\u{1FFF}' | '\u{2C60}'..='\u{2C7F}' | '\u{2DE0}'..='\u{2DFF}'
        | '\u{A640}'..='\u{A69F}' | '\u{A720}'..='\u{A7FF}' | '\u{AB30}'..='\u{ABBF}')
}

/// Forms that a browser reads as other characters, a slash and a dot among them.
fn stands_for_another(c: char) -> bool {
    matches!(c,
        '\u{AA}' | '\u{B2}'..='\u{BE}' | '\u{2000}'..='\u{2BFF}' | '\u{3000}'..='\u{3004}' | '\u{3200}'..='\u{33FF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FB00}'..='\u{FDFF}' | '\u{FE20}'..='\u{FFFF}' | '\u{1D400}'..='\u{1D7FF}'
        | '\u{1F100}'..='\u{1F2FF}' | '\u{2F800}'..='\u{2FA1F}')
}

/// A host may be a name of the own network.
fn web(scheme: &str, rest: Option<&str>) -> Result<Hyperlink, LinkError> {
    let rest = rest.filter(|rest| is_authority(authority(rest))).ok_or(LinkError::Invalid)?;
    Ok(Hyperlink(format!("{scheme}://{rest}")))
}

/// What a mail may be begun with; other fields have attached files.
const MAIL_FIELDS: [&str; 4] = ["subject", "body", "cc", "bcc"];

fn mail(rest: &str) -> Result<Hyperlink, LinkError> {
    let (address, fields) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, domain) = address.split_once('@').ok_or(LinkError::Invalid)?;
    let is_known = |field: &str| {
        let field = field.split('=').next().unwrap_or_default();
        MAIL_FIELDS.iter().any(|known| field.eq_ignore_ascii_case(known))
    };
    let fields = fields.split('#').next().unwrap_or_default();
    let leads = !name.is_empty()
        && !name.contains([':', '/', '%', '#'])
        && !domain.contains(':')
        && has_domain(domain)
        && fields.split('&').all(|field| field.is_empty() || is_known(field));
    if leads { Ok(Hyperlink(format!("mailto:{rest}"))) } else { Err(LinkError::Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, LinkError> {
        Hyperlink::parse(text).map(|link| link.as_str().to_owned())
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
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
            ("https://räksmörgås.se./a%20b", "https://räksmörgås.se./a%20b"),
            ("https://xn--rksmrgs-5wao1o.se", "https://xn--rksmrgs-5wao1o.se"),
            ("https://министерство.рф/", "https://министерство.рф/"),
            ("http://min_server/x?q='()*[]{}|^~", "http://min_server/x?q='()*[]{}|^~"),
            ("mailto:a+b@x.se?Subject=a%0Ab&cc=c@d.se", "mailto:a+b@x.se?Subject=a%0Ab&cc=c@d.se"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(address), "{text}");
            assert_eq!(Hyperlink::of_value(address).as_ref().map(Hyperlink::as_str), Some(address));
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
            assert_eq!(Hyperlink::of_value(text), None, "{text:?}");
            assert_eq!(Hyperlink::bare(text), None, "{text:?}");
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
            "https://a@evil.example/",
            "https://a:b@evil.example/",
            "https://bank.se%40ond.se/",
            "https:/x.se",
            "http://a\"><script>",
            "http://[",
            "http://[x]/",
            "http://[::1]x",
            "http://a:99999/",
            "http://a:b/",
            "http://a:1:2/",
            "http://a^b/",
            "http://a|b/",
            "http://a%41/",
            "http://a..b/",
            "http://1.2.3.4.5/",
            "http://1.2.3.999/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://a,b/",
            "http://a;b/",
            "http://(a)/",
            // A Cyrillic а among Latin letters; forms that are read as others; what is not seen.
            "https://b\u{430}nk.se/",
            "https://\u{FF42}ank.se/",
            "https://x.se\u{2044}ond.se/",
            "https://x.se\u{FF0F}ond.se/",
            "https://x\u{3002}se/",
            "https://x\u{200B}.se/",
            "https://x.se/\u{202E}txt.exe",
            "https://x.se/a\u{AD}b",
            "mailto:a@b.se?attach=/etc/passwd",
            "mailto:a%0A@b.se",
            "mailto:a@b.se,c@d.se",
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
    fn a_value_is_an_address_as_it_stands() {
        for value in [" https://x.se", "https://x.se ", "https://x.se\n", "\thttps://x.se", "", "x@y.se"] {
            assert_eq!(Hyperlink::of_value(value), None, "{value:?}");
        }
        let of =
            |value: serde_json::Value| Hyperlink::of(&serde_json::from_value(value).expect("attributes"));
        assert!(of(serde_json::json!({"link": "HTTPS://x.se"})).is_some());
        for value in
            [serde_json::json!({}), serde_json::json!({"link": 5}), serde_json::json!({"link": true})]
        {
            assert_eq!(of(value), None);
        }
    }

    #[test]
    fn a_relative_address_is_not_safe_as_a_value() {
        assert_eq!(Hyperlink::of_value("www.x.se"), None);
        assert_eq!(Hyperlink::of_value("/m/abc"), None);
    }

    #[test]
    fn only_what_says_that_it_is_an_address_is_one_when_pasted() {
        for text in ["https://x.se", "www.x.se/a", "a@b.se", " HTTPS://x.se\n"] {
            assert!(Hyperlink::bare(text).is_some(), "{text}");
        }
        for text in ["x.se", "1.30", "plan.docx", "se https://x.se", "Ring @anna", "åäö åäö"] {
            assert_eq!(Hyperlink::bare(text), None, "{text}");
        }
    }
}
