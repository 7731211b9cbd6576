//! What the page shows of a text, told apart from how the export works: its lines, with numbers as the style
//! sheet counts them.

use samsyn_shared::text::delta::{LineKind, List, Op, Run, visible_lines};
use samsyn_shared::text::hyperlink::Hyperlink;

/// A line that is seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its characters, each with how it looks.
    pub(crate) letters: Vec<(char, Looks)>,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Text.
    Paragraph,
    /// With its level in the whole export.
    Heading(usize),
    /// An item: in how many items it is, whether it has a number, and which place it has in its list, from 1.
    Item { depth: usize, ordered: bool, place: u64 },
}

/// How a character looks. Of spaces nobody sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Looks {
    /// `bold`.
    pub(crate) bold: bool,
    /// `italic`.
    pub(crate) italic: bool,
    /// `underline`.
    pub(crate) underline: bool,
    /// Where it leads.
    pub(crate) link: Option<String>,
}

impl Shown {
    /// Its text.
    pub(crate) fn text(&self) -> String {
        self.letters.iter().map(|(c, _)| c).collect()
    }
}

/// The style sheet's counters, for each kind of list and each level.
#[derive(Default)]
struct Counters([[u64; 9]; 3]);

impl Counters {
    fn next(&mut self, list: List, indent: usize) -> u64 {
        for (kind, levels) in self.0.iter_mut().enumerate() {
            for (level, count) in levels.iter_mut().enumerate() {
                if level > indent || (level == indent && kind != list as usize) {
                    *count = 0;
                }
            }
        }
        let count = &mut self.0[list as usize][indent];
        *count += 1;
        *count
    }
}

/// The lines that are seen. A blank one is seen by what it parts.
pub(crate) fn shown(delta: &[Op]) -> Vec<Shown> {
    let mut counters = Counters::default();
    let mut items: Vec<(usize, usize)> = Vec::new();
    let mut all = Vec::new();
    for line in visible_lines(delta) {
        let mut letters = letters(&line.runs);
        let kind = match line.kind {
            LineKind::Item(list, indent) => {
                let indent = usize::from(indent);
                let place = counters.next(list, indent);
                // It is in the nearest item above that is less indented than it and all between.
                let parent = items.iter().rev().find(|(above, _)| *above < indent);
                let depth = parent.map_or(0, |(_, depth)| depth + 1);
                items.push((indent, depth));
                while items.len() > 1 && items[items.len() - 2].0 >= indent {
                    items.remove(items.len() - 2);
                }
                if list == List::Lettered {
                    let mut before = format!("{}.", char::from(b'A' + u8::try_from(place - 1).expect("few")));
                    before.push_str(if letters.is_empty() { "" } else { " " });
                    letters.splice(0..0, before.chars().map(|c| (c, Looks::default())));
                }
                Kind::Item { depth, ordered: list == List::Ordered, place }
            }
            kind => {
                counters = Counters::default();
                items.clear();
                if letters.is_empty() {
                    continue;
                }
                match kind {
                    LineKind::Heading(level) => Kind::Heading(2 + usize::from(level)),
                    _ => Kind::Paragraph,
                }
            }
        };
        all.push(Shown { kind, letters });
    }
    all
}

fn letters(runs: &[Run]) -> Vec<(char, Looks)> {
    let mut letters = Vec::new();
    for run in runs {
        let has = |name| run.attributes.contains_key(name);
        let link = Hyperlink::of(&run.attributes).map(|link| link.as_str().to_owned());
        let looks = Looks { bold: has("bold"), italic: has("italic"), underline: has("underline"), link };
        letters.extend(run.text.chars().map(|c| seen(c, &looks)));
    }
    without_last_spaces(letters)
}

/// A character as it may be written: NUL and the old commands are none in CommonMark, and the old line
/// end is a space.
pub(crate) fn seen(c: char, looks: &Looks) -> (char, Looks) {
    let c = match c {
        '\u{85}' => ' ',
        '\0' | '\u{80}'..='\u{9F}' => '\u{FFFD}',
        c => c,
    };
    (c, if is_space(c) { Looks::default() } else { looks.clone() })
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{FEFF}'
}

/// Spaces at a line's end are not seen.
pub(crate) fn without_last_spaces(mut letters: Vec<(char, Looks)>) -> Vec<(char, Looks)> {
    let last = letters.iter().rposition(|(c, _)| !is_space(*c));
    letters.truncate(last.map_or(0, |last| last + 1));
    letters
}
