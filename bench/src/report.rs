//! The report: all measurements of one run, as tables, goals and a plot.

mod goal;
mod plot;
mod table;

use crate::measurement::Measurement;
use crate::scenario::{self, Scenario};
use crate::server::{self, Part, Server};
use std::f64::consts::LN_2;
use std::fmt::Write;

/// All that one run showed.
#[derive(Debug, Default)]
pub struct Report {
    /// One line each about the machine and the run.
    pub about: Vec<String>,
    /// What was measured, in the order in which it was.
    pub measurements: Vec<Measurement>,
    /// The functions that most of the time went to, as the profiler tells it.
    pub profile: Option<String>,
}

impl Report {
    /// The measurement of one server in one scenario.
    #[must_use]
    pub fn find(&self, server: &str, scenario: &str) -> Option<&Measurement> {
        self.measurements.iter().find(|one| one.server == server && one.scenario == scenario)
    }

    /// The peer that needs the least CPU for a delivered update, among those that did not collapse.
    fn best_peer(&self, scenario: &str) -> Option<(&'static Server, f64)> {
        let peers = server::ALL.iter().filter(|server| server.part == Part::Peer);
        peers
            .filter_map(|peer| Some((peer, self.find(peer.name, scenario)?)))
            .filter(|(_, one)| !one.is_collapsed())
            .filter_map(|(peer, one)| Some((peer, one.cpu_per_delivered()?)))
            .min_by(|left, right| left.1.total_cmp(&right.1))
    }

    /// The floor whose frames come at about the same pace as those of a measurement.
    fn same_pace(&self, one: &Measurement) -> Option<(&'static Server, f64)> {
        let pace = one.pace()?;
        let floors = server::ALL.iter().filter(|server| matches!(server.part, Part::Floor(_)));
        floors
            .filter_map(|floor| Some((floor, self.find(floor.name, &one.scenario)?)))
            .filter(|(_, floor)| !floor.is_collapsed())
            // Nothing is the same pace that is twice as fast or half as fast.
            .filter(|(_, floor)| floor.pace().is_some_and(|other| (other / pace).ln().abs() < LN_2))
            .filter_map(|(server, floor)| {
                // Paces are compared as factors: 2 ms is further from 8 than 16 from 33.
                Some((server, floor.cpu_per_delivered()?, (floor.pace()? / pace).ln().abs()))
            })
            .min_by(|left, right| left.2.total_cmp(&right.2))
            .map(|(server, cpu, _)| (server, cpu))
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::from("# The relay, measured\n\n");
        for line in &self.about {
            writeln!(out, "- {line}").expect("a String takes what is written");
        }
        out.push_str("\n![CPU for each delivered update, and p99](relay.svg)\n");
        out.push_str(&goal::tables(self));
        let run = |scenario: &&Scenario| self.measurements.iter().any(|one| one.scenario == scenario.name);
        for scenario in scenario::ALL.iter().filter(run) {
            out.push_str(&table::of(self, scenario));
        }
        if let Some(profile) = &self.profile {
            out.push_str("\n## Where Samsyn's time goes, 100 people\n\n```text\n");
            out.push_str(profile.trim_end());
            out.push_str("\n```\n");
        }
        out
    }

    /// The plot, as SVG.
    #[must_use]
    pub fn plot(&self) -> String {
        plot::draw(self)
    }
}

/// A number with as many digits as are worth reading.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Microseconds, told in milliseconds.
fn milliseconds(microseconds: u64) -> String {
    number(microseconds as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::Spread;

    fn one(server: &str, cpu_s: f64, frames: f64, delivered: u64) -> Measurement {
        Measurement {
            server: server.into(),
            scenario: "room-100".into(),
            people: 100,
            joined: 100,
            expected: 1_000_000,
            delivered,
            in_window: delivered,
            cpu_s,
            frames_per_receiver: frames,
            latency: Spread { count: delivered, p50: 20_000, p99: 40_000, max: 50_000 },
            saved: Spread { count: 100, p50: 3000, p99: 34_000, max: 40_000 },
            fsync: Some(Spread { count: 200, p50: 500, p99: 1000, max: 2000 }),
            ..Measurement::default()
        }
    }

    fn report() -> Report {
        Report {
            measurements: vec![
                one("samsyn", 1.5, 30.0, 1_000_000),
                one("y-websocket", 9.0, 500.0, 1_000_000),
                one("hocuspocus", 3.0, 300.0, 900_000),
                one("floor-0", 6.0, 500.0, 1_000_000),
                one("floor-33", 1.2, 29.0, 1_000_000),
            ],
            ..Report::default()
        }
    }

    #[test]
    fn a_peer_that_collapsed_is_nobodys_measure() {
        let report = report();
        let (best, cpu) = report.best_peer("room-100").unwrap();
        assert_eq!((best.name, cpu), ("y-websocket", 9.0));
        assert!(report.markdown().contains("collapsed"));
    }

    #[test]
    fn the_floor_at_the_same_pace_is_the_one_with_as_many_frames() {
        let report = report();
        let of = |name| report.same_pace(report.find(name, "room-100").unwrap()).unwrap().0.name;
        assert_eq!(of("samsyn"), "floor-33");
        assert_eq!(of("y-websocket"), "floor-0");
    }

    #[test]
    fn goals_are_judged_by_what_was_measured() {
        let text = report().markdown();
        let line = |start: &str| text.lines().find(|line| line.contains(start)).unwrap().to_string();
        assert!(line("100 people: at most 1/5 of the best peer's CPU").contains("| yes |"), "{text}");
        assert!(line("37 people: at most 1/2").contains("| not measured |"), "{text}");
        assert!(line("100 people: `Saved` p99").contains("| yes |"), "{text}");
        assert!(line("room-100: at most the floor").contains("| yes |"), "{text}");
    }

    #[test]
    fn numbers_have_three_digits_or_so() {
        assert_eq!([number(0.123), number(12.34), number(1234.5)], ["0.12", "12.3", "1234"]);
        assert_eq!(milliseconds(1500), "1.50");
    }
}
