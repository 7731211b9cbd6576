//! Sessions: what a browser keeps in place of tokens. A session is a random key in a cookie; what it may
//! open is stored as one record a grant, under the key's hash, so that two tabs that trade their tokens at
//! once both succeed. A grant names the token it came from, and counts only while that token does.
//!
//! It doesn't know requests beyond the text of a cookie.

use std::fmt;
use std::time::Duration;

use rand::RngCore;
use samsyn_shared::{MalbildId, Role, Token, TokenHash};

use super::token;
use crate::store::{Storage, StoreError, Table, Write};

/// The cookie's name.
pub const COOKIE: &str = "samsyn_session";
/// How long a browser keeps it: a year, so that a yearly exercise opens without asking again.
pub const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The secret in the cookie: as random, as hidden in logs and as hashed as a token.
#[derive(Debug, Clone)]
pub struct SessionKey(Token);

impl SessionKey {
    /// A fresh one.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        Self(Token::generate(rng))
    }

    /// Finds it in a `Cookie` header's value.
    #[must_use]
    pub fn from_cookies(header: &str) -> Option<Self> {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == COOKIE);
        ours.find_map(|(_, value)| value.parse().ok()).map(Self)
    }

    /// The value of a `Set-Cookie` header that keeps it in the browser.
    #[must_use]
    pub fn to_cookie(&self, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        let age = MAX_AGE.as_secs();
        format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}", self.0.reveal())
    }

    /// The secret itself, as it stands in the cookie.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.reveal()
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// The write that lets a session use a token.
#[must_use]
pub fn grant(session: &SessionKey, malbild: MalbildId, token: &TokenHash) -> Write {
    let key = format!("{}{}", prefix(session, malbild), token::key(token));
    Write::Put { table: Table::Session, key, value: bytes::Bytes::new() }
}

/// The highest role that a session has in this målbild.
///
/// # Errors
/// If the store can't be read.
pub fn role_of(
    storage: &Storage,
    malbild: MalbildId,
    session: &SessionKey,
) -> Result<Option<Role>, StoreError> {
    let prefix = prefix(session, malbild);
    let mut highest = None;
    for key in storage.keys(Table::Session, &prefix)? {
        highest = highest.max(token::role_of_key(storage, malbild, &key[prefix.len()..])?);
    }
    Ok(highest)
}

/// The målbild that a stored grant is for, by its key.
#[must_use]
pub fn malbild_of(grant: &str) -> Option<MalbildId> {
    grant.split('/').nth(1)?.parse().ok()
}

fn prefix(session: &SessionKey, malbild: MalbildId) -> String {
    format!("{}/{malbild}/", token::key(&session.0.hash()))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let key = SessionKey::generate(&mut SmallRng::seed_from_u64(1));
        let found = |header: &str| SessionKey::from_cookies(header).map(|key| key.reveal());
        assert_eq!(found(&format!("a=b; {COOKIE}={}; c", key.reveal())), Some(key.reveal()));
        assert_eq!(found(&format!("{COOKIE}={}", key.reveal())), Some(key.reveal()));
        assert_eq!(found("a=b"), None);
        assert_eq!(found(&format!("{COOKIE}=nonsense")), None);
        assert_eq!(found(&format!("x{COOKIE}={}", key.reveal())), None);
    }

    #[test]
    fn the_cookie_is_for_this_site_and_not_for_scripts() {
        let key = SessionKey::generate(&mut SmallRng::seed_from_u64(1));
        let cookie = key.to_cookie(true);
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=31536000", "Secure"] {
            assert!(cookie.split("; ").any(|p| p == part), "{part} in {cookie}");
        }
        assert!(!key.to_cookie(false).contains("Secure"));
        assert!(!format!("{key:?} {key}").contains(&key.reveal()));
    }
}
