//! What was to be reached, and whether it was: ours beside the best peer and the floor.

use super::{Report, milliseconds, number};
use crate::measurement::Measurement;
use crate::scenario;

/// The server that the goals are about.
const OURS: &str = "samsyn";

/// A room's goals: at most this share of the best peer's CPU, and p99 below so many milliseconds.
struct Room {
    scenario: &'static str,
    people: usize,
    /// One over the share.
    times: f64,
    p99_ms: u64,
}

const ROOMS: &[Room] = &[
    Room { scenario: "room-37", people: 37, times: 2.0, p99_ms: 25 },
    Room { scenario: "room-100", people: 100, times: 5.0, p99_ms: 45 },
    Room { scenario: "room-1000", people: 1000, times: 3.0, p99_ms: 60 },
];

/// CPU over the floor's at the same pace, in microseconds for each delivered update.
const OVER_FLOOR: f64 = 0.4;
/// Memory of an idle connection, in kilobytes.
const IDLE_KB: f64 = 12.0;
/// `Saved` may take one frame's pace and so many times the disk's own p99.
const SYNCS: f64 = 3.0;

/// One row: what was to be reached, what was, and whether that is it; nothing if it was not measured.
struct Row {
    goal: String,
    reached: Option<(String, bool)>,
}

/// The goals' table, and how ours stands beside the others.
pub(super) fn tables(report: &Report) -> String {
    let mut out = String::from("\n## Goals\n\n| goal | reached | met |\n| --- | --- | --- |\n");
    for row in rows(report) {
        let (reached, met) = match row.reached {
            Some((reached, met)) => (reached, if met { "yes" } else { "**no**" }),
            None => (String::from("–"), "not measured"),
        };
        out.push_str(&format!("| {} | {reached} | {met} |\n", row.goal));
    }
    out.push_str(
        "\n## Beside the others\n\nCPU µs per delivered update; the floor is the one whose frames come at \
         about the same pace.\n\n| room | Samsyn | best peer | share of it | floor | over it |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (scenario, one) in written(report) {
        let own = one.cpu_per_delivered().unwrap_or_default();
        let (peer, share) = report.best_peer(scenario).map_or_else(dashes, |(peer, cpu)| {
            (format!("{} ({})", number(cpu), peer.title), format!("{:.0} %", 100.0 * own / cpu))
        });
        let (floor, over) = report.same_pace(one).map_or_else(dashes, |(floor, cpu)| {
            (format!("{} ({})", number(cpu), floor.title), format!("{:+.2}", own - cpu))
        });
        out.push_str(&format!("| {scenario} | {} | {peer} | {share} | {floor} | {over} |\n", number(own)));
    }
    out
}

fn dashes() -> (String, String) {
    (String::from("–"), String::from("–"))
}

/// Ours in all rooms in which people write.
fn written(report: &Report) -> impl Iterator<Item = (&'static str, &Measurement)> {
    let all = scenario::ALL.iter().filter(|scenario| scenario.is_written());
    all.filter_map(|scenario| Some((scenario.name, done(report, scenario.name)?)))
}

fn done<'a>(report: &'a Report, scenario: &str) -> Option<&'a Measurement> {
    report.find(OURS, scenario).filter(|one| one.failed.is_none())
}

fn rows(report: &Report) -> Vec<Row> {
    let mut rows = Vec::new();
    for room in ROOMS {
        let people = room.people;
        let own = done(report, room.scenario);
        rows.push(Row {
            goal: format!("{people} people: at most 1/{} of the best peer's CPU", room.times),
            reached: own.and_then(|one| {
                let (peer, theirs) = report.best_peer(room.scenario)?;
                let ours = one.cpu_per_delivered()?;
                let told = format!("{:.0} % of {}'s", 100.0 * ours / theirs, peer.title);
                Some((told, ours * room.times <= theirs && !one.is_collapsed()))
            }),
        });
        rows.push(Row {
            goal: format!("{people} people: p99 under {} ms", room.p99_ms),
            reached: own.map(|one| {
                let met = one.latency.p99 < room.p99_ms * 1000 && !one.is_collapsed();
                (format!("{} ms", milliseconds(one.latency.p99)), met)
            }),
        });
    }
    rows.push(Row {
        goal: String::from("1000 people: nothing lost"),
        reached: done(report, "room-1000")
            .map(|one| (format!("{} of {}", one.delivered, one.expected), one.delivered == one.expected)),
    });
    rows.extend(written(report).map(|(scenario, one)| Row {
        goal: format!("{scenario}: at most the floor at the same pace + {OVER_FLOOR} µs"),
        reached: one.cpu_per_delivered().zip(report.same_pace(one)).map(|(own, (floor, cpu))| {
            let told = format!("{} µs, {} {} µs", number(own), floor.title, number(cpu));
            (told, own <= cpu + OVER_FLOOR && !one.is_collapsed())
        }),
    }));
    rows.push(Row {
        goal: format!("at most {IDLE_KB} kB per idle connection"),
        reached: done(report, "idle-1000").map(|one| {
            let kilobytes = one.resident_each().unwrap_or_default() / 1024.0;
            (format!("{} kB", number(kilobytes)), kilobytes <= IDLE_KB && one.joined == one.people)
        }),
    });
    rows.push(Row {
        goal: format!("100 people: `Saved` p99 within one frame's pace + {SYNCS} × the disk's fsync p99"),
        reached: done(report, "room-100").and_then(|one| {
            let (pace, fsync) = (one.pace()?, one.fsync?);
            let limit = pace + SYNCS * fsync.p99 as f64 / 1000.0;
            let told = format!(
                "{} ms; pace {} ms, fsync p99 {} ms: {} ms",
                milliseconds(one.saved.p99),
                number(pace),
                milliseconds(fsync.p99),
                number(limit)
            );
            Some((told, one.saved.count > 0 && one.saved.p99 as f64 / 1000.0 <= limit))
        }),
    });
    rows
}
