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

use std::fmt;
use std::time::Duration;

use rand::RngCore;
use samsyn_shared::domain::limits;
use samsyn_shared::{MalbildId, Role, Token, TokenHash};
use serde::{Deserialize, Serialize};

use super::token;
use crate::store::{Storage, StoreError, Table, Time, Write};

/// The cookie's name where the public address is not `https`.
pub const COOKIE: &str = "samsyn_session";
/// The cookie's name where it is: with this prefix browsers take it from no other host, and never without TLS.
pub const HOST_COOKIE: &str = "__Host-samsyn_session";
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
    pub(super) fn hash(&self) -> String {
        token::key(&self.0.hash())
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

/// What a grant's record says beside its key; nothing for one whose key has no history.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// The key that came before, by its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// Since the key has ended: until when a trade may show it, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    /// The keys that came after it, by their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    next: Vec<String>,
}

impl Note {
    fn write(&self, key: String) -> Write {
        let value = serde_json::to_vec(self).expect("plain strings and numbers become JSON");
        Write::Put { table: Table::Session, key, value: value.into() }
    }
}

/// All that is stored of one key: what its grants open (målbild and token, as in a record's key), and its history.
#[derive(Debug, Default)]
pub(super) struct Stored {
    hash: String,
    grants: Vec<String>,
    note: Note,
}

impl Stored {
    /// Of the key with this hash.
    pub(super) fn of(storage: &Storage, hash: &str) -> Result<Self, StoreError> {
        let start = format!("{hash}/");
        let mut stored = Self { hash: hash.to_owned(), ..Self::default() };
        for key in storage.keys(Table::Session, &start)? {
            if let Some(note) = note(storage, &key)? {
                // All of a key's records say the same.
                stored.note = note;
                stored.grants.push(key[start.len()..].to_owned());
            }
        }
        Ok(stored)
    }

    /// Whether it opens anything.
    pub(super) fn lives(&self) -> bool {
        !self.grants.is_empty() && self.note.until.is_none()
    }

    /// Whether it has ended, and a trade may show it still.
    pub(super) fn is_handed_over(&self, now: Time) -> bool {
        self.note.until.is_some_and(|until| now.0 < until)
    }

    /// The writes by which a living key hands over to a new one.
    pub(super) fn hand_over(&self, storage: &Storage, to: &str, now: Time) -> Result<Vec<Write>, StoreError> {
        let until = now.0 + milliseconds(limits::SESSION_UNSEEN);
        let ended = Note { until: Some(until), next: vec![to.to_owned()], after: self.note.after.clone() };
        let begun = Note { after: Some(self.hash.clone()), ..Note::default() };
        let mut writes = Vec::new();
        for grant in &self.grants {
            writes.push(ended.write(format!("{}/{grant}", self.hash)));
            writes.push(begun.write(format!("{to}/{grant}")));
        }
        // What came before it has long been seen to have ended.
        if let Some(before) = &self.note.after {
            let keys = storage.keys(Table::Session, &format!("{before}/"))?.into_iter();
            writes.extend(keys.map(|key| Write::Delete { table: Table::Session, key }));
        }
        Ok(writes)
    }

    /// The writes by which one more new key shares with those that this one was handed over to, `added` included.
    pub(super) fn share(&self, storage: &Storage, to: &str, added: &str) -> Result<Vec<Write>, StoreError> {
        let mut ended = self.note.clone();
        ended.next.push(to.to_owned());
        let begun = Note { after: Some(self.hash.clone()), ..Note::default() };
        let mut writes: Vec<_> =
            self.grants.iter().map(|grant| ended.write(format!("{}/{grant}", self.hash))).collect();
        let mut shared = self.grants.clone();
        for next in &self.note.next {
            let next = Self::of(storage, next)?;
            if next.lives() {
                writes.push(next.note.write(format!("{}/{added}", next.hash)));
                shared.extend(next.grants);
            }
        }
        writes.extend(shared.iter().map(|grant| begun.write(format!("{to}/{grant}"))));
        Ok(writes)
    }

    /// The writes once a key that came after this one was seen: it is not shown for much longer.
    pub(super) fn is_seen(&self, now: Time) -> Vec<Write> {
        let soon = now.0 + milliseconds(limits::SESSION_HANDOVER);
        if self.note.until.is_none_or(|until| until <= soon) {
            return Vec::new();
        }
        let ended = Note { until: Some(soon), ..self.note.clone() };
        self.grants.iter().map(|grant| ended.write(format!("{}/{grant}", self.hash))).collect()
    }
}

/// What a new grant is called in a key's records.
pub(super) fn named(malbild: MalbildId, token: &TokenHash) -> String {
    format!("{malbild}/{}", token::key(token))
}

/// A new key's grant, after another key.
pub(super) fn begun(hash: &str, grant: &str, after: Option<&str>) -> Write {
    let key = format!("{hash}/{grant}");
    match after {
        Some(after) => Note { after: Some(after.to_owned()), ..Note::default() }.write(key),
        None => Write::Put { table: Table::Session, key, value: bytes::Bytes::new() },
    }
}

/// What a record says beside its key; `None` if there is none any more.
fn note(storage: &Storage, key: &str) -> Result<Option<Note>, StoreError> {
    let Some(bytes) = storage.get(Table::Session, key)? else { return Ok(None) };
    if bytes.is_empty() {
        return Ok(Some(Note::default()));
    }
    let what = "not a session's record";
    let note = serde_json::from_slice(&bytes)
        .map_err(|_| StoreError::CorruptRecord { table: Table::Session, what })?;
    Ok(Some(note))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
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
    Ok(seen(storage, malbild, session)?.0)
}

/// As [`role_of`], and the hash of the key that came before this one.
pub(super) fn seen(
    storage: &Storage,
    malbild: MalbildId,
    session: &SessionKey,
) -> Result<(Option<Role>, Option<String>), StoreError> {
    let prefix = prefix(session, malbild);
    let (mut highest, mut after) = (None, None);
    for key in storage.keys(Table::Session, &prefix)? {
        let Some(note) = note(storage, &key)?.filter(|note| note.until.is_none()) else { continue };
        highest = highest.max(token::role_of_key(storage, malbild, &key[prefix.len()..])?);
        after = note.after.or(after);
    }
    Ok((highest, after))
}

/// The writes that take a målbild from a session.
pub(super) fn leaving(
    storage: &Storage,
    malbild: MalbildId,
    session: &SessionKey,
) -> Result<Vec<Write>, StoreError> {
    let mut keys = storage.keys(Table::Session, &prefix(session, malbild))?;
    if let (_, Some(before)) = seen(storage, malbild, session)? {
        // A trade that still shows the key before this one must not bring it back.
        keys.extend(storage.keys(Table::Session, &format!("{before}/{malbild}/"))?);
    }
    Ok(keys.into_iter().map(|key| Write::Delete { table: Table::Session, key }).collect())
}

/// The målbild that a stored grant is for, by its key.
#[must_use]
pub fn malbild_of(grant: &str) -> Option<MalbildId> {
    grant.split('/').nth(1)?.parse().ok()
}

fn prefix(session: &SessionKey, malbild: MalbildId) -> String {
    format!("{}/{malbild}/", session.hash())
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
