//! Where pasted lines go: what they replace, and which of them join the lines around. Pure; what was pasted
//! is read in `crate::text::paste`.

use crate::domain::schema;
use crate::text::delta::{Attributes, Line, LineKind, Op, utf16_len};
use crate::text::line_index::{LineIndex, Span};
use crate::text::paste::Pasted;

use super::{Outcome, Selection};

/// Puts lines in the place of what is selected. The first joins what stands before it, the last what stands
/// after it. Plain text has the looks of `pen`, as if it had been typed.
#[must_use]
pub fn insert(lines: &LineIndex, selection: Selection, pasted: &Pasted, pen: &Attributes) -> Outcome {
    let (from, to) = selection.range();
    let (first, last) = (lines.line_at(from), lines.line_at(to));
    let hole = Hole { first, last, before: from > first.start, after: to < last.end() };
    let mut delta = Vec::new();
    if from > 0 {
        delta.push(Op::retain(from));
    }
    let mut end = from;
    let last_line = pasted.lines.len().saturating_sub(1);
    for (i, line) in pasted.lines.iter().enumerate() {
        for run in &line.runs {
            let mut attributes = run.attributes.clone();
            if !pasted.formatted {
                for (name, value) in pen.iter().filter(|(name, _)| *name != schema::LINK) {
                    attributes.insert(name.clone(), value.clone());
                }
            }
            end += utf16_len(&run.text);
            delta.push(Op::insert_with(run.text.clone(), attributes));
        }
        if i < last_line {
            end += 1;
            delta.push(Op::insert_with("\n", hole.kind(pasted, i, line).to_attributes()));
        }
    }
    if to > from {
        delta.push(Op::delete(to - from));
    }
    let kind = pasted.lines.last().map_or(last.kind, |line| hole.kind(pasted, last_line, line));
    if kind != last.kind {
        if last.end() > to {
            delta.push(Op::retain(last.end() - to));
        }
        delta.push(Op::Retain { retain: 1, attributes: kind.to_change() });
    }
    Outcome { delta, selection: Selection::caret(end) }
}

/// Where lines are put in.
struct Hole {
    first: Span,
    last: Span,
    /// Whether text stands before it on its line.
    before: bool,
    /// Whether text stands after it on its line.
    after: bool,
}

impl Hole {
    /// What the line becomes that a pasted line ends in.
    fn kind(&self, pasted: &Pasted, place: usize, line: &Line) -> LineKind {
        let (is_first, is_last) = (place == 0, place + 1 == pasted.lines.len());
        // What stands around it is what it was.
        if is_first && self.before {
            return if is_last || pasted.formatted { self.first.kind } else { self.plain(true) };
        }
        if is_last && self.after {
            return self.last.kind;
        }
        if !pasted.formatted {
            return self.plain(is_first);
        }
        // Who has begun an item and pastes words into it writes an item.
        let begun = is_first && !self.before && (is_last || !self.after);
        if begun && line.kind == LineKind::Paragraph { self.first.kind } else { line.kind }
    }

    /// Each line of a plain text is an item where an item was; a heading is one line.
    fn plain(&self, is_first: bool) -> LineKind {
        match self.first.kind {
            LineKind::Heading(_) if !is_first => LineKind::Paragraph,
            kind => kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::text::delta::{List, Run};

    use super::*;
    use crate::page::command::tests::{parse, write};

    fn lines(text: &str) -> Vec<Line> {
        let (ops, _) = parse(&format!("{text}|"));
        crate::text::delta::lines(&ops)
    }

    /// Pastes lines, written as the commands' tests write them.
    fn pasted(before: &str, what: &str, after: &str) {
        check(before, &Pasted { lines: lines(what), formatted: true, link: None }, after);
    }

    fn plain(before: &str, what: &str, after: &str) {
        check(before, &Pasted { lines: lines(what), formatted: false, link: None }, after);
    }

    fn check(before: &str, pasted: &Pasted, after: &str) {
        let (ops, selection) = parse(before);
        let outcome = insert(&LineIndex::of(&ops), selection, pasted, &Attributes::new());
        assert_eq!(write(&ops, &outcome), after, "{before} with {pasted:?}");
    }

    #[test]
    fn words_join_the_line_that_they_are_pasted_into() {
        pasted("ab|cd", "x", "abx|cd");
        pasted("* ab|", "x", "* abx|");
        pasted("# ab|", "1. x", "# abx|");
        pasted("a[bc]d", "# x", "ax|d");
        pasted("|ab", "* x", "x|ab");
    }

    #[test]
    fn an_empty_line_becomes_what_is_pasted_unless_it_is_only_a_paragraph() {
        pasted("|", "* x", "* x|");
        pasted("a/|/b", "## x", "a/## x|/b");
        pasted("* |", "x", "* x|");
        pasted("* |", ">1. x", ">1. x|");
        pasted("[ab]", "# x", "# x|");
    }

    #[test]
    fn the_first_of_several_lines_joins_what_is_before_and_the_last_what_is_after() {
        pasted("ab|cd", "x/y/z", "abx/y/z|cd");
        pasted("ab|cd", "* x/* y/* z", "abx/* y/z|cd");
        pasted("# ab|cd", "x/y", "# abx/# y|cd");
        pasted("ab|", "* x/* y", "abx/* y|");
        pasted("|ab", "* x/* y", "* x/y|ab");
        pasted("* |", "x/y", "* x/y|");
        pasted("|", "# x/y/* z", "# x/y/* z|");
    }

    #[test]
    fn what_is_selected_gives_way_over_lines_of_several_kinds() {
        pasted("# a[b/* c]d", "x", "# ax|d");
        pasted("# [ab/* cd]", "x/1. y", "# x/1. y|");
        pasted("a[b/c/d]e", "x/y", "ax/y|e");
    }

    #[test]
    fn a_blank_last_line_leaves_what_is_after_on_a_line_of_its_own() {
        pasted("|ab", "* x/* y/", "* x/* y/|ab");
    }

    #[test]
    fn plain_lines_become_items_among_items_and_paragraphs_elsewhere() {
        plain("* a|", "x/y/z", "* ax/* y/* z|");
        plain(">A. |", "x/y", ">A. x/>A. y|");
        plain("# a|", "x/y", "# ax/y|");
        plain("a|b", "x/y", "ax/y|b");
        plain("1. a|b", "x/y", "1. ax/1. y|b");
    }

    #[test]
    fn plain_words_look_as_if_typed_and_no_link_grows() {
        let (ops, selection) = parse("a|b");
        let line = Line {
            kind: LineKind::Item(List::Bullet, 0),
            runs: vec![Run { text: "x".into(), attributes: Attributes::new() }],
        };
        let pen: Attributes =
            [("bold".to_owned(), true.into()), ("link".to_owned(), "https://x.se".into())].into();
        let mut pasted = Pasted { lines: vec![line], formatted: false, link: None };
        let bold = Op::insert_with("x", [("bold".to_owned(), true.into())].into());
        assert_eq!(insert(&LineIndex::of(&ops), selection, &pasted, &pen).delta, [Op::retain(1), bold]);
        pasted.formatted = true;
        assert_eq!(
            insert(&LineIndex::of(&ops), selection, &pasted, &pen).delta,
            [Op::retain(1), Op::insert("x")]
        );
    }
}
