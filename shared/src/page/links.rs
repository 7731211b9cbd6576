//! The link at the caret and the one that is being written: what the page shows of it beside the text, and
//! what it does.

use super::command::linking::{around, remove, set, words};
use super::replica::TITLE;
use super::{Page, SurfaceEffect};
use crate::SectionKey;
use crate::text::hyperlink::{Hyperlink, LinkError};

/// How many characters of the words that become a link are shown.
const WORDS_SHOWN: usize = 60;

/// What is shown beside a link.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkAtCaret {
    /// The section it is in.
    pub section: SectionKey,
    /// Where it begins in the document, or what is selected does.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Where the link leads; none for one that is being added.
    pub link: Option<Hyperlink>,
    /// What is selected, none when nothing is.
    pub words: Option<String>,
    /// Whether its address is being written.
    pub writing: bool,
}

impl Page {
    /// Opens the form for the link at the caret, or for a new one.
    pub(super) fn ask_for_link(&mut self, key: SectionKey) {
        let form = self.link_at_caret(key).map(|link| LinkAtCaret { writing: true, ..link });
        if form.is_some() {
            self.view.caret.update(|caret| caret.link = form);
        }
    }

    /// Opens the form for the link that is shown.
    pub fn edit_link(&mut self) {
        if let Some(key) = self.linked_section() {
            self.ask_for_link(key);
        }
    }

    /// Sets the link to what was written, with these words where nothing was selected.
    ///
    /// # Errors
    /// [`LinkError`] when it is no address that may be followed; the form stays.
    pub fn set_link(&mut self, address: &str, words: &str) -> Result<(), LinkError> {
        let link = Hyperlink::parse(address)?;
        if let Some(key) = self.linked_section().filter(|_| self.may_write()) {
            self.end_link(key);
            self.show_at_once(key);
            let outcome = set(&self.read(key), self.selection(key), &link, words);
            self.carry_out(key, outcome);
        }
        Ok(())
    }

    /// Makes the link plain words.
    pub fn remove_link(&mut self) {
        let Some(key) = self.linked_section().filter(|_| self.may_write()) else { return };
        self.end_link(key);
        self.show_at_once(key);
        if let Some(outcome) = remove(&self.read(key), self.selection(key)) {
            self.carry_out(key, outcome);
        }
    }

    /// Closes what is open without a change; the caret is in the text again.
    pub fn close_link(&mut self) {
        if let Some(key) = self.linked_section() {
            self.end_link(key);
        }
    }

    fn end_link(&mut self, key: SectionKey) {
        self.view.caret.update(|caret| caret.link = None);
        self.ask_surface(key, SurfaceEffect::Focus);
    }

    /// Who goes on in the text does not want the form any more.
    pub(super) fn leave_link(&mut self) {
        if self.view.caret.link.as_ref().is_some_and(|link| link.writing) {
            self.view.caret.update(|caret| caret.link = None);
        }
    }

    /// Shows the link that the caret is in. A form stays, and moves with its text.
    pub(super) fn refresh_link(&mut self, in_link: bool) {
        let shown = &self.view.caret.link;
        if shown.is_none() && !in_link {
            return;
        }
        let now = match shown.clone().filter(|shown| shown.writing) {
            Some(form) => match self.link_at_caret(form.section) {
                Some(now) => Some(LinkAtCaret { from: now.from, to: now.to, ..form }),
                None => return,
            },
            None => {
                let active = self.view.caret.active.filter(|key| in_link && *key != TITLE);
                let now = active.and_then(|key| self.link_at_caret(key));
                now.filter(|now| now.link.is_some() && now.words.is_none())
            }
        };
        if now != self.view.caret.link {
            self.view.caret.update(|caret| caret.link = now);
        }
    }

    /// The section of the link that is shown or written.
    #[must_use]
    pub fn linked_section(&self) -> Option<SectionKey> {
        let key = self.view.caret.link.as_ref()?.section;
        self.text(key).map(|text| text.key)
    }

    fn link_at_caret(&self, key: SectionKey) -> Option<LinkAtCaret> {
        let selection = self.text(key)?.selection();
        let text = self.read(key);
        let found = around(&text, selection);
        let (from, to) = found.as_ref().map_or(selection.range(), |link| (link.from, link.to));
        let selected = words(&text, selection);
        Some(LinkAtCaret {
            section: key,
            from,
            to,
            link: found.and_then(|link| Hyperlink::of_value(&link.value)),
            words: (!selected.is_empty()).then(|| shortened(&selected)),
            writing: false,
        })
    }
}

fn shortened(words: &str) -> String {
    let mut shown: String = words.chars().take(WORDS_SHOWN).collect();
    if shown.len() < words.len() {
        shown.push('…');
    }
    shown
}
