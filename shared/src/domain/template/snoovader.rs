//! The example *Snöoväder i en kommun*, word for word. Its letters A to C are a lettered list.
//! The source's example has no section *Samordnade budskap*, so this one has five.

use super::aktorsgemensam::SECTIONS;
use super::{Content, Template, lettered, paragraph};
use crate::domain::section::SectionKey;

pub(super) static TEMPLATE: Template = Template {
    name: "exempel-snoovader",
    version: 1,
    title: "Snöoväder i en kommun – ett exempel på aktörsgemensam målbild",
    sections: SECTIONS,
    is_example: true,
};

pub(super) static CONTENT: &Content = &[
    (
        SectionKey::named("overgripande-beskrivning"),
        &[paragraph(
            "Samverkan sker inför och under det kommande snöovädet. Arbetet ska riktas in på att säkerställa liv \
             och hälsa för identifierade sårbara grupper: den stora delen äldre personer som är beroende av \
             service och som bor ute på landsbygden.",
        )],
    ),
    (
        SectionKey::named("resurser-och-vagval"),
        &[paragraph(
            "Plogning av vägar ska möjliggöra transporter. Alternativet att hyra in terrängfordon har valts bort \
             mot bakgrund av beslutsunderlag 1B.",
        )],
    ),
    (
        SectionKey::named("mal-for-hanteringen"),
        &[paragraph(
            "Aktörerna ska genom plogning säkerställa att sårbara grupper under snöovädet får tillgång till mat \
             och medicin, samt att de kan nås av prehospitala transportenheter.",
        )],
    ),
    (
        SectionKey::named("kommunikationsmal"),
        &[
            paragraph(
                "Allmänheten ska ha kännedom om att kommunen prioriterar snöröjning till förmån för sårbara \
                 grupper.",
            ),
            paragraph("Sårbara grupper ska känna sig trygga i att kommunen prioriterar deras vårdbehov."),
        ],
    ),
    (
        SectionKey::named("prioriteringar"),
        &[
            lettered(
                "Kommunen ska tillsammans med privata snöröjningsresurser snöröja enligt den fastställda \
                 prioriteringen. Gatukontoret ansvarar för konkretisering och planering av åtgärder.",
            ),
            lettered(
                "Den utsedda plogledaren ska koordinera befintliga resurser. Löpande kontakter ska ske med \
                 hemtjänsten och regionens prehospitala transportenheter. Den utsedda plogledaren står för \
                 konkretisering och planering av koordineringen.",
            ),
            lettered(
                "Kommunen och regionen ska tillsammans formulera samordnade budskap. De ska innehålla en \
                 beskrivning av händelsen, rekommendationer till berörda personer, aktörernas åtgärder och \
                 prioriteringar samt hänvisningar för mer information. Regionen står för konkretisering och \
                 planering.",
            ),
        ],
    ),
];
