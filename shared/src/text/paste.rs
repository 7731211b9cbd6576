//! What a pasted or dropped text means: from what the page found on the clipboard (text with the tags and
//! hints of foreign HTML, as `client/editor/src/paste.ts` reports it) to lines of our own. Word's, Google's and
//! everybody's ways to write a list are known here; where the lines go is the page's to decide.
//!
//! Invariant: What is pasted says what it said: a look that the bare words would lie without has its text in one
//! table (`shared::text::paste`, `a_look_says_what_it_says_in_words`), a number is the one that was copied
//! (`what_a_text_refers_to_keeps_its_number`), a table keeps its columns
//! (`each_text_of_a_table_stands_as_many_tabs_in_as_its_column`).

mod block;
mod flow;
mod look;
mod number;
mod sign;
mod space;
mod table;

#[cfg(test)]
mod tests;

use crate::domain::limits;
use crate::domain::schema;
use crate::text::delta::{Attributes, Line, LineKind, Op, Run, utf16_len};
use crate::text::hyperlink::Hyperlink;

/// What the clipboard held.
#[derive(Debug, Clone, Default)]
pub struct Transfer {
    /// Its HTML as inserts. Those of text have how it looks, each followed at its block's end by a `\n` with
    /// what the HTML says of the block; `block` knows the names.
    pub foreign: Vec<Op>,
    /// Whether the HTML is our own: then it says exactly what it means.
    pub own: bool,
    /// Its plain text.
    pub plain: String,
    /// Whether it held files or pictures.
    pub files: bool,
}

/// Lines to put in.
#[derive(Debug, Clone, PartialEq)]
pub struct Pasted {
    /// At least one, none with a `\n` in its text.
    pub lines: Vec<Line>,
    /// Whether the lines' kinds were meant; plain text has none and takes that of where it lands.
    pub formatted: bool,
    /// The address, when all of it is one.
    pub link: Option<Hyperlink>,
}

/// Why nothing is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// There was nothing.
    #[error("nothing was pasted")]
    Nothing,
    /// There were only files or pictures.
    #[error("only text can be pasted")]
    OnlyText,
    /// More than [`limits::PASTE_UNITS`].
    #[error("too much was pasted")]
    TooLarge,
}

impl Transfer {
    /// Reads it.
    ///
    /// # Errors
    /// [`PasteError`], by which the page says what was wrong.
    pub fn read(&self) -> Result<Pasted, PasteError> {
        let formatted = flow::lines(&self.foreign, self.own)?;
        let is_formatted = formatted.iter().any(|line| !line.is_empty()) || (self.own && formatted.len() > 1);
        let lines = if is_formatted { formatted } else { plain_lines(&self.plain) };
        if lines.iter().all(Line::is_empty) && lines.len() < 2 {
            return Err(if self.files { PasteError::OnlyText } else { PasteError::Nothing });
        }
        let runs = || lines.iter().flat_map(|line| &line.runs);
        let units = runs().map(|run| u64::from(utf16_len(&run.text))).sum::<u64>() + lines.len() as u64;
        if units > u64::from(limits::PASTE_UNITS) {
            return Err(PasteError::TooLarge);
        }
        let whole: String =
            if lines.len() == 1 { runs().map(|run| &*run.text).collect() } else { String::new() };
        let mut pasted = Pasted { lines, formatted: is_formatted, link: Hyperlink::bare(&whole) };
        pasted.follow();
        Ok(pasted)
    }
}

impl Pasted {
    /// An address that is pasted alone leads to where it says.
    fn follow(&mut self) {
        let Some(link) = &self.link else { return };
        for run in self.lines.iter_mut().flat_map(|line| &mut line.runs) {
            if !run.attributes.contains_key(schema::LINK) {
                run.attributes.insert(schema::LINK.to_owned(), link.as_str().into());
            }
        }
    }
}

/// Plain text is what it is: its marks are its author's, and its blank lines too. Only those around it go.
fn plain_lines(text: &str) -> Vec<Line> {
    let lines = space::plain(text).into_iter().map(|text| {
        let runs =
            if text.is_empty() { Vec::new() } else { vec![Run { text, attributes: Attributes::new() }] };
        Line { kind: LineKind::Paragraph, runs }
    });
    without_edges(lines.collect())
}

/// Without the blank lines before and after.
fn without_edges(mut lines: Vec<Line>) -> Vec<Line> {
    lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(0);
    lines.drain(..first);
    lines
}
