//! Lists that are typed: a mark and a space at a line's start make the line an item. Pure; that it is an
//! edit of its own, so that one undo brings the mark back, is the caller's to see to.

use crate::text::delta::{LineKind, List, Op, utf16_len};
use crate::text::line_index::LineIndex;

use super::{Outcome, Selection};

/// The list that `edit` asks for, if it was a space typed behind a list's mark: from the lines with the
/// space in them, and what stands before the caret in its line.
#[must_use]
pub fn autoformat(edit: &[Op], lines: &LineIndex, caret: u32, before_caret: &str) -> Option<Outcome> {
    let list = list(before_caret)?;
    let line = lines.line_at(caret);
    let mark = utf16_len(before_caret);
    let is_typed = edit.iter().all(|op| match op {
        Op::Insert { insert, .. } => insert == " ",
        Op::Retain { attributes, .. } => attributes.is_empty(),
        Op::Delete { .. } => false,
    });
    if !is_typed || edit.is_empty() || line.kind != LineKind::Paragraph || caret != line.start + mark {
        return None;
    }
    let delta = vec![
        Op::retain(line.start),
        Op::delete(mark),
        Op::retain(line.len - mark),
        Op::Retain { retain: 1, attributes: LineKind::Item(list, 0).to_change() },
    ];
    Some(Outcome { delta, selection: Selection::caret(line.start) })
}

/// The line as it was typed, for who did not mean a list: "A. Andersson". `caret` stands at the item's start.
#[must_use]
pub fn give_back(lines: &LineIndex, caret: u32, mark: &str) -> Outcome {
    let line = lines.line_at(caret);
    let delta = vec![
        Op::retain(line.start),
        Op::insert(mark),
        Op::retain(line.len),
        Op::Retain { retain: 1, attributes: LineKind::Paragraph.to_change() },
    ];
    let delta = delta.into_iter().filter(|op| *op != Op::retain(0)).collect();
    Outcome { delta, selection: Selection::caret(line.start + utf16_len(mark)) }
}

/// Whether this, at a line's start, may make it an item.
#[must_use]
pub fn is_mark(before_caret: &str) -> bool {
    list(before_caret).is_some()
}

fn list(mark: &str) -> Option<List> {
    match mark {
        "- " | "* " => Some(List::Bullet),
        "1. " | "1) " => Some(List::Ordered),
        "A. " | "A) " | "a. " | "a) " => Some(List::Lettered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::text::delta::{compose, lines, plain};

    use super::*;

    fn typed(text: &str, caret: u32) -> Option<Vec<Op>> {
        let text = [Op::insert(format!("{text}\n"))];
        let lines = LineIndex::of(&text);
        let start = lines.line_at(caret).start as usize;
        let units: Vec<u16> = plain(&text).encode_utf16().collect();
        let before = String::from_utf16_lossy(&units[start..caret as usize]);
        let edit = [Op::retain(caret - 1), Op::insert(" ")];
        let outcome = autoformat(&edit, &lines, caret, &before)?;
        assert_eq!(outcome.selection.head as usize, start);
        Some(compose(&text, &outcome.delta))
    }

    #[test]
    fn a_mark_and_a_space_at_a_lines_start_make_an_item() {
        for (mark, list) in [("- ", List::Bullet), ("1. ", List::Ordered), ("A. ", List::Lettered)] {
            let text = typed(&format!("före\n{mark}vatten"), 5 + utf16_len(mark)).expect("a list");
            assert_eq!(plain(&text), "före\nvatten\n");
            let kinds: Vec<_> = lines(&text).iter().map(|line| line.kind).collect();
            assert_eq!(kinds, [LineKind::Paragraph, LineKind::Item(list, 0)]);
        }
    }

    #[test]
    fn what_was_not_meant_as_a_list_is_given_back_as_it_was_typed() {
        let text = [
            Op::insert("före\nAndersson"),
            Op::insert_with("\n", LineKind::Item(List::Lettered, 0).to_attributes()),
        ];
        let outcome = give_back(&LineIndex::of(&text), 5, "A. ");
        assert_eq!(plain(&compose(&text, &outcome.delta)), "före\nA. Andersson\n");
        assert!(lines(&compose(&text, &outcome.delta)).iter().all(|line| line.kind == LineKind::Paragraph));
        assert_eq!(outcome.selection, Selection::caret(8));
    }

    #[test]
    fn elsewhere_and_otherwise_a_space_is_a_space() {
        assert_eq!(typed("kl. 1. ", 7), None);
        assert_eq!(typed("2. ", 3), None);
        let lines = LineIndex::of(&[Op::insert("- \n")]);
        assert_eq!(autoformat(&[Op::insert("- ")], &lines, 2, "- "), None, "it was pasted");
        let heading =
            LineIndex::of(&[Op::insert("- "), Op::insert_with("\n", LineKind::Heading(1).to_attributes())]);
        assert_eq!(autoformat(&[Op::retain(1), Op::insert(" ")], &heading, 2, "- "), None);
    }
}
