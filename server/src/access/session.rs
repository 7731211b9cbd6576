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
use samsyn_shared::{MalbildId, Token, TokenHash};

use super::bearer::Bearer;
use super::grant::{self, Grant, GrantKey, Uses};
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
        let grants = grant::read(store, &grant::of_session(&hash))?;
        let uses = grants.iter().map(|(key, _)| key.uses).collect();
        let history = grants.into_iter().next_back().map(|(_, grant)| grant).unwrap_or_default();
        Ok(Self { hash, uses, history })
    }

    /// The hash of its key.
    pub(super) fn hash(&self) -> TokenHash {
        self.hash
    }

    /// Whether it opens anything.
    pub(super) fn lives(&self) -> bool {
        !self.uses.is_empty() && self.history.until.is_none()
    }

    /// Whether it has ended, and a trade may show it still: for a while, and not for more keys than a browser's tabs need.
    pub(super) fn is_handed_over(&self, now: Time) -> bool {
        self.history.until.is_some_and(|until| now.0 < until)
            && self.history.next.len() < limits::SESSION_KEYS
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
            writes.push(put(self.hash, *uses, &ended));
            writes.push(begun(to, *uses, Some(self.hash)));
        }
        // What came before it has long been seen to have ended.
        if let Some(before) = &self.history.after {
            writes.extend(grant::removal(store, &grant::of_session(before))?);
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
        let mut writes: Vec<_> = self.uses.iter().map(|uses| put(self.hash, *uses, &ended)).collect();
        let mut shared = self.uses.clone();
        for next in &self.history.next {
            let next = Self::read(store, *next)?;
            if next.lives() {
                writes.push(put(next.hash, added, &next.history));
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
        self.uses.iter().map(|uses| put(self.hash, *uses, &ended)).collect()
    }
}

/// The write that lets a new session key use a token; `after` is the key that it comes after.
pub(super) fn begun(session: TokenHash, uses: Uses, after: Option<TokenHash>) -> Write {
    put(session, uses, &Grant { after, ..Grant::default() })
}

fn put(session: TokenHash, uses: Uses, grant: &Grant) -> Write {
    Write::put(&GrantKey { session, uses }, grant)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Who shows a session in this målbild: of all its seats the one with the highest role; and the hash of the key that came
/// before its own.
///
/// # Errors
/// If the store can't be read.
pub(super) fn bearer_of(
    store: &dyn ReadStore,
    malbild: MalbildId,
    session: TokenHash,
) -> Result<(Option<Bearer>, Option<TokenHash>), StoreError> {
    let (mut highest, mut after): (Option<Bearer>, _) = (None, None);
    let grants = grant::read(store, &grant::of_malbild(&session, malbild))?;
    for (key, grant) in grants.into_iter().filter(|(_, grant)| grant.until.is_none()) {
        let bearer = token::bearer_of(store, malbild, &key.uses.token).or_else(|error| {
            // One token that can't be read must not close what the others open.
            if !error.is_damage() {
                return Err(error);
            }
            tracing::error!(%error, "a token's record counts for nothing");
            Ok(None)
        });
        highest = Bearer::higher(highest, bearer?);
        after = grant.after.or(after);
    }
    Ok((highest, after))
}

/// The writes that take a målbild from a browser, whichever of its keys it shows: from that key, from those that came
/// after it, and from the one before with all that came after that.
pub(super) fn leaving(
    store: &dyn ReadStore,
    malbild: MalbildId,
    session: TokenHash,
    now: Time,
) -> Result<Vec<Write>, StoreError> {
    let shown = Session::read(store, session)?;
    if shown.history.until.is_some_and(|until| now.0 >= until) {
        // It ended long ago, and says nothing of who shows it.
        return Ok(Vec::new());
    }
    // A trade that still shows the key before this one must not bring it back.
    let mut keys: Vec<TokenHash> = shown.history.after.into_iter().chain([session]).collect();
    let mut next = 0;
    while let Some(key) = keys.get(next).copied().filter(|_| keys.len() <= limits::SESSION_KEYS) {
        next += 1;
        let after = Session::read(store, key)?.history.next;
        keys.extend(after.into_iter().filter(|after| !keys.contains(after)).collect::<Vec<_>>());
    }
    let mut writes = Vec::new();
    for key in keys {
        writes.extend(grant::removal(store, &grant::of_malbild(&key, malbild))?);
    }
    Ok(writes)
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
