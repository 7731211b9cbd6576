//! What is marked in the texts without being part of them: when it is marked anew, and what is read for it.
//! Who wrote what is marked in `authors`, what somebody looks for in `finding`.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use super::replica::TITLE;
use super::{Change, Effect, Layer, Page, SurfaceEffect};
use crate::SectionKey;
use crate::document::authorship::Run;
use crate::text::delta::plain;

/// Long texts are marked anew when nothing was written for this long, short ones with the next frame.
const PAUSE: Duration = Duration::from_millis(300);

/// Where somebody always writes, this long after the first change.
const PATIENCE: Duration = Duration::from_secs(3);

/// What takes longer than this waits for a pause.
const QUICK: Duration = Duration::from_millis(5);

/// When there is something to mark, and what was read of the texts since they last changed.
#[derive(Default)]
pub(super) struct Marks {
    is_due: bool,
    is_slow: bool,
    /// How many changes there were, and were when a pause was waited for last.
    changes: u32,
    before: u32,
    /// When the first of those came that are not marked.
    since: Duration,
    readings: Vec<(SectionKey, Rc<Reading>)>,
    marked: Vec<Marked>,
}

impl Marks {
    /// Whether the next frame is to be waited for, and not a pause.
    pub(super) const fn is_due_with_frame(&self) -> bool {
        self.is_due && !self.is_slow
    }
}

/// A layer's marks in one text.
struct Marked {
    layer: Layer,
    key: SectionKey,
    kinds: Kinds,
}

/// What is marked in one text: names, and triples of a name's place, from and to.
pub(super) type Kinds = (Vec<String>, Vec<u32>);

/// A text as it was read.
pub(super) struct Reading {
    /// Its words.
    pub(super) text: String,
    /// The same in the units of all positions.
    pub(super) units: Vec<u16>,
    runs: OnceCell<Vec<Run>>,
}

impl Page {
    /// The texts changed, or who their writers are: what is marked in them is marked anew.
    pub(super) fn text_changed(&mut self, changes: &[Change]) {
        for change in changes {
            self.marks.readings.retain(|(known, _)| *known != change.key);
            self.forget_marks(change.key);
        }
        self.mark_if_wanted();
    }

    /// A surface shows now what the document holds: its elements are others.
    pub(super) fn text_shown(&mut self, key: SectionKey) {
        self.forget_marks(key);
        self.mark_if_wanted();
    }

    fn forget_marks(&mut self, key: SectionKey) {
        self.marks.marked.retain(|marked| marked.key != key);
    }

    fn mark_if_wanted(&mut self) {
        if !self.view.authorship.shown && !self.view.find.open {
            return;
        }
        self.marks.changes = self.marks.changes.wrapping_add(1);
        if std::mem::replace(&mut self.marks.is_due, true) {
            return;
        }
        if self.marks.is_slow {
            self.marks.since = self.time;
            self.await_pause();
        } else {
            self.await_frame();
        }
    }

    fn await_pause(&mut self) {
        self.marks.before = self.marks.changes;
        self.due.mark = Some(self.time + PAUSE);
    }

    /// Marks all anew if nothing has changed for a while.
    pub(super) fn mark_after_pause(&mut self) {
        let is_written = self.marks.changes != self.marks.before;
        if is_written && self.time.saturating_sub(self.marks.since) < PATIENCE {
            self.await_pause();
        } else {
            self.effects.push(Effect::Mark);
        }
    }

    /// Marks all anew.
    pub fn mark(&mut self) {
        self.marks.is_due = false;
        self.mark_authors();
        self.mark_found();
    }

    /// To mark all anew took this long.
    pub fn marked(&mut self, took: Duration) {
        self.marks.is_slow = took > QUICK;
    }

    /// The keys of the title and the sections, in the page's order.
    pub(super) fn keys(&self) -> impl Iterator<Item = SectionKey> + use<> {
        let sections = self.held().template().sections;
        [TITLE].into_iter().chain(sections.iter().map(|section| section.key))
    }

    /// Whether a text was read since it changed.
    pub(super) fn is_read(&self, key: SectionKey) -> bool {
        self.marks.readings.iter().any(|(known, _)| *known == key)
    }

    /// A text, read once until it changes.
    pub(super) fn reading(&mut self, key: SectionKey) -> Rc<Reading> {
        let known = self.marks.readings.iter().find(|(known, _)| *known == key);
        known.map(|(_, reading)| Rc::clone(reading)).unwrap_or_else(|| {
            let text = plain(&self.read(key));
            let units = text.encode_utf16().collect();
            let reading = Rc::new(Reading { text, units, runs: OnceCell::new() });
            self.marks.readings.push((key, Rc::clone(&reading)));
            reading
        })
    }

    /// Who wrote what of a text, read once until it changes.
    pub(super) fn runs<'a>(&self, key: SectionKey, reading: &'a Reading) -> &'a [Run] {
        reading
            .runs
            .get_or_init(|| self.held().runs(key).expect("no transaction outlives a function of Replica"))
    }

    /// Marks a layer of a text, unless all is as it was. Positions are the document's.
    pub(super) fn mark_layer(&mut self, layer: Layer, key: SectionKey, mut kinds: Kinds) {
        let Some(text) = self.text(key) else { return };
        for run in kinds.1.chunks_exact_mut(3) {
            (run[1], run[2]) = (text.in_view(run[1]), text.in_view(run[2]));
        }
        let marked = &mut self.marks.marked;
        let before = marked.iter().position(|before| before.layer == layer && before.key == key);
        let before = before.map(|place| marked.swap_remove(place));
        if before.is_none_or(|before| before.kinds != kinds) {
            let (names, runs) = kinds.clone();
            self.ask_surface(key, SurfaceEffect::Mark(layer, names, runs));
        }
        self.marks.marked.push(Marked { layer, key, kinds });
    }

    /// Takes a layer away.
    pub(super) fn unmark(&mut self, layer: Layer) {
        self.marks.marked.retain(|marked| marked.layer != layer);
        for key in self.texts.iter().map(|text| text.key).collect::<Vec<_>>() {
            self.ask_surface(key, SurfaceEffect::Mark(layer, Vec::new(), Vec::new()));
        }
    }
}
