//! `relay`: starts one server after the other, lets `load` loose on it, and writes the report.
//!
//! `cargo xtask bench relay` builds and installs what it needs, and runs it. Two servers never run at
//! the same time, and each scenario has a server of its own that was just started.

use anyhow::{Context, Result, bail};
use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use samsyn_bench::machine;
use samsyn_bench::measurement::Measurement;
use samsyn_bench::report::Report;
use samsyn_bench::scenario::{self, Scenario, Times};
use samsyn_bench::server::{self, Programs, Running, Server};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

#[derive(Parser)]
struct Arguments {
    /// Samsyn's release binary.
    #[arg(long)]
    samsyn: PathBuf,
    /// The folder with the peers' npm packages.
    #[arg(long)]
    npm: PathBuf,
    /// y-sweet, if it is installed.
    #[arg(long)]
    y_sweet: Option<PathBuf>,
    /// Where the report goes, and the servers' data while they run.
    #[arg(long)]
    out: PathBuf,
    /// A run of three minutes, to see that all works. Its figures are not to be believed.
    #[arg(long)]
    quick: bool,
    /// Only servers whose name begins so; may be given more than once.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only this scenario; may be given more than once.
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// Also say where Samsyn's time goes with 100 people; needs `perf`.
    #[arg(long)]
    profile: bool,
}

/// Connections of the largest scenario, and as much again.
const OPEN_FILES: u64 = 4096;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    raise_file_limit()?;
    fs::create_dir_all(&arguments.out)?;
    let bench = Bench::new(arguments)?;
    let report = bench.run()?;
    let out = &bench.arguments.out;
    fs::write(out.join("relay.md"), report.markdown())?;
    fs::write(out.join("relay.svg"), report.plot())?;
    eprintln!("bench: the report is in {}", out.join("relay.md").display());
    Ok(())
}

/// Server and generator each hold a socket for every connection, and inherit this limit.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < OPEN_FILES) {
        bail!("at most {:?} files may be open here, and {OPEN_FILES} are needed", limit.maximum);
    }
    let current = limit.maximum.map_or(OPEN_FILES, |maximum| maximum.min(65_536));
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum })?)
}

struct Bench {
    arguments: Arguments,
    programs: Programs,
    load: PathBuf,
    scenarios: Vec<Scenario>,
    servers: Vec<Server>,
}

impl Bench {
    fn new(arguments: Arguments) -> Result<Bench> {
        let beside = std::env::current_exe()?;
        let beside = beside.parent().context("this program is in no folder")?;
        let programs = Programs {
            samsyn: arguments.samsyn.clone(),
            floor: beside.join("floor"),
            npm: arguments.npm.clone(),
            y_sweet: arguments.y_sweet.clone(),
        };
        for name in &arguments.scenario {
            Scenario::named(name).with_context(|| format!("there is no scenario {name}: {}", names()))?;
        }
        let asked = !arguments.scenario.is_empty();
        let wanted = |scenario: &&Scenario| match asked {
            true => arguments.scenario.iter().any(|name| name == scenario.name),
            false => !arguments.quick || scenario.is_in_quick_run(),
        };
        let scenarios = scenario::ALL.iter().filter(wanted).copied().collect();
        let wanted = |server: &&Server| match arguments.only.is_empty() {
            true => !arguments.quick || server.quick,
            false => arguments.only.iter().any(|name| server.name.starts_with(name.as_str())),
        };
        let servers: Vec<Server> = server::ALL.iter().filter(wanted).copied().collect();
        if servers.is_empty() {
            let names: Vec<_> = server::ALL.iter().map(|server| server.name).collect();
            bail!("none of the servers has such a name: {}", names.join(", "));
        }
        Ok(Bench { load: beside.join("load"), programs, scenarios, servers, arguments })
    }

    fn run(&self) -> Result<Report> {
        let started = Instant::now();
        let out = &self.arguments.out;
        let mut lines = File::create(out.join("relay.jsonl"))?;
        let mut report = Report { about: self.about(), ..Report::default() };
        for scenario in &self.scenarios {
            for server in self.servers.iter().filter(|server| server.takes_part(scenario)) {
                let one = self.measure(server, scenario);
                eprintln!("bench: {:>5.0} s  {}", started.elapsed().as_secs_f64(), told(&one));
                writeln!(lines, "{}", serde_json::to_string(&one)?)?;
                report.measurements.push(one);
            }
        }
        if self.arguments.profile {
            report.profile = Some(match self.profile() {
                Ok(profile) => profile,
                Err(error) => format!("no profile: {error:#}"),
            });
        }
        report.about.push(format!("the run took {:.0} s", started.elapsed().as_secs_f64()));
        Ok(report)
    }

    fn measure(&self, server: &Server, scenario: &Scenario) -> Measurement {
        let measured = self.start(server, scenario.name).and_then(|running| {
            let load = self.load(server, scenario, &running)?;
            finish(load)
        });
        let failed = |error: anyhow::Error| Measurement {
            scenario: scenario.name.into(),
            people: scenario.people(),
            failed: Some(format!("{error:#}")),
            ..Measurement::default()
        };
        Measurement { server: server.name.into(), ..measured.unwrap_or_else(failed) }
    }

    fn start(&self, server: &Server, purpose: &str) -> Result<Running> {
        server.start(&self.programs, &self.arguments.out.join("servers").join(server.name).join(purpose))
    }

    fn load(&self, server: &Server, scenario: &Scenario, running: &Running) -> Result<Child> {
        let mut load = Command::new(&self.load);
        let kind = clap::ValueEnum::to_possible_value(&server.kind).context("each kind has a name")?;
        load.arg("--kind").arg(kind.get_name());
        load.arg("--address").arg(running.address.to_string());
        load.arg("--pid").arg(running.id().to_string());
        load.arg("--scenario").arg(scenario.name);
        if let Some(data) = &running.data {
            load.arg("--data").arg(data);
        }
        if self.arguments.quick {
            load.arg("--quick");
        }
        load.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        load.spawn().context("cannot start the generator")
    }

    /// One more run with 100 people, which is not in the tables: a profiler costs time as well.
    fn profile(&self) -> Result<String> {
        let server = server::ALL.iter().find(|server| server.name == "samsyn").context("no Samsyn")?;
        let scenario = Scenario::named("room-100").context("no room of 100")?;
        let running = self.start(server, "profile")?;
        let load = self.load(server, &scenario, &running)?;
        let times = if self.arguments.quick { Times::QUICK } else { Times::FULL };
        let data = self.arguments.out.join("perf.data");
        let mut record = Command::new("perf");
        record.args(["record", "-q", "-g", "-F", "499", "-p", &running.id().to_string(), "-o"]).arg(&data);
        record.args(["--", "sleep", &(times.warm + times.window).to_string()]);
        answer(&mut record)?;
        finish(load)?;
        let list = |arguments: &[&str], wanted: &dyn Fn(&str) -> bool, count: usize| -> Result<String> {
            let mut report = Command::new("perf");
            report.args(["report", "--stdio", "-g", "none"]).args(arguments).arg("-i").arg(&data);
            let all = answer(&mut report)?;
            let lines = all.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
            let lines = lines.filter(|line| wanted(line)).take(count);
            let trimmed = |line: &str| format!("{}\n", line.trim_end_matches([' ', '-']));
            Ok(lines.map(trimmed).collect())
        };
        let programs = list(&["--no-children", "--sort", "dso"], &|_| true, 5)?;
        let calls = list(&["--children", "--sort", "symbol"], &|line| line.contains("64_sys_"), 8)?;
        let symbols = list(&["--no-children", "--sort", "dso,symbol"], &|_| true, 25)?;
        Ok(format!(
            "by program\n{programs}\nby system call, with all that the kernel does in it\n{calls}\n\
             by function, itself\n{symbols}"
        ))
    }

    fn about(&self) -> Vec<String> {
        let times = if self.arguments.quick { Times::QUICK } else { Times::FULL };
        let mut about = vec![
            machine::told(),
            format!("load on the machine before the run: {}", machine::load()),
            format!(
                "writers write for {} s to warm up and {} s that are measured; servers and generator are on \
                 the same machine, one server at a time, each started anew for each scenario",
                times.warm, times.window
            ),
            String::from(
                "delivered: an update that reached a participant other than its writer, once each; CPU: user \
                 and system time of the server's process in the window, for each update that reached \
                 somebody within it; collapsed: less than 99 % arrived or got in",
            ),
            String::from(
                "all participants announce a name when they join, as stock clients do (the floor knows no \
                 presence); it is renewed after 25 s, which only slow joins see",
            ),
        ];
        if self.arguments.quick {
            about.push(String::from("**a quick run: its figures are not to be believed**"));
        }
        about
    }
}

fn names() -> String {
    scenario::ALL.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ")
}

/// Waits for the generator and reads what it found.
fn finish(load: Child) -> Result<Measurement> {
    let output = load.wait_with_output()?;
    let text = succeeded("the generator", &output)?;
    serde_json::from_str(&text).context("the generator answered with something else")
}

fn answer(command: &mut Command) -> Result<String> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    succeeded(&name, &output)
}

fn succeeded(name: &str, output: &Output) -> Result<String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed: {}", said.trim().lines().next().unwrap_or("it says nothing"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One measurement as a line for those who wait.
fn told(one: &Measurement) -> String {
    let head = format!("{:<14} {:<20}", one.scenario, one.server);
    if let Some(reason) = &one.failed {
        return format!("{head} no result: {reason}");
    }
    let mut text = format!("{head} {:>6.2} %", 100.0 * one.share());
    if let Some(cpu) = one.cpu_per_delivered() {
        text += &format!("  {cpu:>6.2} µs  p99 {:>8.1} ms", one.latency.p99 as f64 / 1000.0);
    }
    if one.whole_s > 0.0 {
        text += &format!("  {}/{} had all after {:.2} s", one.whole_count, one.people, one.whole_s);
    }
    if let Some(bytes) = one.resident_each() {
        text += &format!("  {:.0} kB each", bytes / 1024.0);
    }
    text
}
