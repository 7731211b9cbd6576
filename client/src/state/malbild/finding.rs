//! Looking for words in the whole målbild: what is looked for, where it was found, and which of these
//! places is the current one. It stays with its text while others write.

use std::cell::RefCell;

use leptos::prelude::*;
use serde_json::Value;

use super::{Malbild, set_changed};
use crate::state::find::find;
use crate::state::replica::Place;

/// The layer of the marks.
const LAYER: &str = "find";

/// The longest selection that is taken as what somebody looks for, in UTF-16 code units.
const WORDS_MAX: usize = 100;

/// A place where the words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The section.
    pub section: &'static str,
    /// Where they begin.
    pub from: u32,
    /// Where they end (exclusive).
    pub to: u32,
}

/// What somebody looks for, for the views.
#[derive(Clone, Copy)]
pub struct Finding {
    /// Whether they look for something.
    pub open: RwSignal<bool>,
    /// The words.
    pub words: RwSignal<String>,
    /// In how many places they stand.
    pub count: RwSignal<usize>,
    /// Which of these places is looked at, from 1 on; 0 when there is none.
    pub current: RwSignal<usize>,
}

/// Where the words stand.
#[derive(Default)]
pub(super) struct Places {
    /// In the page's order.
    found: RefCell<Vec<Found>>,
    /// Where the current one begins, in a form that stays with the text.
    anchor: RefCell<Value>,
}

impl Finding {
    pub(super) fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            words: RwSignal::new(String::new()),
            count: RwSignal::new(0),
            current: RwSignal::new(0),
        }
    }
}

impl Malbild {
    /// Begins to look for something: what is selected, else what was looked for last.
    pub fn open_find(&self) {
        self.finding.open.set(true);
        let words = self.selected_words().unwrap_or_else(|| self.finding.words.get_untracked());
        self.look_for(words);
    }

    /// Looks for these words, from the caret on.
    pub fn look_for(&self, words: String) {
        set_changed(self.finding.words, words);
        let caret = self.active.get_untracked().and_then(|key| self.section(key)).map(|section| {
            let selection = section.selection();
            (section.key, section.in_document(selection.anchor.min(selection.head)))
        });
        self.find_from(caret);
    }

    /// Goes on to the next place, or back to the one before; round at both ends.
    pub fn find_next(&self, forward: bool) {
        let (count, current) = (self.finding.count.get_untracked(), self.finding.current.get_untracked());
        if count > 0 {
            let step = if forward { 0 } else { count - 2 };
            self.set_current((current + step) % count + 1);
            self.mark_places();
        }
    }

    /// Ends it. Who writes goes on writing at the place that was found last.
    pub fn close_find(&self) {
        let at = self.found_now();
        self.finding.open.set(false);
        self.unmark(LAYER);
        let Some(active) = self.active.get_untracked().filter(|_| self.may_write()) else { return };
        match at.and_then(|at| Some((at, self.section(at.section)?))) {
            Some((at, section)) => {
                self.show_at_once(&section);
                section.surface.focus();
                section.surface.select(at.from, at.to);
            }
            None => self.focus(active),
        }
    }

    /// The place that is looked at.
    #[must_use]
    pub fn found_now(&self) -> Option<Found> {
        let current = self.finding.current.get_untracked().checked_sub(1)?;
        self.core().places.found.borrow().get(current).copied()
    }

    /// Where a place is in its section's text, in CSS pixels from its top: from and to.
    #[must_use]
    pub fn extent(&self, place: Found) -> Option<(f64, f64)> {
        let section = self.section(place.section)?;
        let caret = |place| section.surface.caret_at(section.in_view(place));
        let (start, end) = (caret(place.from), caret(place.to));
        Some((start[1], end[1] + end[2]))
    }

    /// The texts changed: the places are found anew, and the current one is what it was.
    pub(super) fn mark_found(&self) {
        if self.finding.open.get_untracked() {
            let was = self.resolve(&self.core().places.anchor.borrow());
            self.find_from(was);
        }
    }

    fn find_from(&self, from: Option<(&'static str, u32)>) {
        let words = self.finding.words.get_untracked();
        let mut all = Vec::new();
        let mut current = None;
        for key in self.keys() {
            let begins = all.len();
            let places = find(&self.reading(key).text, &words).into_iter();
            all.extend(places.map(|(from, to)| Found { section: key, from, to }));
            if let Some((_, at)) = from.filter(|(section, _)| *section == key) {
                // The next one may be in a later section.
                current = Some(begins + all[begins..].partition_point(|place| place.from < at));
            }
        }
        let count = all.len();
        *self.core().places.found.borrow_mut() = all;
        set_changed(self.finding.count, count);
        self.set_current(if count == 0 { 0 } else { current.unwrap_or_default() % count + 1 });
        self.mark_places();
    }

    fn set_current(&self, current: usize) {
        set_changed(self.finding.current, current);
        let anchor = self.found_now().and_then(|place| {
            self.with_replica(|replica| replica.anchor(Place::Section(place.section), place.from).ok())?
        });
        *self.core().places.anchor.borrow_mut() = anchor.unwrap_or_default();
    }

    fn mark_places(&self) {
        let (core, current) = (self.core(), self.found_now());
        let found = core.places.found.borrow();
        for key in self.keys() {
            let here = found.iter().filter(|place| place.section == key);
            let runs = here.flat_map(|place| [u32::from(Some(*place) == current), place.from, place.to]);
            let names = ["find", "find-current"].map(str::to_owned).to_vec();
            self.mark(LAYER, key, (names, runs.collect()));
        }
    }

    fn selected_words(&self) -> Option<String> {
        let section = self.section(self.active.get_untracked()?)?;
        let selection = section.selection();
        let [anchor, head] = [selection.anchor, selection.head].map(|place| section.in_document(place));
        let (from, to) = (anchor.min(head), anchor.max(head));
        let reading = self.reading(section.key);
        let units = reading.units.get(from as usize..to as usize)?;
        let words = String::from_utf16(units).ok()?;
        let fits = (1..=WORDS_MAX).contains(&units.len()) && !words.contains('\n');
        (fits && !words.trim().is_empty()).then_some(words)
    }
}
