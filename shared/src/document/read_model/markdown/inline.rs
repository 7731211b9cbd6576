//! One line of text with its looks as CommonMark: bold as `**`, italic as `*` or `_`, underline as `<u>`, a link
//! with its address in `<>`, and every character that would mean something as text.
//!
//! Asterisks are read as emphasis only where they flank words (CommonMark 0.31, 6.2). Where they would not, the
//! character outside is written as a numeric reference, which ends and begins with punctuation: the same text to
//! every reader, and `**` works beside it.

use std::ops::Range;

use crate::domain::schema;
use crate::text::delta::Run;
use crate::text::hyperlink::Hyperlink;

/// A way that characters look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InlineMark {
    Link,
    Bold,
    Italic,
    Underline,
}

/// The outer one first where they end together.
const MARKS: [InlineMark; 4] =
    [InlineMark::Link, InlineMark::Bold, InlineMark::Italic, InlineMark::Underline];

/// One character with how it looks.
struct Letter {
    c: char,
    /// For each of [`MARKS`] which of the looks it has; links differ by where they lead.
    looks: [Option<usize>; 4],
}

/// What is written, one after the other.
enum Piece {
    Text {
        c: char,
        by_number: bool,
    },
    /// An end of what looks so; `address` where a link ends.
    Edge {
        mark: InlineMark,
        opens: bool,
        address: usize,
    },
}

/// What stands beside asterisks, as a reader of CommonMark takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Space,
    Punctuation,
    Word,
    /// What readers of different age take differently: symbols, and what is not assigned.
    Unsure,
}

/// A line as CommonMark, in two parts: its spaces at the beginning, and the rest. Its spaces at the end are not
/// seen, and not written; a line of spaces is empty.
pub(super) fn line(runs: &[Run]) -> (String, String) {
    let (mut letters, addresses) = letters(runs);
    let Some(text) = letters.iter().position(|letter| !is_space(letter.c)) else {
        return (String::new(), String::new());
    };
    let kept = letters.iter().rposition(|letter| !is_space(letter.c)).map_or(0, |last| last + 1);
    letters.truncate(kept);
    let mut nest = Nest { letters: &letters, ends: ends(&letters), open: Vec::new(), pieces: Vec::new() };
    nest.write(0..letters.len());
    let Nest { mut pieces, .. } = nest;
    if let Some(Piece::Text { by_number, .. }) = pieces.first_mut().filter(|_| text > 0) {
        // CommonMark drops the space that a line begins with, unless it says so.
        *by_number = true;
    }
    let underscored = underscored(&pieces);
    while part(&mut pieces, &underscored) {}
    let written = |range| written(&pieces, range, &underscored, &addresses);
    (written(0..text), written(text..pieces.len()))
}

/// Plain text as CommonMark.
pub(super) fn plain(text: &str) -> String {
    let (before, rest) =
        line(&[Run { text: text.to_owned(), attributes: crate::text::delta::Attributes::new() }]);
    before + &rest
}

/// A character as it may stand in CommonMark. No reader agrees with another one on NUL, on the old line end, which
/// nobody sees, and on the old commands around it.
fn seen(c: char) -> char {
    match c {
        '\u{85}' => ' ',
        '\0' | '\u{80}'..='\u{9F}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Whether nothing begins or ends with it; JavaScript counts the byte order mark.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{FEFF}'
}

fn letters(runs: &[Run]) -> (Vec<Letter>, Vec<Hyperlink>) {
    let mut addresses: Vec<Hyperlink> = Vec::new();
    let mut letters = Vec::new();
    for run in runs {
        let link = Hyperlink::of(&run.attributes).map(|link| {
            if addresses.last() != Some(&link) {
                addresses.push(link);
            }
            addresses.len() - 1
        });
        let has = |name| run.attributes.contains_key(name).then_some(0);
        let looks = [link, has(schema::BOLD), has(schema::ITALIC), has(schema::UNDERLINE)];
        letters.extend(run.text.chars().map(|c| Letter { c: seen(c), looks }));
    }
    (letters, addresses)
}

/// For each letter and each of its looks, where the letters that look so end.
fn ends(letters: &[Letter]) -> Vec<[usize; 4]> {
    let mut ends = vec![[letters.len(); 4]; letters.len()];
    for i in (1..letters.len()).rev() {
        let (before, here) = (&letters[i - 1].looks, &letters[i].looks);
        ends[i - 1] = std::array::from_fn(|look| if before[look] == here[look] { ends[i][look] } else { i });
    }
    ends
}

/// The letters of a line, as they are written as a tree.
struct Nest<'a> {
    letters: &'a [Letter],
    /// For each letter and each of its looks, where the letters that look so end.
    ends: Vec<[usize; 4]>,
    open: Vec<InlineMark>,
    pieces: Vec<Piece>,
}

impl Nest<'_> {
    /// Writes a range of the letters: what lasts longest is around what ends sooner, no link is cut in two, and nothing
    /// begins or ends with a space.
    fn write(&mut self, range: Range<usize>) {
        let (mut at, to) = (range.start, range.end);
        let letters = self.letters;
        while at < to {
            let letter = &letters[at];
            let end = |mark: InlineMark| self.ends[at][mark as usize].min(to);
            let may_open =
                |mark: &InlineMark| letter.looks[*mark as usize].is_some() && !self.open.contains(mark);
            // Of those that end together the first one is outermost.
            let longest = MARKS.into_iter().filter(may_open).rev().max_by_key(|mark| end(*mark));
            let Some(mark) = longest.filter(|_| !is_space(letter.c)) else {
                self.pieces.push(Piece::Text { c: letter.c, by_number: is_told_by_number(letter.c) });
                at += 1;
                continue;
            };
            let mut end = end(mark);
            if mark != InlineMark::Link && !self.open.contains(&InlineMark::Link) && end < to {
                let link = |i: usize| letters[i].looks[InlineMark::Link as usize];
                if link(end).is_some() && link(end - 1) == link(end) {
                    // A link goes on beyond it: end where the link begins.
                    let begins =
                        (at..end).rposition(|i| link(i) != link(end)).map_or(at, |last| at + last + 1);
                    end = if begins > at { begins } else { end };
                }
            }
            while is_space(letters[end - 1].c) {
                end -= 1;
            }
            let address = letter.looks[InlineMark::Link as usize].unwrap_or_default();
            self.pieces.push(Piece::Edge { mark, opens: true, address });
            self.open.push(mark);
            self.write(at..end);
            self.open.pop();
            self.pieces.push(Piece::Edge { mark, opens: false, address });
            at = end;
        }
    }
}

/// Which edges of italic are written as `_`: both of a pair of which one touches bold's asterisks.
fn underscored(pieces: &[Piece]) -> Vec<bool> {
    let is = |i: Option<usize>, of: InlineMark| {
        let piece = i.and_then(|i| pieces.get(i));
        matches!(piece, Some(Piece::Edge { mark, .. }) if *mark == of)
    };
    let mut marked = vec![false; pieces.len()];
    let mut opened = 0;
    for i in (0..pieces.len()).filter(|i| is(Some(*i), InlineMark::Italic)) {
        if matches!(pieces[i], Piece::Edge { opens: true, .. }) {
            opened = i;
            continue;
        }
        let touches = |i: usize| is(i.checked_sub(1), InlineMark::Bold) || is(Some(i + 1), InlineMark::Bold);
        let is_marked = touches(opened) || touches(i);
        (marked[opened], marked[i]) = (is_marked, is_marked);
    }
    marked
}

/// Writes by its number what would keep an edge from being read as one; says whether there was any.
fn part(pieces: &mut [Piece], underscored: &[bool]) -> bool {
    let mut changed = false;
    for i in 0..pieces.len() {
        let Piece::Edge { mark: InlineMark::Bold | InlineMark::Italic, opens, .. } = pieces[i] else {
            continue;
        };
        let (before, after) = (i.checked_sub(1), Some(i + 1).filter(|next| *next < pieces.len()));
        let (outside, inside) = if opens { (before, after) } else { (after, before) };
        let beside = |i: Option<usize>| i.map_or(Beside::Space, |i| beside(&pieces[i]));
        let is_free = matches!(beside(outside), Beside::Space | Beside::Punctuation);
        let is_edge = is_free || (!underscored[i] && beside(inside) == Beside::Word);
        if let Some(Piece::Text { by_number, .. }) = outside.filter(|_| !is_edge).map(|i| &mut pieces[i]) {
            *by_number = true;
            changed = true;
        }
    }
    changed
}

fn beside(piece: &Piece) -> Beside {
    match *piece {
        Piece::Edge { .. } | Piece::Text { by_number: true, .. } => Beside::Punctuation,
        Piece::Text { c, .. } if c.is_whitespace() => Beside::Space,
        Piece::Text { c, .. } if c.is_ascii_punctuation() => Beside::Punctuation,
        // Some letters are symbols to CommonMark: those in circles.
        Piece::Text { c, .. }
            if c.is_alphanumeric() && !matches!(c, '\u{2000}'..='\u{2BFF}' | '\u{1F000}'..) =>
        {
            Beside::Word
        }
        Piece::Text { .. } => Beside::Unsure,
    }
}

fn written(pieces: &[Piece], range: Range<usize>, underscored: &[bool], addresses: &[Hyperlink]) -> String {
    let mut out = String::new();
    for i in range {
        match pieces[i] {
            Piece::Text { c, by_number } => {
                // Before a link it would make a picture of it.
                if c == '!'
                    && matches!(
                        pieces.get(i + 1),
                        Some(Piece::Edge { mark: InlineMark::Link, opens: true, .. })
                    )
                {
                    out.push('\\');
                }
                write(&mut out, c, by_number);
            }
            Piece::Edge { mark: InlineMark::Bold, .. } => out.push_str("**"),
            Piece::Edge { mark: InlineMark::Italic, .. } => out.push(if underscored[i] { '_' } else { '*' }),
            Piece::Edge { mark: InlineMark::Underline, opens, .. } => {
                out.push_str(if opens { "<u>" } else { "</u>" })
            }
            Piece::Edge { mark: InlineMark::Link, opens: true, .. } => out.push('['),
            Piece::Edge { mark: InlineMark::Link, opens: false, address } => {
                out.push_str("](<");
                write_address(&mut out, addresses[address].as_str());
                out.push_str(">)");
            }
        }
    }
    out
}

/// An address in `<>`. What would be read as another character is none.
fn write_address(out: &mut String, address: &str) {
    let mut rest = address;
    while let Some((before, after)) = rest.split_once('&') {
        let name = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(after.len());
        let is_reference = name > 0 && after[name..].starts_with(';');
        out.push_str(before);
        out.push_str(if is_reference { "&amp;" } else { "&" });
        rest = after;
    }
    out.push_str(rest);
}

/// Whether a reader of Markdown may take it for the end of a line, or a terminal for a command.
fn is_told_by_number(c: char) -> bool {
    (c.is_ascii_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// One character as text.
fn write(out: &mut String, c: char, by_number: bool) {
    if by_number || is_told_by_number(c) {
        out.push_str(&format!("&#{};", u32::from(c)));
        return;
    }
    // `~` strikes out in the dialect that most programs read.
    if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~') {
        out.push('\\');
    }
    out.push(c);
}
