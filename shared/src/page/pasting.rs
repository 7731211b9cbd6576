//! What a person pastes or drops into a text: read, and put in as one edit, or not at all.

use super::Page;
use super::command::{Command, Selection, insertion, linking, perform};
use super::replica::TITLE;
use super::shown_text::ShownText;
use crate::SectionKey;
use crate::text::delta::{Op, compose, plain, utf16_len};
use crate::text::diff::diff;
use crate::text::hyperlink::Hyperlink;
use crate::text::paste::{PasteError, Transfer};

/// What is dragged out of a text.
#[derive(Default)]
pub(super) struct Dragging {
    /// Its section, and the words as they were when it began.
    begun: Option<(SectionKey, Vec<Op>)>,
    /// It is dropped elsewhere and moves there.
    moves: bool,
}

impl Page {
    /// What is selected in a text begins to be dragged.
    pub fn drag_begins(&mut self, key: SectionKey) {
        self.dragging = Dragging { begun: Some((key, self.selected_text(key))), moves: false };
    }

    /// What was dragged is dropped in another text, which is told next ([`Page::pasted`]), and moves there.
    pub const fn drag_moves(&mut self) {
        self.dragging.moves = true;
    }

    /// A person pasted or dropped something where the selection of a text is.
    pub fn pasted(&mut self, key: SectionKey, transfer: &Transfer) {
        let moves = std::mem::take(&mut self.dragging.moves);
        if !self.may_write() || self.text(key).is_none() {
            return;
        }
        let read = transfer.read();
        let read = if key == TITLE { read.and_then(|pasted| self.pasted_in_title(&pasted)) } else { read };
        let why = read.as_ref().err().copied().filter(|why| *why != PasteError::Nothing);
        if self.view.caret.not_pasted != why {
            self.view.caret.update(|caret| caret.not_pasted = why);
        }
        let Ok(pasted) = read else { return };
        self.show_at_once(key);
        let held = self.read(key);
        let Some(text) = self.text(key) else { return };
        let selection = text.selection();
        let words = linking::words(&held, selection);
        // An address that is pasted onto words is where they lead. Onto another address, it replaces it.
        let outcome = match &pasted.link {
            Some(link) if !words.is_empty() && Hyperlink::bare(&words).is_none() => {
                linking::set(&held, selection, link, "")
            }
            _ => insertion::insert(text.lines(), selection, &pasted, text.pen()),
        };
        let moved = moves.then(|| self.moved(key)).flatten();
        self.carry_out_with(key, outcome, moved);
    }

    /// What goes where the words were dragged from: those that were dragged, and not what others wrote among them since.
    fn moved(&mut self, to: SectionKey) -> Option<(SectionKey, Vec<Op>)> {
        let (from, words) = self.dragging.begun.take().filter(|(from, _)| *from != to)?;
        self.show_at_once(from);
        let now = self.selected_text(from);
        let text = self.text(from)?;
        if now == words {
            // As by a key.
            let outcome = perform(Command::Delete, text.lines(), text.selection(), false)?;
            return Some((from, outcome.delta));
        }
        let mut gone = vec![Op::retain(text.selection().range().0)];
        for op in diff(&words, &now, None) {
            gone.push(match op {
                Op::Insert { insert, .. } => Op::retain(utf16_len(&insert)),
                Op::Retain { retain, .. } => Op::delete(retain),
                Op::Delete { .. } => continue,
            });
        }
        let kept: u32 = gone[1..].iter().map(Op::passes).sum();
        gone.push(Op::delete(utf16_len(&plain(&now)).saturating_sub(kept)));
        Some((from, gone))
    }

    /// The selection's words, as inserts.
    fn selected_text(&self, key: SectionKey) -> Vec<Op> {
        let (from, to) = self.selection(key).range();
        let text = self.read(key);
        let rest = utf16_len(&plain(&text)).saturating_sub(to);
        compose(&text, &[Op::delete(from), Op::retain(to - from), Op::delete(rest)])
    }

    /// The selection of a text, in the document.
    pub(super) fn selection(&self, key: SectionKey) -> Selection {
        self.text(key).map(ShownText::selection).unwrap_or_default()
    }

    /// Closes what says why the last paste put nothing in.
    pub fn forget_paste(&mut self) {
        self.view.caret.update(|caret| caret.not_pasted = None);
    }
}
