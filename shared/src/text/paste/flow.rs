//! The lines that foreign blocks become, one after the other: what depends on the blocks before is decided here.
//!
//! It doesn't know what the HTML says of a block.

use std::collections::BTreeMap;

use super::block::{Block, append, blocks, joined, push};
use super::number::{Count, Number};
use super::{PasteError, table, without_edges};
use crate::domain::schema;
use crate::text::delta::{Attributes, Line, LineKind, List, Op, Run};

/// The lines of foreign inserts. `own`: they are ours and mean exactly what they say.
///
/// # Errors
/// [`PasteError::TooLarge`] for a table that is too wide.
pub(super) fn lines(foreign: &[Op], own: bool) -> Result<Vec<Line>, PasteError> {
    let mut flow = Flow { own, ..Flow::default() };
    let blocks = blocks(foreign, own);
    let mut last_row = 0;
    for part in blocks.chunk_by(|a, b| a.table() == b.table()) {
        let table = if part[0].table() > 0 { table::lines(part)? } else { None };
        match table {
            Some(lines) => {
                // An empty row parts two tables.
                if last_row > 0 && part[0].row() > last_row + 1 {
                    flow.line(Line::default(), None);
                }
                last_row = part[part.len() - 1].row();
                lines.into_iter().for_each(|line| flow.line(line, None));
            }
            None => part.iter().for_each(|block| flow.block(block)),
        }
    }
    let lines = flow.numbered();
    Ok(if own { lines } else { without_edges(without_doubles(lines)) })
}

/// Lines as they come, and what they depend on.
#[derive(Default)]
struct Flow {
    own: bool,
    /// Each with the number that it had.
    lines: Vec<(Line, Option<Number>)>,
    /// The item that the last line is of, and the last of all that have a line.
    open_item: u64,
    last_item: u64,
    /// Word's lists, and what each began as.
    lists: BTreeMap<String, List>,
}

impl Flow {
    fn line(&mut self, line: Line, number: Option<Number>) {
        self.open_item = 0;
        self.lines.push((line, number));
    }

    fn block(&mut self, block: &Block) {
        let item = block.item();
        let mut kind = block.kind(&mut self.lists, self.own);
        let is_item = matches!(kind, LineKind::Item(_, _));
        if is_item && !self.own && (1..=self.last_item).contains(&item) && item != self.open_item {
            // The rest of an item, behind a list in it: it has had its mark.
            kind = LineKind::Paragraph;
        }
        let number = block.number_in(kind).filter(|_| !self.own);
        let mut texts = block.texts();
        if let LineKind::Item(_, _) = kind {
            // An item is one line: what breaks in it goes on after a space.
            let whole = joined(texts.into_iter().filter(|runs| self.own || !runs.is_empty()), " ");
            match self.lines.last_mut().filter(|_| item > 0 && item == self.open_item) {
                Some((line, _)) => append(&mut line.runs, whole, " "),
                None if whole.is_empty() && !self.own => {}
                None => {
                    let sign =
                        block.sign().map(|sign| vec![Run { text: sign, attributes: Attributes::new() }]);
                    self.line(Line { kind, runs: joined(sign.into_iter().chain([whole]), " ") }, number);
                    self.last_item = self.last_item.max(item);
                }
            }
            self.open_item = item;
            return;
        }
        if let LineKind::Heading(_) = kind {
            texts.iter_mut().for_each(plain_weight);
        }
        self.open_item = 0;
        let mut number = number;
        for runs in texts {
            let kind = if runs.is_empty() && !self.own { LineKind::Paragraph } else { kind };
            let number = if runs.is_empty() { None } else { number.take() };
            self.line(Line { kind, runs }, number);
        }
    }

    /// The lines, each with its number: by counting where that gives it, and as text elsewhere.
    fn numbered(self) -> Vec<Line> {
        let mut count = Count::default();
        let numbered = |(mut line, number): (Line, Option<Number>)| {
            let is_given = count.gives(line.kind, number.as_ref());
            let is_text = !is_given || !matches!(line.kind, LineKind::Item(_, _));
            if let Some(number) = number.filter(|_| is_text) {
                if !is_given {
                    line.kind = LineKind::Paragraph;
                }
                let number = vec![Run { text: number.as_str().to_owned(), attributes: Attributes::new() }];
                line.runs = joined([number, line.runs], " ");
            }
            line
        };
        self.lines.into_iter().map(numbered).collect()
    }
}

/// One blank line is enough.
fn without_doubles(mut lines: Vec<Line>) -> Vec<Line> {
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines
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
