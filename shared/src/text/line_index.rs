//! Where the lines of a text are and what each is, kept along with the text's changes: a key costs what
//! it touches, however long the text is. It holds no text and knows no document.
//!
//! Lines are kept in blocks, each knowing how long it is, so that a place is found by passing over
//! blocks and then over the lines of one.

use crate::domain::schema;
use crate::text::delta::{self, Attributes, LineKind, Op, lines, utf16_len};

/// A block of more lines than this is split in two.
const BLOCK_LINES: usize = 128;

/// One line's place in the text, in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: u32,
    /// How long its text is, without the line end.
    pub len: u32,
    /// Paragraph, heading or item.
    pub kind: LineKind,
}

impl Span {
    /// Where its line end stands.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.start + self.len
    }
}

/// The lines of one text. There is always a last line; a line end that is missing after it is taken as
/// present.
#[derive(Debug, Clone)]
pub struct LineIndex {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
struct Block {
    units: u32,
    lines: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// With the line end.
    units: u32,
    /// Line attributes, known ones only.
    attributes: Attributes,
}

/// A place: the block, the line in it, and how far into the line.
struct At {
    block: usize,
    line: usize,
    offset: u32,
}

impl LineIndex {
    /// Of a text given as inserts.
    #[must_use]
    pub fn of(text: &[Op]) -> Self {
        let last = Entry { units: 1, attributes: Attributes::new() };
        let mut index = Self { blocks: vec![Block { units: 1, lines: vec![last] }] };
        index.apply(text);
        if matches!(text.last(), Some(Op::Insert { insert, .. }) if insert.ends_with('\n')) {
            index.forget_last();
        }
        debug_assert_eq!(index.spans(0, index.units()).len(), lines(text).len());
        index
    }

    /// The text brought a last line end of its own.
    fn forget_last(&mut self) {
        let block = self.blocks.last_mut().expect("there is always a last line");
        block.lines.pop();
        block.units -= 1;
        if block.lines.is_empty() {
            self.blocks.pop();
        }
    }

    /// How long the text is, all line ends included.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.blocks.iter().map(|block| block.units).sum()
    }

    /// The line that a place is in. A place beyond the end is in the last.
    #[must_use]
    pub fn line_at(&self, place: u32) -> Span {
        let at = self.locate(place);
        self.span(&at, place.min(self.units() - 1))
    }

    /// The line before one.
    #[must_use]
    pub fn before(&self, line: &Span) -> Option<Span> {
        line.start.checked_sub(1).map(|place| self.line_at(place))
    }

    /// The line after one.
    #[must_use]
    pub fn after(&self, line: &Span) -> Option<Span> {
        let place = line.end() + 1;
        (place < self.units()).then(|| self.line_at(place))
    }

    /// The lines that two places and all between them are in.
    #[must_use]
    pub fn spans(&self, from: u32, to: u32) -> Vec<Span> {
        let mut line = self.line_at(from);
        let mut spans = vec![line];
        while line.end() < to {
            let Some(next) = self.after(&line) else { break };
            spans.push(next);
            line = next;
        }
        spans
    }

    /// Follows a change of the text.
    pub fn apply(&mut self, delta: &[Op]) {
        let mut place = 0;
        for op in delta {
            match op {
                Op::Insert { insert, attributes } => {
                    for part in insert.split_inclusive('\n') {
                        self.insert(place, part, attributes);
                        place += utf16_len(part);
                    }
                }
                Op::Retain { retain, attributes } => {
                    if schema::LINE.iter().any(|name| attributes.contains_key(*name)) {
                        self.format(place, place.saturating_add(*retain), attributes);
                    }
                    place = place.saturating_add(*retain);
                }
                Op::Delete { delete } => self.delete(place, *delete),
            }
        }
    }

    /// Text of one line, or its beginning's: a line end gets its own attributes, what follows keeps the
    /// line's.
    fn insert(&mut self, place: u32, part: &str, attributes: &Attributes) {
        let at = self.locate(place);
        let units = utf16_len(part);
        let block = &mut self.blocks[at.block];
        block.units += units;
        if !part.ends_with('\n') {
            block.lines[at.line].units += units;
            return;
        }
        block.lines[at.line].units -= at.offset;
        let attributes = line_attributes(attributes);
        block.lines.insert(at.line, Entry { units: at.offset + units, attributes });
        if block.lines.len() > BLOCK_LINES {
            let lines = block.lines.split_off(BLOCK_LINES / 2);
            let units = lines.iter().map(|line| line.units).sum();
            block.units -= units;
            self.blocks.insert(at.block + 1, Block { units, lines });
        }
    }

    /// What is joined by deleting a line end has the attributes of the later line.
    fn delete(&mut self, place: u32, count: u32) {
        let mut left = count.min((self.units() - 1).saturating_sub(place));
        while left > 0 {
            let at = self.locate(place);
            let block = &mut self.blocks[at.block];
            let line = &mut block.lines[at.line];
            let till_end = line.units - at.offset;
            if left < till_end {
                line.units -= left;
                block.units -= left;
                return;
            }
            left -= till_end;
            let gone = block.lines.remove(at.line);
            block.units -= gone.units;
            if block.lines.is_empty() {
                self.blocks.remove(at.block);
            }
            // What stood before the deleted part now begins the next line, which there is: the last line
            // end is never deleted.
            let next = self.locate(place - at.offset);
            self.blocks[next.block].lines[next.line].units += at.offset;
            self.blocks[next.block].units += at.offset;
        }
    }

    fn format(&mut self, from: u32, to: u32, change: &Attributes) {
        let mut at = self.locate(from);
        let mut start = from - at.offset.min(from);
        loop {
            let Some(line) = self.blocks[at.block].lines.get_mut(at.line) else {
                at = At { block: at.block + 1, line: 0, offset: 0 };
                if at.block == self.blocks.len() {
                    return;
                }
                continue;
            };
            if start + line.units > to {
                return;
            }
            line.attributes.extend(line_attributes_changed(change));
            line.attributes.retain(|_, value| !value.is_null());
            start += line.units;
            at.line += 1;
        }
    }

    fn locate(&self, place: u32) -> At {
        let mut left = place;
        let last = self.blocks.len() - 1;
        for (i, block) in self.blocks.iter().enumerate() {
            if left >= block.units && i < last {
                left -= block.units;
                continue;
            }
            let end = block.lines.len() - 1;
            for (line, entry) in block.lines.iter().enumerate() {
                if left < entry.units || line == end {
                    return At { block: i, line, offset: left.min(entry.units - 1) };
                }
                left -= entry.units;
            }
        }
        unreachable!("there is always a last line")
    }

    fn span(&self, at: &At, place: u32) -> Span {
        let entry = &self.blocks[at.block].lines[at.line];
        let kind = LineKind::of(&entry.attributes);
        Span { start: place - at.offset, len: entry.units - 1, kind }
    }
}

fn line_attributes(attributes: &Attributes) -> Attributes {
    delta::attributes(line_attributes_changed(attributes).filter(|(_, value)| !value.is_null()))
}

fn line_attributes_changed(
    attributes: &Attributes,
) -> impl Iterator<Item = (String, serde_json::Value)> + '_ {
    let known = attributes.iter().filter(|(name, _)| schema::LINE.contains(&name.as_str()));
    known.map(|(name, value)| (name.clone(), value.clone()))
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};
    use serde_json::json;

    use super::*;
    use crate::text::delta::{compose, plain};

    /// What the index must say, read from the whole text.
    fn expected(text: &[Op]) -> Vec<Span> {
        let mut start = 0;
        let mut spans = Vec::new();
        for line in lines(text) {
            let len = line.runs.iter().map(|run| utf16_len(&run.text)).sum();
            spans.push(Span { start, len, kind: line.kind });
            start += len + 1;
        }
        spans
    }

    fn kind(rng: &mut SmallRng) -> Attributes {
        let value = match rng.random_range(0..4) {
            0 => json!({"header": rng.random_range(1..4)}),
            1 => json!({"list": "bullet", "indent": rng.random_range(0..3)}),
            2 => json!({"list": null, "header": null}),
            _ => json!({}),
        };
        serde_json::from_value(value).expect("attributes")
    }

    #[test]
    fn it_says_what_the_whole_text_says_after_any_change() {
        for seed in 0..12 {
            let rng = &mut SmallRng::seed_from_u64(seed);
            let mut text = vec![Op::insert("\n")];
            let mut index = LineIndex::of(&text);
            for _ in 0..60 {
                let length = utf16_len(&plain(&text));
                let place = rng.random_range(0..length);
                let rest = length - place;
                let mut delta = vec![Op::retain(place)];
                match rng.random_range(0..6) {
                    0 | 1 => delta.push(Op::insert("å😀c")),
                    2 | 3 => {
                        for _ in 0..rng.random_range(1..30) {
                            delta.push(Op::insert("ab"));
                            let mut kind = kind(rng);
                            kind.retain(|_, value| !value.is_null());
                            delta.push(Op::insert_with("\n", kind));
                        }
                    }
                    4 => delta.push(Op::delete(rng.random_range(0..rest.min(40)))),
                    _ => delta.push(Op::Retain { retain: rng.random_range(0..=rest), attributes: kind(rng) }),
                }
                text = compose(&text, &delta);
                index.apply(&delta);
                assert_eq!(index.spans(0, index.units()), expected(&text), "seed {seed}: {delta:?}");
                assert_eq!(index.units(), utf16_len(&plain(&text)));
                let whole = LineIndex::of(&text);
                assert_eq!(whole.spans(0, whole.units()), expected(&text), "seed {seed}");
            }
        }
    }

    #[test]
    fn a_missing_last_line_end_is_taken_as_present_and_never_deleted() {
        let mut index = LineIndex::of(&[Op::insert("a\nb")]);
        assert_eq!(index.units(), 4);
        index.apply(&[Op::retain(1), Op::delete(9)]);
        assert_eq!(index.spans(0, 9), [Span { start: 0, len: 1, kind: LineKind::Paragraph }]);
    }

    #[test]
    fn a_place_is_in_the_line_that_its_caret_stands_in() {
        let index = LineIndex::of(&[Op::insert("ab\n\nc\n")]);
        let starts: Vec<_> = (0..9).map(|place| index.line_at(place).start).collect();
        assert_eq!(starts, [0, 0, 0, 3, 4, 4, 4, 4, 4]);
        let line = index.line_at(3);
        assert_eq!(index.before(&line).map(|line| line.start), Some(0));
        assert_eq!(index.after(&line).map(|line| line.start), Some(4));
        assert_eq!((index.before(&index.line_at(0)), index.after(&index.line_at(4))), (None, None));
    }
}
