//! What a person changed, from how the text was and how it is: one replaced stretch, placed by the
//! caret where the text alone leaves a choice, and the attributes that changed around it.

use serde_json::Value;

use crate::text::delta::{Attributes, Op, attributes};

/// The delta that makes `new` of `old`; both are inserts. `caret` is where the caret stands in `new`,
/// in UTF-16 code units from its start: what follows a caret was not typed, so of "aa" and "aaa"
/// with the caret after the first letter, it is the first that is new.
#[must_use]
pub fn diff(old: &[Op], new: &[Op], caret: Option<u32>) -> Vec<Op> {
    let old = Units::of(old);
    let new = Units::of(new);
    let shorter = old.len().min(new.len());
    let after_caret = caret.map_or(shorter, |caret| new.len().saturating_sub(caret as usize));

    let mut suffix = 0;
    while suffix < shorter.min(after_caret)
        && old.text[old.len() - 1 - suffix] == new.text[new.len() - 1 - suffix]
    {
        suffix += 1;
    }
    // A stretch must not begin or end inside a surrogate pair: half a character is no text.
    if suffix > 0 && is_low(new.text[new.len() - suffix]) {
        suffix -= 1;
    }
    let mut prefix = 0;
    while prefix < shorter - suffix && old.text[prefix] == new.text[prefix] {
        prefix += 1;
    }
    if prefix > 0 && is_high(new.text[prefix - 1]) {
        prefix -= 1;
    }

    let mut delta = Builder::default();
    for i in 0..prefix {
        delta.keep(old.attributes_at(i), new.attributes_at(i));
    }
    delta.delete(old.len() - suffix - prefix);
    for (start, end, attributes) in new.runs_between(prefix, new.len() - suffix) {
        delta.ops.push(Op::insert_with(String::from_utf16_lossy(&new.text[start..end]), attributes.clone()));
    }
    for i in (0..suffix).rev() {
        delta.keep(old.attributes_at(old.len() - 1 - i), new.attributes_at(new.len() - 1 - i));
    }
    delta.finish()
}

fn is_low(unit: u16) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

fn is_high(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

/// A text as code units, each knowing the run that it is in.
struct Units<'a> {
    text: Vec<u16>,
    run_of: Vec<usize>,
    runs: Vec<&'a Attributes>,
}

impl<'a> Units<'a> {
    fn of(ops: &'a [Op]) -> Self {
        let mut units = Self { text: Vec::new(), run_of: Vec::new(), runs: Vec::new() };
        for op in ops {
            let Op::Insert { insert, attributes } = op else { continue };
            units.text.extend(insert.encode_utf16());
            units.run_of.resize(units.text.len(), units.runs.len());
            units.runs.push(attributes);
        }
        units
    }

    fn len(&self) -> usize {
        self.text.len()
    }

    fn attributes_at(&self, index: usize) -> &'a Attributes {
        self.runs[self.run_of[index]]
    }

    /// The runs that lie between two indexes, cut to them.
    fn runs_between(&self, from: usize, to: usize) -> Vec<(usize, usize, &'a Attributes)> {
        let mut found = Vec::new();
        let mut start = from;
        while start < to {
            let run = self.run_of[start];
            let end = (start..to).find(|&i| self.run_of[i] != run).unwrap_or(to);
            found.push((start, end, self.runs[run]));
            start = end;
        }
        found
    }
}

#[derive(Default)]
struct Builder {
    ops: Vec<Op>,
}

impl Builder {
    /// One code unit stays; its attributes become the new ones.
    fn keep(&mut self, old: &Attributes, new: &Attributes) {
        let change = change(old, new);
        match self.ops.last_mut() {
            Some(Op::Retain { retain, attributes }) if *attributes == change => *retain += 1,
            _ => self.ops.push(Op::Retain { retain: 1, attributes: change }),
        }
    }

    fn delete(&mut self, count: usize) {
        if count > 0 {
            self.ops.push(Op::delete(u32::try_from(count).expect("a text is far below 4 GiB")));
        }
    }

    fn finish(mut self) -> Vec<Op> {
        while matches!(self.ops.last(), Some(Op::Retain { attributes, .. }) if attributes.is_empty()) {
            self.ops.pop();
        }
        self.ops
    }
}

fn change(old: &Attributes, new: &Attributes) -> Attributes {
    if old == new {
        return Attributes::new();
    }
    let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let set = new.iter().filter(|(name, value)| old.get(*name) != Some(value));
    attributes(gone.chain(set.map(|(name, value)| (name.clone(), value.clone()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Vec<Op> {
        vec![Op::insert(text)]
    }

    #[test]
    fn the_caret_says_which_of_equal_letters_was_typed() {
        assert_eq!(diff(&text("aa\n"), &text("aaa\n"), Some(1)), [Op::insert("a")]);
        assert_eq!(diff(&text("aa\n"), &text("aaa\n"), Some(2)), [Op::retain(1), Op::insert("a")]);
        assert_eq!(diff(&text("aa\n"), &text("aaa\n"), Some(3)), [Op::retain(2), Op::insert("a")]);
        assert_eq!(diff(&text("aa\n"), &text("a\n"), Some(0)), [Op::delete(1)]);
        assert_eq!(diff(&text("aa\n"), &text("a\n"), Some(1)), [Op::retain(1), Op::delete(1)]);
    }

    #[test]
    fn nothing_changed_is_no_delta() {
        assert_eq!(diff(&text("a\n"), &text("a\n"), Some(1)), []);
        assert_eq!(diff(&[], &[], None), []);
    }

    #[test]
    fn a_surrogate_pair_is_replaced_whole() {
        // U+1F600 and U+1F601 share their first code unit.
        assert_eq!(diff(&text("😀\n"), &text("😁\n"), None), [Op::delete(2), Op::insert("😁")]);
        // U+1F600 and U+1FA00 differ in it only in the second; U+10000 and U+10400 share the last.
        assert_eq!(diff(&text("𐀀\n"), &text("𐐀\n"), None), [Op::delete(2), Op::insert("𐐀")]);
    }

    #[test]
    fn attributes_that_changed_are_retains() {
        let old: Vec<Op> = serde_json::from_value(json!([{"insert": "abc\n"}])).expect("delta");
        let new: Vec<Op> = serde_json::from_value(
            json!([{"insert": "a"}, {"insert": "b", "attributes": {"bold": true}}, {"insert": "c"},
                   {"insert": "\n", "attributes": {"header": 1}}]),
        )
        .expect("delta");
        let forth = serde_json::to_value(diff(&old, &new, None)).expect("JSON");
        assert_eq!(
            forth,
            json!([{"retain": 1}, {"retain": 1, "attributes": {"bold": true}}, {"retain": 1},
                   {"retain": 1, "attributes": {"header": 1}}])
        );
        let back = serde_json::to_value(diff(&new, &old, None)).expect("JSON");
        assert_eq!(back[1], json!({"retain": 1, "attributes": {"bold": null}}));
    }

    #[test]
    fn text_and_attributes_change_at_once() {
        let old: Vec<Op> = serde_json::from_value(json!([{"insert": "ab\n"}])).expect("delta");
        let new: Vec<Op> = serde_json::from_value(
            json!([{"insert": "a", "attributes": {"bold": true}}, {"insert": "x"}, {"insert": "b\n"}]),
        )
        .expect("delta");
        assert_eq!(
            serde_json::to_value(diff(&old, &new, Some(2))).expect("JSON"),
            json!([{"retain": 1, "attributes": {"bold": true}}, {"insert": "x"}])
        );
    }
}
