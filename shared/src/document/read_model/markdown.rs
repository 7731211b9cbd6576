//! The read model as CommonMark 0.31: what a reader of it sees is what the page shows, line for line. What
//! CommonMark has no word for is written so that it still reads: an underline as HTML, a lettered item as a bullet
//! that begins with its letter, an item without items above it as deep as its list lets it be. Blank lines only part.
//!
//! Invariant: The Markdown export reads in a parser that is not ours as the page shows it: lines, kinds, numbers,
//! looks (`any_text_reads_in_another_parser_as_the_page_shows_it`).

mod inline;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use super::ReadModel;
use crate::text::delta::{Line, LineKind, List, letters, visible_lines};

pub(super) fn of(model: &ReadModel) -> String {
    let mut out = format!("{}\n", heading(1, &inline::plain(&model.title)));
    for section in &model.sections {
        write!(out, "\n{}\n", heading(2, &inline::plain(&section.heading)))
            .expect("a String takes all that is written");
        write_lines(&mut out, &visible_lines(&section.delta));
    }
    out
}

/// One list that is open.
struct Level {
    list: List,
    /// How far in the page shows it.
    indent: u8,
    count: usize,
    /// What its items begin with, or what follows their number.
    mark: char,
    /// How far its items' text is from the left.
    text: usize,
}

/// The lists that a line may go on with.
#[derive(Default)]
struct Lists {
    /// Outermost first.
    open: Vec<Level>,
    /// The mark of the last list in each open item, outermost first: one with the same mark right after it would
    /// be the same list.
    last: Vec<char>,
    /// Whether the last item has text.
    has_text: bool,
}

fn write_lines(out: &mut String, lines: &[Line]) {
    let mut lists = Lists::default();
    for line in lines {
        let (before, text) = inline::line(&line.runs);
        match line.kind {
            LineKind::Item(list, indent) => lists.write(out, (list, indent), &before, &text),
            _ if text.is_empty() => lists.part(),
            kind => {
                lists = Lists::default();
                let line = match kind {
                    LineKind::Heading(level) => heading(2 + usize::from(level), &(before + &text)),
                    _ => before + &escape_start(&text),
                };
                write!(out, "\n{line}\n").expect("a String takes all that is written");
            }
        }
    }
}

impl Lists {
    /// What comes next begins a new list.
    fn part(&mut self) {
        self.open.clear();
        self.last.truncate(1);
    }

    fn write(&mut self, out: &mut String, (list, indent): (List, u8), before: &str, text: &str) {
        let was_open = !self.open.is_empty();
        // A letter is text.
        let has_text = !text.is_empty() || list == List::Lettered;
        while self
            .open
            .last()
            .is_some_and(|level| level.indent > indent || (level.indent == indent && level.list != list))
        {
            self.open.pop();
        }
        let goes_on = self.open.last().is_some_and(|level| level.indent == indent);
        if !goes_on {
            let depth = self.open.len();
            let [mark, other] = marks(list);
            let mark = if self.last.get(depth) == Some(&mark) { other } else { mark };
            self.open.push(Level { list, indent, count: 0, mark, text: 0 });
            // An empty item does not begin a list right after a text; and none begins after a blank line in an
            // empty item.
            if !was_open || (!has_text && self.has_text) {
                out.push('\n');
            }
        }
        self.has_text = has_text;
        let outer = self.open.iter().rev().nth(1).map_or(0, |level| level.text);
        let level = self.open.last_mut().expect("the item's own level is open");
        level.count += 1;
        let (mark, text) = match list {
            List::Bullet => (level.mark.to_string(), before.to_owned() + &escape_start(text)),
            List::Ordered => {
                (format!("{}{}", level.count, level.mark), before.to_owned() + &escape_start(text))
            }
            List::Lettered => (level.mark.to_string(), format!("{}. {before}{text}", letters(level.count))),
        };
        level.text = outer + mark.len() + 1;
        let mark_used = level.mark;
        self.last.truncate(self.open.len() - 1);
        self.last.push(mark_used);
        let item = format!("{:outer$}{mark} {text}", "");
        out.push_str(item.trim_end_matches(' '));
        out.push('\n');
    }
}

/// What a list is marked with, and what another one right after it.
fn marks(list: List) -> [char; 2] {
    match list {
        List::Bullet => ['-', '+'],
        List::Ordered => ['.', ')'],
        List::Lettered => ['*', '+'],
    }
}

/// Number signs at a heading's end would be taken for its own.
fn heading(level: usize, text: &str) -> String {
    let signs = "#".repeat(level);
    match text.strip_suffix('#') {
        Some(rest) => format!("{signs} {rest}\\#"),
        None => format!("{signs} {text}").trim_end().to_owned(),
    }
}

/// What means something at the start of a line only.
fn escape_start(text: &str) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mut rest = text[digits..].chars();
    let means = match rest.next() {
        Some('.' | ')') => (1..10).contains(&digits),
        Some('#' | '+' | '-' | '=') => digits == 0,
        _ => false,
    };
    // A number in a word, a date and a minus mean nothing.
    if !means || rest.next().is_some_and(char::is_alphanumeric) {
        return text.to_owned();
    }
    format!("{}\\{}", &text[..digits], &text[digits..])
}
