//! What is marked in the texts without being part of them: when it is marked anew, and what is read for it.
//! Who wrote what is marked in [`super::authorship`], what somebody looks for in [`super::finding`].

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use samsyn_shared::SectionKey;
use samsyn_shared::document::authorship::Run;
use samsyn_shared::text::delta::plain;

use samsyn_shared::page::replica::{Change, TITLE};

use super::Malbild;

/// Long texts are marked anew when nothing was written for this long, short ones with the next frame.
const PAUSE: Duration = Duration::from_millis(300);

/// Where somebody always writes, this long after the first change, in milliseconds.
const PATIENCE: f64 = 3000.0;

/// What takes longer than this waits for a pause, in milliseconds.
const QUICK: f64 = 5.0;

/// When there is something to mark, and what was read of the texts since they last changed.
#[derive(Default)]
pub(super) struct Marks {
    due: Cell<bool>,
    slow: Cell<bool>,
    /// How many changes there were.
    changes: Cell<u32>,
    readings: RefCell<Vec<(SectionKey, Rc<Reading>)>>,
    marked: RefCell<Vec<Marked>>,
}

/// A layer's marks in one section.
struct Marked {
    layer: &'static str,
    key: SectionKey,
    kinds: Kinds,
}

/// What is marked in one text: names, and triples of a name's place, from and to.
pub(super) type Kinds = (Vec<String>, Vec<u32>);

/// A section as it was read.
pub(super) struct Reading {
    /// Its text.
    pub(super) text: String,
    /// The same in the units of all positions.
    pub(super) units: Vec<u16>,
    runs: OnceCell<Vec<Run>>,
}

impl Malbild {
    /// The texts changed, or who their writers are: what is marked in them is marked anew.
    pub(super) fn text_changed(&self, changes: &[Change]) {
        for change in changes {
            self.core().marks.readings.borrow_mut().retain(|(known, _)| *known != change.key);
            self.forget_marks(change.key);
        }
        self.mark_if_wanted();
    }

    /// A section shows now what its document holds: its elements are others.
    pub(super) fn text_shown(&self, key: SectionKey) {
        self.forget_marks(key);
        self.mark_if_wanted();
    }

    fn forget_marks(&self, key: SectionKey) {
        self.core().marks.marked.borrow_mut().retain(|marked| marked.key != key);
    }

    fn mark_if_wanted(&self) {
        if self.authorship.shown.get_untracked() || self.finding.open.get_untracked() {
            self.mark_soon();
        }
    }

    fn mark_soon(&self) {
        let core = self.core();
        core.marks.changes.set(core.marks.changes.get().wrapping_add(1));
        if core.marks.due.replace(true) {
            return;
        }
        let malbild = *self;
        if core.marks.slow.get() {
            self.mark_after_pause(js_sys::Date::now());
        } else {
            request_animation_frame(move || malbild.mark_all());
        }
    }

    /// Waits until nothing has changed for a while; `since` is when the first change came.
    fn mark_after_pause(&self, since: f64) {
        let (malbild, before) = (*self, self.core().marks.changes.get());
        let after = move || {
            let written = malbild.core().marks.changes.get() != before;
            if written && js_sys::Date::now() - since < PATIENCE {
                malbild.mark_after_pause(since);
            } else {
                malbild.mark_all();
            }
        };
        set_timeout(after, PAUSE);
    }

    fn mark_all(&self) {
        let core = self.core();
        core.marks.due.set(false);
        let begun = js_sys::Date::now();
        self.mark_authors();
        self.mark_found();
        core.marks.slow.set(js_sys::Date::now() - begun > QUICK);
    }

    /// The keys of the title and the sections, in the page's order.
    pub(super) fn keys(&self) -> impl Iterator<Item = SectionKey> + use<> {
        let sections = self.template.get_untracked().map(|template| template.sections);
        sections
            .into_iter()
            .flat_map(|sections| [TITLE].into_iter().chain(sections.iter().map(|section| section.key)))
    }

    /// Whether a section was read since it changed.
    pub(super) fn is_read(&self, key: SectionKey) -> bool {
        self.core().marks.readings.borrow().iter().any(|(known, _)| *known == key)
    }

    /// A section's text, read once until it changes.
    pub(super) fn reading(&self, key: SectionKey) -> Rc<Reading> {
        let core = self.core();
        let known =
            core.marks.readings.borrow().iter().find(|(known, _)| *known == key).map(|(_, r)| r.clone());
        known.unwrap_or_else(|| {
            let text = plain(&self.read(key));
            let units = text.encode_utf16().collect();
            let reading = Rc::new(Reading { text, units, runs: OnceCell::new() });
            core.marks.readings.borrow_mut().push((key, reading.clone()));
            reading
        })
    }

    /// Who wrote what of a section, read once until it changes.
    pub(super) fn runs<'a>(&self, key: SectionKey, reading: &'a Reading) -> &'a [Run] {
        reading.runs.get_or_init(|| {
            self.with_replica(|replica| {
                replica.runs(key).expect("no transaction outlives a function of Replica")
            })
            .unwrap_or_default()
        })
    }

    /// Marks a layer of a section, unless all is as it was. Positions are the document's.
    pub(super) fn mark(&self, layer: &'static str, key: SectionKey, mut kinds: Kinds) {
        let Some(section) = self.section(key) else { return };
        for run in kinds.1.chunks_exact_mut(3) {
            (run[1], run[2]) = (section.in_view(run[1]), section.in_view(run[2]));
        }
        let core = self.core();
        let mut marked = core.marks.marked.borrow_mut();
        let before = marked.iter().position(|before| before.layer == layer && before.key == key);
        let before = before.map(|place| marked.swap_remove(place));
        if before.is_none_or(|before| before.kinds != kinds) {
            section.surface.mark(layer, kinds.0.clone(), kinds.1.clone());
        }
        marked.push(Marked { layer, key, kinds });
    }

    /// Takes a layer away.
    pub(super) fn unmark(&self, layer: &'static str) {
        self.core().marks.marked.borrow_mut().retain(|marked| marked.layer != layer);
        for section in self.sections() {
            section.surface.mark(layer, Vec::new(), Vec::new());
        }
    }
}
