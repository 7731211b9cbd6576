//! Looking for words in a text: where they stand, in UTF-16 code units, whatever the letters' case. Letters
//! are never taken for others: å is no a. It knows no page and no document.

/// Where the words stand: from and to (exclusive), from the beginning to the end, none over another and
/// none over a line's end.
#[must_use]
pub(super) fn find(text: &str, words: &str) -> Vec<(u32, u32)> {
    let sought: Vec<char> = fold(words).into_iter().map(|letter| letter.as_read).collect();
    let mut found = Vec::new();
    if sought.is_empty() {
        return found;
    }
    let letters = fold(text);
    let mut at = 0;
    while let Some(window) = letters.get(at..at + sought.len()) {
        let same = window.iter().map(|letter| letter.as_read).eq(sought.iter().copied());
        // A letter that becomes two in the other case is found whole or not at all.
        let whole = window[0].first && letters.get(at + sought.len()).is_none_or(|next| next.first);
        if same && whole && !sought.contains(&'\n') {
            found.push((window[0].from, window[sought.len() - 1].to));
            at += sought.len();
        } else {
            at += 1;
        }
    }
    found
}

/// A letter as it is read, and where in the text it comes from.
struct Letter {
    as_read: char,
    from: u32,
    to: u32,
    /// It is the first of those that come from there.
    first: bool,
}

/// The letters in upper case, an accent that follows its letter taken with it, and any space as a space.
fn fold(text: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(text.len());
    let mut from = 0;
    for c in text.chars() {
        let to = from + u32::try_from(c.len_utf16()).expect("a character has at most two units");
        if let Some(before) = letters.last_mut().filter(|_| is_accent(c)) {
            match composed(before.as_read, c) {
                Some(whole) => (before.as_read, before.to) = (whole, to),
                // It stays apart, but no match ends or begins between it and its letter.
                None => letters.push(Letter { as_read: c, from, to, first: false }),
            }
        } else {
            for (place, as_read) in read(c).enumerate() {
                letters.push(Letter { as_read, from, to, first: place == 0 });
            }
        }
        from = to;
    }
    letters
}

/// A character as it is read: in upper case, and one sign for those that programs put for one another.
fn read(c: char) -> impl Iterator<Item = char> {
    let (c, times) = match c {
        '\n' => ('\n', 1),
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => ('"', 1),
        '‘' | '’' | '‚' | '‛' | '′' | '´' | '`' => ('\'', 1),
        '‐'..='―' | '−' => ('-', 1),
        '…' => ('.', 3),
        // Where a word may break, and nothing at all.
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => (' ', 0),
        c if c.is_whitespace() => (' ', 1),
        c => (c, 1),
    };
    std::iter::repeat_n(c.to_uppercase(), times).flatten()
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// The letters that keyboards and files of ours have in two forms.
const fn composed(letter: char, accent: char) -> Option<char> {
    match (letter, accent) {
        ('A', '\u{30A}') => Some('Å'),
        ('A', '\u{308}') => Some('Ä'),
        ('O', '\u{308}') => Some('Ö'),
        ('U', '\u{308}') => Some('Ü'),
        ('E', '\u{301}') => Some('É'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_no_matter_and_letters_are() {
        assert_eq!(find("Åska, åska och aska", "åSKA"), [(0, 4), (6, 10)]);
        assert_eq!(find("Åska, åska och aska", "aska"), [(15, 19)]);
        assert_eq!(find("ÄÖ éÉ", "äö É"), [(0, 4)]);
        assert_eq!(find("abc", "x"), []);
        assert_eq!(find("abc", ""), []);
        assert_eq!(find("", "a"), []);
    }

    #[test]
    fn positions_are_utf16_and_hold_where_a_letter_becomes_two() {
        assert_eq!(find("😀 x 😀 x", "x"), [(3, 4), (8, 9)]);
        assert_eq!(find("😀😀", "😀"), [(0, 2), (2, 4)]);
        assert_eq!(find("İİ kö", "kö"), [(3, 5)]);
        assert_eq!(find("aßb ẞ ﬁ", "ASSB"), [(0, 3)]);
        assert_eq!(find("aßb", "s"), [], "half a letter is none");
        assert_eq!(find("aßb", "as"), []);
        assert_eq!(find("aİb İ x", "x"), [(6, 7)]);
        assert_eq!(find("ŉŉx", "x"), [(2, 3)]);
    }

    #[test]
    fn signs_that_programs_put_for_one_another_find_each_other() {
        assert_eq!(find("”Läge” – nu… i’t", "\"läge\" - nu... i't"), [(0, 16)]);
        assert_eq!(find("\"Läge\" - nu... i't", "”läge” – nu… i’t"), [(0, 18)]);
        assert_eq!(find("sam\u{AD}verkan", "samverkan"), [(0, 10)]);
        assert_eq!(find("a…b", "."), [], "part of a sign is none");
    }

    #[test]
    fn a_letter_in_two_forms_is_one_letter() {
        assert_eq!(find("La\u{30A}ngt och lång", "lång"), [(0, 5), (11, 15)]);
        assert_eq!(find("a\u{30A}", "a"), [], "å is no a");
        assert_eq!(find("x\u{30A}y", "x"), [], "nor is this an x");
        assert_eq!(find("x\u{30A}y", "X\u{30A}y"), [(0, 3)]);
    }

    #[test]
    fn no_match_crosses_a_line_and_none_lies_over_another() {
        assert_eq!(find("ab\ncd", "b\nc"), []);
        assert_eq!(find("ab\ncd", "bc"), []);
        assert_eq!(find("aaaa", "aa"), [(0, 2), (2, 4)]);
        assert_eq!(find("abab\u{A0}abab", "ab ab"), [(2, 7)]);
    }
}
