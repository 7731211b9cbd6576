//! What the HTTP API answers when it does not do what was asked: a stable code, and words for whoever reads logs.
//!
//! It doesn't know which status a code comes with: some come with several.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{NoAnswer, taken, text};

/// The body of every refused or failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Refusal {
    /// All of it.
    pub error: RefusalDetail,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalDetail {
    /// What programs go by.
    pub code: ErrorCode,
    /// What would have been known, where something that is not known was named. It is empty in a refusal that was read:
    /// no program goes by it, and reading it would weigh 0.3 kB in the page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<&'static str>,
    /// For whoever writes a program; the page has its own words.
    pub message: String,
}

impl TryFrom<Value> for Refusal {
    type Error = NoAnswer;

    /// Only the code must be there.
    fn try_from(mut value: Value) -> Result<Self, NoAnswer> {
        let mut error = taken(&mut value, "error");
        let error = RefusalDetail {
            code: text(&mut error, "code")?.into(),
            known: Vec::new(),
            message: text(&mut error, "message").unwrap_or_default(),
        };
        Ok(Self { error })
    }
}

/// Declares the codes, each with its name in JSON, so that no name stands in two places.
macro_rules! error_codes {
    ($($(#[$doc:meta])+ $code:ident = $name:literal,)+) => {
        /// The stable codes of refused and failed requests.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])+ $code,)+
            /// One that a newer server has and this program does not know.
            Unknown(String),
        }

        impl ErrorCode {
            /// The name in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$code => $name,)+
                    Self::Unknown(name) => name,
                }
            }
        }

        impl From<String> for ErrorCode {
            fn from(name: String) -> Self {
                match name.as_str() {
                    $($name => Self::$code,)+
                    _ => Self::Unknown(name),
                }
            }
        }
    };
}

error_codes! {
    /// The words that an act quotes stand there more than once.
    Ambiguous = "ambiguous",
    /// The request is JSON, or has headers, but not those that were asked for.
    BadRequest = "bad-request",
    /// Another request over the same connection is not answered yet.
    Busy = "busy",
    /// The words that an act quotes don't stand there.
    Changed = "changed",
    /// What an act speaks of has ended.
    Closed = "closed",
    /// The body ended too early.
    CutShort = "cut-short",
    /// The målbild can't be read on the server's disk.
    Damaged = "damaged",
    /// There are as many of these as there may be.
    Full = "full",
    /// There is no such connection any more.
    Gone = "gone",
    /// The `Host` header is missing, or is not the server's.
    Host = "host",
    /// Another act has this identifier.
    Id = "id",
    /// The server made a mistake.
    Internal = "internal",
    /// What an act says is not what it must be.
    Invalid = "invalid",
    /// A målbild needs an owner.
    LastOwner = "last-owner",
    /// The address takes other methods.
    Method = "method",
    /// What an act speaks of is not there.
    Missing = "missing",
    /// There is nothing, or nothing for this caller.
    NotFound = "not-found",
    /// The body is no JSON, or isn't called so.
    NotJson = "not-json",
    /// A request before this one is missing.
    Number = "number",
    /// The request comes from somebody else's page.
    Origin = "origin",
    /// The caller's role is too low.
    Role = "role",
    /// Too much is unfinished on the server.
    Slow = "slow",
    /// The server is stopping.
    Stopping = "stopping",
    /// The server can't store anything at the moment.
    Store = "store",
    /// The målbild was made from a template that the server doesn't know.
    Template = "template",
    /// The title is longer than a title may be.
    TitleTooLong = "title-too-long",
    /// The body is larger than a body may be.
    TooLarge = "too-large",
    /// The body holds what is no message.
    Undecodable = "undecodable",
    /// There is no export of that name.
    UnknownFormat = "unknown-format",
    /// There is no template of that name.
    UnknownTemplate = "unknown-template",
    /// The address speaks WebSocket.
    Websocket = "websocket",
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<ErrorCode> {
        serde_json::from_str::<Refusal>(json).ok().map(|refusal| refusal.error.code)
    }

    #[test]
    fn a_refusal_has_its_fields_in_their_order_and_reads_as_it_was() {
        let refusal = |known| {
            let (code, message) = (ErrorCode::UnknownFormat, "no".to_owned());
            Refusal { error: RefusalDetail { code, known, message } }
        };
        for (known, json) in [
            (vec![], r#"{"error":{"code":"unknown-format","message":"no"}}"#),
            (
                vec!["json", "md"],
                r#"{"error":{"code":"unknown-format","known":["json","md"],"message":"no"}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&refusal(known)).expect("plain JSON"), json);
            assert_eq!(serde_json::from_str::<Refusal>(json).expect("a refusal"), refusal(vec![]));
        }
    }

    #[test]
    fn a_code_of_a_newer_server_stays_readable() {
        let code = read(r#"{"error":{"code":"decided","message":"it is decided","by":7}}"#);
        assert_eq!(code, Some(ErrorCode::Unknown("decided".to_owned())));
        assert_eq!(code.as_ref().map(ErrorCode::as_str), Some("decided"));
    }

    #[test]
    fn a_codes_name_is_read_as_that_code() {
        for code in [ErrorCode::NotFound, ErrorCode::TitleTooLong, ErrorCode::Store, ErrorCode::Websocket] {
            assert_eq!(ErrorCode::from(code.as_str().to_owned()), code);
        }
    }

    #[test]
    fn the_code_alone_makes_a_refusal_and_nothing_else_does() {
        assert_eq!(read(r#"{"error":{"code":"role"}}"#), Some(ErrorCode::Role));
        for json in
            ["", "5", "{}", r#"{"error":"role"}"#, r#"{"error":{"message":"x"}}"#, r#"{"code":"role"}"#]
        {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
