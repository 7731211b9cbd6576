//! The plot: CPU for each delivered update, and p99, by the size of the room.

use super::{Report, number};
use crate::measurement::Measurement;
use crate::server::{self, Part, Server};
use crate::svg::{self, put};

/// A room, as scenario and label.
type Room = (&'static str, &'static str);

const ROOMS: [Room; 4] = [
    ("room-37", "37 people"),
    ("room-100", "100 people"),
    ("room-300", "300 people"),
    ("room-1000", "1000 people"),
];

const WIDTH: f64 = 1040.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const PANEL: f64 = 230.0;
const FIRST_TOP: f64 = 132.0;
const SECOND_TOP: f64 = 462.0;
const HEIGHT: f64 = 752.0;

/// A panel: what it shows of a measurement, and how its axis runs.
struct Panel {
    title: &'static str,
    top: f64,
    value: fn(&Measurement) -> Option<f64>,
    /// Whether each step of the axis is ten times the one before.
    logarithmic: bool,
    /// The axis ends here at least, and at most there; a longer bar is cut and keeps its number.
    end: (f64, f64),
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "Server CPU for each delivered update, µs",
        top: FIRST_TOP,
        value: Measurement::cpu_per_delivered,
        logarithmic: false,
        end: (4.0, 40.0),
    },
    Panel {
        title: "p99 from sent to seen, ms (each line is ten times the one below)",
        top: SECOND_TOP,
        value: |one| (one.latency.count > 0).then_some(one.latency.p99 as f64 / 1000.0),
        logarithmic: true,
        end: (100.0, 10_000.0),
    },
];

/// Draws it.
pub(super) fn draw(report: &Report) -> String {
    let shown: Vec<&Server> = server::ALL
        .iter()
        .filter(|server| ROOMS.iter().any(|(scenario, _)| report.find(server.name, scenario).is_some()))
        .collect();
    let measured = |(scenario, _): &Room| report.measurements.iter().any(|one| one.scenario == *scenario);
    let rooms: Vec<Room> = ROOMS.into_iter().filter(measured).collect();
    let mut svg = svg::begin(WIDTH, HEIGHT, LEFT, "What a delivered update costs, and how long it takes");
    legend(&mut svg, &shown);
    for panel in &PANELS {
        panel.draw(&mut svg, report, &rooms, &shown);
    }
    put(
        &mut svg,
        format_args!(
            r##"<text x="{LEFT}" y="{}" fill="#52606d">5 updates a second from each writer: 37, 100, 60 and 50 writers. Pale with ×: collapsed, less than 99 % arrived or got in.</text>
</svg>
"##,
            HEIGHT - 16.0
        ),
    );
    svg
}

fn legend(svg: &mut String, shown: &[&Server]) {
    let (mut x, mut y) = (LEFT, 62.0);
    for server in shown {
        let width = 34.0 + 6.9 * server.title.chars().count() as f64;
        if x + width > WIDTH - RIGHT {
            (x, y) = (LEFT, y + 22.0);
        }
        let (color, title) = (color(server), server.title);
        put(
            svg,
            format_args!(
                r#"<rect x="{x:.0}" y="{:.0}" width="12" height="12" rx="2" fill="{color}"/><text x="{:.0}" y="{y:.0}">{title}</text>
"#,
                y - 10.0,
                x + 18.0,
            ),
        );
        x += width;
    }
}

impl Panel {
    fn draw(&self, svg: &mut String, report: &Report, rooms: &[Room], shown: &[&Server]) {
        let values = rooms.iter().flat_map(|(scenario, _)| {
            shown.iter().filter_map(|server| (self.value)(report.find(server.name, scenario)?))
        });
        let largest = values.fold(0.0, f64::max);
        let end = (largest * 1.08).clamp(self.end.0, self.end.1);
        let bottom = self.top + PANEL;
        put(
            svg,
            format_args!(
                r#"<text x="{LEFT}" y="{:.0}" font-size="14" font-weight="600">{}</text>
"#,
                self.top - 14.0,
                self.title
            ),
        );
        for tick in self.ticks(end) {
            let y = bottom - self.height(tick, end);
            put(
                svg,
                format_args!(
                    r##"<line x1="{LEFT}" y1="{y:.1}" x2="{:.0}" y2="{y:.1}" stroke="#e4e7eb"/><text x="{:.0}" y="{:.1}" text-anchor="end" fill="#52606d">{tick}</text>
"##,
                    WIDTH - RIGHT,
                    LEFT - 8.0,
                    y + 4.0,
                ),
            );
        }
        let group = (WIDTH - LEFT - RIGHT) / rooms.len().max(1) as f64;
        for (place, (scenario, label)) in rooms.iter().enumerate() {
            let from = LEFT + group * place as f64;
            put(
                svg,
                format_args!(
                    r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{label}</text>
"#,
                    from + group / 2.0,
                    bottom + 20.0,
                ),
            );
            let here: Vec<_> = shown
                .iter()
                .filter_map(|server| Some((*server, report.find(server.name, scenario)?)))
                .filter_map(|(server, one)| Some((server, one, (self.value)(one)?)))
                .collect();
            // The bars stand in the middle of the group, however many there are.
            let width = (group - 18.0) / shown.len() as f64;
            let start = from + (group - width * here.len() as f64) / 2.0;
            for (index, (server, one, value)) in here.iter().enumerate() {
                let x = start + width * index as f64;
                self.bar(svg, (x, width), bottom, (*value, end), (color(server), one.is_collapsed()));
            }
        }
    }

    fn bar(
        &self,
        svg: &mut String,
        (x, width): (f64, f64),
        bottom: f64,
        (value, end): (f64, f64),
        (color, collapsed): (&str, bool),
    ) {
        let height = self.height(value, end).max(1.0);
        let (y, opacity, mark) =
            (bottom - height, if collapsed { 0.35 } else { 1.0 }, if collapsed { "×" } else { "" });
        put(
            svg,
            format_args!(
                r#"<rect x="{:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}" rx="2" fill="{color}" fill-opacity="{opacity}"/><text x="{:.1}" y="{:.1}" text-anchor="middle" font-size="9">{}{mark}</text>
"#,
                x + 1.0,
                width - 2.0,
                x + width / 2.0,
                y - 3.0,
                short(value),
            ),
        );
    }

    /// How high a bar is; never higher than the panel.
    fn height(&self, value: f64, end: f64) -> f64 {
        let share = if self.logarithmic { value.max(1.0).ln() / end.ln() } else { value / end };
        PANEL * share.min(1.0)
    }

    fn ticks(&self, end: f64) -> Vec<f64> {
        if self.logarithmic {
            return (0..).map(|power| 10f64.powi(power)).take_while(|tick| *tick <= end).collect();
        }
        let step = if end > 24.0 {
            8.0
        } else if end > 12.0 {
            4.0
        } else if end > 6.0 {
            2.0
        } else {
            1.0
        };
        (0..).map(|index| step * f64::from(index)).take_while(|tick| *tick <= end).collect()
    }
}

/// Short enough to stand over a bar.
fn short(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0}k", value / 1000.0)
    } else if value >= 1000.0 {
        format!("{:.1}k", value / 1000.0)
    } else if value >= 10.0 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        number(value)
    }
}

/// Ours are green, the floor is grey, and each peer has a colour of its own.
fn color(server: &Server) -> &'static str {
    match (server.part, server.name) {
        (Part::Ours, "samsyn") => "#0b6e4f",
        (Part::Ours, _) => "#6bb392",
        (Part::Floor(0), _) => "#616e7c",
        (Part::Floor(16), _) => "#9aa5b1",
        (Part::Floor(_), _) => "#cbd2d9",
        (Part::Peer, "y-websocket") => "#d9822b",
        (Part::Peer, "y-websocket-leveldb") => "#8f5318",
        (Part::Peer, "hocuspocus") => "#3f5fc4",
        (Part::Peer, _) => "#b83b72",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_never_leaves_its_panel() {
        for panel in &PANELS {
            assert!(panel.height(1e9, panel.end.1) <= PANEL);
            assert!(panel.height(0.0, panel.end.1) >= 0.0);
            assert!(!panel.ticks(panel.end.0).is_empty());
        }
    }
}
