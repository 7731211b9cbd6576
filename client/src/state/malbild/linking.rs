//! The link at the caret and the one that is being written: what the page shows of it beside the text, and
//! what it does.

use leptos::prelude::*;
use samsyn_shared::SectionKey;
use samsyn_shared::text::hyperlink::{Hyperlink, LinkError};

use super::{Malbild, Section, TITLE, set_changed};
use crate::editor::linking::{around, remove, set, words};

/// How many characters of the words that become a link are shown.
const WORDS_SHOWN: usize = 60;

/// What stands beside a link.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkBox {
    /// The section it is in.
    pub section: SectionKey,
    /// How far from the left of the section's text, in CSS pixels.
    pub left: f64,
    /// How far from its top.
    pub top: f64,
    /// Where the link leads; none for one that is being added.
    pub link: Option<Hyperlink>,
    /// What is selected, none when nothing is.
    pub words: Option<String>,
    /// Whether its address is being written.
    pub writing: bool,
}

impl Malbild {
    /// Opens the form for the link at the caret, or for a new one.
    pub(super) fn ask_for_link(&self, section: &Section) {
        if let Some(mut shown) = self.link_box(section) {
            shown.writing = true;
            self.link.set(Some(shown));
        }
    }

    /// Opens the form for the link that is shown.
    pub fn edit_link(&self) {
        if let Some(section) = self.linked_section() {
            self.ask_for_link(&section);
        }
    }

    /// Sets the link to what was written, with these words where nothing was selected.
    ///
    /// # Errors
    /// [`LinkError`] when it is no address that may be followed; the form stays.
    pub fn set_link(&self, address: &str, words: &str) -> Result<(), LinkError> {
        let link = Hyperlink::parse(address)?;
        if let Some(section) = self.linked_section().filter(|_| self.may_write()) {
            self.link.set(None);
            section.surface.focus();
            self.show_at_once(&section);
            let outcome = set(&self.read(section.key), section.selection(), &link, words);
            self.carry_out(&section, outcome);
        }
        Ok(())
    }

    /// Makes the link plain words.
    pub fn remove_link(&self) {
        let Some(section) = self.linked_section().filter(|_| self.may_write()) else { return };
        self.link.set(None);
        section.surface.focus();
        self.show_at_once(&section);
        if let Some(outcome) = remove(&self.read(section.key), section.selection()) {
            self.carry_out(&section, outcome);
        }
    }

    /// Closes what is open without a change; the caret is in the text again.
    pub fn close_link(&self) {
        if let Some(section) = self.linked_section() {
            self.link.set(None);
            section.surface.focus();
        }
    }

    /// Who goes on in the text does not want the form any more.
    pub(super) fn leave_link(&self) {
        if self.link.with_untracked(|shown| shown.as_ref().is_some_and(|shown| shown.writing)) {
            self.link.set(None);
        }
    }

    /// Shows the link that the caret is in. A form stays, and moves with its text.
    pub(super) fn refresh_link(&self, in_link: bool) {
        let shown = self.link.get_untracked();
        if shown.is_none() && !in_link {
            return;
        }
        let now = match shown.filter(|shown| shown.writing) {
            Some(mut form) => {
                let Some(now) = self.linked_section().and_then(|section| self.link_box(&section)) else {
                    return;
                };
                (form.left, form.top) = (now.left, now.top);
                Some(form)
            }
            None => self
                .active
                .get_untracked()
                .filter(|key| in_link && *key != TITLE)
                .and_then(|key| self.link_box(&*self.section(key)?))
                .filter(|now| now.link.is_some() && now.words.is_none()),
        };
        set_changed(self.link, now);
    }

    fn linked_section(&self) -> Option<std::rc::Rc<Section>> {
        self.section(self.link.with_untracked(|shown| shown.as_ref().map(|shown| shown.section))?)
    }

    fn link_box(&self, section: &Section) -> Option<LinkBox> {
        let text = self.read(section.key);
        let selection = section.selection();
        let found = around(&text, selection);
        let (from, to) = found.as_ref().map_or(selection.range(), |link| (link.from, link.to));
        let (start, end) = (section.surface.caret_at(from), section.surface.caret_at(to));
        let (&[left, first, _], &[_, top, height]) = (&start[..], &end[..]) else { return None };
        let selected = words(&text, selection);
        Some(LinkBox {
            section: section.key,
            // Below where it ends; one that goes over lines ends left of where it begins.
            left: if first < top { 0.0 } else { left },
            top: top + height,
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
