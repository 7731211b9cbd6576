//! `GET /api/malbilder/{id}/journal`: the journal as far as the caller may see it, a part at a time, or as a stream of
//! server-sent events that goes on.
//!
//! Invariant: A stream ends within the next entry once its seat was taken away
//! (`a_stream_of_a_journal_goes_on_and_ends_with_its_seat`).

use std::convert::Infallible;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::stream;
use samsyn_shared::EntryNumber;
use samsyn_shared::api::JournalPart;
use samsyn_shared::journal::Entry;
use serde::Deserialize;
use tokio::sync::watch;

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::access::{Bearer, Credential};
use crate::malbild::MalbildRecord;

/// What an answer that goes on is called.
const EVENTS: &str = "text/event-stream";

/// From where on.
#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    from: Option<u64>,
}

pub(super) async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(From { from }): Query<From>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (malbild, Bearer { seat, role, .. }) = caller.enter(&app, &id).await?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::ACCEPT).is_some_and(|accepted| accepted.contains(EVENTS)) {
        // A browser that comes back says which it had last.
        let last = text(HeaderName::from_static("last-event-id")).and_then(|last| last.parse::<u64>().ok());
        let from = last.map(|last| last.saturating_add(1)).or(from);
        return Ok(stream(app, malbild, caller.credential, EntryNumber(from.unwrap_or(1))));
    }
    let from = EntryNumber(from.unwrap_or(1));
    let (page, _) = app.rooms.journal(&malbild, from).await?;
    let next = (page.next <= page.head).then_some(page.next);
    let head = page.last.as_ref().map(entry).transpose()?;
    let head = head.map(|entry| entry.hash).unwrap_or_default();
    let seen = page.entries.iter().map(|bytes| Ok(entry(bytes)?.seen_by(&seat, role)));
    Ok(Json(JournalPart { entries: seen.collect::<Result<_, ApiError>>()?, head, next }).into_response())
}

/// An entry of a journal that was read, and verified, when its room opened.
fn entry(bytes: &Bytes) -> Result<Entry, ApiError> {
    Entry::decode(bytes).map_err(|error| {
        tracing::error!(%error, "an entry can't be read any more");
        ApiError::INTERNAL
    })
}

/// A journal that is being told.
struct Telling {
    app: App,
    malbild: MalbildRecord,
    credential: Credential,
    next: EntryNumber,
    head: Option<watch::Receiver<EntryNumber>>,
}

fn stream(app: App, malbild: MalbildRecord, credential: Credential, next: EntryNumber) -> Response {
    let telling = Telling { app, malbild, credential, next, head: None };
    let events = stream::unfold(telling, async |mut telling: Telling| {
        let events = telling.told().await?;
        Some((Ok::<Bytes, Infallible>(events), telling))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(EVENTS)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(events)).into_response()
}

impl Telling {
    /// What is to be told next, as events; none once there is nothing more to tell to this caller.
    async fn told(&mut self) -> Option<Bytes> {
        loop {
            if let Some(head) = &mut self.head
                && *head.borrow_and_update() < self.next
            {
                tokio::select! {
                    changed = head.changed() => changed.ok()?,
                    () = self.app.stopping.cancelled() => return None,
                }
            }
            // The seat is judged each time: it may be gone, or have become another one.
            let Bearer { seat, role, .. } =
                self.app.access.bearer_for(self.malbild.id, &self.credential).await.ok()??;
            let (page, head) = self.app.rooms.journal(&self.malbild, self.next).await.ok()?;
            self.head = Some(head);
            if page.entries.is_empty() {
                self.next = page.next.max(self.next);
                continue;
            }
            let mut events = BytesMut::new();
            for bytes in &page.entries {
                let told = entry(bytes).ok()?.seen_by(&seat, role);
                tell(&told, &mut events);
                // What was erased comes again, without what it said.
                if let Some(erased) = told.erases() {
                    let (again, _) = self.app.rooms.journal(&self.malbild, erased).await.ok()?;
                    tell(&entry(again.entries.first()?).ok()?.seen_by(&seat, role), &mut events);
                }
            }
            self.next = page.next;
            return Some(events.freeze());
        }
    }
}

/// Writes an entry as an event. What comes again has no place of its own in the order.
fn tell(entry: &Entry, events: &mut BytesMut) {
    events.put_slice(format!("event: entry\nid: {}\ndata: ", entry.number.0).as_bytes());
    events.put_slice(&entry.encode());
    events.put_slice(b"\n\n");
}
