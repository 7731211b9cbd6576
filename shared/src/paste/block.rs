//! A block of foreign HTML, as the page reports it, and what kind of line it is. The page tells tags and
//! hints and decides nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{space, without_edges};
use crate::delta::{Attributes, Line, LineKind, List, Run};
use crate::limits;
use crate::link::Link;
use crate::schema;

/// A paragraph, heading, item or cell.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Block {
    /// The innermost element that makes it a block, in small letters; "" for text between blocks.
    pub tag: String,
    /// How many lists it is in.
    pub depth: u8,
    /// The innermost of them: `ul` or `ol`.
    pub list: String,
    /// How that list is marked, by `type` or `list-style-type`.
    pub marked: String,
    /// The item it is in, numbered from 1; 0 for none.
    pub item: u32,
    /// The level of the item as `aria-level` has it; 0 for none.
    pub level: u8,
    /// The table row it is in, numbered from 1; 0 for none.
    pub row: u32,
    /// The cell in that row, from 1.
    pub cell: u32,
    /// The value of `mso-list`: Word's list, level and what it overrides.
    pub mso: String,
    /// The value of `mso-outline-level`; 0 for none.
    pub outline: u8,
    /// The element's classes.
    pub class: String,
    /// The mark that Word wrote before an item for programs that know no lists.
    pub marker: Option<String>,
    /// Its text.
    pub pieces: Vec<Piece>,
}

/// A stretch of text that looks the same.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Piece {
    /// The text; U+2028 is a `<br>`.
    pub text: String,
    /// By a tag or a style.
    pub bold: bool,
    /// By a tag or a style.
    pub italic: bool,
    /// By a tag or a style.
    pub underline: bool,
    /// Where it leads.
    pub href: String,
    /// Whether its white space counts.
    pub kept: bool,
}

/// The lines of all blocks. `own`: they are ours and mean exactly what they say.
pub(super) fn lines(blocks: &[Block], own: bool) -> Vec<Line> {
    let mut lists = BTreeMap::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut open_item = 0;
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        let row = rest.iter().take_while(|block| first.row > 0 && block.row == first.row).count();
        if let Some(line) = row_line(&rest[..row]) {
            lines.push(line);
            (rest, open_item) = (&rest[row..], 0);
            continue;
        }
        rest = &rest[1..];
        let kind = first.kind(&mut lists, own);
        let mut texts = first.texts();
        if let LineKind::Heading(_) = kind {
            texts.iter_mut().for_each(plain_weight);
        }
        if let LineKind::Item(_, _) = kind {
            // An item is one line: what breaks in it goes on after a space.
            let whole = joined(texts.into_iter().filter(|runs| own || !runs.is_empty()), " ");
            let goes_on = first.item > 0 && first.item == open_item;
            match lines.last_mut().filter(|_| goes_on) {
                Some(line) => line.runs = joined([std::mem::take(&mut line.runs), whole], " "),
                None if whole.is_empty() && !own => {}
                None => lines.push(Line { kind, runs: whole }),
            }
            open_item = first.item;
            continue;
        }
        open_item = 0;
        lines.extend(texts.into_iter().map(|runs| {
            let kind = if runs.is_empty() && !own { LineKind::Paragraph } else { kind };
            Line { kind, runs }
        }));
    }
    if own { lines } else { without_edges(without_doubles(lines)) }
}

/// One blank line is enough.
fn without_doubles(mut lines: Vec<Line>) -> Vec<Line> {
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines
}

/// A table's row is one line with tabs between its cells, if each cell has one block. Others hold a text's
/// layout, and their blocks are lines as anywhere.
fn row_line(blocks: &[Block]) -> Option<Line> {
    let full: Vec<_> = blocks
        .iter()
        .map(|block| (block.cell, joined(block.texts(), " ")))
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    if full.len() < 2 || full.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return None;
    }
    let mut runs = Vec::new();
    let mut at = 1;
    for (cell, text) in full {
        let least = u32::from(!runs.is_empty());
        let tabs = usize::try_from(cell.saturating_sub(at).clamp(least, 64)).expect("64 at most");
        let tabs = "\t".repeat(tabs);
        if !tabs.is_empty() {
            push(&mut runs, &tabs, Attributes::new());
        }
        text.into_iter().for_each(|run| push(&mut runs, &run.text, run.attributes));
        at = cell;
    }
    Some(Line { kind: LineKind::Paragraph, runs })
}

impl Block {
    fn kind(&self, lists: &mut BTreeMap<String, List>, own: bool) -> LineKind {
        if let Some(level) = self.heading() {
            // Ours stand below a section's own heading, which is of the second level.
            let level = if own { level.saturating_sub(2).max(1) } else { level };
            return LineKind::Heading(level.min(limits::HEADER_MAX));
        }
        let indent = |level: u8| level.saturating_sub(1).min(limits::INDENT_MAX);
        if self.depth > 0 {
            return LineKind::Item(self.list_kind(), indent(self.depth.max(self.level)));
        }
        match &self.marker {
            Some(marker) if !self.mso.is_empty() => {
                let list = *lists.entry(self.mso.clone()).or_insert_with(|| marked_by(marker));
                LineKind::Item(list, indent(self.mso_level()))
            }
            _ => LineKind::Paragraph,
        }
    }

    fn heading(&self) -> Option<u8> {
        let by_tag = self.tag.strip_prefix('h').and_then(|level| level.parse().ok());
        let by_title = self.class.split_whitespace().any(|class| class == "MsoTitle").then_some(1);
        by_tag
            .or(by_title)
            .or((self.outline > 0).then_some(self.outline))
            .filter(|level| (1..=9).contains(level))
    }

    fn list_kind(&self) -> List {
        match self.marked.as_str() {
            "a" | "A" => List::Lettered,
            "1" | "i" | "I" => List::Ordered,
            style if style.contains("alpha") || style.contains("latin") => List::Lettered,
            style if style.contains("decimal") || style.contains("roman") => List::Ordered,
            "disc" | "circle" | "square" => List::Bullet,
            _ if self.list == "ol" => List::Ordered,
            _ => List::Bullet,
        }
    }

    /// Word's level, from 1: `l0 level2 lfo1`.
    fn mso_level(&self) -> u8 {
        let mut words = self.mso.split_whitespace();
        words.find_map(|word| word.strip_prefix("level")?.parse().ok()).unwrap_or(1)
    }

    /// Its lines' texts; none when it is white space between blocks.
    fn texts(&self) -> Vec<Vec<Run>> {
        let text: Vec<_> = self
            .pieces
            .iter()
            .enumerate()
            .flat_map(|(i, piece)| piece.text.chars().map(move |c| (c, i, piece.kept)))
            .collect();
        let mut lines = space::lines(&text);
        for line in &mut lines {
            // Words that were copied out of a line may begin or end with the space that parts them.
            let end = |(c, i): &(char, usize)| *c == ' ' && !self.pieces[*i].kept;
            if !self.tag.is_empty() && line.last().is_some_and(end) {
                line.pop();
            }
        }
        // A break at a block's end only keeps the block open.
        if lines.len() > 1 && lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        } else if lines.len() == 1 && lines[0].iter().all(|(c, _)| *c == ' ') && !self.is_held_open() {
            return Vec::new();
        }
        lines.into_iter().map(|line| self.runs(&line)).collect()
    }

    /// Whether its spaces were meant: typed, or put there so that the block is seen.
    fn is_held_open(&self) -> bool {
        let held = |piece: &Piece| piece.text.contains('\u{A0}') && !self.tag.is_empty();
        self.pieces.iter().any(|piece| piece.kept || held(piece))
    }

    fn runs(&self, line: &[(char, usize)]) -> Vec<Run> {
        let mut runs = Vec::new();
        for part in line.chunk_by(|(_, a), (_, b)| a == b) {
            let text: String = part.iter().map(|(c, _)| c).collect();
            push(&mut runs, &text, self.pieces[part[0].1].attributes());
        }
        runs
    }
}

impl Piece {
    fn attributes(&self) -> Attributes {
        let link = Link::of_href(&self.href);
        // Links are underlined as it is.
        let marks = [
            (schema::BOLD, self.bold),
            (schema::ITALIC, self.italic),
            (schema::UNDERLINE, self.underline && link.is_none()),
        ];
        let marks = marks.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name.to_owned(), true.into()));
        let link = link.map(|link| (schema::LINK.to_owned(), link.as_str().into()));
        marks.chain(link).collect()
    }
}

/// The list that a mark of Word's is of.
fn marked_by(marker: &str) -> List {
    let marker = marker.trim_matches(|c: char| c.is_whitespace() || c == '\u{A0}' || c == '(');
    let body = marker.trim_end_matches(['.', ')', ':', ']']);
    let ends = body.len() < marker.len();
    let roman = |c: char| "ivxlcdm".contains(c.to_ascii_lowercase());
    if body.contains(|c: char| c.is_ascii_digit()) {
        List::Ordered
    } else if !ends || !body.chars().all(char::is_alphabetic) || body.is_empty() {
        // `o` is a mark of Word's, `o)` a letter.
        List::Bullet
    } else if body.eq_ignore_ascii_case("i") || (body.len() > 1 && body.chars().all(roman)) {
        List::Ordered
    } else {
        List::Lettered
    }
}

/// A heading that is all bold is only a heading.
fn plain_weight(runs: &mut Vec<Run>) {
    let bold = |run: &Run| run.attributes.contains_key(schema::BOLD) || run.text.trim().is_empty();
    if runs.iter().all(bold) {
        for mut run in std::mem::take(runs) {
            run.attributes.remove(schema::BOLD);
            push(runs, &run.text, run.attributes);
        }
    }
}

fn joined(texts: impl IntoIterator<Item = Vec<Run>>, by: &str) -> Vec<Run> {
    let mut whole: Vec<Run> = Vec::new();
    for runs in texts {
        if !whole.is_empty() && !runs.is_empty() {
            push(&mut whole, by, Attributes::new());
        }
        runs.into_iter().for_each(|run| push(&mut whole, &run.text, run.attributes));
    }
    whole
}

fn push(runs: &mut Vec<Run>, text: &str, attributes: Attributes) {
    match runs.last_mut() {
        Some(last) if last.attributes == attributes => last.text.push_str(text),
        _ => runs.push(Run { text: text.to_owned(), attributes }),
    }
}
