//! `/sync/{id}/content/events`: the way to a room for whoever's network lets no WebSocket through. A `GET` is
//! answered with a stream of events that doesn't end, and what is said goes up in `POST`s that show its secret.
//!
//! It judges callers as a WebSocket's are judged, and doesn't know what is in a message.
//!
//! Invariant: Over HTTP everything is taken once and in order, and a room doesn't know it from a WebSocket
//! (`a_request_that_comes_again_is_taken_once_and_one_that_comes_too_early_not_at_all`,
//! `over_http_and_over_a_websocket_people_are_in_one_room`).

mod connection;
mod event;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::stream::{CONNECTION_HEADER, NUMBER_HEADER};
use samsyn_shared::{MalbildId, Token, TokenHash};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::Instrument as _;

use samsyn_shared::room::Dialect;

use self::connection::{HttpConnection, Said};
use super::App;
use super::caller::Caller;
use super::error::ApiError;
use super::unfinished::Crowded;
use crate::access::Bearer;
use crate::malbild::MalbildRecord;

/// The connections that are carried by HTTP, by their målbild and their secret.
#[derive(Debug, Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<Key, OpenStream>>>);

type Key = (MalbildId, TokenHash);

/// Where the requests of an open stream go: one connection.
#[derive(Debug, Clone)]
struct OpenStream {
    say: mpsc::Sender<Said>,
    /// One request at a time.
    turn: Arc<Semaphore>,
}

impl Streams {
    fn map(&self) -> MutexGuard<'_, HashMap<Key, OpenStream>> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

/// Judges the caller, joins the room, and answers with the stream of all that happens from then on.
pub(super) async fn open(
    State(app): State<App>,
    caller: Caller,
    Path((id, part)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.refuse_foreign()?;
    let (malbild, Bearer { seat, role, .. }) = enter(&app, &caller, &id, &part).await?;
    let (room, joined) = app.rooms.join(&malbild, (seat, role), Dialect::Own).await?;
    let secret = Token::generate(&mut rand::rng());
    let key = (malbild.id, secret.hash());
    let (say, said) = mpsc::channel(1);
    let (chunks, mut body) = mpsc::channel(1);
    let span = tracing::info_span!("connection", malbild = %malbild.id, connection = joined.id.0, %role);
    app.streams.map().insert(key, OpenStream { say, turn: Arc::new(Semaphore::new(1)) });
    let streams = app.streams.clone();
    let carried = async move {
        metrics::gauge!("samsyn_connections_open", "transport" => "http").increment(1);
        HttpConnection::new(&room, joined, (said, chunks), &secret).carry().await;
        streams.map().remove(&key);
        metrics::gauge!("samsyn_connections_open", "transport" => "http").decrement(1);
    };
    app.sockets.spawn(carried.instrument(span));
    let body = stream::poll_fn(move |cx| body.poll_recv(cx)).map(Ok::<Bytes, Infallible>);
    Ok((HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))), Body::from_stream(body))
        .into_response())
}

/// What keeps those in between from holding events back, or changing them.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream"),
    (header::CACHE_CONTROL, "no-store, no-transform"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// Takes messages for an open stream, in the order of their requests' numbers. It is answered once the room has
/// all of them in its inbox: while that is full, whoever sends waits.
pub(super) async fn post(
    State(app): State<App>,
    caller: Caller,
    Path((id, part)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (malbild, _) = enter(&app, &caller, &id, &part).await?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = text(NUMBER_HEADER).ok_or(ApiError::NO_NUMBER)?;
    let number = canonical(number).ok_or(ApiError::BAD_NUMBER)?;
    let secret = text(CONNECTION_HEADER).and_then(|secret| secret.parse::<Token>().ok());
    let key = (malbild.id, secret.ok_or(ApiError::GONE)?.hash());
    let OpenStream { say, turn } = app.streams.map().get(&key).cloned().ok_or(ApiError::GONE)?;
    // Bodies that are read side by side would be as many times the largest.
    let _turn = turn.try_acquire().map_err(|_| ApiError::BUSY)?;
    let body = read(body.into_data_stream(), &say).await?;
    // It counts as held until the room has it, also when whoever sent it doesn't wait for that.
    let mut held = app.visitors.unfinished().holder();
    if held.set(body.len()).is_err() {
        return Err(crowded(&say).await);
    }
    let (reply, answer) = oneshot::channel();
    say.send(Said::Post { number, body, held, reply }).await.map_err(|_| ApiError::GONE)?;
    answer.await.unwrap_or(Err(ApiError::GONE))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has the connection closed for what it held.
async fn crowded(line: &mpsc::Sender<Said>) -> ApiError {
    if line.send(Said::Crowded).await.is_err() { ApiError::GONE } else { ApiError::CROWDED }
}

/// A number as we write it: no sign, no space, nothing before its first digit, and not 0.
fn canonical(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

async fn enter(
    app: &App,
    caller: &Caller,
    id: &str,
    part: &str,
) -> Result<(MalbildRecord, Bearer), ApiError> {
    let entered = caller.enter(app, id).await?;
    if part == "content" { Ok(entered) } else { Err(ApiError::NO_ROUTE) }
}

/// Reads a body. Each part of it that comes is a sign of life: a large one may take long.
async fn read(mut body: BodyDataStream, line: &mpsc::Sender<Said>) -> Result<Bytes, ApiError> {
    let mut held = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = match part {
            Ok(part) => part,
            Err(error) if Crowded::caused(&error) => return Err(crowded(line).await),
            Err(_) => return Err(ApiError::CUT_SHORT),
        };
        if held.len() + part.len() > limits::POST_BYTES {
            line.send(Said::TooLarge).await.map_err(|_| ApiError::GONE)?;
            return Err(ApiError::TOO_LARGE);
        }
        held.extend_from_slice(&part);
        match line.try_send(Said::Part) {
            // What is in the way there is a sign of life itself.
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(ApiError::GONE),
        }
    }
    Ok(held.freeze())
}

#[cfg(test)]
mod tests;
