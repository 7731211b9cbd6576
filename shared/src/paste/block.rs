//! A block of foreign HTML, as the page reports it, and what kind of line it is. The page tells tags and
//! hints and decides nothing.

use serde_json::Value;

use super::space::{self, Marked};
use super::without_edges;
use crate::delta::{Attributes, Line, LineKind, List, Op, Run};
use crate::limits;
use crate::link::Link;
use crate::schema;

/// A paragraph, heading, item or cell.
struct Block<'a> {
    /// What the HTML says of it, by the names of this file.
    says: &'a Attributes,
    /// Its text: inserts with how they look.
    pieces: &'a [Op],
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
/// The level of the item, by `aria-level`.
const LEVEL: &str = "level";
/// The table row it is in, numbered from 1.
const ROW: &str = "row";
/// The cell in that row, from 1.
const CELL: &str = "cell";
/// The value of `mso-list`: Word's list, level and what it overrides.
const MSO: &str = "mso";
/// The value of `mso-outline-level`.
const OUTLINE: &str = "outline";
/// The element's classes.
const CLASS: &str = "class";
/// The mark that Word wrote before an item, for programs that know no lists.
const MARKER: &str = "marker";

// How a text looks, by a tag or a style: `bold`, `italic`, `underline` as in our own schema, and these. A
// U+2028 in it is a `<br>`.

/// Where it leads.
const HREF: &str = "href";
/// Whether its white space counts.
const KEPT: &str = "kept";

/// The blocks, and the text of each.
fn blocks(foreign: &[Op]) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut from = 0;
    for (i, op) in foreign.iter().enumerate() {
        if let Op::Insert { attributes: says, .. } = op
            && says.contains_key(TAG)
        {
            blocks.push(Block { says, pieces: &foreign[from..i] });
            from = i + 1;
        }
    }
    blocks
}

/// The lines of foreign inserts. `own`: they are ours and mean exactly what they say.
pub(super) fn lines(foreign: &[Op], own: bool) -> Vec<Line> {
    let mut lists = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut open_item = 0;
    let blocks = blocks(foreign);
    let mut rest = &blocks[..];
    while let Some(first) = rest.first() {
        let row = rest
            .iter()
            .take_while(|block| first.number(ROW) > 0 && block.number(ROW) == first.number(ROW))
            .count();
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
            let goes_on = first.number(ITEM) > 0 && first.number(ITEM) == open_item;
            match lines.last_mut().filter(|_| goes_on) {
                Some(line) => line.runs = joined([std::mem::take(&mut line.runs), whole], " "),
                None if whole.is_empty() && !own => {}
                None => lines.push(Line { kind, runs: whole }),
            }
            open_item = first.number(ITEM);
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
fn row_line(blocks: &[Block<'_>]) -> Option<Line> {
    let full: Vec<_> = blocks
        .iter()
        .map(|block| (block.number(CELL), joined(block.texts(), " ")))
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    if full.len() < 2 || full.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return None;
    }
    let mut runs = Vec::new();
    let mut at = 1;
    for (cell, text) in full {
        let least = u32::from(!runs.is_empty());
        let tabs = usize::try_from(cell.saturating_sub(at).clamp(least.into(), 64)).expect("64 at most");
        let tabs = "\t".repeat(tabs);
        if !tabs.is_empty() {
            push(&mut runs, &tabs, Attributes::new());
        }
        text.into_iter().for_each(|run| push(&mut runs, &run.text, run.attributes));
        at = cell;
    }
    Some(Line { kind: LineKind::Paragraph, runs })
}

impl Block<'_> {
    fn number(&self, name: &str) -> u64 {
        self.says.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        text_in(self.says, name)
    }

    fn kind(&self, lists: &mut Vec<(String, List)>, own: bool) -> LineKind {
        if let Some(level) = self.heading() {
            // Ours stand below a section's own heading, which is of the second level.
            let level = if own { level.saturating_sub(2).max(1) } else { level };
            return LineKind::Heading(level.min(limits::HEADER_MAX));
        }
        let indent = |level: u64| small(level.saturating_sub(1)).min(limits::INDENT_MAX);
        if self.number(DEPTH) > 0 {
            return LineKind::Item(self.list_kind(), indent(self.number(DEPTH).max(self.number(LEVEL))));
        }
        if self.text(MSO).is_empty() || !self.says.contains_key(MARKER) {
            return LineKind::Paragraph;
        }
        // An `i.` is a letter in a list that began with `h.`.
        let begun = lists.iter().find(|(mso, _)| *mso == self.text(MSO)).map(|(_, list)| *list);
        let list = begun.unwrap_or_else(|| marked_by(self.text(MARKER)));
        if begun.is_none() {
            lists.push((self.text(MSO).to_owned(), list));
        }
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
    fn texts(&self) -> Vec<Vec<Run>> {
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
    let link = Link::of_href(text_in(attributes, HREF));
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

/// The list that a mark of Word's is of.
fn marked_by(marker: &str) -> List {
    let marker = marker.trim_matches(|c: char| c.is_whitespace() || c == '\u{A0}' || c == '(');
    let body = marker.trim_end_matches(['.', ')', ':', ']']);
    let ends = body.len() < marker.len();
    let roman = |c: char| "ivxlcdm".contains(c.to_ascii_lowercase());
    if body.contains(|c: char| c.is_ascii_digit()) {
        List::Ordered
    } else if !ends || !body.chars().all(|c| c.is_ascii_alphabetic()) || body.is_empty() {
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
