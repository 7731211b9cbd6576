//! Links in a text: which one stands at the caret, and what it takes to set or remove one. Pure; what may be
//! an address is `shared::link`'s to say.

use crate::domain::schema;
use crate::text::delta::{Attributes, Op, Run, lines, utf16_len};
use crate::text::hyperlink::Hyperlink;
use serde_json::Value;

use super::{Outcome, Selection};

/// A link in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkAt {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The attribute's value, whatever it is.
    pub value: String,
}

/// The link that all of the selection is in, or that the caret touches.
#[must_use]
pub fn around(text: &[Op], selection: Selection) -> Option<LinkAt> {
    let (from, to) = selection.range();
    let mut found: Option<LinkAt> = None;
    for (start, run) in runs(text) {
        let end = start + utf16_len(&run.text);
        let value = run.attributes.get(schema::LINK).and_then(Value::as_str);
        match (&mut found, value) {
            (Some(link), Some(value)) if link.to == start && link.value == value => link.to = end,
            (Some(link), _) if link.from <= from && to <= link.to => break,
            (_, value) => found = value.map(|value| LinkAt { from: start, to: end, value: value.to_owned() }),
        }
    }
    found.filter(|link| link.from <= from && to <= link.to)
}

/// The words of a range, a space for each line's end.
#[must_use]
pub fn words(text: &[Op], selection: Selection) -> String {
    let (from, to) = selection.range();
    let units: Vec<u16> = crate::text::delta::plain(text).encode_utf16().collect();
    let within = |index: u32| usize::try_from(index).unwrap_or(usize::MAX).min(units.len());
    String::from_utf16_lossy(&units[within(from)..within(to)]).replace('\n', " ")
}

/// Makes what is selected a link, or leads the link at the caret elsewhere. With neither, `words` are put in
/// as one, or the address itself.
#[must_use]
pub fn set(text: &[Op], selection: Selection, link: &Hyperlink, words: &str) -> Outcome {
    let value = Value::from(link.as_str());
    if let Some(range) = range(text, selection) {
        return change(text, range, &value, selection);
    }
    let at = selection.head;
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let address = link.as_str();
    let words =
        if words.is_empty() { address.strip_prefix("mailto:").unwrap_or(address).to_owned() } else { words };
    let caret = at + utf16_len(&words);
    let insert = Op::insert_with(words, attribute(value));
    Outcome { delta: vec![Op::retain(at), insert], selection: Selection::caret(caret) }
}

/// Makes the link at the caret, or all that is selected, plain words; none when there is nothing.
#[must_use]
pub fn remove(text: &[Op], selection: Selection) -> Option<Outcome> {
    range(text, selection).map(|range| change(text, range, &Value::Null, selection))
}

/// The whole link around, or what is selected.
fn range(text: &[Op], selection: Selection) -> Option<(u32, u32)> {
    let link = around(text, selection).map(|link| (link.from, link.to));
    link.or((!selection.is_empty()).then(|| selection.range()))
}

/// A line's end gets no link.
fn change(text: &[Op], (from, to): (u32, u32), value: &Value, selection: Selection) -> Outcome {
    let mut delta = Vec::new();
    let mut at = 0;
    for (start, run) in runs(text) {
        let (start, end) = (start.max(from), (start + utf16_len(&run.text)).min(to));
        if start < end {
            if start > at {
                delta.push(Op::retain(start - at));
            }
            delta.push(Op::Retain { retain: end - start, attributes: attribute(value.clone()) });
            at = end;
        }
    }
    Outcome { delta, selection }
}

fn attribute(value: Value) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(schema::LINK.to_owned(), value);
    attributes
}

/// Each run with where it begins.
fn runs(text: &[Op]) -> Vec<(u32, Run)> {
    let mut at = 0;
    let mut runs = Vec::new();
    for line in lines(text) {
        for run in line.runs {
            let start = at;
            at += utf16_len(&run.text);
            runs.push((start, run));
        }
        at += 1;
    }
    runs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ops(value: Value) -> Vec<Op> {
        serde_json::from_value(value).expect("a delta")
    }

    fn linked(text: &str, to: &str) -> Value {
        json!({"insert": text, "attributes": {"link": to}})
    }

    /// Places 4 to 8 are one link whose second half is bold; 9 to 11 another, on the next line.
    fn text() -> Vec<Op> {
        let bold = json!({"insert": "nk", "attributes": {"link": "https://a.se", "bold": true}});
        ops(
            json!([{"insert": "en: "}, linked("lä", "https://a.se"), bold, {"insert": "\n"}, linked("ab", "https://a.se"), {"insert": "c\n"}]),
        )
    }

    fn select(anchor: u32, head: u32) -> Selection {
        Selection { anchor, head }
    }

    #[test]
    fn the_link_at_the_caret_is_found_with_all_its_looks_and_ends_with_its_line() {
        let found = |anchor, head| around(&text(), select(anchor, head)).map(|link| (link.from, link.to));
        assert_eq!(found(4, 4), Some((4, 8)));
        assert_eq!(found(7, 7), Some((4, 8)));
        assert_eq!(found(8, 8), Some((4, 8)));
        assert_eq!(found(5, 7), Some((4, 8)));
        assert_eq!(found(8, 5), Some((4, 8)));
        assert_eq!(found(9, 9), Some((9, 11)));
        assert_eq!(found(11, 11), Some((9, 11)));
        for (anchor, head) in [(0, 0), (3, 3), (3, 5), (7, 10), (12, 12), (0, 13)] {
            assert_eq!(found(anchor, head), None, "{anchor} to {head}");
        }
    }

    #[test]
    fn the_words_of_a_selection_are_one_line() {
        assert_eq!(words(&text(), select(10, 4)), "länk a");
    }

    #[test]
    fn a_selection_over_lines_becomes_a_link_without_its_line_ends() {
        let link = Hyperlink::parse("b.se").expect("an address");
        let outcome = set(&ops(json!([{"insert": "ab\ncd\n"}])), select(1, 4), &link, "");
        let to = json!({"link": "https://b.se"});
        let delta = json!([{"retain": 1}, {"retain": 1, "attributes": to}, {"retain": 1}, {"retain": 1, "attributes": to}]);
        assert_eq!((outcome.delta, outcome.selection), (ops(delta), select(1, 4)));
    }

    #[test]
    fn the_whole_link_at_the_caret_is_led_elsewhere_or_removed() {
        let link = Hyperlink::parse("b.se").expect("an address");
        let to = |value: Value| {
            ops(
                json!([{"retain": 4}, {"retain": 2, "attributes": {"link": value}}, {"retain": 2, "attributes": {"link": value}}]),
            )
        };
        assert_eq!(set(&text(), select(5, 5), &link, "").delta, to(json!("https://b.se")));
        assert_eq!(remove(&text(), select(5, 6)).map(|outcome| outcome.delta), Some(to(Value::Null)));
        assert_eq!(remove(&text(), select(0, 0)), None);
    }

    #[test]
    fn without_a_selection_words_are_put_in_or_the_address() {
        let link = Hyperlink::parse("a@b.se").expect("an address");
        let put = |words: &str| set(&text(), select(1, 1), &link, words);
        assert_eq!(
            put(" Anna\nAsk ").delta,
            ops(json!([{"retain": 1}, linked("Anna Ask", "mailto:a@b.se")]))
        );
        assert_eq!(put("").delta, ops(json!([{"retain": 1}, linked("a@b.se", "mailto:a@b.se")])));
        assert_eq!(put("").selection, Selection::caret(7));
    }
}
