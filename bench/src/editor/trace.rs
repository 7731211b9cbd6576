//! A trace of a page, read: what its main thread did within some stretches of time, by kind of work.

use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;

/// What a browser wrote down.
#[derive(Debug)]
pub(super) struct Traced {
    /// All its events, of all processes.
    pub(super) events: Value,
    /// When the page put the moment `bench` into it, in ms of the page's clock.
    pub(super) moment: f64,
}

/// A stretch of time on the main thread that has one name; times in µs of the trace's clock.
struct Piece<'a> {
    name: &'a str,
    from: f64,
    to: f64,
    /// How much of it the thread ran: the rest it waited for a core that others had.
    ran: f64,
}

/// How long something took, and how much of it the thread ran, in µs.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    passed: f64,
    ran: f64,
}

impl Traced {
    /// How many ms of these stretches, given in ms of the page's clock, went to what: by kind, then by name, and
    /// divided by a count, such as the number of keys.
    pub(super) fn told(&self, stretches: &[(f64, f64)], count: usize) -> Result<String> {
        let events = self.events.as_array().context("a trace without events")?;
        let is_moment = |event: &&Value| event["name"] == "bench" && event["ts"].is_number();
        let moment = events.iter().find(is_moment).context("the moment is not in the trace")?;
        let origin = number(moment, "ts") - self.moment * 1000.0;
        let thread = (&moment["pid"], &moment["tid"]);
        let mut pieces: Vec<Piece> = events
            .iter()
            .filter(|event| event["ph"] == "X" && (&event["pid"], &event["tid"]) == thread)
            .map(|event| {
                let from = number(event, "ts");
                Piece {
                    name: event["name"].as_str().unwrap_or_default(),
                    from,
                    to: from + number(event, "dur"),
                    ran: number(event, "tdur"),
                }
            })
            .collect();
        pieces.sort_by(|left, right| left.from.total_cmp(&right.from).then(right.to.total_cmp(&left.to)));
        let windows =
            joined(stretches.iter().map(|(from, to)| (origin + from * 1000.0, origin + to * 1000.0)));
        let whole: f64 = windows.iter().map(|(from, to)| to - from).sum();
        let mut names = own(&pieces, &windows);
        let passed = whole - names.values().map(|spent| spent.passed).sum::<f64>();
        names.insert("(no task)", Spent { passed, ran: 0.0 });
        let mut kinds: HashMap<&str, Spent> = HashMap::new();
        for (name, spent) in &names {
            let kind = kinds.entry(kind(name)).or_default();
            *kind = Spent { passed: kind.passed + spent.passed, ran: kind.ran + spent.ran };
        }
        let each = 1000.0 * count.max(1) as f64;
        let ran: f64 = names.values().map(|spent| spent.ran).sum();
        let mut out =
            format!("{:.2} ms each, of which {:.2} ms on a core; {count} times\n", whole / each, ran / each);
        list(&mut out, kinds, whole, each);
        out.push_str("by name\n");
        list(&mut out, names, whole, each);
        Ok(out)
    }
}

/// A layout for which a script did not wait until the screen's frame.
const FORCED: &str = "Layout that a script asked for";

fn number(event: &Value, name: &str) -> f64 {
    event[name].as_f64().unwrap_or_default()
}

/// What kind of work the name of a piece stands for.
fn kind(name: &str) -> &'static str {
    match name {
        "(no task)" => "nothing to do",
        "UpdateLayoutTree" | "RecalculateStyles" | "ParseAuthorStyleSheet" => "style",
        "Layout" | FORCED => "layout",
        "PrePaint" | "Paint" | "Layerize" | "Commit" | "UpdateLayer" | "UpdateLayerTree"
        | "CompositeLayers" => "paint",
        "MinorGC" | "MajorGC" => "garbage",
        "RunTask" | "ThreadControllerImpl::RunTask" => "task without a name",
        name if name.contains("GC") => "garbage",
        name if name.to_lowercase().contains("compile") || name.contains("wasm") => "compiling",
        name if name.starts_with("Parse") => "parsing",
        _ => "script",
    }
}

/// Stretches in their order, those that overlap made one.
fn joined(stretches: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = stretches.collect();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut all: Vec<(f64, f64)> = Vec::new();
    for (from, to) in sorted {
        match all.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

/// Each name's own time within the stretches: what a piece holds is not counted again.
fn own<'a>(pieces: &[Piece<'a>], windows: &[(f64, f64)]) -> HashMap<&'a str, Spent> {
    let mut times: HashMap<&str, Spent> = HashMap::new();
    let mut open: Vec<(&str, f64)> = Vec::new();
    for piece in pieces {
        while open.last().is_some_and(|(_, end)| *end <= piece.from) {
            open.pop();
        }
        let shared = |window: &(f64, f64)| (piece.to.min(window.1) - piece.from.max(window.0)).max(0.0);
        let passed: f64 = windows.iter().map(shared).sum();
        let ran = piece.ran * passed / (piece.to - piece.from).max(1.0);
        let name = match piece.name {
            "Layout" if open.iter().any(|(outer, _)| kind(outer) == "script") => FORCED,
            name => name,
        };
        let spent = times.entry(name).or_default();
        *spent = Spent { passed: spent.passed + passed, ran: spent.ran + ran };
        if let Some((outer, _)) = open.last() {
            let spent = times.entry(outer).or_default();
            *spent = Spent { passed: spent.passed - passed, ran: spent.ran - ran };
        }
        open.push((name, piece.to));
    }
    times
}

fn list(out: &mut String, times: HashMap<&str, Spent>, whole: f64, each: f64) {
    let mut sorted: Vec<_> = times.into_iter().filter(|(_, spent)| spent.passed >= whole / 1000.0).collect();
    sorted.sort_by(|left, right| right.1.passed.total_cmp(&left.1.passed));
    for (name, Spent { passed, ran }) in sorted {
        let share = 100.0 * passed / whole;
        writeln!(out, "{share:>6.2}%  {:>9.3} ms  {:>9.3} on a core  {name}", passed / each, ran / each)
            .expect("a String takes what is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_lies_within_counts_and_nothing_twice() {
        let piece = |name: &str, from: u64, dur: u64, tid: u64| json!({"name": name, "ph": "X", "ts": from, "dur": dur, "tdur": dur / 2, "pid": 1, "tid": tid});
        let traced = Traced {
            events: json!([
                {"name": "bench", "ph": "I", "ts": 1_005_000, "pid": 1, "tid": 2},
                piece("RunTask", 1_010_000, 10_000, 2),
                piece("FunctionCall", 1_011_000, 4000, 2),
                piece("Layout", 1_013_000, 1000, 2),
                piece("Layout", 1_010_000, 10_000, 3),
            ]),
            moment: 5.0,
        };
        let told = traced.told(&[(12.0, 14.0), (13.0, 22.0)], 1).unwrap();
        assert!(told.starts_with("10.00 ms each"), "{told}");
        for line in [
            "2.000 ms      1.000 on a core  script",
            "1.000 ms      0.500 on a core  layout",
            "1.000 ms      0.500 on a core  Layout that a script asked for",
            "5.000 ms      2.500 on a core  task without a name",
            "2.000 ms      0.000 on a core  (no task)",
        ] {
            assert!(told.contains(line), "{line}: {told}");
        }
    }
}
