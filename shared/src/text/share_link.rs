//! Links to målbilder as they arrive: with a full stop behind them, between angle brackets, broken over lines, with
//! their `#` encoded, or rewritten by a mail filter that has what it guards in a query. What is a målbild's identifier
//! and a token is found in them by its form.
//!
//! Invariant: A link opens however it was sent (`a_link_is_found_however_it_was_sent`), and no person is answered in
//! JSON (`a_link_opens_however_it_was_sent_and_what_is_none_is_told_by_the_page`).

use std::fmt;

use crate::text::character::is_invisible;
use crate::{MalbildId, Token};

/// Characters of an identifier and of a token, in base64url.
const ID: usize = 16;
const TOKEN: usize = 27;

/// How often a link may have been encoded: once by each filter that it came through.
const ENCODED: usize = 3;

/// A link to a målbild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareLink {
    /// The målbild.
    pub id: MalbildId,
    /// What opens it; none where the link has none, or not all of one.
    pub token: Option<String>,
}

impl fmt::Display for ShareLink {
    /// As people pass it on, behind a server's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/m/{}", self.id)?;
        self.token.as_ref().map_or(Ok(()), |token| write!(f, "#{token}"))
    }
}

impl ShareLink {
    /// The link in a text, if there is one; of several the first that has a token, else the first. Whose server it leads to
    /// is not looked at: a token opens nothing on another.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::find_where(text, &|_| true)
    }

    /// As [`ShareLink::find`], of the links to this målbild alone.
    #[must_use]
    pub fn find_to(text: &str, id: MalbildId) -> Option<Self> {
        Self::find_where(text, &|link| link.id == id)
    }

    fn find_where(text: &str, is_wanted: &dyn Fn(&Self) -> bool) -> Option<Self> {
        let found = Self::search(text, is_wanted);
        if found.as_ref().is_some_and(|link| link.token.is_some()) {
            return found;
        }
        // As mail is written down (RFC 2045, 6.7), or HTML.
        let read = ["=\r\n", "=\n"].iter().fold(text.to_owned(), |text, end| text.replace(end, ""));
        let read = ["=23", "&#35;", "＃"].iter().fold(read, |text, sign| text.replace(sign, "#"));
        Self::search(&read, is_wanted).or(found)
    }

    fn search(text: &str, is_wanted: &dyn Fn(&Self) -> bool) -> Option<Self> {
        let mut text: String = text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect();
        let mut found = None;
        for _ in 0..=ENCODED {
            for link in Self::in_plain(&text).filter(|link| is_wanted(link)) {
                if link.token.is_some() {
                    return Some(link);
                }
                found = found.or(Some(link));
            }
            // What one filter guards may be what another has guarded before.
            match of_proofpoint(&text).or_else(|| decoded(&text)) {
                Some(inner) => text = inner,
                None => break,
            }
        }
        found
    }

    fn in_plain(text: &str) -> impl Iterator<Item = Self> {
        // What stands behind the next link is not this one's.
        text.split("/m/").skip(1).filter_map(|rest| {
            let id = rest.get(..ID)?.parse().ok()?;
            // Proofpoint's third version writes `*` for it.
            let token = rest[ID..].split_once(['#', '*']).and_then(|(_, token)| token.get(..TOKEN));
            let token = token.filter(|token| token.parse::<Token>().is_ok()).map(str::to_owned);
            Some(Self { id, token })
        })
    }
}

/// A text with its `%23` and the like as what they stand for, if there are any.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut any = false;
    while let [first, tail @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte"));
                (rest, any) = (after, true);
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    any.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// What Proofpoint's second version guards, which writes `-23` for `%23` and `_` for `/`.
fn of_proofpoint(text: &str) -> Option<String> {
    let (_, guarded) = text.split_once("/v2/url?u=")?;
    let guarded = guarded.split('&').next().unwrap_or(guarded);
    let guarded = guarded.replace('-', "%").replace('_', "/");
    Some(decoded(&guarded).unwrap_or(guarded))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "https://malbild.example/m/oQNVin5b0JOu9nqL#0k3XlIxQ6m6A7Qr1TmIcsb6BJ_A";

    fn found(text: &str) -> (String, Option<String>) {
        let link = ShareLink::find(text).unwrap_or_else(|| panic!("no link in {text}"));
        (link.id.to_string(), link.token)
    }

    #[test]
    fn a_link_is_found_however_it_was_sent() {
        let whole = ("oQNVin5b0JOu9nqL".to_owned(), Some("0k3XlIxQ6m6A7Qr1TmIcsb6BJ_A".to_owned()));
        let (start, end) = PLAIN.split_at(50);
        for sent in [
            PLAIN.to_owned(),
            format!(" <{PLAIN}>. "),
            format!("Här är länken ({PLAIN}), skriv!"),
            format!("{PLAIN}\u{A0}"),
            format!("{start}\r\n {end}"),
            PLAIN.replace('#', "%23"),
            PLAIN.replace('#', "%2523"),
            PLAIN.replace('#', "/#"),
            PLAIN.replace('#', "?namn=Anna#"),
            format!("[målbild]({PLAIN})"),
            format!("https://eur01.safelinks.protection.outlook.com/?url={}&data=05%7C01", encoded(PLAIN)),
            format!(
                "https://eur01.safelinks.protection.outlook.com/?url={}&data=05",
                encoded(&encoded(PLAIN))
            ),
            format!("https://urldefense.com/v3/__{}__;Iw!!abc", PLAIN.replace('#', "*")),
            PLAIN.replace('#', "=23"),
            PLAIN.replace('#', "?rum=23#"),
            PLAIN.replace('#', "＃"),
            format!("{start}\u{AD}\u{200B}{end}"),
            format!("{start}=\r\n{end}"),
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__malbild.example_m_oQNVin5b0JOu9nqL\
             -230k3XlIxQ6m6A7Qr1TmIcsb6BJ-5FA&d=Dw"
                .to_owned(),
        ] {
            assert_eq!(found(&sent), whole, "{sent}");
        }
    }

    #[test]
    fn what_several_filters_guard_is_found_in_whatever_order_they_came() {
        let whole = ("oQNVin5b0JOu9nqL".to_owned(), Some("0k3XlIxQ6m6A7Qr1TmIcsb6BJ_A".to_owned()));
        let safe = |link: &str| {
            format!("https://eur01.safelinks.protection.outlook.com/?url={}&data=05", encoded(link))
        };
        let proof = |link: &str| {
            let guarded = encoded(link).replace('%', "-").replace("-2F", "_");
            format!("https://urldefense.proofpoint.com/v2/url?u={guarded}&d=Dw")
        };
        for sent in [safe(&proof(PLAIN)), proof(&safe(PLAIN)), safe(&safe(PLAIN)), proof(&proof(PLAIN))] {
            assert_eq!(found(&sent), whole, "{sent}");
        }
    }

    #[test]
    fn of_two_links_in_a_text_none_gets_the_others_token() {
        let other = "https://malbild.example/m/AAAAAAAAAAAAAAAA";
        let (id, token) = ("oQNVin5b0JOu9nqL", "0k3XlIxQ6m6A7Qr1TmIcsb6BJ_A");
        let both = format!("Läs {other} och skriv i {PLAIN}.");
        assert_eq!(found(&both), (id.to_owned(), Some(token.to_owned())));
        let of = |id: &str| ShareLink::find_to(&both, id.parse().unwrap()).map(|link| link.token);
        assert_eq!(of("AAAAAAAAAAAAAAAA"), Some(None));
        assert_eq!(of(id), Some(Some(token.to_owned())));
        assert_eq!(of("BBBBBBBBBBBBBBBB"), None);
        assert_eq!(found(&format!("{other}{}", &PLAIN[..45])).0, "AAAAAAAAAAAAAAAA");
    }

    #[test]
    fn what_is_cut_short_has_no_token_and_what_is_no_link_is_none() {
        let id = "oQNVin5b0JOu9nqL".to_owned();
        assert_eq!(found(&PLAIN[..60]), (id.clone(), None));
        assert_eq!(found(PLAIN.split('#').next().expect("a part")), (id, None));
        for other in
            ["", "/m/", "/m/kort", "https://malbild.example/", "/m/åäöåäöåäöåäöåäöå", "%", "/v2/url?u=%"]
        {
            assert_eq!(ShareLink::find(other), None, "{other}");
        }
    }

    fn encoded(text: &str) -> String {
        let encoded = |c: char| match c {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => format!("%{:02X}", u32::from(c)),
        };
        text.chars().map(encoded).collect()
    }
}
