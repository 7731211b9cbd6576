//! `GET /sync/{id}/content`: one WebSocket, from its upgrade to its close. It carries frames between the
//! socket and the room, and finds out whether anyone still listens.
//!
//! It doesn't know what is in a frame.

use std::time::{Duration, Instant};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use samsyn_shared::limits;
use samsyn_shared::protocol::{CloseCode, SUBPROTOCOL};
use tokio::sync::{mpsc, oneshot};

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::room::{Dialect, Joined, RoomHandle};

/// Bytes of the largest message that is read at all. The room refuses what is over the limit by its number;
/// only what is over this closes the socket, unread.
const READ_BYTES: usize = 2 * limits::MESSAGE_BYTES;
/// Bytes that may wait inside tungstenite for a socket that takes none: the largest answer, which is a whole
/// document (32 MiB), and some.
const WRITE_BYTES: usize = 40 * 1024 * 1024;
/// tungstenite's buffers, in bytes: its defaults cost 136 kB for each idle connection.
const READ_BUFFER: usize = 4096;
/// How often a connection is pinged, and how long it may be silent: two pings and some.
const PING: Duration = Duration::from_secs(10);
const SILENT: Duration = Duration::from_secs(25);
/// How long the last words of a closing connection may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Judges the caller, joins the room, and only then upgrades: whoever gets a socket receives all that
/// happens from then on.
pub(super) async fn upgrade(
    State(app): State<App>,
    caller: Caller,
    Path((id, part)): Path<(String, String)>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let (malbild, role) = caller.enter(&app, &id)?;
    if part != "content" {
        return Err(ApiError::NO_ROUTE);
    }
    let upgrade = upgrade.map_err(|_| ApiError::NO_UPGRADE)?.protocols([SUBPROTOCOL]);
    let dialect = if upgrade.selected_protocol().is_some() { Dialect::Own } else { Dialect::Stock };
    let (room, joined) = app.registry.join(&malbild, role, dialect).await?;
    let (lost, id) = (room.clone(), joined.id);
    let sockets = app.sockets.clone();
    let response = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES)
        .max_message_size(READ_BYTES)
        .max_frame_size(READ_BYTES)
        .on_failed_upgrade(move |error| {
            tracing::debug!(%error, "an upgrade failed");
            tokio::spawn(async move { lost.leave(id).await });
        })
        .on_upgrade(move |socket| sockets.track_future(Connection { room, joined }.serve(socket)));
    Ok(response.into_response())
}

struct Connection {
    room: RoomHandle,
    joined: Joined,
}

impl Connection {
    async fn serve(self, socket: WebSocket) {
        metrics::gauge!("samsyn_connections_open").increment(1);
        let Self { room, joined: Joined { id, mut outbox, mut closing } } = self;
        let mut wire = Wire { socket, heard: Instant::now() };
        let ending = wire.carry(&room, id, &mut outbox, &mut closing).await;
        if let Some(code) = ending {
            wire.farewell(&mut outbox, code).await;
        }
        room.leave(id).await;
        metrics::gauge!("samsyn_connections_open").decrement(1);
    }
}

struct Wire {
    socket: WebSocket,
    heard: Instant,
}

impl Wire {
    /// Carries frames both ways until either side ends. Gives the code to close with, if the other side
    /// has not closed.
    async fn carry(
        &mut self,
        room: &RoomHandle,
        id: crate::room::ConnectionId,
        outbox: &mut mpsc::Receiver<Bytes>,
        closing: &mut oneshot::Receiver<CloseCode>,
    ) -> Option<CloseCode> {
        let mut pings = tokio::time::interval(PING);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                code = &mut *closing => return Some(code.unwrap_or(CloseCode::RoomFailed)),
                Some(frame) = outbox.recv() => {
                    if let Some(ending) = self.send(Message::Binary(frame), closing).await {
                        return ending;
                    }
                }
                message = StreamExt::next(&mut self.socket) => {
                    self.heard = Instant::now();
                    match message? {
                        Ok(Message::Binary(frame)) => {
                            if room.frame(id, frame).await.is_err() {
                                return Some((&mut *closing).await.unwrap_or(CloseCode::RoomFailed));
                            }
                        }
                        Ok(Message::Text(_)) => return Some(CloseCode::Undecodable),
                        Ok(Message::Ping(_) | Message::Pong(_)) => {}
                        Ok(Message::Close(_)) => return None,
                        Err(error) => return code_for(&error),
                    }
                }
                _ = pings.tick() => {
                    if self.heard.elapsed() > SILENT {
                        return Some(CloseCode::Silent);
                    }
                    if let Some(ending) = self.send(Message::Ping(Bytes::new()), closing).await {
                        return ending;
                    }
                }
            }
        }
    }

    /// Sends a message; `Some` if the connection ends over it. A write that blocks does not keep the
    /// room's "close" from being heard.
    async fn send(
        &mut self,
        message: Message,
        closing: &mut oneshot::Receiver<CloseCode>,
    ) -> Option<Option<CloseCode>> {
        tokio::select! {
            sent = self.socket.send(message) => sent.is_err().then_some(None),
            code = closing => Some(Some(code.unwrap_or(CloseCode::RoomFailed))),
        }
    }

    /// Sends what still waits (a `Saved` may be in it), then the close frame, for a short while at most.
    async fn farewell(&mut self, outbox: &mut mpsc::Receiver<Bytes>, code: CloseCode) {
        let last_words = async {
            if !matches!(code, CloseCode::Slow | CloseCode::Silent) {
                while let Ok(frame) = outbox.try_recv() {
                    self.socket.send(Message::Binary(frame)).await?;
                }
            }
            let frame = CloseFrame { code: code.number(), reason: code.reason().into() };
            self.socket.send(Message::Close(Some(frame))).await?;
            // Until the other side has closed too, so that it surely reads the code.
            while let Some(Ok(message)) = StreamExt::next(&mut self.socket).await {
                if matches!(message, Message::Close(_)) {
                    break;
                }
            }
            Ok::<(), axum::Error>(())
        };
        match tokio::time::timeout(FAREWELL, last_words).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection ended before it was closed"),
            Err(_) => tracing::debug!("a connection did not close in time"),
        }
    }
}

fn code_for(error: &axum::Error) -> Option<CloseCode> {
    let text = error.to_string();
    tracing::debug!(error = text, "a socket failed");
    // axum hides tungstenite's error type; a message over the limit is the one that deserves an answer.
    text.contains("too long").then_some(CloseCode::TooLarge)
}
