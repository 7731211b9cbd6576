//! `thread`: says something of some words, or of a whole section.

use serde::{Deserialize, Serialize};

use super::{ActKind, Declined, Judging, Sight, expect_text};
use crate::ThreadId;
use crate::domain::limits;
use crate::journal::entry::{Entry, Signature};
use crate::journal::state::{State, Thread, ThreadState};
use crate::text::delta::utf16_len;

/// What is said, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadBegun {
    /// What is said.
    pub text: String,
    /// The section that it is said of.
    pub section: String,
    /// The words in it that it is said of; none if it is the whole section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Where the words begin, in UTF-16 code units; needed where they stand more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u32>,
}

impl ActKind for ThreadBegun {
    const NAME: &'static str = "thread";
    const SIGHT: Sight = Sight::Commenters;
    const IS_ERASABLE: bool = true;

    fn judge(&self, asked: &Judging<'_>) -> Result<(), Declined> {
        asked.may_discuss()?;
        expect_text("text", &self.text)?;
        let text = asked.texts.section(&self.section).ok_or(Declined::Missing("section"))?;
        match (&self.quote, self.at) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Declined::Invalid("at")),
            (Some(quote), at) => find(&text, quote, at).map(drop),
        }
    }

    fn fold(self, state: &mut State, entry: &Entry, by: Signature) {
        if let Some(id) = by.id {
            let thread =
                Thread { number: entry.number, seat: by.seat, state: ThreadState::Open, replies: Vec::new() };
            state.threads.insert(ThreadId(id), thread);
        }
    }
}

/// Where the quoted words stand, in UTF-16 code units.
fn find(text: &str, quote: &str, at: Option<u32>) -> Result<u32, Declined> {
    if quote.trim().is_empty() || quote.encode_utf16().count() > limits::QUOTE_UNITS {
        return Err(Declined::Invalid("quote"));
    }
    if let Some(at) = at {
        let units = text.encode_utf16().skip(at as usize).take(quote.encode_utf16().count());
        return if units.eq(quote.encode_utf16()) { Ok(at) } else { Err(Declined::Changed) };
    }
    let mut standing = text.match_indices(quote);
    let (first, _) = standing.next().ok_or(Declined::Changed)?;
    if standing.next().is_some() { Err(Declined::Ambiguous) } else { Ok(utf16_len(&text[..first])) }
}
