//! Three pages of one målbild that write, format, undo and hear of each other at random: what a page shows
//! and what waits are always together what its document holds, and all end alike. And the rules of when
//! what waits is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::document;
use crate::text::delta::{Attributes, List, lines, plain, utf16_len, visible_lines};
use crate::{SectionKey, Template};
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use yrs::{ReadTxn, StateVector, Transact};

use crate::page::replica::{By, Change, Replica};

use super::*;
use crate::page::command::{Command, perform};

const TEXT: SectionKey = SectionKey::named("text");

/// How many things happen in a run; `SAMSYN_BINDING_STEPS` makes longer ones.
const STEPS: usize = 1200;

struct Page {
    replica: Replica,
    binding: Binding,
    /// What a surface would show.
    shown: Vec<Op>,
    /// What each of the others has not heard yet.
    unheard: Vec<(usize, Bytes)>,
}

impl Page {
    fn new(client: u64, seed: &[u8], now: Arc<AtomicU64>) -> Self {
        let template = Template::find("tom").expect("known");
        let mut replica = Replica::new(template, client, Arc::new(move || now.load(Ordering::Relaxed)));
        replica.integrate(seed).expect("a seed applies");
        let shown = replica.read(TEXT).expect("free");
        let binding = Binding::of(&shown);
        Self { replica, binding, shown, unheard: Vec::new() }
    }

    fn took(&mut self, changes: &[Change]) {
        for change in changes.iter().filter(|change| !change.shown) {
            self.binding.changed(&change.delta);
        }
    }

    fn show(&mut self) {
        let waiting = self.binding.take();
        self.shown = compose(&self.shown, &waiting);
        // The surface reports where its selection has come.
        let place = |place| moved(&waiting, place, false);
        let Selection { anchor, head } = self.binding.selection;
        self.binding.select(Selection { anchor: place(anchor), head: place(head) });
    }

    fn edit(&mut self, delta: Vec<Op>, by: By) {
        let changes = self.replica.edit(vec![(TEXT, delta)], by).expect("free");
        self.took(&changes);
    }

    /// Types over a stretch of what is shown, as a surface reports it: whole lines, before and after.
    fn type_over(&mut self, rng: &mut SmallRng) {
        let places = places(&self.shown);
        let from = rng.random_range(0..places.len());
        let to = rng.random_range(from..places.len().min(from + 5));
        let (from, to) = (places[from], places[to]);
        let first = self.binding.lines().line_at(from);
        let last = self.binding.lines().line_at(to);
        let words = ["a", "å", "aa", "😀", "ord ", "", "", "en\nrad"][rng.random_range(0..8)];
        let typed = Op::insert_with(words, inline(rng));
        let typed = [Op::retain(from), typed, Op::delete(to - from)];
        let after = compose(&self.shown, &typed);
        let cut = |text: &[Op], start: u32, end: u32| {
            compose(text, &[Op::delete(start), Op::retain(end - start), Op::delete(1 << 20)])
        };
        let end = last.end() + 1;
        let end_after = end + utf16_len(&plain(&after)) - utf16_len(&plain(&self.shown));
        let before_lines = cut(&self.shown, first.start, end);
        let after_lines = cut(&after, first.start, end_after);
        let caret = rng.random_bool(0.9).then(|| from + utf16_len(words) - first.start);
        let delta = self.binding.edited(first.start, &before_lines, &after_lines, caret);
        self.shown = after;
        if !delta.is_empty() {
            self.edit(delta, By::View);
        }
    }

    fn command(&mut self, rng: &mut SmallRng) {
        self.show();
        let places = places(&self.shown);
        let some = |rng: &mut SmallRng| places[rng.random_range(0..places.len())];
        let selection = Selection { anchor: some(rng), head: some(rng) };
        let caret = Selection::caret(selection.head);
        let (command, selection) = match rng.random_range(0..11) {
            0 => (Command::Enter, selection),
            1 => (Command::Enter, caret),
            2 => (Command::Backspace, caret),
            3 => (Command::Delete, caret),
            4 => (Command::Indent, selection),
            5 => (Command::Outdent, selection),
            6 => (Command::List(List::Bullet), selection),
            7 => (Command::List(List::Lettered), caret),
            8 => (Command::Heading(Some(2)), selection),
            9 => (Command::Bold, selection),
            _ => (Command::Italic, selection),
        };
        if let Some(outcome) = perform(command, self.binding.lines(), selection, rng.random_bool(0.3)) {
            self.edit(outcome.delta, By::Command);
            self.show();
        }
    }

    fn ensure_whole(&self, why: &str) {
        let held = visible_lines(&self.replica.read(TEXT).expect("free"));
        assert_eq!(visible_lines(&compose(&self.shown, &self.binding.waiting)), held, "{why}");
        let index = self.binding.lines();
        let known: Vec<_> = index.spans(0, index.units()).iter().map(|line| (line.len, line.kind)).collect();
        let shown = lines(&self.shown);
        let shown = shown
            .iter()
            .map(|line| (line.runs.iter().map(|run| utf16_len(&run.text)).sum::<u32>(), line.kind));
        assert_eq!(known, shown.collect::<Vec<_>>(), "{why}");
    }
}

/// Where a caret may stand: never inside a pair of surrogates, never behind the last line end.
fn places(text: &[Op]) -> Vec<u32> {
    let mut at = 0;
    let text = plain(text);
    let mut places: Vec<u32> = text
        .chars()
        .map(|c| {
            at += u32::try_from(c.len_utf16()).expect("one or two");
            at - u32::try_from(c.len_utf16()).expect("one or two")
        })
        .collect();
    if !text.ends_with('\n') {
        places.push(at);
    }
    places
}

fn inline(rng: &mut SmallRng) -> Attributes {
    if rng.random_bool(0.8) { Attributes::new() } else { [("bold".to_owned(), json!(true))].into() }
}

#[test]
fn what_is_shown_and_what_waits_are_what_the_document_holds() {
    let steps = std::env::var("SAMSYN_BINDING_STEPS").ok().and_then(|steps| steps.parse().ok());
    let steps = steps.unwrap_or(STEPS);
    let mut done = 0;
    for seed in 0..20 {
        run(seed, steps);
        done += steps;
    }
    println!("{done} steps over three pages");
}

fn run(seed: u64, steps: usize) {
    let rng = &mut SmallRng::seed_from_u64(seed);
    let made = document::seed(Template::find("tom").expect("known"), "T", 9);
    let made = made.try_transact().expect("free").encode_state_as_update_v1(&StateVector::default());
    let now = Arc::new(AtomicU64::new(1));
    let mut pages: Vec<_> = (1..4).map(|client| Page::new(client, &made, now.clone())).collect();
    for step in 0..steps {
        now.fetch_add(rng.random_range(0..400), Ordering::Relaxed);
        let who = rng.random_range(0..3);
        let page = &mut pages[who];
        match rng.random_range(0..12) {
            0..5 => page.type_over(rng),
            5 | 6 => page.command(rng),
            7 => page.show(),
            8 => {
                let changes = if rng.random_bool(0.6) { page.replica.undo() } else { page.replica.redo() };
                page.took(&changes);
            }
            _ => {
                for (_, update) in std::mem::take(&mut page.unheard) {
                    let changes = page.replica.integrate(&update).expect("an update of ours applies");
                    page.took(&changes);
                }
            }
        }
        let updates = pages[who].replica.take_updates();
        for (other, page) in pages.iter_mut().enumerate().filter(|(other, _)| *other != who) {
            page.unheard.extend(updates.iter().map(|update| (other, update.clone())));
        }
        pages.iter().for_each(|page| page.ensure_whole(&format!("seed {seed}, step {step}, page {who}")));
    }
    for page in &mut pages {
        for (_, update) in std::mem::take(&mut page.unheard) {
            let changes = page.replica.integrate(&update).expect("an update of ours applies");
            page.took(&changes);
        }
        page.show();
        page.ensure_whole("at the end");
    }
    let text = |page: &Page| page.replica.read(TEXT).expect("free");
    assert!(pages.iter().all(|page| text(page) == text(&pages[0])), "seed {seed} ended in different texts");
}

fn binding(text: &str, caret: u32) -> Binding {
    let mut binding = Binding::of(&[Op::insert(text)]);
    binding.select(Selection::caret(caret));
    binding
}

const START: Duration = Duration::from_secs(1000);

fn word(from: u32, to: u32) -> Option<Composed> {
    Some(Composed { from, to, is_followed: true, touched: START })
}

#[test]
fn where_the_browser_does_not_follow_the_word_its_line_waits_and_what_others_delete_beside_it_stays_deleted()
{
    let text = [Op::insert("först\natt ni på\n")];
    for (change, held) in [
        (vec![Op::retain(6), Op::insert("x")], "först\nxatt niho på\n"),
        (vec![Op::retain(13), Op::insert("x")], "först\natt niho xpå\n"),
        (vec![Op::retain(13), Op::delete(2)], "först\natt niho \n"),
    ] {
        let mut binding = binding("först\natt ni på\n", 12);
        binding.compose(word(10, 12).map(|word| Composed { is_followed: false, ..word }));
        binding.changed(&change);
        assert_eq!(binding.due(START), Due::After(PATIENCE), "{change:?}");
        let edit = binding.edited(6, &[Op::insert("att ni på\n")], &[Op::insert("att niho på\n")], Some(8));
        assert_eq!(plain(&compose(&compose(&text, &change), &edit)), held);
    }
}

#[test]
fn what_others_write_in_a_word_that_is_composed_waits_and_around_it_not() {
    let attributes = |value| serde_json::from_value::<Attributes>(value).expect("attributes");
    let on = |retain, value| Op::Retain { retain, attributes: attributes(value) };
    // The word "it" stands at 7 to 9, in "mitt" at 6 to 10.
    for (change, waits) in [
        (vec![Op::insert("x")], false),
        (vec![Op::retain(5), Op::delete(1)], true),
        (vec![Op::retain(6), Op::insert("x")], false),
        (vec![Op::retain(7), Op::insert("x")], false),
        (vec![Op::retain(8), Op::insert("x")], true),
        (vec![Op::retain(9), Op::insert("x")], false),
        (vec![Op::retain(7), Op::insert("\n")], true),
        (vec![Op::retain(10), Op::insert("\n")], false),
        (vec![Op::retain(6), Op::delete(1)], false),
        (vec![Op::retain(9), Op::delete(1)], false),
        (vec![Op::retain(6), Op::delete(2)], true),
        (vec![Op::retain(8), Op::delete(2)], true),
        (vec![Op::retain(11), Op::insert("x")], false),
        (vec![Op::retain(10), Op::delete(1)], true),
        (vec![Op::retain(10), on(1, json!({"header": 1}))], false),
        (vec![Op::retain(10), on(1, json!({"list": "bullet"}))], true),
        (vec![Op::retain(7), on(2, json!({"bold": true}))], true),
        (vec![Op::retain(9), on(1, json!({"bold": true}))], false),
        (vec![Op::retain(11), on(2, json!({"bold": true}))], false),
    ] {
        let mut binding = binding("först\nmitt\nsist\n", 8);
        binding.compose(word(7, 9));
        assert_eq!(binding.due(START), Due::Never);
        binding.changed(&change);
        let due = binding.due(START + Duration::from_millis(500));
        let expected = if waits { Due::After(Duration::from_secs(1)) } else { Due::Now };
        assert_eq!(due, expected, "{change:?}");
    }
}

#[test]
fn a_composition_at_rest_no_longer_holds_anything_back() {
    let mut binding = binding("mitt\n", 2);
    binding.compose(word(0, 4));
    binding.changed(&[Op::retain(2), Op::insert("x")]);
    assert_eq!(binding.due(START + PATIENCE), Due::Interrupting);
    binding.compose(None);
    assert_eq!(binding.due(START), Due::Now);
}

#[test]
fn a_word_that_is_composed_stays_whole_beside_what_waits() {
    let mut binding = binding("ab\n", 1);
    binding.compose(word(1, 1));
    binding.changed(&[Op::retain(1), Op::insert("\n")]);
    let edit = binding.edited(0, &[Op::insert("ab\n")], &[Op::insert("aéb\n")], Some(2));
    assert_eq!(edit, [Op::retain(1), Op::insert("é")]);
    binding.select(Selection::caret(2));
    assert_eq!(binding.selection(), Selection::caret(2));
    assert_eq!(binding.take(), [Op::retain(2), Op::insert("\n")]);
}

#[test]
fn a_word_that_others_delete_while_it_is_composed_stands_whole() {
    for (deleted, held) in [
        (vec![Op::retain(4), Op::delete(2)], "att niho på\n"),
        (vec![Op::delete(5)], "niho på\n"),
        (vec![Op::retain(3), Op::delete(5)], "attnihoå\n"),
    ] {
        let text = [Op::insert("att ni på\n")];
        let mut binding = binding("att ni på\n", 6);
        binding.compose(word(4, 6));
        binding.changed(&deleted);
        let edit = binding.edited(0, &text, &[Op::insert("att niho på\n")], Some(8));
        let document = compose(&compose(&text, &deleted), &edit);
        assert_eq!(plain(&document), held, "{deleted:?}");
        // What is shown gets there as well.
        let shown = compose(&[Op::insert("att niho på\n")], &binding.take());
        assert_eq!(plain(&shown), held, "{deleted:?}");
    }
    // It is written once more when it ends without another letter.
    let mut binding = binding("att ni\n", 6);
    binding.compose(word(4, 6));
    binding.changed(&[Op::retain(4), Op::delete(2)]);
    assert!(binding.is_word_deleted());
    let edit = binding.edited(4, &[Op::insert("ni")], &[Op::insert("ni")], None);
    assert_eq!(edit, [Op::retain(4), Op::insert("ni")]);
    assert!(!binding.is_word_deleted());
}
