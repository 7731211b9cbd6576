//! Looks that say what the bare words do not: that they no longer hold, that a 2 is a power, that `à` is an arrow. This
//! is the one table of them, each with the text that stands for it here. What a line of ours can look like itself
//! (bold, italic, underlined, a link) is not of this kind.

use serde_json::Value;

use super::sign;
use crate::text::character::upper;
use crate::text::delta::{Attributes, Op};

/// The look of a text whose white space counts.
pub(super) const KEPT: &str = "kept";

// How a text looks, as the page reports it.

/// Deleted, or never part of the text: a tracked deletion, a comment's anchor. It is dropped.
const GONE: &str = "gone";
/// Struck out: `[struket: …]`. Målbilder are written in Swedish.
const STRUCK: &str = "struck";
/// Raised or lowered: `²`, `₂`, or `^x` and `_x` where there is no such character.
const SCRIPT: &str = "script";
/// The font's name, in small letters; see `sign`.
const FONT: &str = "font";
/// How letters are shown that are stored otherwise: `uppercase`.
const CASE: &str = "case";

// What stands in a text and has no text, each reported with an object replacement character.

/// A quotation begins or ends here, by its tag: `”`.
const QUOTE: &str = "quote";
/// How a word is read begins or ends here: `(` and `)`.
const READING: &str = "reading";
/// A box or a round button of a form, `on` or `off`.
const BOX: &str = "box";
const ROUND: &str = "round";
/// A picture that stands for a sign, by the words that stand for it.
const PICTURE: &str = "picture";

/// The pieces of a block's text with words for what only their looks said.
pub(super) fn plain(pieces: &[Op]) -> Vec<Op> {
    let pieces = pieces.iter().filter_map(|op| match op {
        Op::Insert { attributes, .. } if attributes.contains_key(GONE) => None,
        Op::Insert { insert, attributes } => {
            let text = of_object(attributes).unwrap_or_else(|| written(insert, attributes));
            Some(Piece { text, looks: attributes.clone() })
        }
        _ => None,
    });
    let mut pieces: Vec<Piece> = pieces.collect();
    script(&mut pieces);
    let mut pieces = by_lines(pieces);
    strike(&mut pieces);
    pieces.into_iter().map(|piece| Op::insert_with(piece.text, piece.looks)).collect()
}

/// A text with its looks.
struct Piece {
    text: String,
    looks: Attributes,
}

impl Piece {
    fn is_white(&self) -> bool {
        self.text.trim().is_empty()
    }
}

fn said<'a>(looks: &'a Attributes, name: &str) -> &'a str {
    looks.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What stands for what has no text.
fn of_object(looks: &Attributes) -> Option<String> {
    let is_on = |name| said(looks, name) == "on";
    let sign = if looks.contains_key(QUOTE) {
        "”"
    } else if looks.contains_key(READING) {
        if is_on(READING) { " (" } else { ")" }
    } else if looks.contains_key(BOX) {
        if is_on(BOX) { "☑ " } else { "☐ " }
    } else if looks.contains_key(ROUND) {
        if is_on(ROUND) { "◉ " } else { "○ " }
    } else if looks.contains_key(PICTURE) {
        return Some(of_picture(said(looks, PICTURE)));
    } else {
        return None;
    };
    Some(sign.to_owned())
}

/// A sign stands for itself, and so does a name between colons; another name is put into brackets.
fn of_picture(words: &str) -> String {
    let words = words.trim();
    let is_sign = !words.chars().any(char::is_alphanumeric);
    let is_name = words.len() > 2 && words.starts_with(':') && words.ends_with(':');
    if is_sign || is_name { words.to_owned() } else { format!("[{words}]") }
}

/// The characters that the text shows.
fn written(text: &str, looks: &Attributes) -> String {
    let text = sign::shown(text, said(looks, FONT)).unwrap_or_else(|| text.to_owned());
    if said(looks, CASE) == "uppercase" { upper(&text) } else { text }
}

/// Writes what is raised and lowered: as one, however many pieces it comes in.
fn script(pieces: &mut [Piece]) {
    let mut before = None;
    for group in pieces.chunk_by_mut(|a, b| said(&a.looks, SCRIPT) == said(&b.looks, SCRIPT)) {
        let raised = match said(&group[0].looks, SCRIPT) {
            "super" => Some(true),
            "sub" => Some(false),
            _ => None,
        };
        let whole: String = group.iter().map(|piece| &*piece.text).collect();
        if let Some(raised) = raised.filter(|_| !stands_for_itself(whole.trim(), before)) {
            if let Some(signs) =
                group.iter().map(|piece| signs(&piece.text, raised)).collect::<Option<Vec<_>>>()
            {
                for (piece, signs) in group.iter_mut().zip(signs) {
                    piece.text = signs;
                }
            } else if let Some(first) = group.iter_mut().find(|piece| !piece.is_white()) {
                let (mark, at) =
                    (if raised { '^' } else { '_' }, first.text.len() - first.text.trim_start().len());
                let is_one = whole.trim().chars().all(char::is_alphanumeric);
                first.text.insert_str(at, &format!("{mark}{}", if is_one { "" } else { "(" }));
                if !is_one && let Some(last) = group.iter_mut().rfind(|piece| !piece.is_white()) {
                    last.text.insert(last.text.trim_end().len(), ')');
                }
            }
        }
        before = whole.chars().next_back();
    }
}

/// Whether a raised or lowered text says the same on the line: a footnote's `[1]`, `™`, the end of `1st` and `2:a`.
fn stands_for_itself(text: &str, before: Option<char>) -> bool {
    let is_enclosed = text.starts_with(['[', '(']) && text.ends_with([']', ')']);
    let is_end = ["st", "nd", "rd", "th", "er", "re", "a", "o", "e", ":a", ":e"].contains(&text);
    is_enclosed
        || !text.chars().any(|c| c.is_alphanumeric() || "+-−=".contains(c))
        || (is_end && before.is_some_and(|c| c.is_ascii_digit() || c == ':'))
}

/// The same in raised or lowered characters; none if one has no such character.
fn signs(text: &str, raised: bool) -> Option<String> {
    const PLAIN: &str = "0123456789+-−=()";
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾";
    const LOWERED: &str = "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎";
    let sign = |c: char| {
        if c.is_whitespace() || (raised && "²³¹".contains(c)) {
            return Some(c);
        }
        if raised && (c == 'n' || c == 'i') {
            return Some(if c == 'n' { 'ⁿ' } else { 'ⁱ' });
        }
        let place = PLAIN.chars().position(|plain| plain == c)?;
        (if raised { RAISED } else { LOWERED }).chars().nth(place)
    };
    text.chars().map(sign).collect()
}

/// The pieces with line breaks as pieces of their own, which are not struck out: each line says for itself that it is.
fn by_lines(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut parted = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let ends = |c: char| c == '\u{2028}' || (c == '\n' && piece.looks.contains_key(KEPT));
        if !piece.looks.contains_key(STRUCK) || !piece.text.contains(ends) {
            parted.push(piece);
            continue;
        }
        let mut unstruck = piece.looks.clone();
        unstruck.remove(STRUCK);
        for line in piece.text.split_inclusive(ends) {
            let end = line.trim_end_matches(ends).len();
            let (words, end) = line.split_at(end);
            for (text, looks) in [(words, &piece.looks), (end, &unstruck)] {
                if !text.is_empty() {
                    parted.push(Piece { text: text.to_owned(), looks: looks.clone() });
                }
            }
        }
    }
    parted
}

/// Puts what is struck out between brackets that say so.
fn strike(pieces: &mut [Piece]) {
    for group in pieces.chunk_by_mut(|a, b| a.looks.contains_key(STRUCK) == b.looks.contains_key(STRUCK)) {
        if !group[0].looks.contains_key(STRUCK) {
            continue;
        }
        if let Some(last) = group.iter_mut().rfind(|piece| !piece.is_white()) {
            last.text.insert(last.text.trim_end().len(), ']');
        }
        if let Some(first) = group.iter_mut().find(|piece| !piece.is_white()) {
            first.text.insert_str(first.text.len() - first.text.trim_start().len(), "[struket: ");
        }
    }
}
