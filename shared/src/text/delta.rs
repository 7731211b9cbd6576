//! Text as Quill's delta: inserts with attributes, and changes as retain, insert and delete. Lengths
//! and positions are UTF-16 code units, as in Yjs and in the browser. Where the text is kept
//! is [`crate::document`]'s to know.

mod compose;

use std::collections::BTreeMap;

pub use crate::domain::list::List;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{limits, schema};

pub use compose::{First, compose, moved, transform, unmoved};

/// The attributes of an insert, or what a retain changes: null removes an attribute.
pub type Attributes = BTreeMap<String, Value>;

/// Gathers attributes. To `collect` them would sort them first, with code of its own wherever that is done:
/// the page would be kilobytes heavier.
#[must_use]
pub fn attributes(pairs: impl IntoIterator<Item = (String, Value)>) -> Attributes {
    let mut attributes = Attributes::new();
    for (name, value) in pairs {
        attributes.insert(name, value);
    }
    attributes
}

/// One step of a delta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Written")]
pub enum Op {
    /// New text.
    Insert {
        /// The text; `\n` ends a line and carries the line's attributes.
        insert: String,
        /// All that it has.
        #[serde(skip_serializing_if = "Attributes::is_empty")]
        attributes: Attributes,
    },
    /// Text that stays.
    Retain {
        /// How much, in UTF-16 code units.
        retain: u32,
        /// What changes on it.
        #[serde(skip_serializing_if = "Attributes::is_empty")]
        attributes: Attributes,
    },
    /// Text that goes.
    Delete {
        /// How much, in UTF-16 code units.
        delete: u32,
    },
}

/// A step as JSON has it.
#[derive(Deserialize)]
struct Written {
    insert: Option<String>,
    retain: Option<u32>,
    delete: Option<u32>,
    #[serde(default)]
    attributes: Attributes,
}

impl TryFrom<Written> for Op {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written { insert: Some(insert), retain: None, delete: None, attributes } => {
                Ok(Self::Insert { insert, attributes })
            }
            Written { insert: None, retain: Some(retain), delete: None, attributes } => {
                Ok(Self::Retain { retain, attributes })
            }
            Written { insert: None, retain: None, delete: Some(delete), .. } => Ok(Self::Delete { delete }),
            _ => Err("a step inserts, retains or deletes"),
        }
    }
}

impl Op {
    /// Plain text.
    pub fn insert(text: impl Into<String>) -> Self {
        Self::insert_with(text, Attributes::new())
    }

    /// Text with attributes.
    pub fn insert_with(text: impl Into<String>, attributes: Attributes) -> Self {
        Self::Insert { insert: text.into(), attributes }
    }

    /// Skips.
    #[must_use]
    pub const fn retain(retain: u32) -> Self {
        Self::Retain { retain, attributes: Attributes::new() }
    }

    /// Removes.
    #[must_use]
    pub const fn delete(delete: u32) -> Self {
        Self::Delete { delete }
    }

    /// How much of the text that it changes it passes over.
    #[must_use]
    pub const fn passes(&self) -> u32 {
        match self {
            Self::Insert { .. } => 0,
            Self::Retain { retain, .. } => *retain,
            Self::Delete { delete } => *delete,
        }
    }
}

/// The text of inserts, without their attributes.
#[must_use]
pub fn plain(ops: &[Op]) -> String {
    ops.iter().map(|op| if let Op::Insert { insert, .. } = op { insert.as_str() } else { "" }).collect()
}

/// How long a text is in UTF-16 code units.
#[must_use]
pub fn utf16_len(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).expect("a message, and so a text, is far below 4 GiB")
}

/// 1 is A, 26 is Z, 27 is AA, as CSS' `upper-alpha` counts.
pub(crate) fn letters(mut number: usize) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(char::from(b'A' + u8::try_from(number % 26).expect("below 26")));
        number /= 26;
    }
    letters.iter().rev().collect()
}

/// What the attributes of a line's `\n` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineKind {
    /// Text.
    #[default]
    Paragraph,
    /// A heading of level 1 to 3 inside the section.
    Heading(u8),
    /// An item of a list, indented 0 to 8 steps.
    Item(List, u8),
}

impl LineKind {
    /// Reads them. What is unknown or out of range is as if it were not there, since any client
    /// may have written it. A header wins over a list.
    #[must_use]
    pub fn of(attributes: &Attributes) -> Self {
        let number = |name| attributes.get(name).and_then(Value::as_f64).map_or(0, |n| n as u8);
        let header = number(schema::HEADER);
        if (1..=limits::HEADER_MAX).contains(&header) {
            return Self::Heading(header);
        }
        let list = attributes.get(schema::LIST).and_then(Value::as_str).and_then(List::from_name);
        let indent = number(schema::INDENT).min(limits::INDENT_MAX);
        list.map_or(Self::Paragraph, |list| Self::Item(list, indent))
    }

    /// What a change of a line to this kind must set, nulls for what must go.
    #[must_use]
    pub fn to_change(self) -> Attributes {
        attributes(
            schema::LINE.map(|name| (name.to_owned(), Value::Null)).into_iter().chain(self.to_attributes()),
        )
    }

    /// The attributes of a `\n` of this kind.
    #[must_use]
    pub fn to_attributes(self) -> Attributes {
        let mut attributes = Attributes::new();
        match self {
            Self::Paragraph => {}
            Self::Heading(level) => {
                attributes.insert(schema::HEADER.to_owned(), level.into());
            }
            Self::Item(list, indent) => {
                attributes.insert(schema::LIST.to_owned(), list.as_str().into());
                if indent > 0 {
                    attributes.insert(schema::INDENT.to_owned(), indent.into());
                }
            }
        }
        attributes
    }
}

/// A stretch of text with one set of inline attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// No `\n` in it.
    pub text: String,
    /// Inline attributes, known and unknown.
    pub attributes: Attributes,
}

/// One line of a text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Paragraph, heading or item.
    pub kind: LineKind,
    /// Its text.
    pub runs: Vec<Run>,
}

impl Line {
    /// Whether it has no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

/// The lines as a view that knows only this schema shows them: equal for two texts that look alike.
#[must_use]
pub fn visible_lines(ops: &[Op]) -> Vec<Line> {
    let mut lines = lines(ops);
    for line in &mut lines {
        let mut runs: Vec<Run> = Vec::new();
        for mut run in line.runs.drain(..) {
            // A link that is no text leads nowhere.
            let leads = |name: &str, value: &Value| name != schema::LINK || value.is_string();
            run.attributes.retain(|name, value| {
                schema::INLINE.contains(&name.as_str()) && is_set(value) && leads(name, value)
            });
            // Any value that is set looks the same, but for where a link leads.
            let switches = run.attributes.iter_mut().filter(|(name, _)| name.as_str() != schema::LINK);
            switches.for_each(|(_, value)| *value = true.into());
            match runs.last_mut() {
                Some(last) if last.attributes == run.attributes => last.text.push_str(&run.text),
                _ => runs.push(run),
            }
        }
        line.runs = runs;
    }
    lines
}

fn is_set(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// The lines of a text given as inserts. A missing `\n` at the end is taken as present.
#[must_use]
pub fn lines(ops: &[Op]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut open = true;
    for op in ops {
        let Op::Insert { insert, attributes } = op else { continue };
        for part in insert.split_inclusive('\n') {
            let text = part.strip_suffix('\n').unwrap_or(part);
            if !text.is_empty() {
                line.runs.push(Run { text: text.to_owned(), attributes: attributes.clone() });
            }
            open = text.len() == part.len();
            if !open {
                line.kind = LineKind::of(attributes);
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    if open {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ops(value: Value) -> Vec<Op> {
        serde_json::from_value(value).expect("a delta")
    }

    #[test]
    fn a_delta_is_quills_json() {
        let value = json!([{"retain": 2}, {"insert": "å", "attributes": {"bold": true}}, {"delete": 3},
                           {"retain": 1, "attributes": {"bold": null}}]);
        let parsed = ops(value.clone());
        assert_eq!(parsed[0], Op::retain(2));
        assert_eq!(serde_json::to_value(parsed).expect("JSON"), value);
    }

    #[test]
    fn a_missing_last_line_end_is_taken_as_present() {
        let with = ops(json!([{"insert": "a\nb"}, {"insert": "\n"}]));
        let without = ops(json!([{"insert": "a\nb"}]));
        assert_eq!(lines(&with), lines(&without));
        assert_eq!(lines(&[]).len(), 1);
        assert_eq!(lines(&[Op::insert("\n")]).len(), 1);
    }

    #[test]
    fn a_header_wins_over_a_list_and_nonsense_is_a_paragraph() {
        let kind = |value: Value| LineKind::of(&serde_json::from_value(value).expect("attributes"));
        assert_eq!(kind(json!({"header": 2, "list": "bullet"})), LineKind::Heading(2));
        assert_eq!(kind(json!({"list": "lettered", "indent": 99})), LineKind::Item(List::Lettered, 8));
        assert_eq!(kind(json!({"list": "bullet", "indent": -1})), LineKind::Item(List::Bullet, 0));
        assert_eq!(kind(json!({"header": 9, "list": {"a": 1}})), LineKind::Paragraph);
    }

    #[test]
    fn a_line_kind_survives_its_attributes() {
        for kind in [LineKind::Paragraph, LineKind::Heading(3), LineKind::Item(List::Ordered, 2)] {
            assert_eq!(LineKind::of(&kind.to_attributes()), kind);
        }
    }
}
