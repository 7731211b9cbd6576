//! The number that an item had where it was copied, and the one that counting gives it here. A text that refers to
//! "punkt 3" must still find it, so an item whose number would be another one is a line with its number as text.

use crate::text::delta::{LineKind, List, letters};

/// What stood before an item: `3.`, `iv)`, `3.2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number(String);

impl Number {
    /// As Word wrote it before the item; none for a mark that is no number.
    pub(super) fn of_marker(marker: &str) -> Option<Self> {
        let marker = marker.trim_matches(|c: char| c.is_whitespace() || c == '\u{A0}');
        let is_number = marker.chars().any(|c| c.is_ascii_digit()) || marked_by(marker) != List::Bullet;
        is_number.then(|| Self(marker.to_owned()))
    }

    /// Of the item at this place of a web page's list, which is marked so: by the values of `type` or of
    /// `list-style-type`, see <https://drafts.csswg.org/css-counter-styles/#predefined-counters>.
    pub(super) fn of_place(place: i64, marked: &str) -> Self {
        let count = usize::try_from(place).ok().filter(|count| *count > 0);
        let written = match marked {
            "I" | "upper-roman" => count.and_then(roman).map(|roman| roman.to_ascii_uppercase()),
            "i" | "lower-roman" => count.and_then(roman),
            "A" | "upper-alpha" | "upper-latin" => count.map(letters),
            "a" | "lower-alpha" | "lower-latin" => count.map(|count| letters(count).to_ascii_lowercase()),
            "lower-greek" => count.map(greek),
            "decimal-leading-zero" => count.map(|count| format!("{count:02}")),
            _ => None,
        };
        Self(written.unwrap_or_else(|| place.to_string()) + ".")
    }

    /// As it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether who looks for it finds it at this mark: 3 is `3.`, `(3)` and `03)`, and c is `C.`.
    fn is_found_at(&self, mark: &str) -> bool {
        let body = |text: &str| {
            let text =
                text.trim_matches(|c: char| c.is_whitespace() || "().:]".contains(c)).to_ascii_lowercase();
            let short = text.trim_start_matches('0').to_owned();
            if short.is_empty() { text } else { short }
        };
        body(&self.0) == body(mark)
    }
}

/// Counts the items of nested lists as the page does.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// From the outermost: the list, and how many of its items there were.
    levels: Vec<Option<(List, usize)>>,
}

impl Count {
    /// Whether the line of this kind that comes next is shown with its number; it is counted then.
    pub(super) fn gives(&mut self, kind: LineKind, number: Option<&Number>) -> bool {
        let LineKind::Item(list, indent) = kind else {
            self.levels.clear();
            return true;
        };
        let level = usize::from(indent);
        self.levels.resize(level + 1, None);
        let count = match self.levels[level] {
            Some((open, count)) if open == list => count + 1,
            _ => 1,
        };
        let mark = match list {
            List::Bullet => String::new(),
            List::Ordered => count.to_string(),
            List::Lettered => letters(count),
        };
        if number.is_some_and(|number| !number.is_found_at(&mark)) {
            // It becomes a line of text, after which counting begins anew.
            self.levels.clear();
            return false;
        }
        self.levels[level] = Some((list, count));
        true
    }
}

/// The list that a mark of Word's is of.
pub(super) fn marked_by(marker: &str) -> List {
    let marker = marker.trim_matches(|c: char| c.is_whitespace() || c == '\u{A0}' || c == '(');
    let body = marker.trim_end_matches(['.', ')', ':', ']']);
    let ends = body.len() < marker.len();
    let roman = |c: char| "ivxlcdm".contains(c.to_ascii_lowercase());
    if body.contains(|c: char| c.is_ascii_digit()) {
        List::Ordered
    } else if !ends || !body.chars().all(|c| c.is_ascii_alphabetic()) || body.is_empty() {
        // `o` is a mark of Word's, `o)` a letter.
        List::Bullet
    } else if body.eq_ignore_ascii_case("i") || (body.len() > 1 && body.chars().all(roman)) {
        List::Ordered
    } else {
        List::Lettered
    }
}

/// Up to 3999, in small letters.
fn roman(mut count: usize) -> Option<String> {
    const SIGNS: [(usize, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if count > 3999 {
        return None;
    }
    let mut written = String::new();
    for (value, sign) in SIGNS {
        while count >= value {
            written.push_str(sign);
            count -= value;
        }
    }
    Some(written)
}

/// α, β … ω, αα.
fn greek(mut count: usize) -> String {
    let signs: Vec<char> = "αβγδεζηθικλμνξοπρστυφχψω".chars().collect();
    let mut written = Vec::new();
    while count > 0 {
        count -= 1;
        written.push(signs[count % signs.len()]);
        count /= signs.len();
    }
    written.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_browsers_do() {
        let of = |place, marked| Number::of_place(place, marked).0;
        assert_eq!([of(4, ""), of(0, "a"), of(-2, "i"), of(4000, "I")], ["4.", "0.", "-2.", "4000."]);
        assert_eq!([of(4, "lower-roman"), of(1994, "I"), of(28, "a")], ["iv.", "MCMXCIV.", "ab."]);
        assert_eq!([of(25, "lower-greek"), of(7, "decimal-leading-zero")], ["αα.", "07."]);
    }

    #[test]
    fn a_number_is_found_at_its_mark_however_it_is_written() {
        let found =
            |marker: &str, mark| Number::of_marker(marker).is_some_and(|number| number.is_found_at(mark));
        assert!(found("3.", "3") && found("(3)", "3") && found("03)", "3") && found("c)", "C"));
        assert!(!found("3.2", "2") && !found("iv.", "4") && !found("·", "1") && !found("0.", "1"));
    }

    #[test]
    fn counting_gives_the_number_or_begins_anew() {
        let mut count = Count::default();
        let item = |indent| LineKind::Item(List::Ordered, indent);
        let number = |n| Some(Number::of_place(n, ""));
        let mut gives = |kind, n| count.gives(kind, number(n).as_ref());
        assert!(gives(item(0), 1) && gives(item(1), 1) && gives(item(1), 2) && gives(item(0), 2));
        assert!(gives(item(1), 1), "an inner list begins anew");
        assert!(!gives(item(0), 4) && gives(item(0), 1));
        assert!(count.gives(LineKind::Paragraph, None) && !count.gives(item(0), number(2).as_ref()));
    }
}
