//! Templates: which sections a målbild has, their headings, guiding questions and reminders, and what
//! an example is filled in with. They are data; nothing here is text inside a document until
//! [`crate::document::seed`] puts an example's words there, once, on the server.

mod aktorsgemensam;
mod snoovader;
mod tom;
mod vapnat_angrepp;

use super::list::List;
use crate::domain::schema;
use crate::domain::section::{Section, SectionKey};

/// A kind of målbild. Its words are never changed under a målbild that was made from it: a new
/// wording is a new version.
#[derive(Debug)]
pub struct Template {
    /// The name in URLs and storage.
    pub name: &'static str,
    /// Counted from 1.
    pub version: u32,
    /// The title that a målbild gets when nobody gave it one.
    pub title: &'static str,
    /// In the order of the page.
    pub sections: &'static [Section],
    /// Whether it is filled in, with [`Template::content`].
    pub is_example: bool,
}

/// What an example is filled in with: by the sections' keys, each one's lines.
pub type Content = [(SectionKey, &'static [Line])];

/// One line that an example is seeded with.
#[derive(Debug)]
pub struct Line {
    /// The list it is an item of.
    pub list: Option<List>,
    /// Its words.
    pub text: &'static str,
}

const fn paragraph(text: &'static str) -> Line {
    Line { list: None, text }
}

const fn bullet(text: &'static str) -> Line {
    Line { list: Some(List::Bullet), text }
}

const fn lettered(text: &'static str) -> Line {
    Line { list: Some(List::Lettered), text }
}

static ALL: [&Template; 4] =
    [&aktorsgemensam::TEMPLATE, &tom::TEMPLATE, &snoovader::TEMPLATE, &vapnat_angrepp::TEMPLATE];

impl Template {
    /// The template of this name, or of `name@version`.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|template| template.name == name || template.identifier() == name)
    }

    /// All templates, in the order in which a page offers them.
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        &ALL
    }

    /// What it is filled in with; nothing when it is blank. No field of the template, so that a page, which never
    /// seeds a document, does not carry the examples' words along.
    #[must_use]
    pub fn content(&self) -> &'static Content {
        match self.name {
            "exempel-snoovader" => snoovader::CONTENT,
            "exempel-vapnat-angrepp" => vapnat_angrepp::CONTENT,
            _ => &[],
        }
    }

    /// `name@version`.
    #[must_use]
    pub fn identifier(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Whether a målbild of this template has such a root of its document: those of every one, and its sections, of
    /// other versions too, since a document outlives the version that it was made from.
    #[must_use]
    pub fn has_root(&self, root: &str) -> bool {
        let versions = ALL.into_iter().filter(|template| template.name == self.name).chain([self]);
        let mut sections = versions.flat_map(|template| template.sections);
        let is_of = |section: &Section| {
            section.key.root() == root || section.kind.table().is_some_and(|table| table.has_root(root))
        };
        schema::is_common(root) || sections.any(is_of)
    }

    /// The section with this key.
    #[must_use]
    pub fn section(&self, key: SectionKey) -> Option<&'static Section> {
        self.sections.iter().find(|section| section.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as the seed text has them; its markup, markers and line breaks are no words.
    fn words(text: &str) -> Vec<&str> {
        text.split(|c: char| c.is_whitespace() || c == '*').filter(|w| !w.is_empty()).collect()
    }

    #[test]
    fn templates_are_found_by_name_and_by_identifier() {
        for template in Template::all() {
            assert!(std::ptr::eq(Template::find(template.name).expect("by name"), *template));
            assert!(std::ptr::eq(Template::find(&template.identifier()).expect("by identifier"), *template));
        }
        assert!(Template::find("strategisk").is_none());
    }

    #[test]
    fn an_example_fills_the_sections_of_its_template_in_their_order() {
        for template in Template::all() {
            let filled: Vec<_> = template.content().iter().map(|(key, _)| *key).collect();
            let keys: Vec<_> = template.sections.iter().map(|s| s.key).take(filled.len()).collect();
            assert_eq!(keys, filled, "{}", template.name);
            assert_eq!(template.is_example, !filled.is_empty(), "{}", template.name);
        }
    }

    /// The examples are word for word what the source text says between their headings.
    #[test]
    fn the_examples_are_word_for_word_the_source_text() {
        let source = include_str!("template/source.txt");
        for (template, from, to) in [
            (&snoovader::TEMPLATE, "exempel 1.](#)", Some("Väpnat angrepp – ett exempel")),
            (&vapnat_angrepp::TEMPLATE, "exempel 2.](#)", None),
        ] {
            let part = source.split(from).nth(1).expect("the source has the example");
            let part = to.map_or(part, |to| part.split(to).next().expect("the source goes on"));
            // The source's own markers: "- ", the "o" of a pasted bullet, "A:" to "C:".
            let expected: Vec<_> =
                words(part).into_iter().filter(|w| !["-", "o", "A:", "B:", "C:"].contains(w)).collect();
            let mut seeded = Vec::new();
            for (section, (_, lines)) in template.sections.iter().zip(template.content()) {
                seeded.extend(words(section.heading));
                seeded.extend(lines.iter().flat_map(|line| words(line.text)));
            }
            assert_eq!(seeded, expected, "{}", template.name);
        }
    }

    /// Headings, questions and reminders too.
    #[test]
    fn the_guiding_questions_are_word_for_word_the_source_text() {
        let source = include_str!("template/source.txt");
        let part = source.split("aktörsgemensam målbild.\n").nth(1).expect("the source has the questions");
        let part = part.split("Snöoväder i en kommun").next().expect("the source goes on");
        let expected: Vec<_> = words(part).into_iter().filter(|w| *w != "-").collect();
        let mut ours = Vec::new();
        for section in aktorsgemensam::TEMPLATE.sections {
            ours.extend(words(section.heading));
            ours.extend(section.questions.iter().flat_map(|q| words(q)));
            ours.extend(section.reminder.into_iter().flat_map(words));
        }
        assert_eq!(ours, expected);
    }
}
