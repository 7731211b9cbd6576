//! Names as they may be shown beside each other and beside a text, whatever somebody calls themselves.

use crate::domain::limits;
use crate::text::character::{is_invisible, is_line_end, is_mark};

/// So many marks stand on one letter of a name; more would reach into the lines around it. The fullest letters of
/// Vietnamese and Hebrew have that many.
const MARKS_ON_A_LETTER: usize = 3;

/// A name as it may be shown: one line, without what cannot be seen or would disturb the text around it, with few
/// marks on each letter, and cut to [`limits::NAME_CHARS`]. Two names that look the same are the same, as far as
/// Swedish goes: a letter and its mark are one character where there is one.
#[must_use]
pub fn displayed(name: &str) -> String {
    let mut shown = String::new();
    let mut count = 0;
    let mut marks = 0;
    for c in name.chars() {
        let c =
            if c.is_control() || is_line_end(c) || c.is_whitespace() || c == '\u{2800}' { ' ' } else { c };
        let last = shown.chars().next_back();
        if is_mark(c) {
            marks += 1;
            let Some(base) = last.filter(|last| *last != ' ' && marks <= MARKS_ON_A_LETTER) else { continue };
            if let Some(composed) = composed(base, c) {
                shown.pop();
                shown.push(composed);
                continue;
            }
        } else if (is_invisible(c) && !is_emoji_style(last, c))
            || (c == ' ' && last.is_none_or(|last| last == ' '))
        {
            continue;
        } else {
            marks = 0;
        }
        if count == limits::NAME_CHARS {
            break;
        }
        count += 1;
        shown.push(c);
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// Whether it says of the character before it that it is a picture or that it is none.
fn is_emoji_style(before: Option<char>, c: char) -> bool {
    let is_symbol = |c: char| !c.is_ascii() && !c.is_alphanumeric() && !is_mark(c) && !is_invisible(c);
    matches!(c, '\u{FE0E}' | '\u{FE0F}') && before.is_some_and(is_symbol)
}

/// A letter with a mark as one character, in the languages around.
fn composed(base: char, mark: char) -> Option<char> {
    let (bases, composed) = match mark {
        '\u{300}' => ("aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
        '\u{301}' => ("aeiouyAEIOUYcnszCNSZ", "áéíóúýÁÉÍÓÚÝćńśźĆŃŚŹ"),
        '\u{302}' => ("aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
        '\u{303}' => ("anoANO", "ãñõÃÑÕ"),
        '\u{308}' => ("aeiouyAEIOUY", "äëïöüÿÄËÏÖÜŸ"),
        '\u{30A}' => ("auAU", "åůÅŮ"),
        '\u{30C}' => ("cdenrstzCDENRSTZ", "čďěňřšťžČĎĚŇŘŠŤŽ"),
        '\u{327}' => ("csCS", "çşÇŞ"),
        _ => return None,
    };
    composed.chars().nth(bases.find(base)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nothing_that_is_not_seen_and_nothing_that_reaches_out_of_its_line() {
        let zalgo = format!("A{}nna", "\u{300}\u{489}\u{33F}".repeat(300));
        let many = format!("Å{}", "\u{1DC0}".repeat(9));
        for (name, shown) in [
            ("An\u{200B}na\u{AD} \u{2060}Ask\u{FEFF}", "Anna Ask"),
            ("An\u{200D}na\u{200C}", "Anna"),
            ("\u{202E}annA\u{202C}\u{2066}\u{2069}\u{61C}", "annA"),
            ("Anna\u{E0041}\u{E007F}\u{FE00}\u{E0100}\u{180B}", "Anna"),
            ("\u{3164}\u{115F}\u{1160}\u{FFA0}\u{2800}\u{17B4}", ""),
            ("A\u{FFFC}n\u{FFF9}n\u{FFFF}a", "Anna"),
            ("Anna\u{FE0F} ⛑\u{FE0F} \u{FE0F}", "Anna ⛑\u{FE0F}"),
            ("a\r\nb\u{2028}c\u{85}d\te\u{A0}\u{3000}f\0", "a b c d e f"),
            ("\u{301}Anna \u{301}\u{20DD}Ask", "Anna Ask"),
            ("A\u{30A}sa O\u{308}", "Åsa Ö"),
            ("Nguye\u{302}\u{303}n", "Nguyê\u{303}n"),
            (&zalgo, "À\u{489}\u{33F}nna"),
            (&many, "Å\u{1DC0}\u{1DC0}\u{1DC0}"),
            ("שָׁלוֹם สวัสดี क्षत्रिय 한글", "שָׁלוֹם สวัสดี क्षत्रिय 한글"),
        ] {
            assert_eq!(displayed(name), shown, "{name:?}");
            assert_eq!(displayed(shown), shown, "{shown:?} again");
        }
        let long = displayed(&"e\u{1DC0}".repeat(500));
        assert_eq!(long.chars().count(), limits::NAME_CHARS);
    }
}
