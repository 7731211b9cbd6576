//! The sections of a målbild: how each is named, and what a template says of it. It does not know what stands in them.

use std::fmt;

use crate::domain::schema;

/// Names one text of a målbild: the title, or a section. A template declares it, so it lives as long as the program
/// and is copied for nothing; what comes from outside is looked up in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionKey(&'static str);

impl SectionKey {
    /// The title: a text of one line, which stands in every målbild and in no template's sections.
    pub const TITLE: Self = Self(schema::TITLE);

    /// The key of this name; of `a-z`, `0-9` and `-`.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// The name, as in `data-section`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The root `Y.Text` that holds its text.
    #[must_use]
    pub fn root(self) -> String {
        if self == Self::TITLE { schema::TITLE.to_owned() } else { schema::section(self.0) }
    }
}

impl fmt::Display for SectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl PartialEq<str> for SectionKey {
    fn eq(&self, name: &str) -> bool {
        self.0 == name
    }
}

/// One section of a template.
#[derive(Debug)]
pub struct Section {
    /// Its key.
    pub key: SectionKey,
    /// The heading.
    pub heading: &'static str,
    /// The guiding questions, a paragraph each.
    pub questions: &'static [&'static str],
    /// "Kom ihåg …".
    pub reminder: Option<&'static str>,
    /// What stands in it.
    pub kind: SectionKind,
}

/// What stands in a section.
#[derive(Debug)]
pub enum SectionKind {
    /// A text.
    Text,
    /// A text, and beside it a table.
    TextAndTable(Table),
}

impl SectionKind {
    /// The table, if there is one.
    #[must_use]
    pub const fn table(&self) -> Option<&Table> {
        match self {
            Self::Text => None,
            Self::TextAndTable(table) => Some(table),
        }
    }
}

/// A table of a template.
#[derive(Debug)]
pub struct Table {
    /// Its key; of `a-z`, `0-9` and `-`.
    pub key: &'static str,
    /// In the order of the page.
    pub columns: &'static [Column],
}

/// One column of a table.
#[derive(Debug)]
pub struct Column {
    /// Its key; of `a-z`, `0-9` and `-`.
    pub key: &'static str,
    /// What its cells hold.
    pub kind: ColumnKind,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A text, as a section's.
    Text,
    /// One value: a text without lines, a number, yes or no.
    Value,
}

impl Table {
    /// Whether a document that has this table has such a root for it.
    #[must_use]
    pub fn has_root(&self, root: &str) -> bool {
        let is_cell = |(table, row, column): (&str, &str, &str)| {
            let mut columns = self.columns.iter().filter(|known| known.kind == ColumnKind::Text);
            table == self.key && schema::is_row(row) && columns.any(|known| known.key == column)
        };
        root == schema::rows(self.key) || schema::parts_of_cell(root).is_some_and(is_cell)
    }
}
