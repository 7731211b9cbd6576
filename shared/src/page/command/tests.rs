//! Commands on texts written as one line of marks.

use crate::document;
use crate::text::delta::{lines, utf16_len};
use yrs::{Transact, WriteTxn};

use super::*;

/// A line's mark before its text: "# " to "### " headings, "* ", "1. ", "A. " items, ">" a level
/// each; "|" is the caret, "[" and "]" a selection.
pub(in crate::page::command) fn parse(text: &str) -> (Vec<Op>, Selection) {
    let mut ops = Vec::new();
    let (mut anchor, mut head, mut at) = (None, None, 0);
    for line in text.split('/') {
        let indent = u8::try_from(line.chars().take_while(|c| *c == '>').count()).expect("few");
        let rest = &line[usize::from(indent)..];
        let (kind, rest) = [
            ("### ", LineKind::Heading(3)),
            ("## ", LineKind::Heading(2)),
            ("# ", LineKind::Heading(1)),
            ("* ", LineKind::Item(List::Bullet, indent)),
            ("1. ", LineKind::Item(List::Ordered, indent)),
            ("A. ", LineKind::Item(List::Lettered, indent)),
        ]
        .into_iter()
        .find_map(|(mark, kind)| rest.strip_prefix(mark).map(|rest| (kind, rest)))
        .unwrap_or((LineKind::Paragraph, rest));
        let mut words = String::new();
        for c in rest.chars() {
            let here = at + utf16_len(&words);
            match c {
                '|' => (anchor, head) = (Some(here), Some(here)),
                '[' => anchor = Some(here),
                ']' => head = Some(here),
                c => words.push(c),
            }
        }
        at += utf16_len(&words) + 1;
        ops.extend([Op::insert(words), Op::insert_with("\n", kind.to_attributes())]);
    }
    (ops, Selection { anchor: anchor.expect("a caret"), head: head.expect("a caret") })
}

fn show(ops: &[Op], selection: Selection) -> String {
    let mut out = Vec::new();
    let mut at = 0;
    for line in lines(ops) {
        let mut words = String::new();
        let text: String = line.runs.iter().map(|run| run.text.as_str()).collect();
        for c in text.chars().map(Some).chain([None]) {
            let here = at + utf16_len(&words.replace(['|', '[', ']'], ""));
            match (selection.is_empty(), here) {
                (true, i) if i == selection.head => words.push('|'),
                (false, i) if i == selection.anchor => words.push('['),
                (false, i) if i == selection.head => words.push(']'),
                _ => {}
            }
            words.extend(c);
        }
        at += utf16_len(&text) + 1;
        let mark = match line.kind {
            LineKind::Paragraph => String::new(),
            LineKind::Heading(level) => format!("{} ", "#".repeat(level.into())),
            LineKind::Item(list, indent) => {
                let mark = match list {
                    List::Bullet => "* ",
                    List::Ordered => "1. ",
                    List::Lettered => "A. ",
                };
                format!("{}{mark}", ">".repeat(indent.into()))
            }
        };
        out.push(mark + &words);
    }
    out.join("/")
}

fn check(command: Command, before: &str, after: &str) {
    let (ops, selection) = parse(before);
    let outcome = perform(command, &LineIndex::of(&ops), selection, false);
    let got = outcome.map_or("browser".to_owned(), |outcome| write(&ops, &outcome));
    assert_eq!(got, after, "{command:?} on {before}");
}

/// The text after an outcome, and the selection in it.
pub(in crate::page::command) fn write(ops: &[Op], outcome: &Outcome) -> String {
    let doc = document::replica(1);
    let mut txn = doc.try_transact_mut().expect("free");
    let text = txn.get_or_insert_text("t");
    document::change(&text, &mut txn, 0, ops);
    document::change(&text, &mut txn, 0, &outcome.delta);
    show(&document::read(&text, &txn), outcome.selection)
}

#[test]
fn enter_splits_and_a_heading_ends_with_its_line() {
    check(Command::Enter, "a|b", "a/|b");
    check(Command::Enter, "* a|b", "* a/* |b");
    check(Command::Enter, "# ab|", "# ab/|");
    check(Command::Enter, "# a|b", "# a/# |b");
    check(Command::Enter, "# |ab", "/# |ab");
    check(Command::Enter, "a[b/c]d", "a/|d");
    check(Command::Enter, "* a[b/# c]d/e", "* a/* |d/e");
}

#[test]
fn enter_on_an_empty_item_leaves_the_list_level_by_level() {
    check(Command::Enter, "* a/>* |", "* a/* |");
    check(Command::Enter, "* a/* |", "* a/|");
    check(Command::Enter, "# |", "|");
    check(Command::Enter, "|", "/|");
}

#[test]
fn backspace_at_the_start_outdents_then_joins() {
    check(Command::Backspace, "* a/>* |b", "* a/* |b");
    check(Command::Backspace, "* a/* |b", "* a/|b");
    check(Command::Backspace, "* a/|b", "* a|b");
    check(Command::Backspace, "/# |b", "/|b");
    check(Command::Backspace, "# a/|b", "# a|b");
    check(Command::Backspace, "/|b", "|b");
    check(Command::Backspace, "|b", "browser");
    check(Command::Backspace, "a|b", "browser");
}

#[test]
fn deleting_a_selection_keeps_the_line_that_is_left() {
    check(Command::Backspace, "# a[b/c]d", "# a|d");
    check(Command::Delete, "[# ab/c]d", "|# d".replace("|# d", "|d").as_str());
    check(Command::Delete, "a|/* b", "a|b");
    check(Command::Delete, "|/* b", "* |b");
    check(Command::Delete, "a|", "browser");
}

#[test]
fn when_all_is_deleted_nothing_of_a_list_is_left() {
    check(Command::Delete, "[a/* b]", "|");
    check(Command::Backspace, "[* a]", "|");
    check(Command::Delete, "* [a]/b", "* |/b");
    check(Command::Delete, "[* a/* b]/c", "* |/c");
}

#[test]
fn a_line_of_which_nothing_is_selected_stays_as_it_is() {
    check(Command::List(List::Bullet), "[a/]b", "* [a/]b");
    check(Command::Heading(Some(1)), "a/[b/]* c", "a/# [b/]* c");
    check(Command::List(List::Bullet), "a[/b]", "* a[/* b]");
}

#[test]
fn tab_moves_an_item_and_leaves_other_lines_alone() {
    check(Command::Indent, "* a/* b|", "* a/>* b|");
    check(Command::Indent, "* a/>* b|", "* a/>* b|");
    check(Command::Indent, "* a|", "* a|");
    check(Command::Outdent, "* a/>* b|", "* a/* b|");
    check(Command::Indent, "a|", "browser");
    check(Command::Indent, "1. a/1. [b/1. c]/d", "1. a/>1. [b/>1. c]/d");
}

#[test]
fn a_list_command_makes_unmakes_and_changes_lists() {
    check(Command::List(List::Bullet), "[a/b]/c", "* [a/* b]/c");
    check(Command::List(List::Bullet), "* [a/* b]", "[a/b]");
    check(Command::List(List::Lettered), "* a/>* b|", "* a/>A. b|");
    check(Command::List(List::Ordered), "# a|", "1. a|");
}

#[test]
fn a_heading_command_makes_and_unmakes_headings() {
    check(Command::Heading(Some(2)), "a|", "## a|");
    check(Command::Heading(Some(2)), "## a|", "a|");
    check(Command::Heading(None), "### a|", "a|");
    check(Command::Heading(Some(1)), "* a|", "# a|");
}

#[test]
fn a_mark_covers_text_and_no_line_end() {
    let (ops, selection) = parse("a[b/c]d");
    let outcome = perform(Command::Bold, &LineIndex::of(&ops), selection, false).expect("a selection");
    let bold: Attributes = [("bold".to_owned(), Value::Bool(true))].into();
    let marked = Op::Retain { retain: 1, attributes: bold };
    assert_eq!(outcome.delta, [Op::retain(1), marked.clone(), Op::retain(1), marked]);
    let (ops, caret) = parse("a|b");
    assert_eq!(perform(Command::Bold, &LineIndex::of(&ops), caret, false), None);
}
