//! The report: all that one run of all editors showed, as goals, tables and a plot.

mod figure;
mod plot;

use crate::editor::outcome::Outcome;
use crate::editor::report::figure::{FIGURES, Figure, Value};
use crate::editor::scenario::Scenario;
use crate::editor::subject::{self, Subject};
use std::fmt::Write;

/// No key may take longer than this many ms, p95.
const FRAME: f64 = 16.0;

/// All that one run showed.
#[derive(Debug, Default)]
pub struct Report {
    /// One line each about the machine and the run.
    pub about: Vec<String>,
    /// What was measured, in the order in which it was.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// One editor's runs of a scenario that count.
    fn runs(&self, subject: &Subject, scenario: Scenario) -> Vec<&Outcome> {
        let all = self.outcomes.iter().filter(|one| one.void.is_none());
        all.filter(|one| one.subject == subject.name && one.scenario == scenario).collect()
    }

    /// A figure of one editor, if it was measured.
    fn value(&self, subject: &Subject, figure: &Figure) -> Option<Value> {
        let runs = self.runs(subject, figure.scenario);
        let value = figure.of(&runs)?;
        Some(Value { value, is_bound: figure.counts_waiting && runs.iter().any(|run| run.behind) })
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out =
            String::from("<!-- Made by `cargo xtask bench editor`. -->\n\n# The editor, measured\n\n");
        for line in &self.about {
            line_to(&mut out, format_args!("- {line}"));
        }
        out.push_str("\n![Key to paint, remote words, opening, main thread and memory](editor.svg)\n");
        self.goals(&mut out);
        self.figures(&mut out);
        self.remarks(&mut out);
        out
    }

    /// The plot, as SVG.
    #[must_use]
    pub fn plot(&self) -> String {
        plot::draw(self)
    }

    fn goals(&self, out: &mut String) {
        out.push_str("\n## Goals\n\n| goal |");
        head(out, &["met"], &[" ‡"]);
        for figure in FIGURES.iter().filter(|figure| figure.is_goal) {
            let met = self.is_first(figure);
            self.row(out, &format!("first: {}", figure.title), figure, met);
        }
        for figure in FIGURES.iter().filter(|figure| figure.is_goal && figure.is_p95_of_keys) {
            let own = self.value(&subject::ALL[0], figure);
            let met = own.map(|own| !own.is_bound && own.value < FRAME);
            self.row(out, &format!("below {FRAME:.0} ms: {}", figure.title), figure, met);
        }
        out.push_str(
            "\n‡ The same without the time in which the page was done and only the screen's next frame was waited \
             for, which is the same for all pages.\n",
        );
    }

    /// A goal with what all editors reached, and whether it is met.
    fn row(&self, out: &mut String, goal: &str, figure: &Figure, met: Option<bool>) {
        write!(out, "| {goal} |").expect(WRITTEN);
        for subject in subject::ALL {
            write!(out, " {} |", told(figure, self.value(subject, figure))).expect(WRITTEN);
        }
        out.push_str(match met {
            Some(true) => " yes |",
            Some(false) => " **no** |",
            None => " not measured |",
        });
        for subject in subject::ALL {
            let worked = figure.without_wait().and_then(|figure| self.value(subject, &figure));
            write!(out, " {} |", told(figure, worked)).expect(WRITTEN);
        }
        out.push('\n');
    }

    /// Whether ours is below all others that were measured; one that did not keep up is at least at its bound.
    fn is_first(&self, figure: &Figure) -> Option<bool> {
        let own = self.value(&subject::ALL[0], figure)?;
        let others: Vec<Value> =
            subject::ALL[1..].iter().filter_map(|other| self.value(other, figure)).collect();
        (!others.is_empty()).then(|| !own.is_bound && others.iter().all(|other| own.value < other.value))
    }

    fn figures(&self, out: &mut String) {
        for scenario in Scenario::ALL {
            let here: Vec<&Figure> = FIGURES.iter().filter(|figure| figure.scenario == scenario).collect();
            if subject::ALL.iter().all(|subject| self.runs(subject, scenario).is_empty()) {
                continue;
            }
            write!(out, "\n## {}: {}\n\n| |", scenario.name(), scenario.title()).expect(WRITTEN);
            head(out, &[], &[" ‡"]);
            for figure in here {
                write!(out, "| {} |", figure.title).expect(WRITTEN);
                for subject in subject::ALL {
                    let runs = self.runs(subject, scenario);
                    let all = told(figure, self.value(subject, figure));
                    write!(out, " {all}{} |", range(figure, &runs)).expect(WRITTEN);
                }
                for subject in subject::ALL {
                    let worked = figure.without_wait().and_then(|figure| self.value(subject, &figure));
                    write!(out, " {} |", told(figure, worked)).expect(WRITTEN);
                }
                out.push('\n');
            }
        }
    }

    fn remarks(&self, out: &mut String) {
        let mut remarks = String::new();
        for one in &self.outcomes {
            let title = subject::ALL.iter().find(|subject| subject.name == one.subject);
            let title = title.map_or(one.subject.as_str(), |subject| subject.title);
            if let Some(reason) = &one.void {
                line_to(
                    &mut remarks,
                    format_args!("- {title}, {}: does not count: {reason}", one.scenario.name()),
                );
            }
            if one.behind {
                let shown = "did not keep up and was cut off";
                line_to(&mut remarks, format_args!("- {title}, {}: {shown}", one.scenario.name()));
            }
        }
        if !remarks.is_empty() {
            write!(out, "\n## What went wrong\n\n{remarks}").expect(WRITTEN);
        }
    }
}

const WRITTEN: &str = "a String takes what is written";

fn line_to(out: &mut String, line: std::fmt::Arguments) {
    writeln!(out, "{line}").expect(WRITTEN);
}

/// The rest of a table's head: each editor, other columns, and each editor again with a mark.
fn head(out: &mut String, between: &[&str], marks: &[&str]) {
    let plain = subject::ALL.iter().map(|subject| subject.title.to_string());
    let between = between.iter().map(ToString::to_string);
    let again =
        marks.iter().flat_map(|mark| subject::ALL.iter().map(move |one| format!("{}{mark}", one.title)));
    let columns: Vec<String> = plain.chain(between).chain(again).collect();
    for column in &columns {
        write!(out, " {column} |").expect(WRITTEN);
    }
    writeln!(out, "\n| --- |{}", " ---: |".repeat(columns.len())).expect(WRITTEN);
}

fn told(figure: &Figure, value: Option<Value>) -> String {
    match value {
        Some(value) => format!("{}{} {}", value.mark(), digits(value.value), figure.unit),
        None => String::from("–"),
    }
}

/// The lowest and the highest of the single runs, where there are several.
fn range(figure: &Figure, runs: &[&Outcome]) -> String {
    let mut single: Vec<f64> = runs.iter().filter_map(|run| figure.of(&[run])).collect();
    single.sort_by(f64::total_cmp);
    match single[..] {
        [first, .., last] => format!(" ({}–{})", digits(first), digits(last)),
        _ => String::new(),
    }
}

/// A number with as many digits as are worth reading.
fn digits(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(subject: &str, keys: &[f64], behind: bool) -> Outcome {
        Outcome {
            key: keys.to_vec(),
            key_work: keys.iter().map(|key| key / 2.0).collect(),
            behind,
            ..Outcome::of(subject, Scenario::Crowd)
        }
    }

    fn line(text: &str, beginning: &str) -> String {
        text.lines().find(|line| line.starts_with(beginning)).unwrap_or_default().to_string()
    }

    #[test]
    fn goals_are_judged_by_what_was_measured() {
        let outcomes = vec![
            run("samsyn", &[10.0, 15.0], false),
            run("y-prosemirror", &[10.0, 14.0], false),
            run("y-quill", &[9000.0, 9500.0], true),
        ];
        let text = Report { outcomes, ..Report::default() }.markdown();
        let first = line(&text, "| first: key to paint in the crowd, p95");
        assert!(first.contains("| 15.0 ms | 14.0 ms | ≥ 9500 ms | **no** | 7.5 ms | 7.0 ms |"), "{first}");
        assert!(line(&text, "| below 16 ms: key to paint in the crowd, p95").contains("| yes |"), "{text}");
        assert!(line(&text, "| first: key to paint alone, p95").contains("not measured"), "{text}");
        assert!(text.contains("y-quill 1.0.0, crowd: did not keep up"), "{text}");
    }

    #[test]
    fn ours_is_not_first_when_it_did_not_keep_up_or_nobody_is_beside_it() {
        let report = |outcomes| Report { outcomes, ..Report::default() };
        let figure = FIGURES.iter().find(|figure| figure.scenario == Scenario::Crowd).unwrap();
        let alone = report(vec![run("samsyn", &[1.0], false)]);
        assert_eq!(alone.is_first(figure), None);
        let behind = report(vec![run("samsyn", &[1.0], true), run("y-quill", &[2.0], false)]);
        assert_eq!(behind.is_first(figure), Some(false));
        let first = report(vec![run("samsyn", &[1.0], false), run("y-quill", &[2.0], true)]);
        assert_eq!(first.is_first(figure), Some(true));
    }

    #[test]
    fn several_runs_are_one_with_its_range() {
        let outcomes = vec![run("samsyn", &[10.0; 9], false), run("samsyn", &[20.0], false)];
        let text = Report { outcomes, ..Report::default() }.markdown();
        let table = text.split("## crowd").nth(1).unwrap();
        let p50 = line(table, "| key to paint in the crowd, p50");
        assert!(p50.contains("| 10.0 ms (10.0–20.0) |"), "{p50}");
    }
}
