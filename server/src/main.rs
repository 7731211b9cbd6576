//! The program: reads its options, sets up logs and metrics, serves, and stops on a signal.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use samsyn_server::options::{Cli, Command, ServeArgs};
use samsyn_server::pulse;
use samsyn_server::server::Server;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let Cli { command: Command::Serve(args) } = Cli::parse();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line with its causes, and no backtrace: it is for whoever typed the command.
            eprintln!("samsyn: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: ServeArgs) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_from_env("SAMSYN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // These would show frames, headers and addresses, and so texts and tokens, at their finest levels.
    for quiet in ["hyper=warn", "hyper_util=warn", "tungstenite=warn", "tokio_tungstenite=warn", "axum=warn"]
    {
        filter = filter.add_directive(quiet.parse()?);
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let settings = args.check()?;
    let metrics = PrometheusBuilder::new()
        .set_buckets(&pulse::SECONDS)
        .context("metrics")?
        .install_recorder()
        .context("metrics")?;
    pulse::describe();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = Server::start(settings, Some(metrics)).await?;
    let address = server.address()?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.cancel();
    });
    Ok(server.run(stop).await?)
}
