//! *Tomt blad*: one section and one question, for a målbild whose form its writers decide.

use super::Template;
use crate::domain::section::{Section, SectionKey, SectionKind};

pub(super) static TEMPLATE: Template = Template {
    name: "tom",
    version: 1,
    title: "Målbild",
    sections: &[Section {
        key: SectionKey::named("text"),
        heading: "Målbild",
        questions: &["Vad vill ni uppnå tillsammans?"],
        reminder: None,
        kind: SectionKind::Text,
    }],
    is_example: false,
};
