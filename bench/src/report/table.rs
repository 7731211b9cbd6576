//! One table for each scenario.

use super::{Report, milliseconds, number};
use crate::measurement::Measurement;
use crate::scenario::{Scenario, Shape};
use crate::server;

/// The heading and the table of one scenario.
pub(super) fn of(report: &Report, scenario: &Scenario) -> String {
    let columns = columns(scenario);
    let mut out = format!("\n## {}: {}\n\n| server |", scenario.name, scenario.title);
    for column in columns {
        out.push_str(&format!(" {} |", column.head));
    }
    out.push_str("\n| --- |");
    out.push_str(&" ---: |".repeat(columns.len()));
    out.push('\n');
    let mut remarks = String::new();
    for server in server::ALL {
        let Some(one) = report.find(server.name, scenario.name) else {
            continue;
        };
        if let Some(reason) = &one.failed {
            out.push_str(&format!("| {} | no result: {reason}", server.title));
            out.push_str(&" |".repeat(columns.len()));
            out.push('\n');
            continue;
        }
        let title = if one.is_collapsed() { " (collapsed)" } else { "" };
        out.push_str(&format!("| {}{title} |", server.title));
        for column in columns {
            out.push_str(&format!(" {} |", (column.cell)(one).unwrap_or_else(|| String::from("–"))));
        }
        out.push('\n');
        remarks.push_str(&remark(server.title, one));
    }
    if !remarks.is_empty() {
        out.push('\n');
        out.push_str(&remarks);
    }
    out
}

struct Column {
    head: &'static str,
    cell: fn(&Measurement) -> Option<String>,
}

fn columns(scenario: &Scenario) -> &'static [Column] {
    match scenario.shape {
        Shape::Rooms { .. } => ROOMS,
        Shape::Join { .. } => JOIN,
        Shape::Reconnect { .. } => RECONNECT,
        Shape::Idle { .. } | Shape::Documents { .. } => SIT,
    }
}

const DELIVERED: Column = Column {
    head: "delivered / expected",
    cell: |one| Some(format!("{} / {} ({:.2} %)", one.delivered, one.expected, 100.0 * one.share())),
};
const CPU_EACH: Column =
    Column { head: "CPU µs per delivered", cell: |one| one.cpu_per_delivered().map(number) };
const SAVED: Column = Column {
    head: "Saved p50 / p99 ms",
    cell: |one| {
        (one.saved.count > 0)
            .then(|| format!("{} / {}", milliseconds(one.saved.p50), milliseconds(one.saved.p99)))
    },
};
const GENERATOR: Column = Column {
    head: "generator's CPU, cores",
    cell: |one| Some(number(one.generator_cpu_s / one.seconds.max(0.001))),
};
const RESIDENT: Column = Column {
    head: "resident kB per connection",
    cell: |one| one.resident_each().map(|bytes| number(bytes / 1024.0)),
};

const ROOMS: &[Column] = &[
    DELIVERED,
    Column { head: "p50 ms", cell: |one| Some(milliseconds(one.latency.p50)) },
    Column { head: "p99 ms", cell: |one| Some(milliseconds(one.latency.p99)) },
    Column { head: "max ms", cell: |one| Some(milliseconds(one.latency.max)) },
    CPU_EACH,
    Column { head: "CPU, cores", cell: |one| Some(number(one.cpu_s / one.seconds.max(0.001))) },
    Column { head: "ms between frames", cell: |one| one.pace().map(number) },
    SAVED,
    RESIDENT,
    GENERATOR,
];

const WHOLE: Column =
    Column { head: "had all", cell: |one| Some(format!("{} / {}", one.whole_count, one.people)) };
const LAST: Column = Column { head: "last had all after s", cell: |one| Some(number(one.whole_s)) };
const WHOLE_P50: Column = Column { head: "p50 ms", cell: |one| Some(milliseconds(one.whole.p50)) };
const WHOLE_P99: Column = Column { head: "p99 ms", cell: |one| Some(milliseconds(one.whole.p99)) };
const CPU_JOIN: Column = Column {
    head: "CPU ms per connection",
    cell: |one| (one.joined > 0).then(|| number(one.cpu_s * 1000.0 / one.joined as f64)),
};

const JOIN: &[Column] = &[WHOLE, LAST, WHOLE_P50, WHOLE_P99, CPU_JOIN, RESIDENT, GENERATOR];
const RECONNECT: &[Column] =
    &[DELIVERED, WHOLE, LAST, WHOLE_P50, WHOLE_P99, CPU_JOIN, CPU_EACH, SAVED, RESIDENT, GENERATOR];

const SIT: &[Column] = &[
    Column { head: "open", cell: |one| Some(format!("{} / {}", one.joined, one.people)) },
    Column { head: "resident MB before", cell: |one| Some(number(one.resident_before as f64 / 1e6)) },
    Column { head: "resident MB with all", cell: |one| Some(number(one.resident as f64 / 1e6)) },
    Column { head: "kB each", cell: |one| one.resident_each().map(|bytes| number(bytes / 1024.0)) },
    Column { head: "CPU at rest, %", cell: |one| Some(number(100.0 * one.cpu_s / one.seconds.max(0.001))) },
];

/// What does not fit into a row.
fn remark(title: &str, one: &Measurement) -> String {
    let mut parts = Vec::new();
    for (reason, count) in &one.ended {
        parts.push(format!("{count} connections ended early ({reason})"));
    }
    if one.joined < one.people {
        parts.push(format!("{} of {} got in", one.joined, one.people));
    }
    for (count, what) in [
        (one.refused, "writes were refused"),
        (one.asked_again, "times it asked again for what it lacked"),
        (one.strays, "marks came that nobody wrote"),
        (one.unsaved as u64, "writes were never said to be saved"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if one.late.p99 > 10_000 {
        parts.push(format!("the generator itself was late, p99 {} ms", milliseconds(one.late.p99)));
    }
    if parts.is_empty() { String::new() } else { format!("- {title}: {}.\n", parts.join("; ")) }
}
