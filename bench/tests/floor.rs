//! The generator and the floor, together: what goes in comes out, and is counted right.

use anyhow::{Context, Result};
use samsyn_bench::place::Kind;
use samsyn_bench::run::Run;
use samsyn_bench::scenario::{Scenario, Shape, Times};
use samsyn_bench::usage::Process;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Floor(Child);

impl Drop for Floor {
    fn drop(&mut self) {
        self.0.kill().expect("it runs as long as this test does");
        self.0.wait().expect("it is a child of this process");
    }
}

fn everything_arrives(pace: u64, shape: Shape) -> Result<()> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_floor"))
        .args(["--listen", "127.0.0.1:0", "--pace", &pace.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().context("its stdout is piped")?;
    let process = Process::new(child.id());
    let floor = Floor(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on ").context("it says where it listens")?.parse()?;
    let run = Run {
        kind: Kind::Floor,
        address,
        process,
        data: Some(std::env::temp_dir()),
        scenario: Scenario { name: "test", title: "test", shape },
        times: Times { warm: 1, window: 1, rest: Duration::ZERO },
    };
    let result = run.perform()?;
    assert!(result.fsync.is_some_and(|fsync| fsync.count == 200));
    assert_eq!((result.strays, result.duplicates, result.refused), (0, 0, 0));
    assert!(result.ended.is_empty(), "{:?}", result.ended);
    assert_eq!(result.joined, run.scenario.people());
    // Two rooms of five, three of whom write 20 updates in the window, for four others each.
    assert_eq!((result.expected, result.delivered), (480, 480));
    assert_eq!(result.latency.count, 480);
    assert!(!result.is_collapsed());
    drop(floor);
    Ok(())
}

#[test]
fn all_that_is_written_arrives_once_at_each_of_the_others() -> Result<()> {
    let rooms = Shape::Rooms { rooms: 2, people: 5, writers: 3, rate: 20 };
    everything_arrives(0, rooms)?;
    everything_arrives(16, rooms)
}
