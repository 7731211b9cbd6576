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
}
