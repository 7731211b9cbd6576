//! *Aktörsgemensam målbild*: the six headings of "Stöd för att ta fram aktörsgemensam målbild"
//! (Gemensamma grunder för samverkan och ledning), with their questions and reminders word for word.

use super::Template;
use crate::domain::section::{Section, SectionKey, SectionKind};

pub(super) static TEMPLATE: Template = Template {
    name: "aktorsgemensam",
    version: 1,
    title: "Aktörsgemensam målbild",
    sections: SECTIONS,
    is_example: false,
};

/// The examples have the same sections.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        key: SectionKey::named("overgripande-beskrivning"),
        heading: "Övergripande beskrivning",
        questions: &["Gör en övergripande beskrivning av vad som har hänt och vad som ska uppnås."],
        reminder: Some("Kom ihåg att inkludera kommunikativa aspekter"),
        kind: SectionKind::Text,
    },
    Section {
        key: SectionKey::named("resurser-och-vagval"),
        heading: "Resurser och vägval",
        questions: &["Vilka resurser kan användas?", "Vilka vägval bör undvikas i arbetet?"],
        reminder: Some("Kom ihåg att utgå ifrån samlad lägesbild"),
        kind: SectionKind::Text,
    },
    Section {
        key: SectionKey::named("mal-for-hanteringen"),
        heading: "Mål för den gemensamma hanteringen",
        questions: &["Klargör vad aktörerna ska uppnå i stort."],
        reminder: None,
        kind: SectionKind::Text,
    },
    Section {
        key: SectionKey::named("kommunikationsmal"),
        heading: "Kommunikationsmål",
        questions: &[
            "Klargör mål för kommunikationen kring händelsen. Vad vill vi att målgrupperna ska känna, veta \
                      eller göra?",
        ],
        reminder: None,
        kind: SectionKind::Text,
    },
    Section {
        key: SectionKey::named("prioriteringar"),
        heading: "Prioriteringar",
        questions: &[
            "Bryt ned målet för att tydligare precisera vad resurserna ska användas till.",
            "Gör en ansvarsfördelning för vilka aktörer som vid behov ska konkretisera och planera åtgärder i nästa \
             steg.",
        ],
        reminder: None,
        kind: SectionKind::Text,
    },
    Section {
        key: SectionKey::named("samordnade-budskap"),
        heading: "Samordnade budskap",
        questions: &[
            "Vad är viktigast att förmedla till allmänheten?",
            "Om ni tagit fram samordnade budskap i detta steg så skriver ni in dem här.",
        ],
        reminder: None,
        kind: SectionKind::Text,
    },
];
