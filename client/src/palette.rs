//! Checks of the palette in `style/tokens.css`: that what is written on a surface can be read there, in
//! every theme, and that participants' colours are told apart. It knows no rule that uses a colour.

use std::collections::BTreeMap;

type Rgb = [f64; 3];
type Palette = BTreeMap<String, [Rgb; 2]>;

const TOKENS: &str = include_str!("../style/tokens.css");

/// The tokens of each theme, light and dark side by side.
fn themes() -> [(&'static str, Palette); 2] {
    let (plain, rest) = TOKENS.split_once("@media (prefers-contrast").expect("the file has both themes");
    let mut contrast = read(plain);
    contrast.extend(read(rest));
    [("plain", read(plain)), ("contrast", contrast)]
}

fn read(css: &str) -> Palette {
    let mut palette = Palette::new();
    for line in css.lines() {
        let Some((name, value)) =
            line.trim().strip_prefix("--").and_then(|rest| rest.split_once(": light-dark(#"))
        else {
            continue;
        };
        if let (Some(light), Some(dark)) = (value.get(..6), value.get(9..15)) {
            palette.insert(name.to_owned(), [rgb(light), rgb(dark)]);
        }
    }
    palette
}

fn rgb(hex: &str) -> Rgb {
    [0, 2, 4].map(|at| {
        let byte = u8::from_str_radix(&hex[at..at + 2], 16).expect("tokens are six hexadecimal digits");
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

/// WCAG's contrast ratio.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |[r, g, b]: Rgb| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

/// The distance in Oklab, where 0.1 is plainly another colour.
fn distance(one: Rgb, other: Rgb) -> f64 {
    let lab = |[r, g, b]: Rgb| {
        let l = (0.412_221 * r + 0.536_333 * g + 0.051_446 * b).cbrt();
        let m = (0.211_903 * r + 0.680_700 * g + 0.107_397 * b).cbrt();
        let s = (0.088_302 * r + 0.281_719 * g + 0.629_979 * b).cbrt();
        [
            0.210_454 * l + 0.793_618 * m - 0.004_072 * s,
            1.977_998 * l - 2.428_592 * m + 0.450_594 * s,
            0.025_904 * l + 0.782_772 * m - 0.808_676 * s,
        ]
    };
    lab(one).iter().zip(lab(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn what_is_written_can_be_read_in_every_theme() {
    let on_paper = ["ink", "ink-quiet", "accent", "draft", "alarm"].map(|ink| (7.0, ink, "paper"));
    let around = ["ground", "raised", "hover"]
        .into_iter()
        .flat_map(|surface| ["ink", "ink-quiet", "accent"].map(|ink| (4.5, ink, surface)));
    let others = [
        (4.5, "alarm", "ground"),
        (4.5, "wait", "ground"),
        (4.5, "ink", "pressed"),
        (4.5, "accent", "pressed"),
        (4.5, "draft", "draft-ground"),
        (4.5, "ink", "alarm-ground"),
        (4.5, "ink", "select"),
        (7.0, "ink", "found"),
        (7.0, "ink", "found-now"),
        (4.5, "on-accent", "accent"),
        (4.5, "on-accent", "accent-hover"),
    ];
    let controls = ["border", "focus", "ink-off"]
        .into_iter()
        .flat_map(|part| ["ground", "paper", "raised"].map(|surface| (3.0, part, surface)));
    let wanted: Vec<_> = on_paper.into_iter().chain(around).chain(others).chain(controls).collect();
    for (theme, palette) in themes() {
        for (least, ink, surface) in &wanted {
            for (one, other) in palette[*ink].iter().zip(palette[*surface]) {
                let ratio = contrast(*one, other);
                assert!(ratio >= *least, "{theme}: {ink} on {surface} has {ratio:.2}, not {least}");
            }
        }
    }
}

#[test]
fn participants_are_told_apart_and_their_initials_can_be_read() {
    for (theme, palette) in themes() {
        for dark in [0, 1] {
            let people: Vec<_> = (0..samsyn_shared::page::people::COLOURS)
                .map(|person| palette[&format!("person-{person}")][dark])
                .collect();
            for (place, person) in people.iter().enumerate() {
                assert!(contrast(*person, palette["person-ink"][dark]) >= 4.5, "{theme} {place}");
                assert!(contrast(*person, palette["paper"][dark]) >= 3.0, "{theme} {place}");
                for (other_place, other) in people.iter().enumerate().skip(place + 1) {
                    let apart = distance(*person, *other);
                    assert!(apart > 0.12, "{theme}: {place} and {other_place} are {apart:.3} apart");
                }
            }
        }
    }
}

#[test]
fn what_somebody_wrote_can_be_read_on_their_colour() {
    let (_, part) = TOKENS.split_once("--author-part: ").expect("the tokens have it");
    let (percent, _) = part.split_once('%').expect("it is in per cent");
    let part = percent.parse::<f64>().expect("a number") / 100.0;
    // As `color-mix(in srgb, …)` does it.
    let coded =
        |part: f64| if part <= 0.003_130_8 { part * 12.92 } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 };
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    for (theme, palette) in themes() {
        for dark in [0, 1] {
            let paper = palette["paper"][dark];
            let people = (0..samsyn_shared::page::people::COLOURS).map(|person| format!("person-{person}"));
            for name in people.chain(["ink-quiet".to_owned()]) {
                let (colour, mut mixed) = (palette[&name][dark], [0.0; 3]);
                for (at, mixed) in mixed.iter_mut().enumerate() {
                    *mixed = linear(part * coded(colour[at]) + (1.0 - part) * coded(paper[at]));
                }
                let text = contrast(palette["ink"][dark], mixed);
                assert!(text >= 7.0, "{theme} {name}: the text has {text:.2}");
                let line = contrast(colour, mixed);
                assert!(line >= 3.0, "{theme} {name}: the line has {line:.2}");
                let link = contrast(palette["accent"][dark], mixed);
                assert!(link >= 4.5, "{theme} {name}: a link has {link:.2}");
            }
        }
    }
}
