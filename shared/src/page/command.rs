//! What a command or a structural key means: from a text and a selection to a delta and a selection.
//! Pure; what shows and what stores the result is elsewhere.

pub mod autoformat;
pub mod insertion;
pub mod linking;
#[cfg(test)]
mod tests;

use crate::domain::{limits, schema};
use crate::text::delta::{Attributes, LineKind, List, Op, attributes};
use crate::text::line_index::{LineIndex, Span};
use serde_json::Value;

/// Something that a person asks for by key or button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// A new line.
    Enter,
    /// Deletes backward, where that is more than a character inside a line.
    Backspace,
    /// Deletes a word backward, likewise.
    BackspaceWord,
    /// Deletes forward, likewise.
    Delete,
    /// One level in.
    Indent,
    /// One level out.
    Outdent,
    /// Bold on or off.
    Bold,
    /// Italic on or off.
    Italic,
    /// Underline on or off.
    Underline,
    /// Asks for the address of a link.
    Link,
    /// This kind of list, or none if all is in it.
    List(List),
    /// A heading of this level, or a paragraph if all is one already, or for none.
    Heading(Option<u8>),
    /// Takes back the last edit.
    Undo,
    /// Brings it back.
    Redo,
}

impl Command {
    /// The command that a surface's key names.
    #[must_use]
    pub fn from_key(name: &str) -> Option<Self> {
        Some(match name {
            "enter" => Self::Enter,
            "backspace" => Self::Backspace,
            "backspace-word" => Self::BackspaceWord,
            "delete" => Self::Delete,
            "tab" => Self::Indent,
            "shift-tab" => Self::Outdent,
            "bold" => Self::Bold,
            "italic" => Self::Italic,
            "underline" => Self::Underline,
            "link" => Self::Link,
            "undo" => Self::Undo,
            "redo" => Self::Redo,
            "paragraph" => Self::Heading(None),
            "heading-1" => Self::Heading(Some(1)),
            "heading-2" => Self::Heading(Some(2)),
            "heading-3" => Self::Heading(Some(3)),
            list => Self::List(List::from_name(list)?),
        })
    }

    /// The inline attribute that it switches.
    #[must_use]
    pub const fn inline(self) -> Option<&'static str> {
        match self {
            Self::Bold => Some(schema::BOLD),
            Self::Italic => Some(schema::ITALIC),
            Self::Underline => Some(schema::UNDERLINE),
            _ => None,
        }
    }
}

/// A selection, as indexes in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Where it began.
    pub anchor: u32,
    /// Where the caret is.
    pub head: u32,
}

impl Selection {
    /// Only a caret.
    #[must_use]
    pub const fn caret(at: u32) -> Self {
        Self { anchor: at, head: at }
    }

    /// From the earlier end to the later.
    #[must_use]
    pub fn range(self) -> (u32, u32) {
        (self.anchor.min(self.head), self.anchor.max(self.head))
    }

    pub(super) const fn is_empty(self) -> bool {
        self.anchor == self.head
    }
}

/// What a command does to a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// From the text's beginning.
    pub delta: Vec<Op>,
    /// The selection afterwards.
    pub selection: Selection,
}

/// Performs a command on a text with these lines. None when it means nothing here and the key is the
/// browser's. `on` says for an inline attribute whether all that is selected has it.
#[must_use]
pub fn perform(command: Command, lines: &LineIndex, selection: Selection, on: bool) -> Option<Outcome> {
    match command {
        Command::Enter => Some(enter(lines, selection)),
        Command::Backspace | Command::BackspaceWord | Command::Delete if !selection.is_empty() => {
            Some(delete(lines, selection))
        }
        Command::Backspace | Command::BackspaceWord => backspace(lines, selection),
        Command::Delete => {
            let line = lines.line_at(selection.head);
            let next = lines.after(&line).filter(|_| selection.head == line.end());
            next.map(|next| join(line, next, selection))
        }
        Command::Indent => shift(lines, selection, true),
        Command::Outdent => shift(lines, selection, false),
        Command::List(list) => {
            let all = touched(lines, selection).all(|s| matches!(s.kind, LineKind::Item(l, _) if l == list));
            Some(restyle(lines, selection, |kind| match kind {
                _ if all => LineKind::Paragraph,
                LineKind::Item(_, indent) => LineKind::Item(list, indent),
                _ => LineKind::Item(list, 0),
            }))
        }
        Command::Heading(level) => {
            let wanted = level.map_or(LineKind::Paragraph, LineKind::Heading);
            let all = touched(lines, selection).all(|line| line.kind == wanted);
            Some(restyle(lines, selection, |_| if all { LineKind::Paragraph } else { wanted }))
        }
        Command::Bold | Command::Italic | Command::Underline => {
            command.inline().and_then(|name| mark(lines, selection, name, on))
        }
        Command::Link | Command::Undo | Command::Redo => None,
    }
}

/// The lines of which something is selected, or that the caret is in.
fn touched(lines: &LineIndex, selection: Selection) -> impl Iterator<Item = Span> {
    let (from, to) = selection.range();
    let mut spans = lines.spans(from, to);
    // A selection that was drawn to the next line's start has nothing of it.
    if spans.len() > 1 && spans.last().is_some_and(|last| last.start == to) {
        spans.pop();
    }
    spans.into_iter()
}

/// A delta that grows from the left; positions are those of the text before it.
#[derive(Default)]
struct Builder {
    ops: Vec<Op>,
    at: u32,
}

impl Builder {
    fn go_to(&mut self, index: u32) {
        if index > self.at {
            self.ops.push(Op::retain(index - self.at));
            self.at = index;
        }
    }

    fn delete_to(&mut self, index: u32) {
        if index > self.at {
            self.ops.push(Op::delete(index - self.at));
            self.at = index;
        }
    }

    fn insert_line_end(&mut self, kind: LineKind) {
        self.ops.push(Op::insert_with("\n", kind.to_attributes()));
    }

    fn change(&mut self, to: u32, attributes: Attributes) {
        self.ops.push(Op::Retain { retain: to - self.at, attributes });
        self.at = to;
    }

    /// The line that ends at `end` becomes of this kind.
    fn set_kind(&mut self, end: u32, kind: LineKind) {
        self.go_to(end);
        self.change(end + 1, kind.to_change());
    }

    fn finish(self, selection: Selection) -> Outcome {
        Outcome { delta: self.ops, selection }
    }
}

fn enter(lines: &LineIndex, selection: Selection) -> Outcome {
    let (from, to) = selection.range();
    let (first, last) = (lines.line_at(from), lines.line_at(to));
    let mut delta = Builder::default();
    if selection.is_empty() && first.len == 0 {
        let kind = match first.kind {
            LineKind::Item(list, indent) if indent > 0 => Some(LineKind::Item(list, indent - 1)),
            LineKind::Item(_, _) | LineKind::Heading(_) => Some(LineKind::Paragraph),
            LineKind::Paragraph => None,
        };
        if let Some(kind) = kind {
            delta.set_kind(first.end(), kind);
            return delta.finish(selection);
        }
    }
    // What stands before the caret keeps the first line's kind. A heading ends with its line: what
    // is opened before or after all of it is a paragraph.
    let heading = matches!(first.kind, LineKind::Heading(_));
    let before = if heading && from == first.start { LineKind::Paragraph } else { first.kind };
    let after = if heading && to == last.end() { LineKind::Paragraph } else { first.kind };
    delta.go_to(from);
    delta.insert_line_end(before);
    delta.delete_to(to);
    if after != last.kind {
        delta.set_kind(last.end(), after);
    }
    delta.finish(Selection::caret(from + 1))
}

fn delete(lines: &LineIndex, selection: Selection) -> Outcome {
    let (from, to) = selection.range();
    let (first, last) = (lines.line_at(from), lines.line_at(to));
    let mut delta = Builder::default();
    delta.go_to(from);
    delta.delete_to(to);
    let is_all = from == 0 && to == last.end() && lines.after(&last).is_none();
    let kind = match is_all {
        // Nothing is left, and so nothing of a list.
        true => LineKind::Paragraph,
        false if from > first.start => first.kind,
        false => last.kind,
    };
    if kind != last.kind {
        delta.set_kind(last.end(), kind);
    }
    delta.finish(Selection::caret(from))
}

fn backspace(lines: &LineIndex, selection: Selection) -> Option<Outcome> {
    let span = lines.line_at(selection.head);
    if selection.head != span.start {
        return None;
    }
    let kind = match span.kind {
        LineKind::Item(list, indent) if indent > 0 => LineKind::Item(list, indent - 1),
        LineKind::Item(_, _) | LineKind::Heading(_) => LineKind::Paragraph,
        LineKind::Paragraph => {
            let before = lines.before(&span)?;
            return Some(join(before, span, Selection::caret(before.end())));
        }
    };
    let mut delta = Builder::default();
    delta.set_kind(span.end(), kind);
    Some(delta.finish(selection))
}

/// Deletes what a reader takes as one character, so long before the caret. A browser deletes a letter's
/// accent and leaves the letter. None when it is one unit, which is the browser's.
#[must_use]
pub fn backspace_grapheme(caret: u32, units: u32) -> Option<Outcome> {
    let start = caret.checked_sub(units).filter(|_| units > 1)?;
    Some(Outcome { delta: vec![Op::retain(start), Op::delete(units)], selection: Selection::caret(start) })
}

/// Joins a line and the next; an empty line leaves nothing of itself.
fn join(line: Span, next: Span, selection: Selection) -> Outcome {
    let mut delta = Builder::default();
    delta.go_to(line.end());
    delta.delete_to(next.start);
    if line.len > 0 && line.kind != next.kind {
        delta.set_kind(next.end(), line.kind);
    }
    delta.finish(selection)
}

/// Items one level in or out; none when no item is touched, so that Tab leaves the text.
fn shift(lines: &LineIndex, selection: Selection, inward: bool) -> Option<Outcome> {
    let mut delta = Builder::default();
    let mut items = 0;
    for span in touched(lines, selection) {
        let LineKind::Item(list, indent) = span.kind else { continue };
        items += 1;
        // At most one level deeper than the item before it: there is no third level without a second.
        let deepest = match lines.before(&span).map(|before| before.kind) {
            Some(LineKind::Item(_, before)) => (before + 1).min(limits::INDENT_MAX),
            _ => 0,
        };
        let wanted = if inward { (indent + 1).min(deepest).max(indent) } else { indent.saturating_sub(1) };
        if wanted != indent {
            delta.set_kind(span.end(), LineKind::Item(list, wanted));
        }
    }
    (items > 0).then(|| delta.finish(selection))
}

fn restyle(lines: &LineIndex, selection: Selection, kind: impl Fn(LineKind) -> LineKind) -> Outcome {
    let mut delta = Builder::default();
    for span in touched(lines, selection) {
        let wanted = kind(span.kind);
        if wanted != span.kind {
            delta.set_kind(span.end(), wanted);
        }
    }
    delta.finish(selection)
}

/// None for a bare caret: then it is the pen that changes. A `\n` gets no inline attribute.
fn mark(lines: &LineIndex, selection: Selection, name: &str, on: bool) -> Option<Outcome> {
    if selection.is_empty() {
        return None;
    }
    let (from, to) = selection.range();
    let value = if on { Value::Null } else { true.into() };
    let mut delta = Builder::default();
    for span in touched(lines, selection) {
        let (start, end) = (span.start.max(from), span.end().min(to));
        if start < end {
            delta.go_to(start);
            delta.change(end, attributes([(name.to_owned(), value.clone())]));
        }
    }
    Some(delta.finish(selection))
}
