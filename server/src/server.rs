//! One running server: opens the store, listens, and stops in order. It doesn't know signals, the
//! command line's words or where logs go.
//!
//! Invariant: A disk that hangs is told, and keeps nobody from stopping
//! (`a_disk_that_hangs_is_told_at_once_and_keeps_nobody_from_stopping_the_server`).

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use samsyn_shared::domain::limits;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backup::BackupError;
use crate::backup::place::Place;
use crate::backup::schedule::Schedule;
use crate::control::Operator;
use crate::control::socket::Socket;
use crate::descriptors;
use crate::http::{App, Bounds, Unfinished, Visitors, router, serve};
use crate::options::Settings;
use crate::room::Workshop;
use crate::rooms::Rooms;
use crate::store::{Storage, StoreError, blocking, engine};
use crate::vitals;

/// How often ended rooms are swept and metrics kept up.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why a server doesn't start or run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place for backups.
    #[error("--backup-to: {0}")]
    BackupPlace(BackupError),
    /// The address.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// Accepting connections.
    #[error("cannot serve: {0}")]
    Serve(#[from] std::io::Error),
    /// It was to stop, and the disk did not answer within [`limits::STOP`]. Nothing of this was called saved.
    #[error(
        "stop-unstored: the disk did not answer; {changes} changes and {requests} requests were not stored, and \
         what was under way may be"
    )]
    Unstored {
        /// Changes that rooms have taken, and that are not on disk.
        changes: u64,
        /// Requests that waited for the store.
        requests: usize,
    },
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    app: App,
    metrics: Option<PrometheusHandle>,
    control: Option<Socket>,
    backup: Option<Schedule>,
}

impl Server {
    /// Opens the data directory and the port.
    ///
    /// # Errors
    /// [`ServerError::BackupPlace`], [`ServerError::Store`] (another process has the directory, it is of another format, it can't be
    /// read), [`ServerError::Listen`].
    pub async fn start(settings: Settings, metrics: Option<PrometheusHandle>) -> Result<Self, ServerError> {
        let Settings { listen, data, public_url, backup } = settings;
        if let Some(Schedule { to, .. }) = &backup {
            match Place::of(to, &data) {
                Place::Elsewhere => {}
                Place::Beside => tracing::warn!(
                    to = %to.display(),
                    "backups are made into the data directory: whoever loses that loses both"
                ),
                Place::Within => return Err(ServerError::BackupPlace(BackupError::Place(to.clone()))),
            }
        }
        let dir = data.clone();
        let engine = blocking(move || engine::open(&dir)).await??;
        let storage = Storage::start(engine).with_rescue(&data.join("rescue"));
        let control = Socket::bind(&data);
        if let Err(error) = &control {
            tracing::warn!(%error, "no control socket: check, backup and restore only work while it is stopped");
        }
        let descriptors = descriptors::raise();
        let bounds = Bounds::of(descriptors);
        tracing::info!(descriptors, connections = bounds.connections, strangers = bounds.strangers, "limits");
        let listener = bind(listen).map_err(|error| ServerError::Listen(listen, error))?;
        let rooms = Rooms::with_workshop(storage.clone(), Workshop::start()?);
        let visitors = Visitors::new(bounds, Unfinished::new(limits::UNFINISHED_BYTES));
        let app = App {
            public_url: public_url.map(Into::into),
            metrics: metrics.clone(),
            ..App::new(storage, rooms, visitors)
        };
        Ok(Self { listener, app, metrics, control: control.ok(), backup })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system doesn't say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is cancelled, then: accepts nothing more, stores all that rooms accepted, says
    /// 1001 to every socket, lets requests end, closes the store. If all that takes longer than
    /// [`limits::STOP`], it says what was not stored, and returns.
    ///
    /// # Errors
    /// [`ServerError::Serve`], [`ServerError::Unstored`].
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerError> {
        let address = self.address()?;
        let Self { listener, app, metrics, control, backup } = self;
        let stopping = app.stopping.clone();
        let keeping = TaskTracker::new();
        if let Some(control) = control {
            let base_url = app.public_url.clone().unwrap_or_else(|| format!("http://{address}").into());
            let (storage, rooms) = (app.storage.clone(), app.rooms.clone());
            let operator = Operator { storage, rooms, base_url };
            keeping.spawn(control.serve(operator, stopping.clone()));
        }
        if let Some(backup) = backup {
            keeping.spawn(backup.run(app.storage.clone(), stopping.clone()));
        }
        let upkeep = tokio::spawn(upkeep(app.rooms.clone(), app.storage.clone(), metrics, stopping.clone()));
        let service = router(app.clone());
        let mut serving = tokio::spawn(serve(listener, service, app.visitors.clone(), stopping.clone()));
        tokio::select! {
            () = stop.cancelled() => {}
            ended = &mut serving => return Ok(ended.map_err(std::io::Error::other)?),
        }
        tracing::info!("stopping");
        stopping.cancel();
        let end = async {
            // A full disk is not waited for longer than this: nothing that waits for it was called saved.
            let (storage, grace) = (app.storage.clone(), tokio::time::sleep(limits::DRAIN));
            let impatience = tokio::spawn(async move {
                grace.await;
                storage.stop_waiting();
            });
            app.rooms.drain().await;
            impatience.abort();
            app.sockets.close();
            let end = async {
                app.sockets.wait().await;
                (&mut serving).await
            };
            match tokio::time::timeout(limits::DRAIN, end).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "serving ended badly"),
                Err(_) => tracing::warn!("some connections did not end in time"),
            }
            app.storage.close().await;
            keeping.close();
            keeping.wait().await;
            if let Err(error) = upkeep.await {
                tracing::error!(%error, "upkeep ended badly");
            }
        };
        match tokio::time::timeout(limits::STOP, end).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => {
                let (_, reading) = app.rooms.reading();
                let (changes, requests) = (reading.unsaved, app.storage.waiting());
                let committing = app.storage.committing_for();
                tracing::error!(changes, requests, ?committing, "stopped without storing all");
                return Err(ServerError::Unstored { changes, requests });
            }
        }
        Ok(())
    }
}

/// Listens with room for a whole hall that joins at once: what the kernel has no room for is tried again by
/// the client's own kernel a second later.
fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that was just stopped must not keep its port from the next.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(limits::BACKLOG)
}

async fn upkeep(
    rooms: Rooms,
    storage: Storage,
    metrics: Option<PrometheusHandle>,
    stopping: CancellationToken,
) {
    let mut hung = false;
    let mut ticks = tokio::time::interval(UPKEEP);
    let mut lines = tokio::time::interval(vitals::LINE_EVERY);
    lines.reset();
    let watched = std::io::stdout().is_terminal();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = lines.tick(), if watched => println!("{}", vitals::line(&rooms)),
            _ = ticks.tick() => {
                rooms.sweep();
                let hangs = storage.hangs();
                match (hangs, hung) {
                    (true, _) => {
                        let committing = storage.committing_for();
                        tracing::error!(?committing, "the disk does not answer; nothing is saved until it does");
                    }
                    (false, true) => tracing::info!("the disk answers again"),
                    (false, false) => {}
                }
                hung = hangs;
                if let Some(metrics) = &metrics {
                    metrics.run_upkeep();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
