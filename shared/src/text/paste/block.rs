//! A block of foreign HTML, as the page reports it, and what kind of line it is. The page tells tags and
//! hints and decides nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::look::{self, KEPT};
use super::number::{Number, marked_by};
use super::sign;
use super::space::{self, Marked};
use crate::domain::limits;
use crate::domain::schema;
use crate::text::delta::{Attributes, LineKind, List, Op, Run};
use crate::text::hyperlink::Hyperlink;

/// A paragraph, heading, item or cell.
pub(super) struct Block {
    /// What the HTML says of it, by the names of this file.
    says: Attributes,
    /// Its text: inserts with how they look.
    pieces: Vec<Op>,
}

// What the HTML says of a block. Each may be missing; a number is 0 then, and a text "".

/// The innermost element that makes it a block, in small letters; none for text between blocks. It ends every
/// block, so it is never missing where a block ends.
const TAG: &str = "tag";
/// How many lists it is in.
const DEPTH: &str = "depth";
/// The innermost of them: `ul` or `ol`.
const LIST: &str = "list";
/// How that list is marked, by `type` or `list-style-type`.
const MARKED: &str = "marked";
/// The item it is in, numbered from 1.
const ITEM: &str = "item";
/// The number of the item in its list, as a browser counts.
const PLACE: &str = "place";
/// The level of the item, by `aria-level`.
const LEVEL: &str = "level";
/// The table it is in, numbered from 1; none for one that only lays out a page.
const TABLE: &str = "table";
/// The table row it is in, numbered from 1 through all tables.
const ROW: &str = "row";
/// The column of the table's grid that it begins in, from 1.
const COLUMN: &str = "column";
/// The value of `mso-list`: Word's list, level and what it overrides.
const MSO: &str = "mso";
/// The value of `mso-outline-level`.
const OUTLINE: &str = "outline";
/// The element's classes.
const CLASS: &str = "class";
/// The mark that Word wrote before an item, for programs that know no lists.
const MARKER: &str = "marker";
/// The font's name that this mark is in, in small letters.
const FACE: &str = "face";

// How a text looks, by a tag or a style: `bold`, `italic`, `underline` as in our own schema, those of `look`, and
// these. A U+2028 in it is a `<br>`.

/// Where it leads.
const HREF: &str = "href";
/// The blocks, and the text of each.
pub(super) fn blocks(foreign: &[Op], own: bool) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut from = 0;
    for (i, op) in foreign.iter().enumerate() {
        if let Op::Insert { attributes: says, .. } = op
            && says.contains_key(TAG)
        {
            let pieces = if own { foreign[from..i].to_vec() } else { look::plain(&foreign[from..i]) };
            blocks.push(Block { says: says.clone(), pieces });
            from = i + 1;
        }
    }
    blocks
}

impl Block {
    /// The item it is in, numbered from 1; 0 for none.
    pub(super) fn item(&self) -> u64 {
        self.number(ITEM)
    }

    pub(super) fn table(&self) -> u64 {
        if self.row() > 0 { self.number(TABLE) } else { 0 }
    }

    pub(super) fn row(&self) -> u64 {
        self.number(ROW)
    }

    pub(super) fn column(&self) -> u64 {
        self.number(COLUMN)
    }

    fn number(&self, name: &str) -> u64 {
        self.says.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        text_in(&self.says, name)
    }

    pub(super) fn kind(&self, lists: &mut BTreeMap<String, List>, own: bool) -> LineKind {
        if let Some(level) = self.heading() {
            // Ours stand below a section's own heading, which is of the second level.
            let level = if own { level.saturating_sub(2).max(1) } else { level };
            return LineKind::Heading(level.min(limits::HEADER_MAX));
        }
        let indent = |level: u64| small(level.saturating_sub(1)).min(limits::INDENT_MAX);
        if self.is_listed() {
            return LineKind::Item(self.list_kind(), indent(self.number(DEPTH).max(self.number(LEVEL))));
        }
        if !self.says.contains_key(MARKER) {
            return LineKind::Paragraph;
        }
        // An `i.` is a letter in a list that began with `h.`.
        let begun = lists.entry(self.text(MSO).to_owned());
        let list = *begun.or_insert_with(|| marked_by(self.text(MARKER)));
        LineKind::Item(list, indent(self.mso_level()))
    }

    fn heading(&self) -> Option<u8> {
        let by_tag = self.text(TAG).strip_prefix('h').and_then(|level| level.parse().ok());
        let by_title = self.text(CLASS).split_whitespace().any(|class| class == "MsoTitle").then_some(1);
        by_tag
            .or(by_title)
            .or((self.number(OUTLINE) > 0).then(|| small(self.number(OUTLINE))))
            .filter(|level| (1..=9).contains(level))
    }

    /// Whether it is in a list of the web. One whose numbers are not shown is none.
    fn is_listed(&self) -> bool {
        self.number(DEPTH) > 0 && (self.text(LIST) != "ol" || self.text(MARKED) != "none")
    }

    /// The number that it has, as what it is here.
    pub(super) fn number_in(&self, kind: LineKind) -> Option<Number> {
        match kind {
            LineKind::Item(List::Bullet, _) => None,
            LineKind::Item(_, _) if self.is_listed() => {
                let place = self.says.get(PLACE).and_then(Value::as_i64)?;
                Some(Number::of_place(place, self.text(MARKED)))
            }
            LineKind::Item(_, _) | LineKind::Heading(_) => Number::of_marker(self.text(MARKER)),
            LineKind::Paragraph => None,
        }
    }

    /// What stands before an item, as text.
    pub(super) fn mark(&self) -> Option<String> {
        let kind = self.kind(&mut BTreeMap::new(), false);
        let number = self.number_in(kind).map(|number| number.as_str().to_owned());
        number.or_else(|| matches!(kind, LineKind::Item(_, _)).then(|| "•".to_owned()))
    }

    /// A mark of its own that says whether something is so, which a bullet would not.
    pub(super) fn sign(&self) -> Option<String> {
        let marker = self.text(MARKER);
        let marker = sign::shown(marker, self.text(FACE)).unwrap_or_else(|| marker.to_owned());
        let mut signs = marker.chars().map(sign::of_private).chain(self.text(MARKED).chars());
        signs.find(|c| "✓✔✗✘☑☒☐✅❌".contains(*c)).map(String::from)
    }

    fn list_kind(&self) -> List {
        match self.text(MARKED) {
            "a" | "A" => List::Lettered,
            "1" | "i" | "I" => List::Ordered,
            "lower-alpha" | "upper-alpha" | "lower-latin" | "upper-latin" => List::Lettered,
            "decimal" | "lower-roman" | "upper-roman" => List::Ordered,
            "disc" | "circle" | "square" => List::Bullet,
            _ if self.text(LIST) == "ol" => List::Ordered,
            _ => List::Bullet,
        }
    }

    /// Word's level, from 1: `l0 level2 lfo1`.
    fn mso_level(&self) -> u64 {
        let mut words = self.text(MSO).split_whitespace();
        words.find_map(|word| word.strip_prefix("level")?.parse().ok()).unwrap_or(1)
    }

    /// Its lines' texts; none when it is white space between blocks.
    pub(super) fn texts(&self) -> Vec<Vec<Run>> {
        let text: Vec<_> = self
            .pieces
            .iter()
            .enumerate()
            .flat_map(|(i, piece)| written(piece).chars().map(move |c| (c, i, is_set(piece, KEPT))))
            .collect();
        let mut lines = space::lines(&text);
        for line in &mut lines {
            // Words that were copied out of a line may begin or end with the space that parts them.
            let end = |(c, i): &Marked| *c == ' ' && !is_set(&self.pieces[*i], KEPT);
            if !self.text(TAG).is_empty() && line.last().is_some_and(end) {
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
        let held = |piece| written(piece).contains('\u{A0}') && !self.text(TAG).is_empty();
        self.pieces.iter().any(|piece| is_set(piece, KEPT) || held(piece))
    }

    fn runs(&self, line: &[Marked]) -> Vec<Run> {
        let mut runs = Vec::new();
        for part in line.chunk_by(|(_, a), (_, b)| a == b) {
            let text: String = part.iter().map(|(c, _)| c).collect();
            push(&mut runs, &text, looks(&self.pieces[part[0].1]));
        }
        runs
    }
}

fn text_in<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn small(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn written(piece: &Op) -> &str {
    if let Op::Insert { insert, .. } = piece { insert } else { "" }
}

fn is_set(piece: &Op, name: &str) -> bool {
    matches!(piece, Op::Insert { attributes, .. } if attributes.contains_key(name))
}

/// What of a piece's looks is ours.
fn looks(piece: &Op) -> Attributes {
    let mut ours = Attributes::new();
    let Op::Insert { attributes, .. } = piece else { return ours };
    let link = Hyperlink::of_href(text_in(attributes, HREF));
    for name in [schema::BOLD, schema::ITALIC, schema::UNDERLINE] {
        // Links are underlined as it is.
        if attributes.contains_key(name) && (name != schema::UNDERLINE || link.is_none()) {
            ours.insert(name.to_owned(), true.into());
        }
    }
    if let Some(link) = link {
        ours.insert(schema::LINK.to_owned(), link.as_str().into());
    }
    ours
}

pub(super) fn joined(texts: impl IntoIterator<Item = Vec<Run>>, by: &str) -> Vec<Run> {
    let mut whole: Vec<Run> = Vec::new();
    texts.into_iter().for_each(|runs| append(&mut whole, runs, by));
    whole
}

pub(super) fn append(whole: &mut Vec<Run>, runs: Vec<Run>, by: &str) {
    if !whole.is_empty() && !runs.is_empty() {
        push(whole, by, Attributes::new());
    }
    runs.into_iter().for_each(|run| push(whole, &run.text, run.attributes));
}

pub(super) fn push(runs: &mut Vec<Run>, text: &str, attributes: Attributes) {
    match runs.last_mut() {
        Some(last) if last.attributes == attributes => last.text.push_str(text),
        _ => runs.push(Run { text: text.to_owned(), attributes }),
    }
}
