//! The example *Väpnat angrepp*, word for word. The source's "o" markers are bullets.

use super::aktorsgemensam::SECTIONS;
use super::{Content, Template, bullet, paragraph};
use crate::domain::section::SectionKey;

pub(super) static TEMPLATE: Template = Template {
    name: "exempel-vapnat-angrepp",
    version: 1,
    title: "Väpnat angrepp – ett exempel på aktörsgemensam målbild",
    sections: SECTIONS,
    is_example: true,
};

pub(super) static CONTENT: &Content = &[
    (
        SectionKey::named("overgripande-beskrivning"),
        &[
            paragraph(
                "Med anledning av de omfattande luftangreppen inom det aktuella området måste samhällsviktig \
                 verksamhet återställas och fortsatt funktion säkerställas.",
            ),
            paragraph(
                "En kraftsamling för att uppnå detta sker genom stärkt samverkan mellan berörda aktörer.",
            ),
        ],
    ),
    (
        SectionKey::named("resurser-och-vagval"),
        &[paragraph(
            "För att uppnå en så effektiv hantering som möjligt ska inblandade aktörer prioritera de områden som \
             hanteras inom detta mål.",
        )],
    ),
    (
        SectionKey::named("mal-for-hanteringen"),
        &[
            paragraph(
                "För att snabbt kunna uppnå bästa möjliga effekt av det aktörsgemensamma arbetet ska det ske en \
                 initial kraftsamling till tre områden:",
            ),
            bullet("fungerande akutsjukvård"),
            bullet("upprätthålla dricksvattenförsörjning"),
            bullet("samordnad kommunikation mellan myndigheter och allmänheten."),
        ],
    ),
    (
        SectionKey::named("kommunikationsmal"),
        &[
            paragraph("Medborgarna ska:"),
            bullet(
                "känna sig trygga i att myndigheterna förser samhället med akutsjukvård och dricksvatten.",
            ),
            bullet(
                "känna till vad som hänt samt hur myndigheterna arbetar och prioriterar för att återställa \
                 samhällsviktiga verksamheter.",
            ),
            bullet("känna till vilken hjälp som finns att få samt hur de ska agera för att få hjälp."),
        ],
    ),
    (
        SectionKey::named("prioriteringar"),
        &[
            paragraph("Målet ska uppnås genom att:"),
            bullet(
                "Sjukvårdsregionen samordnar arbetet för en fungerande akutsjukvård inom det aktuella området.",
            ),
            bullet(
                "Storstad samordnar arbetet för en fungerande dricksvattenförsörjning till samhällsviktig \
                 verksamhet och allmänheten inom det aktuella området.",
            ),
            bullet(
                "Länsstyrelsen leder kommunikatörssamverkan för snabb och samordnad kommunikation till \
                 allmänheten.",
            ),
            paragraph(
                "Respektive ansvarig aktör ska ta fram en åtgärdsplan för det fortsatta arbetet inom 24 timmar.",
            ),
        ],
    ),
    (
        SectionKey::named("samordnade-budskap"),
        &[paragraph(
            "De nuvarande samordnade budskapen revideras inom ramen för kommunikatörssamverkan utifrån de \
             aktörsgemensamma prioriteringarna.",
        )],
    ),
];
