//! What is different where the text is the title: one line, words alone, and no longer than a title may be. That it is
//! so in the document, whoever writes, is `replica`'s.

use super::command::Command;
use super::replica::{By, TITLE};
use super::{Page, SurfaceEffect};
use crate::domain::limits;
use crate::text::delta::{Attributes, Line, Op, Run, utf16_len};
use crate::text::paste::{PasteError, Pasted};

impl Page {
    /// What a command means in the title; `None` for what it means in any text.
    pub(super) fn perform_in_title(&mut self, command: Command) -> Option<bool> {
        match command {
            Command::Undo | Command::Redo | Command::Backspace | Command::BackspaceWord | Command::Delete => {
                None
            }
            // Enter goes on to the text.
            Command::Enter => {
                if let Some(first) = self.held().template().sections.first() {
                    self.ask_surface(first.key, SurfaceEffect::Focus);
                }
                Some(true)
            }
            Command::Indent | Command::Outdent => Some(false),
            // Nothing, and nothing of the browser's either.
            Command::Bold
            | Command::Italic
            | Command::Underline
            | Command::Link
            | Command::List(_)
            | Command::Heading(_) => Some(true),
        }
    }

    /// The person changed what the title's surface shows; it shows what the document made of it if that is something else.
    pub(super) fn edited_title(&mut self, delta: Vec<Op>) {
        let is_plain = delta.iter().all(|op| match op {
            Op::Insert { insert, attributes } => attributes.is_empty() && !insert.contains('\n'),
            Op::Retain { attributes, .. } => attributes.is_empty(),
            Op::Delete { .. } => true,
        });
        let fits = grows_by(&delta) <= self.title_has_room_for();
        if fits {
            self.edit(TITLE, delta, By::View);
        }
        if !fits || !is_plain {
            self.show_anew(TITLE);
        }
    }

    /// Lines as words in the title.
    ///
    /// # Errors
    /// [`PasteError::TooLarge`] if the title has no room for them.
    pub(super) fn pasted_in_title(&self, pasted: &Pasted) -> Result<Pasted, PasteError> {
        let lines: Vec<String> = pasted.lines.iter().map(words).filter(|words| !words.is_empty()).collect();
        let text = lines.join(" ");
        let (from, to) = self.text(TITLE).map(|text| text.selection().range()).unwrap_or_default();
        if i64::from(utf16_len(&text)) - i64::from(to - from) > self.title_has_room_for() {
            return Err(PasteError::TooLarge);
        }
        let run = Run { text, attributes: Attributes::new() };
        Ok(Pasted { lines: vec![Line { runs: vec![run], ..Line::default() }], formatted: false, link: None })
    }

    /// In UTF-16 code units; none of a title that others made too long.
    fn title_has_room_for(&self) -> i64 {
        let held = self.held().len(TITLE).unwrap_or_default();
        // Its line end is only here.
        let most = i64::try_from(limits::TITLE_UNITS).expect("a small number") + 1;
        (most - i64::from(held)).max(0)
    }
}

fn words(line: &Line) -> String {
    let text: String = line.runs.iter().map(|run| &*run.text).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How much longer a text is after a change, in UTF-16 code units.
fn grows_by(delta: &[Op]) -> i64 {
    let by = |op: &Op| match op {
        Op::Insert { insert, .. } => i64::from(utf16_len(insert)),
        Op::Retain { .. } => 0,
        Op::Delete { delete } => -i64::from(*delete),
    };
    delta.iter().map(by).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_adds_is_counted_in_units() {
        assert_eq!(grows_by(&[Op::retain(3), Op::insert("å😀"), Op::delete(2)]), 1);
        assert_eq!(grows_by(&[Op::delete(2)]), -2);
    }
}
