//! Looking for words in the whole målbild: what is looked for, where it was found, and which of these
//! places is the current one. It stays with its text while others write.

use serde_json::Value;

use super::command::Selection;
use super::find::find;
use super::{Layer, Page, SurfaceEffect};
use crate::SectionKey;

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

/// Where the words stand.
#[derive(Default)]
pub(super) struct Places {
    /// In the page's order.
    found: Vec<Hit>,
    /// Where the current one begins, in a form that stays with the text.
    anchor: Value,
    /// The current one if it is in a heading, which nobody changes.
    heading: Option<Hit>,
}

impl Page {
    /// Begins to look for something: what is selected, else what was looked for last.
    pub fn open_find(&mut self) {
        self.view.find.update(|find| find.open = true);
        let words = self.selected_words().unwrap_or_else(|| self.view.find.words.clone());
        self.look_for(words);
    }

    /// Looks for these words, from the caret on.
    pub fn look_for(&mut self, words: String) {
        self.view.find.update(|find| find.words = words);
        let caret = self.active_text().map(|text| {
            let selection = text.selection();
            let at = text.in_document(selection.anchor.min(selection.head));
            Hit { section: text.key, in_heading: false, from: at, to: at }
        });
        self.find_from(caret);
    }

    /// Goes on to the next place, or back to the one before; round at both ends.
    pub fn find_next(&mut self, forward: bool) {
        let (count, current) = (self.view.find.count, self.view.find.current);
        if count > 0 {
            let step = if forward { 0 } else { count - 2 };
            self.set_current((current + step) % count + 1);
            self.mark_places();
        }
    }

    /// Ends it. Who writes goes on writing at the place that was found last.
    pub fn close_find(&mut self) {
        let at = self.found_now();
        self.view.find.update(|find| {
            find.open = false;
            find.in_headings.clear();
        });
        self.unmark(Layer::Find);
        let Some(active) = self.view.caret.active.filter(|_| self.may_write()) else { return };
        match at.filter(|at| self.text(at.section).is_some()) {
            Some(at) => {
                // A heading is nobody's to write: its text begins below.
                let (anchor, head) = if at.in_heading { (0, 0) } else { (at.from, at.to) };
                self.show_at_once(at.section);
                self.ask_surface(at.section, SurfaceEffect::Focus);
                self.ask_surface(at.section, SurfaceEffect::Select(Selection { anchor, head }));
            }
            None => self.ask_surface(active, SurfaceEffect::Focus),
        }
    }

    /// The place that is looked at.
    #[must_use]
    pub fn found_now(&self) -> Option<Hit> {
        let current = self.view.find.current.checked_sub(1)?;
        self.places.found.get(current).copied()
    }

    /// Where a place in the document is in what a text's surface shows.
    #[must_use]
    pub fn in_view(&self, key: SectionKey, place: u32) -> u32 {
        self.text(key).map_or(place, |text| text.in_view(place))
    }

    /// The texts changed: the places are found anew, and the current one is what it was.
    pub(super) fn mark_found(&mut self) {
        if self.view.find.open {
            let in_text = || {
                let (section, from) = self.held().resolve(&self.places.anchor)?;
                Some(Hit { section, in_heading: false, from, to: from })
            };
            let was = self.places.heading.or_else(in_text);
            self.find_from(was);
        }
    }

    fn find_from(&mut self, from: Option<Hit>) {
        let words = self.view.find.words.clone();
        let mut all = Vec::new();
        let mut current = None;
        for key in self.keys() {
            let begins = all.len();
            for (text, in_heading) in [(self.heading(key), true), (&*self.reading(key).text, false)] {
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
        self.places.found = all;
        self.view.find.update(|find| find.count = count);
        self.set_current(if count == 0 { 0 } else { current.unwrap_or_default() % count + 1 });
        self.mark_places();
    }

    fn set_current(&mut self, current: usize) {
        self.view.find.update(|find| find.current = current);
        let (in_heading, in_text) = match self.found_now() {
            Some(place) if place.in_heading => (Some(place), None),
            place => (None, place),
        };
        let anchor = in_text.and_then(|place| self.held().anchor(place.section, place.from).ok());
        self.places.anchor = anchor.unwrap_or_default();
        self.places.heading = in_heading;
    }

    /// A section's heading as it is shown; the title has none, and neither has a sheet's only section.
    fn heading(&self, key: SectionKey) -> &'static str {
        let sections = self.held().template().sections;
        let shown = sections.iter().filter(|_| sections.len() > 1);
        shown.into_iter().find(|section| section.key == key).map_or("", |section| section.heading)
    }

    fn mark_places(&mut self) {
        let current = self.found_now();
        for key in self.keys() {
            let here = self.places.found.iter().filter(|place| place.section == key && !place.in_heading);
            let runs = here.flat_map(|place| [u32::from(Some(*place) == current), place.from, place.to]);
            let kinds = (["find", "find-current"].map(str::to_owned).to_vec(), runs.collect());
            self.mark_layer(Layer::Find, key, kinds);
        }
        let in_headings = self.places.found.iter().filter(|place| place.in_heading);
        let marked = in_headings.map(|place| (*place, Some(*place) == current)).collect();
        self.view.find.update(|find| find.in_headings = marked);
    }

    fn selected_words(&mut self) -> Option<String> {
        let text = self.active_text()?;
        let (key, selection) = (text.key, text.selection());
        let [anchor, head] = [selection.anchor, selection.head].map(|place| text.in_document(place));
        let (from, to) = (anchor.min(head), anchor.max(head));
        let reading = self.reading(key);
        let units = reading.units.get(from as usize..to as usize)?;
        let words = String::from_utf16(units).ok()?;
        let fits = (1..=WORDS_MAX).contains(&units.len()) && !words.contains('\n');
        (fits && !words.trim().is_empty()).then_some(words)
    }
}
