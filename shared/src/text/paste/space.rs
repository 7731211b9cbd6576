//! The characters of a pasted text: which white space counts, which characters only look like it, and which
//! have no place in a text at all.

use super::sign;

/// What ends a line: the page reports a `<br>` as this.
const BREAK: char = '\u{2028}';

/// What keeps two words on one line, where it was meant.
const NO_BREAK: char = '\u{A0}';

/// A character and the number that the caller tells it by.
pub(super) type Marked = (char, usize);

/// The lines of a text whose characters each have a number and a word on whether their white space counts, as
/// in a `<pre>`. Where it does not, it is one space, and none at a line's start.
pub(super) fn lines(text: &[(char, usize, bool)]) -> Vec<Vec<Marked>> {
    let mut lines = vec![Vec::new()];
    for (i, &(c, number, kept)) in text.iter().enumerate() {
        let line = lines.last_mut().expect("there is always one");
        let before = i.checked_sub(1).map(|before| text[before].0);
        let after = text.get(i + 1).map(|after| after.0);
        match meant(c, before, after, kept) {
            Some(BREAK) => lines.push(Vec::new()),
            Some(' ') if !kept && line.last().is_none_or(|(last, _)| *last == ' ') => {}
            Some(c) => line.push((c, number)),
            None => {}
        }
    }
    lines
}

/// The lines of a plain text. All of its white space counts.
pub(super) fn plain(text: &str) -> Vec<String> {
    let text: Vec<_> = text.chars().map(|c| (c, 0, true)).collect();
    lines(&text).into_iter().map(|line| line.into_iter().map(|(c, _)| c).collect()).collect()
}

/// What a character means; none when it has no place in a text.
fn meant(c: char, before: Option<char>, after: Option<char>, kept: bool) -> Option<char> {
    match c {
        BREAK | '\u{2029}' => Some(BREAK),
        '\r' if after == Some('\n') => None,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' => Some(if kept { BREAK } else { ' ' }),
        '\t' => Some(if kept { '\t' } else { ' ' }),
        // A number and what belongs to it: 10 000, 5 km, § 4. Elsewhere programs write it for want of a space.
        NO_BREAK | '\u{202F}' => {
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            let word = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && !c.is_ascii_punctuation());
            let sign = |c: Option<char>| c.is_some_and(|c| "%$+".contains(c));
            let belongs = (digit(before) && (word(after) || sign(after)))
                || ((word(before) || sign(before)) && digit(after));
            Some(if belongs { NO_BREAK } else { ' ' })
        }
        '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{205F}' | '\u{3000}' => Some(' '),
        // What nobody sees: soft hyphens, marks without width, embeds, directions that hide what is written.
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{FFFC}' => None,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
        c if c.is_control() => None,
        c => Some(sign::of_private(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flowing(text: &str) -> Vec<String> {
        let text: Vec<_> = text.chars().map(|c| (c, 0, false)).collect();
        lines(&text).into_iter().map(|line| line.into_iter().map(|(c, _)| c).collect()).collect()
    }

    #[test]
    fn white_space_that_does_not_count_is_one_space() {
        assert_eq!(flowing("\n  a \t\r\n b\u{A0}\u{A0} c\u{3000}d"), ["a b c d"]);
        assert_eq!(flowing("a \u{2028} b"), ["a ", "b"]);
    }

    #[test]
    fn a_number_keeps_what_belongs_to_it() {
        assert_eq!(
            flowing("10\u{A0}000 på 5\u{202F}km, §\u{A0}4, 25\u{A0}%, +\u{A0}3."),
            ["10\u{A0}000 på 5\u{A0}km, §\u{A0}4, 25\u{A0}%, +\u{A0}3."]
        );
        assert_eq!(flowing("a\u{A0}b 5.\u{A0}c"), ["a b 5. c"]);
    }

    #[test]
    fn plain_text_keeps_its_spaces_and_loses_what_nobody_sees() {
        assert_eq!(plain("a\r\nb\rc\u{B}d\u{2029}e\u{85}f"), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(plain("a\tb  c"), ["a\tb  c"]);
        assert_eq!(plain("\u{FEFF}a\u{0}\u{1B}\u{7F}\u{9B}b\u{FFFC}\u{202E}\u{AD}c"), ["abc"]);
    }

    #[test]
    fn what_joins_letters_and_emoji_stays() {
        assert_eq!(plain("👩‍👩‍👧 a\u{30A} ä"), ["👩‍👩‍👧 a\u{30A} ä"]);
    }
}
