//! `/api/malbilder/{id}/links` and `/seats`: handing out links, each of which gives a seat, and taking seats away.
//!
//! It doesn't know who may: the journal judges that.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use samsyn_shared::api::{LinkRequest, ListedSeat, ListedSeats, MintedLink, MintedSeat};
use samsyn_shared::journal::{Act, Asked, Revoke, SeatMade, Speaker};
use samsyn_shared::{ActId, Role, SeatId, Timestamp, Token};

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use super::malbilder::base_url;
use crate::access::Bearer;
use crate::access::token::{TokenRecord, removal, seat_of};
use crate::malbild::link;
use crate::store::{ReadStore, Time, Write};

/// `POST …/links`: nobody can read a hashed token back, so each link is a seat of its own.
pub(super) async fn mint_link(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Json<LinkRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<MintedSeat>), ApiError> {
    let (malbild, bearer) = caller.enter(&app, &id).await?;
    let Json(LinkRequest { role, actor, label, expires }) = body?;
    let expires = expires.map(|expires| expires.parse::<Time>()).transpose();
    let expires = expires.map_err(|_| ApiError::NO_TIME)?.map(|time| Timestamp::from_millis(time.0));
    let token = Token::generate(&mut rand::rng());
    let seat = seat_of(&token.hash());
    let record = TokenRecord { malbild: malbild.id, role, actor: actor.clone(), expires };
    let act = Act::Seat(SeatMade { role, speaks_for: actor, label, expires });
    let asked = Asked { speaker: speaker(bearer), id: seat.0.clone(), act };
    app.rooms.ask(&malbild, asked, vec![Write::put(&token.hash(), &record)]).await??;
    let token = token.reveal();
    let link = link(&base_url(&app, &headers), malbild.id, &token);
    Ok((StatusCode::CREATED, Json(MintedSeat { seat, link: MintedLink { role, token, link } })))
}

/// `GET …/seats`, for owners.
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ListedSeats>, ApiError> {
    let (malbild, bearer) = caller.enter(&app, &id).await?;
    if bearer.role < Role::Owner {
        return Err(ApiError::ROLE);
    }
    let seats = app.rooms.look(&malbild, |state| state.seats().clone()).await?;
    let seats = seats.into_iter().map(|(id, seat)| ListedSeat {
        seat: id,
        role: seat.role,
        actor: seat.actor,
        label: seat.label,
        expires: seat.expires,
        revoked: seat.revoked.is_some(),
    });
    Ok(Json(ListedSeats { seats: seats.collect() }))
}

/// `DELETE …/seats/{seat}`: its links open nothing any more, and its connections are closed.
pub(super) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((id, seat)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (malbild, bearer) = caller.enter(&app, &id).await?;
    let revoked: SeatId = seat.parse().map_err(|_| ApiError::NO_SEAT)?;
    let own = revoked.clone();
    let beside = app.storage.read(move |store: &dyn ReadStore| removal(store, &own)).await?;
    let id = ActId::generate(&mut rand::rng());
    let asked = Asked { speaker: speaker(bearer), id, act: Act::Revoke(Revoke { revoked }) };
    app.rooms.ask(&malbild, asked, beside).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn speaker(Bearer { seat, role, actor }: Bearer) -> Speaker {
    Speaker { seat, role, actor, name: None }
}
