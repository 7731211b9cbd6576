//! One entry of a journal: a head that names nobody, and a body that is given, withheld and erased together with its salt.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Speaker;
use super::canonical::canonical;
use super::hash::{Hash, Salt};
use crate::{ActId, ActorId, EntryNumber, SeatId, Timestamp};

/// An act that was accepted. Its JSON is what is stored, sent and exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1 on.
    pub number: EntryNumber,
    /// When it was accepted.
    pub at: Timestamp,
    /// The kind of act.
    pub act: String,
    /// The hash of the head before; nothing but zeros before the first.
    pub previous: Hash,
    /// SHA-256 of the salt and the body's canonical JSON (RFC 8785).
    pub body_hash: Hash,
    /// SHA-256 of the canonical JSON of the five fields above.
    pub hash: Hash,
    /// Null where the body is.
    pub salt: Option<Salt>,
    /// Null for whoever may not see it, and when it was erased.
    pub body: Option<Body>,
    /// Of an erased one as it is stored: the hash of its act's identifier, so that it is known when it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_act: Option<Hash>,
}

/// Everything that an entry says beside its head: the act's own fields, and who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body(Map<String, Value>);

/// The fields of a body that are not the act's.
const SIGNED: [&str; 4] = ["id", "seat", "actor", "name"];

/// Who asked for the act of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) id: Option<ActId>,
    pub(super) seat: Option<SeatId>,
}

/// The head as it is hashed.
#[derive(Serialize)]
struct Head<'a> {
    number: EntryNumber,
    at: Timestamp,
    act: &'a str,
    previous: Hash,
    body_hash: Hash,
}

impl Entry {
    /// An entry of this number and time after the one with the hash `previous`.
    pub(super) fn seal(
        (number, at, previous): (EntryNumber, Timestamp, Hash),
        act: &str,
        body: Body,
        salt: Salt,
    ) -> Self {
        let body_hash = body.hash(&salt);
        let (act, hash) = (act.to_owned(), Hash::default());
        let (salt, body) = (Some(salt), Some(body));
        let mut entry = Self { number, at, act, previous, body_hash, hash, salt, body, erased_act: None };
        entry.hash = entry.head_hash();
        entry
    }

    /// The entry as it is stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers become JSON")
    }

    /// The entry that was stored so.
    ///
    /// # Errors
    /// If it is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The entry without what only some may see.
    #[must_use]
    pub fn without_body(&self) -> Self {
        let Self { number, at, ref act, previous, body_hash, hash, .. } = *self;
        Self {
            number,
            at,
            act: act.clone(),
            previous,
            body_hash,
            hash,
            salt: None,
            body: None,
            erased_act: None,
        }
    }

    /// The entry as it is stored once its body is erased.
    #[must_use]
    pub fn erased(&self) -> Self {
        let id = self.body.as_ref().and_then(|body| body.signature().id);
        Self { erased_act: id.map(|id| Hash::of_act(&id)).or(self.erased_act), ..self.without_body() }
    }

    pub(super) fn head_hash(&self) -> Hash {
        let Self { number, at, ref act, previous, body_hash, .. } = *self;
        Hash::of(&[&canonical(&Head { number, at, act, previous, body_hash })])
    }
}

impl Body {
    /// What is said of an act. A field of the act that is called as one of the speaker's stands in its place, and the
    /// speaker's behind `by_`.
    pub(super) fn of(fields: Map<String, Value>, id: ActId, speaker: Option<&Speaker>) -> Self {
        let mut body = fields;
        let said = [
            Some(id.into()),
            speaker.map(|speaker| speaker.seat.to_string()),
            speaker.and_then(|speaker| speaker.actor.as_ref().map(ActorId::to_string)),
            speaker.and_then(|speaker| speaker.name.clone()),
        ];
        for (key, value) in SIGNED.into_iter().zip(said) {
            let key = if body.contains_key(key) { format!("by_{key}") } else { key.to_owned() };
            body.insert(key, value.map_or(Value::Null, Value::String));
        }
        Self(body)
    }

    /// Its fields.
    #[must_use]
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(super) fn signature(&self) -> Signature {
        let text = |key: &str| self.0.get(key).and_then(Value::as_str)?.parse().ok();
        Signature { id: text("id"), seat: text("seat").map(SeatId) }
    }

    /// The act's own fields; the reverse of [`Self::of`].
    pub(super) fn without_signature(&self) -> Map<String, Value> {
        let mut fields = self.0.clone();
        for key in SIGNED {
            if fields.remove(&format!("by_{key}")).is_none() {
                fields.remove(key);
            }
        }
        fields
    }

    pub(super) fn hash(&self, salt: &Salt) -> Hash {
        Hash::of(&[salt.as_bytes(), &canonical(&self.0)])
    }
}
