//! A table as lines: each of its texts stands as many tabs in as its column, so that programs that read tables from
//! tabs put it back where it was.
//!
//! It doesn't know how a table is written: the page tells the row and the column of each block, spans counted.

use super::PasteError;
use super::block::{Block, joined, push};
use crate::domain::limits;
use crate::text::delta::{Attributes, Line, LineKind, Run};

/// The lines of a table's blocks; none if all of them stand in one column, as in a table that only lays out a page.
///
/// # Errors
/// [`PasteError::TooLarge`] if its tabs alone are more than may be pasted.
pub(super) fn lines(blocks: &[Block]) -> Result<Option<Vec<Line>>, PasteError> {
    let all: Vec<_> = blocks.iter().map(|block| (block, block.words())).collect();
    let mut filled = all.iter().filter(|(_, runs)| !runs.is_empty());
    let Some((first, _)) = filled.next() else { return Ok(None) };
    if filled.all(|(block, _)| block.column() == first.column()) {
        return Ok(None);
    }
    let mut lines: Vec<Vec<Run>> = Vec::new();
    let mut tabs = 0;
    let mut last_row = first.row();
    for row in all.chunk_by(|(a, _), (b, _)| a.row() == b.row()) {
        if row.iter().all(|(_, runs)| runs.is_empty()) {
            continue;
        }
        // Rows without text have no blocks, but their numbers.
        if row[0].0.row() > last_row + 1 {
            lines.push(Vec::new());
        }
        last_row = row[0].0.row();
        // The blocks of a cell stand below each other.
        let begun = lines.len();
        // How many tabs each line of the row has by now.
        let mut reached: Vec<u64> = Vec::new();
        for cell in row.chunk_by(|(a, _), (b, _)| a.column() == b.column()) {
            // An empty block between two keeps its line, so that what stands beside it stays there.
            let end = cell.iter().rposition(|(_, runs)| !runs.is_empty()).map_or(0, |last| last + 1);
            for (i, (block, runs)) in cell[..end].iter().enumerate() {
                if reached.len() == i {
                    lines.push(Vec::new());
                    reached.push(0);
                }
                if runs.is_empty() {
                    continue;
                }
                let line = &mut lines[begun + i];
                let column = block.column().saturating_sub(1).max(reached[i]);
                let missing = column - reached[i];
                reached[i] = column;
                tabs += missing;
                if tabs > u64::from(limits::PASTE_UNITS) {
                    return Err(PasteError::TooLarge);
                }
                if missing > 0 {
                    push(
                        line,
                        &"\t".repeat(usize::try_from(missing).expect("below the limit")),
                        Attributes::new(),
                    );
                }
                // A tab of the text's own would be a column.
                runs.iter().for_each(|run| push(line, &run.text.replace('\t', " "), run.attributes.clone()));
            }
        }
    }
    Ok(Some(lines.into_iter().map(|runs| Line { kind: LineKind::Paragraph, runs }).collect()))
}

impl Block {
    /// Its text as one line, with its mark if it is an item.
    fn words(&self) -> Vec<Run> {
        let text = joined(self.texts(), " ");
        match self.mark() {
            Some(mark) if !text.is_empty() => {
                let mark = vec![Run { text: mark, attributes: Attributes::new() }];
                joined([mark, text], " ")
            }
            _ => text,
        }
    }
}
