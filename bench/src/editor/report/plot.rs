//! The plot: what of each editor a person notices, and what it costs the machine.

use super::Report;
use super::digits;
use super::figure::{FIGURES, Figure, Value};
use crate::editor::subject::{self, Subject};
use crate::svg::{self, put};

const WIDTH: f64 = 1040.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 110.0;
/// A panel with its title, and where the next one begins.
const PANEL: (f64, f64) = (300.0, 180.0);
const STEP: (f64, f64) = (330.0, 270.0);
const HEIGHT: f64 = 660.0;

/// A panel: its title, and the titles of its figures with what stands below them.
struct Panel {
    title: &'static str,
    groups: [(&'static str, &'static str); 2],
}

const PANELS: [Panel; 6] = [
    Panel {
        title: "Key to paint, alone, ms",
        groups: [("key to paint alone, p50", "p50"), ("key to paint alone, p95", "p95")],
    },
    Panel {
        title: "Key to paint, in the crowd, ms",
        groups: [("key to paint in the crowd, p50", "p50"), ("key to paint in the crowd, p95", "p95")],
    },
    Panel {
        title: "Remote word to paint, ms",
        groups: [("remote word to paint, p50", "p50"), ("remote word to paint, p95", "p95")],
    },
    Panel { title: "Opening a long history, ms", groups: [("opening the long history", "open"), ("", "")] },
    Panel {
        title: "Main thread busy, %",
        groups: [("main thread busy in the crowd", "in the crowd"), ("", "")],
    },
    Panel {
        title: "Memory of the page's process, MB",
        groups: [("memory after the crowd", "after the crowd"), ("memory after opening it", "after opening")],
    },
];

/// Draws it.
pub(super) fn draw(report: &Report) -> String {
    let mut svg = svg::begin(WIDTH, HEIGHT, LEFT, "What a person waits for, and what the page takes");
    for (index, subject) in subject::ALL.iter().enumerate() {
        let x = LEFT + 170.0 * index as f64;
        put(
            &mut svg,
            format_args!(
                r#"<rect x="{x}" y="52" width="12" height="12" rx="2" fill="{}"/><text x="{}" y="62">{}</text>
"#,
                color(subject),
                x + 18.0,
                subject.title,
            ),
        );
    }
    for (index, panel) in PANELS.iter().enumerate() {
        let place = (LEFT + STEP.0 * (index % 3) as f64, TOP + STEP.1 * (index / 3) as f64);
        panel.draw(&mut svg, report, place);
    }
    put(
        &mut svg,
        format_args!(
            r##"<text x="{LEFT}" y="{}" fill="#52606d">Less is better. Pale with ≥: it did not keep up and was cut off; the bar ends where the panel does.</text>
</svg>
"##,
            HEIGHT - 18.0
        ),
    );
    svg
}

impl Panel {
    fn draw(&self, svg: &mut String, report: &Report, (x, y): (f64, f64)) {
        let bottom = y + PANEL.1;
        put(
            svg,
            format_args!(
                r##"<text x="{x}" y="{}" font-weight="600">{}</text><line x1="{x}" y1="{bottom}" x2="{}" y2="{bottom}" stroke="#9aa5b1"/>
"##,
                y - 8.0,
                self.title,
                x + PANEL.0,
            ),
        );
        let groups: Vec<(&str, &Figure)> = self
            .groups
            .iter()
            .filter_map(|(title, label)| {
                Some((*label, FIGURES.iter().find(|figure| figure.title == *title)?))
            })
            .collect();
        let all: Vec<Value> = groups
            .iter()
            .flat_map(|(_, figure)| subject::ALL.iter().filter_map(|one| report.value(one, figure)))
            .collect();
        let end = end(&all);
        let group = PANEL.0 / groups.len().max(1) as f64;
        let width = (group / 4.0).min(48.0);
        for (number, (label, figure)) in groups.iter().enumerate() {
            let middle = x + group * (number as f64 + 0.5);
            put(
                svg,
                format_args!(
                    r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{label}</text>
"#,
                    bottom + 18.0
                ),
            );
            for (index, subject) in subject::ALL.iter().enumerate() {
                let Some(value) = report.value(subject, figure) else { continue };
                let from = middle + width * (index as f64 - subject::ALL.len() as f64 / 2.0);
                bar(svg, (from, width), bottom, height(value.value, end), subject, value);
            }
        }
    }
}

/// Where a panel's axis ends: over all that kept up.
fn end(values: &[Value]) -> f64 {
    let kept_up = values.iter().filter(|value| !value.is_bound).map(|value| value.value);
    kept_up.fold(1.0, f64::max) * 1.1
}

/// How high a bar is; never higher than the panel.
fn height(value: f64, end: f64) -> f64 {
    ((PANEL.1 - 14.0) * (value / end).min(1.0)).max(1.0)
}

fn bar(svg: &mut String, (x, width): (f64, f64), bottom: f64, height: f64, subject: &Subject, value: Value) {
    put(
        svg,
        format_args!(
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{height:.1}" rx="2" fill="{}" fill-opacity="{}"/><text x="{:.1}" y="{:.1}" text-anchor="middle" font-size="10">{}{}</text>
"#,
            x + 1.0,
            bottom - height,
            width - 2.0,
            color(subject),
            if value.is_bound { 0.35 } else { 1.0 },
            x + width / 2.0,
            bottom - height - 3.0,
            value.mark(),
            digits(value.value),
        ),
    );
}

/// Ours is green, and each other has a colour of its own.
fn color(subject: &Subject) -> &'static str {
    match subject.name {
        "samsyn" => "#0b6e4f",
        "y-prosemirror" => "#3f5fc4",
        _ => "#d9822b",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_panel_shows_figures_that_there_are() {
        for panel in &PANELS {
            for (title, _) in panel.groups.iter().filter(|(title, _)| !title.is_empty()) {
                assert!(FIGURES.iter().any(|figure| figure.title == *title), "{title}");
            }
        }
    }

    #[test]
    fn one_that_did_not_keep_up_does_not_make_the_others_small() {
        let value = |value, is_bound| Value { value, is_bound };
        let end = end(&[value(20.0, false), value(9000.0, true)]);
        assert!((20.0..30.0).contains(&end));
        assert!(height(9000.0, end) <= PANEL.1);
    }
}
