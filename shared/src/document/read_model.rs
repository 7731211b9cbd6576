//! What a målbild says, read once from its document: what views, exports and tests are made from.
//! It knows the template's words and the document's, and no format of its own but JSON;
//! Markdown is in `markdown`.

mod markdown;

use serde::Serialize;
use yrs::{Doc, ReadTxn, Transact};

use crate::Template;
use crate::document::rows::{self, Row};
use crate::document::{self, Busy, outgoing};
use crate::domain::schema;
use crate::text::character::{is_direction, is_line_end};
use crate::text::delta::{Line, Op, lines, plain};

/// A målbild as it reads now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadModel {
    /// One line.
    pub title: String,
    /// `name@version`.
    pub template: String,
    /// In the template's order.
    pub sections: Vec<SectionText>,
}

/// One section's heading and text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectionText {
    /// The key in `section:<key>`.
    pub key: String,
    /// The template's heading.
    pub heading: String,
    /// Inserts; ends with `\n`. A `link` in it is one that may be followed.
    pub delta: Vec<Op>,
    /// The rows of its table, if it has one and they were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Row>>,
}

impl ReadModel {
    /// Reads a document's texts.
    ///
    /// # Errors
    /// [`Busy`] when a transaction is open on it.
    pub fn of(doc: &Doc, template: &Template) -> Result<Self, Busy> {
        let txn = doc.try_transact()?;
        let title =
            txn.get_text(schema::TITLE).map(|text| plain(&document::read(&text, &txn))).unwrap_or_default();
        let sections = template.sections.iter().map(|section| SectionText {
            key: section.key.to_string(),
            heading: section.heading.to_owned(),
            delta: outgoing::text(
                txn.get_text(section.key.root().as_str())
                    .map(|text| document::read(&text, &txn))
                    .unwrap_or_default(),
            ),
            rows: None,
        });
        Ok(Self { title: one_line(&title), template: template.identifier(), sections: sections.collect() })
    }

    /// Reads a document with the rows of its tables. A page, which shows none of them yet, does not carry what reads them.
    ///
    /// # Errors
    /// [`Busy`] when a transaction is open on it.
    pub fn with_rows(doc: &Doc, template: &Template) -> Result<Self, Busy> {
        let mut model = Self::of(doc, template)?;
        let txn = doc.try_transact()?;
        for (read, section) in model.sections.iter_mut().zip(template.sections) {
            read.rows = section.kind.table().map(|table| rows::read(&txn, table));
        }
        Ok(model)
    }

    /// CommonMark: the title, then each section under its heading.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::of(self)
    }
}

impl SectionText {
    /// The text's lines.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        lines(&self.delta)
    }

    /// Whether nobody has written in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines().iter().all(Line::is_empty)
    }
}

/// A title is one line, whatever a foreign client put into it, and turns nothing around it.
#[must_use]
pub fn one_line(text: &str) -> String {
    let parts =
        |c: char| c.is_control() || c.is_whitespace() || is_line_end(c) || is_direction(c) || c == '\u{FEFF}';
    text.split(parts).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use yrs::{Text, WriteTxn};

    #[test]
    fn a_blank_malbild_reads_as_its_headings() {
        let template = Template::find("aktorsgemensam").expect("known");
        let model = ReadModel::of(&document::seed(template, "Storm", 1), template).expect("free");
        assert_eq!((model.title.as_str(), model.sections.len()), ("Storm", 6));
        assert!(model.sections.iter().all(SectionText::is_empty));
        let json = serde_json::to_value(&model).expect("JSON");
        assert_eq!(json["sections"][0]["delta"], serde_json::json!([{"insert": "\n"}]));
    }

    #[test]
    fn a_title_is_one_line_and_turns_nothing() {
        assert_eq!(one_line(" a\r\nb\u{2028}c\u{85}\0d\u{202E}e\u{2066} \u{FEFF}"), "a b c d e");
    }

    #[test]
    fn a_link_that_is_not_followed_is_its_words() {
        let template = Template::find("tom").expect("known");
        let doc = document::seed(template, "T", 1);
        {
            let mut txn = doc.try_transact_mut().expect("free");
            let text = txn.get_or_insert_text(template.sections[0].key.root().as_str());
            for link in ["javascript:alert(1)", "https://a@evil.example/", "https://x.se"] {
                let attributes = [("link".into(), link.into())].into_iter().collect();
                text.insert_with_attributes(&mut txn, 0, "ord", attributes);
            }
        }
        let model = ReadModel::of(&doc, template).expect("free");
        let delta = serde_json::to_value(&model.sections[0].delta).expect("JSON");
        let linked = serde_json::json!({"insert": "ord", "attributes": {"link": "https://x.se"}});
        assert_eq!(
            delta,
            serde_json::json!([linked, {"insert": "ord"}, {"insert": "ord"}, {"insert": "\n"}])
        );
    }

    #[test]
    fn a_document_that_lacks_its_roots_reads_as_empty() {
        let template = Template::find("tom").expect("known");
        let model = ReadModel::of(&document::replica(1), template).expect("free");
        assert_eq!(model.title, "");
        assert!(model.sections[0].is_empty());
    }
}
