//! What a person pastes or drops into a section: read, and put in as one edit, or not at all.

use std::cell::{Cell, RefCell};

use samsyn_shared::SectionKey;
use samsyn_shared::text::delta::{Op, compose, plain, utf16_len};
use samsyn_shared::text::diff::diff;
use samsyn_shared::text::hyperlink::Hyperlink;
use samsyn_shared::text::paste::{PasteError, Transfer};

use super::{Malbild, TITLE, set_changed};
use crate::editor::command::{Command, perform};
use crate::editor::{insertion, linking};
use crate::state::section::Section;

/// What is dragged out of a text.
#[derive(Default)]
pub(super) struct Dragging {
    /// Its section, and the words as they were when it began.
    begun: RefCell<Option<(SectionKey, Vec<Op>)>>,
    /// It is dropped elsewhere and moves there.
    moves: Cell<bool>,
}

impl Malbild {
    /// What is selected begins to be dragged, or is dropped in another text.
    pub(super) fn dragged(&self, key: SectionKey, begins: bool) {
        let core = self.core();
        if begins {
            let words = self.section(key).map(|section| self.selected(&section));
            *core.dragging.begun.borrow_mut() = words.map(|words| (key, words));
        }
        core.dragging.moves.set(!begins);
    }

    /// The selection's words, as inserts.
    fn selected(&self, section: &Section) -> Vec<Op> {
        let (from, to) = section.selection().range();
        let text = self.read(section.key);
        let rest = utf16_len(&plain(&text)).saturating_sub(to);
        compose(&text, &[Op::delete(from), Op::retain(to - from), Op::delete(rest)])
    }

    /// What goes where the words were dragged from: those that were dragged, and not what others wrote among them since.
    fn moved(&self, to: SectionKey) -> Option<(SectionKey, Vec<Op>)> {
        let (from, words) = self.core().dragging.begun.take().filter(|(from, _)| *from != to)?;
        let section = self.section(from)?;
        self.show_at_once(&section);
        let now = self.selected(&section);
        if now == words {
            // As by a key.
            let outcome = perform(Command::Delete, &section.lines(), section.selection(), false)?;
            return Some((from, outcome.delta));
        }
        let mut gone = vec![Op::retain(section.selection().range().0)];
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

    /// Takes what a surface reports.
    pub(super) fn pasted(&self, key: SectionKey, transfer: &Transfer) {
        let moves = self.core().dragging.moves.take();
        let Some(section) = self.section(key).filter(|_| self.may_write()) else { return };
        let read = transfer.read();
        let read =
            if key == TITLE { read.and_then(|pasted| self.pasted_in_title(&section, &pasted)) } else { read };
        let pasted = match read {
            Ok(pasted) => pasted,
            Err(why) => {
                set_changed(self.not_pasted, Some(why).filter(|why| *why != PasteError::Nothing));
                return;
            }
        };
        set_changed(self.not_pasted, None);
        self.show_at_once(&section);
        let text = self.read(key);
        let selection = section.selection();
        let words = linking::words(&text, selection);
        // An address that is pasted onto words is where they lead. Onto another address, it replaces it.
        let outcome = match &pasted.link {
            Some(link) if !words.is_empty() && Hyperlink::bare(&words).is_none() => {
                linking::set(&text, selection, link, "")
            }
            _ => insertion::insert(&section.lines(), selection, &pasted, &section.pen()),
        };
        let moved = moves.then(|| self.moved(key)).flatten();
        self.carry_out_with(&section, outcome, moved);
    }
}
