//! Looking for words in the whole målbild: what is looked for, where it was found, and which of these
//! places is the current one. It stays with its text while others write.

use std::cell::{Cell, RefCell};

use samsyn_shared::SectionKey;

use leptos::prelude::*;
use serde_json::Value;

use super::{Malbild, set_changed};
use crate::state::find::find;

/// The layer of the marks.
const LAYER: &str = "find";

/// The longest selection that is taken as what somebody looks for, in UTF-16 code units.
const WORDS_MAX: usize = 100;

/// A place where the words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The section.
    pub section: SectionKey,
    /// Whether they stand in its heading and not in its text.
    pub in_heading: bool,
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
    /// Those of them that are in headings, and whether it is the one that is looked at.
    pub in_headings: RwSignal<Vec<(Hit, bool)>>,
}

/// Where the words stand.
#[derive(Default)]
pub(super) struct Places {
    /// In the page's order.
    found: RefCell<Vec<Hit>>,
    /// Where the current one begins, in a form that stays with the text.
    anchor: RefCell<Value>,
    /// The current one if it is in a heading, which nobody changes.
    heading: Cell<Option<Hit>>,
}

impl Finding {
    pub(super) fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            words: RwSignal::new(String::new()),
            count: RwSignal::new(0),
            current: RwSignal::new(0),
            in_headings: RwSignal::default(),
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
            let at = section.in_document(selection.anchor.min(selection.head));
            Hit { section: section.key, in_heading: false, from: at, to: at }
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
        set_changed(self.finding.in_headings, Vec::new());
        let Some(active) = self.active.get_untracked().filter(|_| self.may_write()) else { return };
        match at.and_then(|at| Some((at, self.section(at.section)?))) {
            Some((at, section)) => {
                self.show_at_once(&section);
                section.surface.focus();
                // A heading is nobody's to write: its text begins below.
                let (from, to) = if at.in_heading { (0, 0) } else { (at.from, at.to) };
                section.surface.select(from, to);
            }
            None => self.focus(active),
        }
    }

    /// The place that is looked at.
    #[must_use]
    pub fn found_now(&self) -> Option<Hit> {
        let current = self.finding.current.get_untracked().checked_sub(1)?;
        self.core().places.found.borrow().get(current).copied()
    }

    /// Where a place is in its section's text, in CSS pixels from its top: from and to.
    #[must_use]
    pub fn extent(&self, place: Hit) -> Option<(f64, f64)> {
        let section = self.section(place.section)?;
        let caret = |place| section.surface.caret_at(section.in_view(place));
        let (start, end) = (caret(place.from), caret(place.to));
        Some((start[1], end[1] + end[2]))
    }

    /// The texts changed: the places are found anew, and the current one is what it was.
    pub(super) fn mark_found(&self) {
        if self.finding.open.get_untracked() {
            let core = self.core();
            let in_text = || {
                let (section, from) = self.resolve(&core.places.anchor.borrow())?;
                Some(Hit { section, in_heading: false, from, to: from })
            };
            let was = core.places.heading.get().or_else(in_text);
            self.find_from(was);
        }
    }

    fn find_from(&self, from: Option<Hit>) {
        let words = self.finding.words.get_untracked();
        let mut all = Vec::new();
        let mut current = None;
        for key in self.keys() {
            let begins = all.len();
            for (text, in_heading) in [(self.heading(key), true), (&self.reading(key).text, false)] {
                let places = find(text, &words).into_iter();
                all.extend(places.map(|(from, to)| Hit { section: key, in_heading, from, to }));
            }
            if let Some(at) = from.filter(|at| at.section == key) {
                let order = |place: &Hit| (!place.in_heading, place.from);
                // The next one may be in a later section.
                current = Some(begins + all[begins..].partition_point(|place| order(place) < order(&at)));
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
        let (in_heading, in_text) = match self.found_now() {
            Some(place) if place.in_heading => (Some(place), None),
            place => (None, place),
        };
        let anchor = in_text
            .and_then(|place| self.with_replica(|replica| replica.anchor(place.section, place.from).ok())?);
        let core = self.core();
        *core.places.anchor.borrow_mut() = anchor.unwrap_or_default();
        core.places.heading.set(in_heading);
    }

    /// A section's heading as it is shown; the title has none, and neither has a sheet's only section.
    fn heading(&self, key: SectionKey) -> &'static str {
        let sections = self.template.get_untracked().map(|template| template.sections).unwrap_or_default();
        let shown = sections.iter().filter(|_| sections.len() > 1);
        shown.into_iter().find(|section| section.key == key).map_or("", |section| section.heading)
    }

    fn mark_places(&self) {
        let (core, current) = (self.core(), self.found_now());
        let found = core.places.found.borrow();
        for key in self.keys() {
            let here = found.iter().filter(|place| place.section == key && !place.in_heading);
            let runs = here.flat_map(|place| [u32::from(Some(*place) == current), place.from, place.to]);
            let names = ["find", "find-current"].map(str::to_owned).to_vec();
            self.mark(LAYER, key, (names, runs.collect()));
        }
        let in_headings = found.iter().filter(|place| place.in_heading);
        let marked = in_headings.map(|place| (*place, Some(*place) == current)).collect();
        set_changed(self.finding.in_headings, marked);
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
