//! `load`: does one scenario to one server that runs, and prints what it showed as a line of JSON.

use anyhow::{Context, Result};
use clap::Parser;
use samsyn_bench::place::Kind;
use samsyn_bench::run::Run;
use samsyn_bench::scenario::{Scenario, Times};
use samsyn_bench::usage::Process;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Parser)]
struct Arguments {
    /// What kind of server it is.
    #[arg(long)]
    kind: Kind,
    /// Where it listens.
    #[arg(long)]
    address: SocketAddr,
    /// Its process, whose CPU and memory are read.
    #[arg(long)]
    pid: u32,
    /// A folder on the disk that it writes to, to measure the disk itself.
    #[arg(long)]
    data: Option<PathBuf>,
    /// What is done to it.
    #[arg(long)]
    scenario: String,
    /// For a shorter time, with fewer people: to see that all works.
    #[arg(long)]
    quick: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let scenario = Scenario::named(&arguments.scenario).context("there is no such scenario")?;
    let run = Run {
        kind: arguments.kind,
        address: arguments.address,
        process: Process::new(arguments.pid),
        data: arguments.data,
        scenario: if arguments.quick { scenario.quick() } else { scenario },
        times: if arguments.quick { Times::QUICK } else { Times::FULL },
    };
    println!("{}", serde_json::to_string(&run.perform()?)?);
    Ok(())
}
