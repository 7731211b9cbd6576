//! `GET /sync/{id}/content`: who may join which room, and the way from the request to the wire.
//!
//! It doesn't know what is in a frame, nor how one is read or written.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use hyper::upgrade::OnUpgrade;
use tracing::Instrument as _;

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use super::wire::{Handshake, Wire};
use crate::access::Bearer;
use crate::room::{Joined, RoomHandle};

/// Judges the caller, joins the room, and only then upgrades: whoever gets a socket receives all that
/// happens from then on.
pub(super) async fn upgrade(
    State(app): State<App>,
    caller: Caller,
    Path((id, part)): Path<(String, String)>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let (malbild, Bearer { seat, role, .. }) = caller.enter(&app, &id).await?;
    if part != "content" {
        return Err(ApiError::NO_ROUTE);
    }
    let Some(handshake) = Handshake::of(&mut request) else {
        return Ok(Handshake::refusal().into_response());
    };
    let (room, joined) = app.rooms.join(&malbild, (seat, role), handshake.dialect).await?;
    let (response, on_upgrade) = handshake.accept();
    let span = tracing::info_span!("connection", malbild = %malbild.id, connection = joined.id.0, %role);
    app.sockets.spawn(serve(on_upgrade, room, joined).instrument(span));
    Ok(response)
}

async fn serve(on_upgrade: OnUpgrade, room: RoomHandle, joined: Joined) {
    let Joined { id, outlet } = joined;
    metrics::gauge!("samsyn_connections_open", "transport" => "websocket").increment(1);
    match on_upgrade.await {
        Ok(upgraded) => match Wire::of(upgraded, outlet) {
            Some(wire) => wire.carry(&room, id).await,
            None => tracing::error!("a connection is no TCP stream"),
        },
        Err(error) => tracing::debug!(%error, "an upgrade failed"),
    }
    metrics::gauge!("samsyn_connections_open", "transport" => "websocket").decrement(1);
}
