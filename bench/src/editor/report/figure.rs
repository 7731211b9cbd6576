//! The figures that the report tells of each editor, and how each is made of several runs.

use crate::editor::outcome::{Outcome, quantile};
use crate::editor::scenario::Scenario;

/// A figure. Less is better for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    /// What it is called.
    pub(super) title: &'static str,
    /// What it is measured in.
    pub(super) unit: &'static str,
    /// What it is measured in the course of.
    pub(super) scenario: Scenario,
    /// Whether ours is meant to be the first in it.
    pub(super) is_goal: bool,
    /// Whether it is the one of keys that must be below a frame.
    pub(super) is_p95_of_keys: bool,
    /// Whether what was never shown counts in it.
    pub(super) counts_waiting: bool,
    kind: Kind,
}

/// Where in the runs it is found.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// This share of all runs' times is at most it: the times, and those without the wait for the screen.
    Quantile(f64, Times, Times),
    /// Half of the runs have at most this.
    Median(fn(&Outcome) -> Option<f64>),
}

type Times = fn(&Outcome) -> &[f64];

/// A figure of one editor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// The figure.
    pub(super) value: f64,
    /// Whether it is at least that.
    pub(super) is_bound: bool,
}

impl Value {
    /// What stands before a value that is only a bound.
    pub(super) fn mark(self) -> &'static str {
        if self.is_bound { "≥ " } else { "" }
    }
}

impl Figure {
    const fn times(
        title: &'static str,
        scenario: Scenario,
        share: f64,
        times: Times,
        worked: Times,
    ) -> Figure {
        let kind = Kind::Quantile(share, times, worked);
        Figure {
            title,
            unit: "ms",
            scenario,
            is_goal: true,
            is_p95_of_keys: false,
            counts_waiting: true,
            kind,
        }
    }

    const fn of_keys(title: &'static str, scenario: Scenario, share: f64) -> Figure {
        Figure::times(title, scenario, share, |run| &run.key, |run| &run.key_work)
    }

    const fn of_words(title: &'static str, share: f64) -> Figure {
        Figure::times(title, Scenario::Crowd, share, |run| &run.remote, |run| &run.remote_work)
    }

    const fn median(
        title: &'static str,
        unit: &'static str,
        scenario: Scenario,
        value: fn(&Outcome) -> Option<f64>,
    ) -> Figure {
        let kind = Kind::Median(value);
        Figure { title, unit, scenario, is_goal: true, is_p95_of_keys: false, counts_waiting: false, kind }
    }

    const fn beside(self) -> Figure {
        Figure { is_goal: false, ..self }
    }

    const fn below_a_frame(self) -> Figure {
        Figure { is_p95_of_keys: true, ..self }
    }

    /// The figure of some runs together; nothing when none of them has it.
    pub(super) fn of(&self, runs: &[&Outcome]) -> Option<f64> {
        match self.kind {
            Kind::Quantile(share, times, _) => {
                let all: Vec<f64> = runs.iter().flat_map(|run| times(run)).copied().collect();
                quantile(&all, share)
            }
            Kind::Median(value) => {
                let all: Vec<f64> = runs.iter().filter_map(|run| value(run)).collect();
                quantile(&all, 0.5)
            }
        }
    }

    /// The same without the wait for the screen's frame, where there is one.
    pub(super) fn without_wait(&self) -> Option<Figure> {
        let Kind::Quantile(share, _, worked) = self.kind else { return None };
        Some(Figure { kind: Kind::Quantile(share, worked, worked), ..*self })
    }
}

/// All of them, in the order of the report.
pub(super) const FIGURES: &[Figure] = &[
    Figure::of_keys("key to paint alone, p50", Scenario::Alone, 0.5),
    Figure::of_keys("key to paint alone, p95", Scenario::Alone, 0.95).below_a_frame(),
    Figure::of_keys("key to paint alone, the longest", Scenario::Alone, 1.0).beside(),
    Figure::of_keys("key to paint in the crowd, p50", Scenario::Crowd, 0.5),
    Figure::of_keys("key to paint in the crowd, p95", Scenario::Crowd, 0.95).below_a_frame(),
    Figure::of_keys("key to paint in the crowd, the longest", Scenario::Crowd, 1.0).beside(),
    Figure::of_words("remote word to paint, p50", 0.5),
    Figure::of_words("remote word to paint, p95", 0.95),
    Figure::median("main thread busy in the crowd", "%", Scenario::Crowd, |run| percent(run, 0)),
    Figure::median("of it scripts", "%", Scenario::Crowd, |run| percent(run, 1)).beside(),
    Figure::median("of it style and layout", "%", Scenario::Crowd, |run| percent(run, 2)).beside(),
    Figure::median("memory after the crowd", "MB", Scenario::Crowd, |run| megabytes(run, 2)),
    Figure::median("of it JavaScript's heap", "MB", Scenario::Crowd, |run| megabytes(run, 0)).beside(),
    Figure::median("of it WebAssembly's", "MB", Scenario::Crowd, |run| megabytes(run, 1)).beside(),
    Figure::median("opening the long history", "ms", Scenario::Open, |run| run.opened),
    Figure::median("memory after opening it", "MB", Scenario::Open, |run| megabytes(run, 2)),
    Figure::median("of it JavaScript's heap", "MB", Scenario::Open, |run| megabytes(run, 0)).beside(),
    Figure::median("of it WebAssembly's", "MB", Scenario::Open, |run| megabytes(run, 1)).beside(),
];

fn percent(run: &Outcome, index: usize) -> Option<f64> {
    Some(run.busy?[index] * 100.0)
}

fn megabytes(run: &Outcome, index: usize) -> Option<f64> {
    Some(run.memory?[index] as f64 / 1e6)
}
