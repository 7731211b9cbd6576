//! Sessions: what a browser keeps in place of tokens. A session is a random key in a cookie; what it may
//! open is stored as one record a grant, under the key's hash. A grant names the token it came from, and counts
//! only while that token does.
//!
//! Each trade makes a new key, which gets the old one's grants, so that a key that somebody else planted or saw is worth
//! nothing afterwards. The old key opens nothing from then on. Its records stay for a while, as *ended*: another trade may
//! still show it, from a tab that traded at the same time, or because the answer with the new key was lost. Such a
//! trade shares with the keys that came after the old one, so whichever the browser ends up with opens everything.
//!
//! It doesn't know requests beyond the text of a cookie.
//!
//! Invariant: A session's key is the server's own and new at each trade, and no trade loses what the old one opened
//! (`a_key_that_was_made_up_is_not_taken_over`,
//! `tabs_that_trade_at_once_all_open_everything_whichever_key_the_browser_keeps`,
//! `a_lost_answer_loses_no_malbild_and_a_new_key_that_was_seen_ends_the_old_one_for_good`).

use std::fmt;
use std::time::Duration;

use rand::RngCore;
use samsyn_shared::domain::limits;
use samsyn_shared::{MalbildId, Role, Token, TokenHash};

use super::grant::{Grant, GrantKey, Uses};
use super::token;
use crate::store::{ReadStore, StoreError, Time, Write};

/// The cookie's name where the public address is not `https`.
pub const COOKIE: &str = "samsyn_session";
/// The cookie's name where it is: with this prefix browsers take it from no other host, and never without TLS.
pub const HOST_COOKIE: &str = "__Host-samsyn_session";
/// How long a browser keeps it: a year, so that a yearly exercise opens without asking again.
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The secret in the cookie: as random, as hidden in logs and as hashed as a token.
#[derive(Debug, Clone)]
pub struct SessionKey(Token);

impl SessionKey {
    /// A fresh one.
    pub fn generate(rng: &mut impl RngCore) -> Self {
        Self(Token::generate(rng))
    }

    /// Finds it in a `Cookie` header's value, by one of the two names.
    #[must_use]
    pub fn from_cookies(header: &str, name: &str) -> Option<Self> {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(other, _)| *other == name);
        ours.find_map(|(_, value)| value.parse().ok()).map(Self)
    }

    /// The value of a `Set-Cookie` header that keeps it in the browser.
    #[must_use]
    pub fn to_cookie(&self, secure: bool) -> String {
        let (name, secure) = if secure { (HOST_COOKIE, "; Secure") } else { (COOKIE, "") };
        let age = MAX_AGE.as_secs();
        format!("{name}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}", self.0.reveal())
    }

    /// What stands in the store in its place.
    pub(crate) fn hash(&self) -> TokenHash {
        self.0.hash()
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

/// All that is stored of one session key: what its grants let it use, and its history.
#[derive(Debug)]
pub(super) struct Session {
    hash: TokenHash,
    uses: Vec<Uses>,
    /// All of a key's grants say the same.
    history: Grant,
}

impl Session {
    /// Of the key with this hash.
    pub(super) fn read(store: &dyn ReadStore, hash: TokenHash) -> Result<Self, StoreError> {
        let mut session = Self { hash, uses: Vec::new(), history: Grant::default() };
        for key in store.keys_of::<Grant>(&GrantKey::of_session(&hash))? {
            if let Some(grant) = store.find(&key)? {
                session.history = grant;
                session.uses.push(key.uses);
            }
        }
        Ok(session)
    }

    /// The hash of its key.
    pub(super) fn hash(&self) -> TokenHash {
        self.hash
    }

    /// Whether it opens anything.
    pub(super) fn lives(&self) -> bool {
        !self.uses.is_empty() && self.history.until.is_none()
    }

    /// Whether it has ended, and a trade may show it still.
    pub(super) fn is_handed_over(&self, now: Time) -> bool {
        self.history.until.is_some_and(|until| now.0 < until)
    }

    /// The writes by which a living key hands over to a new one.
    pub(super) fn hand_over(
        &self,
        store: &dyn ReadStore,
        to: TokenHash,
        now: Time,
    ) -> Result<Vec<Write>, StoreError> {
        let until = now.0 + milliseconds(limits::SESSION_UNSEEN);
        let ended = Grant { until: Some(until), next: vec![to], after: self.history.after };
        let mut writes = Vec::new();
        for uses in &self.uses {
            writes.push(grant(self.hash, *uses, &ended));
            writes.push(begun(to, *uses, Some(self.hash)));
        }
        // What came before it has long been seen to have ended.
        if let Some(before) = &self.history.after {
            let keys = store.keys_of::<Grant>(&GrantKey::of_session(before))?;
            writes.extend(keys.iter().map(Write::delete::<Grant>));
        }
        Ok(writes)
    }

    /// The writes by which one more new key shares with those that this one was handed over to, `added` included.
    pub(super) fn share(
        &self,
        store: &dyn ReadStore,
        to: TokenHash,
        added: Uses,
    ) -> Result<Vec<Write>, StoreError> {
        let mut ended = self.history.clone();
        ended.next.push(to);
        let mut writes: Vec<_> = self.uses.iter().map(|uses| grant(self.hash, *uses, &ended)).collect();
        let mut shared = self.uses.clone();
        for next in &self.history.next {
            let next = Self::read(store, *next)?;
            if next.lives() {
                writes.push(grant(next.hash, added, &next.history));
                shared.extend(next.uses);
            }
        }
        writes.extend(shared.into_iter().map(|uses| begun(to, uses, Some(self.hash))));
        Ok(writes)
    }

    /// The writes once a key that came after this one was seen: it is not shown for much longer.
    pub(super) fn is_seen(&self, now: Time) -> Vec<Write> {
        let soon = now.0 + milliseconds(limits::SESSION_HANDOVER);
        if self.history.until.is_none_or(|until| until <= soon) {
            return Vec::new();
        }
        let ended = Grant { until: Some(soon), ..self.history.clone() };
        self.uses.iter().map(|uses| grant(self.hash, *uses, &ended)).collect()
    }
}

/// The write that lets a new session key use a token; `after` is the key that it comes after.
pub(super) fn begun(session: TokenHash, uses: Uses, after: Option<TokenHash>) -> Write {
    grant(session, uses, &Grant { after, ..Grant::default() })
}

fn grant(session: TokenHash, uses: Uses, grant: &Grant) -> Write {
    Write::put(&GrantKey { session, uses }, grant)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The highest role that a session has in this målbild, and the hash of the key that came before its own.
///
/// # Errors
/// If the store can't be read.
pub(super) fn role_of(
    store: &dyn ReadStore,
    malbild: MalbildId,
    session: TokenHash,
) -> Result<(Option<Role>, Option<TokenHash>), StoreError> {
    let (mut highest, mut after) = (None, None);
    for key in store.keys_of::<Grant>(&GrantKey::of_malbild(&session, malbild))? {
        let Some(grant) = store.find(&key)?.filter(|grant: &Grant| grant.until.is_none()) else { continue };
        highest = highest.max(token::role_of(store, malbild, &key.uses.token)?);
        after = grant.after.or(after);
    }
    Ok((highest, after))
}

/// The writes that take a målbild from a session.
pub(super) fn leaving(
    store: &dyn ReadStore,
    malbild: MalbildId,
    session: TokenHash,
) -> Result<Vec<Write>, StoreError> {
    let keys_in = |session| store.keys_of::<Grant>(&GrantKey::of_malbild(session, malbild));
    let mut keys = keys_in(&session)?;
    if let (_, Some(before)) = role_of(store, malbild, session)? {
        // A trade that still shows the key before this one must not bring it back.
        keys.extend(keys_in(&before)?);
    }
    Ok(keys.iter().map(Write::delete::<Grant>).collect())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let key = SessionKey::generate(&mut SmallRng::seed_from_u64(1));
        let found = |header: &str| SessionKey::from_cookies(header, COOKIE).map(|key| key.reveal());
        assert_eq!(found(&format!("a=b; {COOKIE}={}; c", key.reveal())), Some(key.reveal()));
        assert_eq!(found(&format!("{COOKIE}={}", key.reveal())), Some(key.reveal()));
        assert_eq!(found("a=b"), None);
        assert_eq!(found(&format!("{COOKIE}=nonsense")), None);
        assert_eq!(found(&format!("x{COOKIE}={}", key.reveal())), None);
        assert_eq!(found(&format!("{HOST_COOKIE}={}", key.reveal())), None);
    }

    #[test]
    fn the_cookie_is_for_this_site_and_not_for_scripts() {
        let key = SessionKey::generate(&mut SmallRng::seed_from_u64(1));
        let cookie = key.to_cookie(true);
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=31536000", "Secure"] {
            assert!(cookie.split("; ").any(|p| p == part), "{part} in {cookie}");
        }
        assert!(cookie.starts_with("__Host-samsyn_session=") && !cookie.contains("Domain"), "{cookie}");
        assert!(!key.to_cookie(false).contains("Secure") && key.to_cookie(false).starts_with(COOKIE));
        assert!(!format!("{key:?} {key}").contains(&key.reveal()));
    }
}
