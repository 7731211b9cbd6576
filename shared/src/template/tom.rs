//! *Tomt blad*: one section and one question, for a målbild whose form its writers decide.

use super::{Section, Template};

pub(super) static TEMPLATE: Template = Template {
    name: "tom",
    version: 1,
    title: "Målbild",
    sections: &[Section {
        key: "text",
        heading: "Målbild",
        questions: &["Vad vill ni uppnå tillsammans?"],
        reminder: None,
    }],
    is_example: false,
};
