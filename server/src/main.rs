//! The program: reads its options, sets up logs and metrics, serves, and stops on a signal.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use samsyn_server::options::{Cli, Command, ServeArgs};
use samsyn_server::server::Server;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

fn main() -> anyhow::Result<()> {
    let Cli { command: Command::Serve(args) } = Cli::parse();
    let filter = EnvFilter::try_from_env("SAMSYN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let settings = args.check()?;
    let metrics = PrometheusBuilder::new().install_recorder().context("metrics")?;
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
