//! Somebody who does anything at all: what a seed makes of the keys, the compositions and the edits that
//! people have. It knows neither a page nor a server, so a seed says the same in each run.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use samsyn_shared::text::delta::{Attributes, LineKind, List, Op, utf16_len};
use serde_json::Value;

use crate::devtools::{ALT, CONTROL, SHIFT, Stroke};

/// What a hand does at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Types a character.
    Type(char),
    /// Presses a key.
    Press(Stroke),
    /// Shows this as what is being composed.
    Compose(&'static str),
    /// Ends the composition with this, or enters it at once.
    Enter(&'static str),
    /// Another changes the text.
    Remote,
}

const LETTERS: &[char] = &['a', 'b', 'c', 'å', 'ö', 'x', ' ', ' ', '-', '1', '.', 'A'];
const COMPOSED: &[&str] = &["´", "´e", "ka", "kan", "か", "ni hao", "^"];
const ENTERED: &[&str] = &["é", "kan", "仮", "你好", "ê", "å", "a\u{30a}", "😀", "👨‍👩‍👧‍👦"];
const INSERTED: &[&str] =
    &["q", "Ord ", "två ord", "\n", "rad\n", "\n\n", "😀", "👩‍🚒", "a\u{30a}", "- ", "1. "];

const ENTER: Stroke = Stroke::of("Enter", 13);
const BACKSPACE: Stroke = Stroke::of("Backspace", 8);
const DELETE: Stroke = Stroke::of("Delete", 46);
const TAB: Stroke = Stroke::of("Tab", 9);
const LEFT: Stroke = Stroke::of("ArrowLeft", 37);
const RIGHT: Stroke = Stroke::of("ArrowRight", 39);
const UP: Stroke = Stroke::of("ArrowUp", 38);
const DOWN: Stroke = Stroke::of("ArrowDown", 40);
const HOME: Stroke = Stroke::of("Home", 36);
const END: Stroke = Stroke::of("End", 35);

/// Keys by how often people press them.
const KEYS: &[(u32, &[Stroke])] = &[
    (6, &[ENTER]),
    (9, &[BACKSPACE]),
    (4, &[DELETE]),
    (1, &[BACKSPACE.with(CONTROL), DELETE.with(CONTROL), ENTER.with(SHIFT)]),
    (4, &[TAB, TAB, TAB.with(SHIFT)]),
    (10, &[LEFT, RIGHT, UP, DOWN, HOME, END]),
    (
        8,
        &[
            LEFT.with(SHIFT),
            RIGHT.with(SHIFT),
            UP.with(SHIFT),
            DOWN.with(SHIFT),
            HOME.with(SHIFT),
            END.with(SHIFT),
        ],
    ),
    (
        4,
        &[
            LEFT.with(CONTROL),
            RIGHT.with(CONTROL),
            HOME.with(CONTROL),
            END.with(CONTROL),
            LEFT.with(CONTROL | SHIFT),
        ],
    ),
    (
        7,
        &[
            Stroke::of("b", 66).with(CONTROL),
            Stroke::of("i", 73).with(CONTROL),
            Stroke::of("u", 85).with(CONTROL),
        ],
    ),
    (
        4,
        &[
            Stroke::of("0", 48).with(CONTROL | ALT),
            Stroke::of("1", 49).with(CONTROL | ALT),
            Stroke::of("2", 50).with(CONTROL | ALT),
            Stroke::of("3", 51).with(CONTROL | ALT),
        ],
    ),
    (
        5,
        &[
            Stroke::of("7", 55).with(CONTROL | SHIFT),
            Stroke::of("8", 56).with(CONTROL | SHIFT),
            Stroke::of("9", 57).with(CONTROL | SHIFT),
        ],
    ),
    (
        8,
        &[
            Stroke::of("z", 90).with(CONTROL),
            Stroke::of("z", 90).with(CONTROL),
            Stroke::of("y", 89).with(CONTROL),
        ],
    ),
    (
        3,
        &[
            Stroke::of("c", 67).with(CONTROL).commanding("copy"),
            Stroke::of("x", 88).with(CONTROL).commanding("cut"),
            Stroke::of("v", 86).with(CONTROL).commanding("paste"),
            Stroke::of("v", 86).with(CONTROL).commanding("paste"),
        ],
    ),
];

/// No section of the fuzzer grows far beyond this.
const LONG: u32 = 1500;

/// One seed's monkey.
#[derive(Debug)]
pub struct Monkey {
    random: SmallRng,
    composing: bool,
}

impl Monkey {
    /// The monkey of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { random: SmallRng::seed_from_u64(seed), composing: false }
    }

    /// A client id that is this seed's.
    pub fn client(&mut self) -> u64 {
        u64::from(self.random.random::<u32>()) + 1
    }

    /// What comes next.
    pub fn next_move(&mut self) -> Move {
        let random = &mut self.random;
        let chance: u32 = random.random_range(0..100);
        if chance < 20 {
            return Move::Remote;
        }
        if self.composing {
            // A keyboard that composes takes the keys itself until it is done.
            self.composing = random.random_ratio(1, 2);
            let step = if self.composing { Move::Compose } else { Move::Enter };
            let words = if self.composing { COMPOSED } else { ENTERED };
            return step(words.choose(random).copied().unwrap_or_default());
        }
        if chance < 25 {
            self.composing = true;
            return Move::Compose(COMPOSED.choose(random).copied().unwrap_or_default());
        }
        if chance < 28 {
            return Move::Enter(ENTERED.choose(random).copied().unwrap_or_default());
        }
        if chance < 55 {
            return Move::Type(LETTERS.choose(random).copied().unwrap_or('a'));
        }
        let all: u32 = KEYS.iter().map(|(often, _)| often).sum();
        let mut at = random.random_range(0..all);
        let row = KEYS.iter().find(|(often, _)| {
            let found = at < *often;
            at = at.saturating_sub(*often);
            found
        });
        let keys = row.map_or(&[ENTER][..], |(_, keys)| keys);
        Move::Press(keys.choose(random).copied().unwrap_or(ENTER))
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.random.random_range(0..times) == 0
    }

    /// Whether another hears what there is before they write; else they write where things were.
    pub fn hears(&mut self) -> bool {
        self.random.random_ratio(2, 3)
    }

    /// What another does to a text so long: from where, and what. The last line end is nobody's to take.
    pub fn change(&mut self, text: &str) -> (u32, Vec<Op>) {
        let random = &mut self.random;
        let len = utf16_len(text).saturating_sub(1);
        // At characters alone, as everybody's hands do.
        let at = boundary(text, random.random_range(0..=len));
        let span = random.random_range(1..=8).min(len - at.min(len));
        let to = boundary(text, at + span);
        if len > LONG {
            return (0, vec![Op::delete(boundary(text, len / 2))]);
        }
        let ops = match random.random_range(0..10) {
            0..4 => vec![Op::insert(INSERTED.choose(random).copied().unwrap_or_default())],
            4 => {
                let bold: Attributes = [("bold".to_owned(), Value::Bool(true))].into();
                vec![Op::insert_with(
                    INSERTED.choose(random).copied().unwrap_or_default().replace('\n', ""),
                    bold,
                )]
            }
            5..7 if to > at => vec![Op::delete(to - at)],
            7 if to > at => {
                let name = *["bold", "italic", "underline"].choose(random).unwrap_or(&"bold");
                let value = if random.random() { Value::Bool(true) } else { Value::Null };
                vec![Op::Retain { retain: to - at, attributes: [(name.to_owned(), value)].into() }]
            }
            _ => {
                let units: Vec<u16> = text.encode_utf16().collect();
                let end = units.iter().skip(at as usize).position(|unit| *unit == 10).unwrap_or_default();
                let kinds = [
                    LineKind::Paragraph,
                    LineKind::Heading(2),
                    LineKind::Item(List::Bullet, 0),
                    LineKind::Item(List::Lettered, 2),
                ];
                let kind = kinds.choose(random).copied().unwrap_or_default();
                let line = at + u32::try_from(end).unwrap_or_default();
                return (line, vec![Op::Retain { retain: 1, attributes: kind.to_change() }]);
            }
        };
        (at, ops)
    }
}

/// The index, or the one before it where it would split a surrogate pair.
fn boundary(text: &str, index: u32) -> u32 {
    let mut at = 0;
    for character in text.chars() {
        let next = at + character.len_utf16() as u32;
        if next > index {
            break;
        }
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_the_same_in_each_run() {
        let moves = |seed| {
            let mut monkey = Monkey::of(seed);
            (0..200).map(|_| (monkey.next_move(), monkey.change("a😀b\nc\n"))).collect::<Vec<_>>()
        };
        assert_eq!(moves(1), moves(1));
        assert_ne!(moves(1), moves(2));
    }

    #[test]
    fn no_pair_is_split() {
        assert_eq!([0, 1, 2, 3, 4, 9].map(|index| boundary("a😀b", index)), [0, 1, 1, 3, 4, 4]);
    }
}
