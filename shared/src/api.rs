//! The JSON of the HTTP API: one struct for each request and each answer. The server writes the answers and reads the
//! requests, the page and the tests do the reverse.
//!
//! Fields stand in the order in which they are sent. An answer is read through [`Value`] and not by a derived reader:
//! each derived one would weigh the page down by a third of a kilobyte.

mod refusal;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::read_model::ReadModel;
use crate::domain::malbild_kind::MalbildKind;
use crate::domain::phase::Phase;
use crate::journal::{Entry, Hash};
use crate::{ActorId, EntryNumber, MalbildId, Role, SeatId, Timestamp};

pub use self::refusal::{ErrorCode, Refusal, RefusalDetail};

/// The request that makes a målbild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateMalbild {
    /// Its title; the template's own where it is empty.
    #[serde(default)]
    pub title: String,
    /// A template's name, or `name@version`.
    pub template: String,
    /// An exercise's, or a real one.
    #[serde(default)]
    pub kind: MalbildKind,
}

/// The answer to [`CreateMalbild`]: the only time that its tokens are shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct CreatedMalbild {
    /// Its identifier.
    pub id: MalbildId,
    /// What opens it, in each role.
    pub tokens: PerRole,
    /// The same as links that can be passed on.
    pub links: PerRole,
}

/// One text for each role, in the alphabet's order.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PerRole {
    /// The commenter's.
    pub commenter: String,
    /// The editor's.
    pub editor: String,
    /// The owner's.
    pub owner: String,
    /// The reader's.
    pub reader: String,
}

/// What a målbild is, as far as the caller's role may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct MalbildInfo {
    /// Its identifier.
    pub id: MalbildId,
    /// The title that it has on the server.
    pub title: String,
    /// Its template, as `name@version`.
    pub template: String,
    /// How far it has come; a word, since a later server may know more of them.
    pub status: String,
    /// What the caller may do in it.
    pub role: Role,
}

/// The request for one more link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRequest {
    /// What the link lets people do.
    pub role: Role,
    /// For which actor whoever comes by it speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActorId>,
    /// For whom it is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// From when on it opens nothing, as RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// The answer to [`LinkRequest`]: the only time that the token is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct MintedLink {
    /// What it lets people do.
    pub role: Role,
    /// The token in it.
    pub token: String,
    /// The whole address, with the token in its fragment.
    pub link: String,
}

/// [`MintedLink`] with the seat that it gives, as the server answers.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MintedSeat {
    /// The seat.
    pub seat: SeatId,
    /// The link.
    #[serde(flatten)]
    pub link: MintedLink,
}

/// [`MalbildInfo`] with what its journal says, and who asks, as the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MalbildStanding {
    /// What it is.
    #[serde(flatten)]
    pub info: MalbildInfo,
    /// An exercise's, or a real one.
    pub kind: MalbildKind,
    /// Who may write now.
    pub phase: Phase,
    /// Whose credential was shown.
    pub seat: SeatId,
    /// For whom that speaks.
    pub actor: Option<ActorId>,
}

/// One seat, as owners see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedSeat {
    /// The seat.
    pub seat: SeatId,
    /// What it may do.
    pub role: Role,
    /// For whom it speaks.
    pub actor: Option<ActorId>,
    /// For whom its link is meant.
    pub label: Option<String>,
    /// From when on it opens nothing.
    pub expires: Option<Timestamp>,
    /// Whether it was taken away.
    pub revoked: bool,
}

/// All seats of a målbild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedSeats {
    /// In the order of their names.
    pub seats: Vec<ListedSeat>,
}

/// The answer to an act that was taken: it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TakenAct {
    /// Its entry.
    pub number: EntryNumber,
    /// When it was accepted.
    pub at: Timestamp,
}

/// A part of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalPart {
    /// Entries, in order, as far as the caller may see them.
    pub entries: Vec<Entry>,
    /// The hash of the last of all entries.
    pub head: Hash,
    /// The number from which on more can be asked for; null if these were the last.
    pub next: Option<EntryNumber>,
}

/// What a målbild says, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedMalbild {
    /// Its identifier.
    pub id: MalbildId,
    /// What it says.
    #[serde(flatten)]
    pub model: ReadModel,
}

impl LinkRequest {
    /// A link of a role, for nobody in particular.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        Self { role, actor: None, label: None, expires: None }
    }
}

/// An answer lacks one of its fields, or holds something else in it: whoever gave it was not our server. It does not
/// say which field: nobody asks, and telling it would weigh 0.1 kB in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no answer of our server")]
pub struct NoAnswer;

impl PerRole {
    /// The text that this gives for each role.
    pub fn of(mut text: impl FnMut(Role) -> String) -> Self {
        Self {
            commenter: text(Role::Commenter),
            editor: text(Role::Editor),
            owner: text(Role::Owner),
            reader: text(Role::Reader),
        }
    }

    /// A role's text.
    #[must_use]
    pub fn get(&self, role: Role) -> &str {
        match role {
            Role::Reader => &self.reader,
            Role::Commenter => &self.commenter,
            Role::Editor => &self.editor,
            Role::Owner => &self.owner,
        }
    }

    fn read(mut value: Value) -> Result<Self, NoAnswer> {
        Ok(Self {
            commenter: text(&mut value, "commenter")?,
            editor: text(&mut value, "editor")?,
            owner: text(&mut value, "owner")?,
            reader: text(&mut value, "reader")?,
        })
    }
}

impl TryFrom<Value> for CreatedMalbild {
    type Error = NoAnswer;

    fn try_from(mut value: Value) -> Result<Self, NoAnswer> {
        Ok(Self {
            id: id(&mut value)?,
            tokens: PerRole::read(taken(&mut value, "tokens"))?,
            links: PerRole::read(taken(&mut value, "links"))?,
        })
    }
}

impl TryFrom<Value> for MalbildInfo {
    type Error = NoAnswer;

    fn try_from(mut value: Value) -> Result<Self, NoAnswer> {
        Ok(Self {
            id: id(&mut value)?,
            title: text(&mut value, "title")?,
            template: text(&mut value, "template")?,
            status: text(&mut value, "status")?,
            role: role(&mut value)?,
        })
    }
}

impl TryFrom<Value> for MintedLink {
    type Error = NoAnswer;

    fn try_from(mut value: Value) -> Result<Self, NoAnswer> {
        Ok(Self {
            role: role(&mut value)?,
            token: text(&mut value, "token")?,
            link: text(&mut value, "link")?,
        })
    }
}

/// A field's value, null where there is none.
fn taken(value: &mut Value, field: &str) -> Value {
    value.get_mut(field).map(Value::take).unwrap_or_default()
}

fn text(value: &mut Value, field: &'static str) -> Result<String, NoAnswer> {
    match taken(value, field) {
        Value::String(text) => Ok(text),
        _ => Err(NoAnswer),
    }
}

fn id(value: &mut Value) -> Result<MalbildId, NoAnswer> {
    text(value, "id")?.parse().map_err(|_| NoAnswer)
}

fn role(value: &mut Value) -> Result<Role, NoAnswer> {
    text(value, "role")?.parse().map_err(|_| NoAnswer)
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;

    use super::*;

    const ID: &str = "AAAAAAAAAAAAAAAA";

    fn per_role(before: &str) -> PerRole {
        PerRole::of(|role| format!("{before}{role}"))
    }

    /// What is sent, byte for byte, and that it is read as what it was.
    fn goes<T: Serialize + DeserializeOwned + PartialEq>(value: &T, json: &str) {
        assert_eq!(serde_json::to_string(value).expect("plain JSON"), json);
        assert!(serde_json::from_str::<T>(json).expect("as it was written") == *value, "{json}");
    }

    #[test]
    fn what_is_sent_has_its_fields_in_their_order_and_reads_as_it_was() {
        let id: MalbildId = ID.parse().expect("an id");
        goes(
            &CreateMalbild { title: "Storm".into(), template: "tom".into(), kind: MalbildKind::Ovning },
            r#"{"title":"Storm","template":"tom","kind":"ovning"}"#,
        );
        goes(&LinkRequest::of(Role::Reader), r#"{"role":"reader"}"#);
        goes(
            &CreatedMalbild { id, tokens: per_role("t-"), links: per_role("l-") },
            r##"{"id":"AAAAAAAAAAAAAAAA","tokens":{"commenter":"t-commenter","editor":"t-editor","owner":"t-owner","reader":"t-reader"},"links":{"commenter":"l-commenter","editor":"l-editor","owner":"l-owner","reader":"l-reader"}}"##,
        );
        let info = MalbildInfo {
            id,
            title: "Storm".into(),
            template: "tom@1".into(),
            status: "draft".into(),
            role: Role::Owner,
        };
        goes(
            &info,
            r#"{"id":"AAAAAAAAAAAAAAAA","title":"Storm","template":"tom@1","status":"draft","role":"owner"}"#,
        );
        let minted = MintedLink { role: Role::Editor, token: "t".into(), link: "l".into() };
        goes(&minted, r#"{"role":"editor","token":"t","link":"l"}"#);
        let model = ReadModel { title: "Storm".into(), template: "tom@1".into(), sections: Vec::new() };
        let exported = serde_json::to_string(&ExportedMalbild { id, model }).expect("plain JSON");
        assert_eq!(exported, r#"{"id":"AAAAAAAAAAAAAAAA","title":"Storm","template":"tom@1","sections":[]}"#);
    }

    #[test]
    fn each_role_has_its_own_text() {
        let texts = per_role("");
        assert!(Role::ALL.into_iter().all(|role| texts.get(role) == role.as_str()));
    }

    #[test]
    fn what_a_newer_server_says_beside_it_is_passed_over_and_what_is_no_answer_is_none() {
        let more = r#"{"role":"reader","token":"t","link":"l","seat":1,"expires":null}"#;
        assert!(serde_json::from_str::<MintedLink>(more).is_ok_and(|minted| minted.link == "l"));
        fn refuses<T: DeserializeOwned>(what: &impl Debug, json: &str) {
            assert!(serde_json::from_str::<T>(json).is_err(), "{what:?} in {json}");
        }
        for json in ["", "5", "[]", "null", "{}", r#""text""#, r#"{"id":"x"}"#, "<!doctype html>"] {
            refuses::<CreatedMalbild>(&"a målbild", json);
            refuses::<MalbildInfo>(&"its description", json);
            refuses::<MintedLink>(&"a link", json);
        }
        refuses::<CreatedMalbild>(&"tokens", r#"{"id":"AAAAAAAAAAAAAAAA","tokens":5,"links":{}}"#);
        refuses::<MintedLink>(&"a role", r#"{"role":"king","token":"t","link":"l"}"#);
    }

    #[test]
    fn a_request_needs_a_template_and_no_title() {
        let untitled: CreateMalbild = serde_json::from_str(r#"{"template":"tom"}"#).expect("a request");
        assert_eq!((untitled.title.as_str(), untitled.template.as_str()), ("", "tom"));
        assert_eq!(untitled.kind, MalbildKind::Skarpt);
        assert!(serde_json::from_str::<CreateMalbild>(r#"{"title":"Storm"}"#).is_err());
    }
}
