//! What a person pastes or drops into a section: read, and put in as one edit, or not at all.

use samsyn_shared::link::Link;
use samsyn_shared::paste::{PasteError, Transfer};

use super::{Malbild, Place, set_changed};
use crate::editor::{insertion, linking};

impl Malbild {
    /// Takes what a surface reports.
    pub(super) fn pasted(&self, key: &'static str, transfer: &Transfer) {
        let Some(section) = self.section(key).filter(|_| self.may_write()) else { return };
        let pasted = match transfer.read() {
            Ok(pasted) => pasted,
            Err(why) => {
                set_changed(self.not_pasted, Some(why).filter(|why| *why != PasteError::Nothing));
                return;
            }
        };
        set_changed(self.not_pasted, None);
        self.show_at_once(&section);
        let text = self.read(Place::Section(key));
        let selection = section.selection();
        let words = linking::words(&text, selection);
        // An address that is pasted onto words is where they lead. Onto another address, it replaces it.
        let outcome = match &pasted.link {
            Some(link) if !words.is_empty() && Link::bare(&words).is_none() => {
                linking::set(&text, selection, link, "")
            }
            _ => insertion::insert(&section.lines(), selection, &pasted, &section.pen()),
        };
        self.carry_out(&section, outcome);
    }
}
