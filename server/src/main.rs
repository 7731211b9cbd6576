//! The program: reads its options, sets up logs and metrics, serves, and stops on a signal; or does what an
//! operator asks for, and says what came of it.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use rustix::fs::Mode;
use samsyn_server::control;
use samsyn_server::logs;
use samsyn_server::options::{Cli, Command, SalvageArgs, ServeArgs};
use samsyn_server::server::Server;
use samsyn_server::vitals;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    // Whatever this program writes, data, backups and what sled makes, is its own user's alone.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    match run(Cli::parse().command) {
        Ok(status) => status,
        Err(error) => {
            // One line with its causes, and no backtrace: it is for whoever typed the command.
            eprintln!("samsyn: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Command::Serve(args) = command {
        log("info")?;
        let served = runtime.block_on(serve(args));
        // A backup that is being made may take longer: it is let go of, and nothing of it is half done.
        runtime.shutdown_timeout(Duration::from_secs(5));
        return served.map(|()| ExitCode::SUCCESS);
    }
    log("warn")?;
    let answer = if let Command::Salvage(SalvageArgs { data, to }) = command {
        runtime.block_on(control::salvage(&data.data, &to))
    } else {
        let (data, request) = command.request()?.context("every other command is a request")?;
        runtime.block_on(control::run(&data, request))
    };
    if let Some((last, lines)) = answer.lines.split_last() {
        let mut out = std::io::stdout();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        // What could not be done is said where errors are said.
        if answer.status == 2 { eprintln!("samsyn: {last}") } else { writeln!(out, "{last}")? }
    }
    Ok(ExitCode::from(answer.status))
}

fn log(default: &str) -> anyhow::Result<()> {
    let asked = std::env::var("SAMSYN_LOG").ok();
    let lines = logs::subscriber(asked.as_deref(), default, std::io::stderr, std::io::stderr().is_terminal());
    // Nothing bridges the `log` crate, in which sled would show what it stores.
    tracing::subscriber::set_global_default(lines).context("logs")
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let settings = args.check()?;
    let metrics = PrometheusBuilder::new()
        .set_buckets(&vitals::SECONDS)
        .context("metrics")?
        .install_recorder()
        .context("metrics")?;
    vitals::describe();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.cancel();
    });
    let server = tokio::select! {
        server = Server::start(settings, Some(metrics)) => server?,
        // A disk that doesn't answer must not keep the process here either. Nothing was served yet.
        () = stop.cancelled() => {
            tracing::info!("stopped before it listened");
            return Ok(());
        }
    };
    let address = server.address()?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    Ok(server.run(stop).await?)
}
