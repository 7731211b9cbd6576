//! One connection over HTTP, from the join to the close: what waits in the outbox becomes events, what is posted
//! goes to the room, and it finds out whether anyone is still there.
//!
//! It doesn't know requests, who may join, or what is in a message. The HTTP server fetches the events, so
//! what a slow reader doesn't take waits in the outbox, where it is bounded.

use std::cmp::Ordering;

use bytes::Bytes;
use samsyn_shared::Token;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::CloseCode;
use samsyn_shared::sync::protocol::stream::unpack;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use samsyn_shared::room::ConnectionId;

use super::event;
use crate::frame::unframed;
use crate::http::error::ApiError;
use crate::http::unfinished::Held;
use crate::room::{Joined, Outlet, RoomHandle};

/// One connection.
pub(super) struct HttpConnection<'a> {
    outgoing: Outgoing,
    incoming: Incoming<'a>,
}

/// What came from the client's side.
#[derive(Debug)]
pub(super) enum Said {
    /// A part of a body.
    Part,
    /// A body over the limit.
    TooLarge,
    /// A body that held most when too much was unfinished.
    Crowded,
    /// A whole body.
    Post { number: u64, body: Bytes, held: Held, reply: oneshot::Sender<Result<(), ApiError>> },
}

struct Outgoing {
    events: Events,
    chunks: mpsc::Sender<Bytes>,
}

/// What the room says, as the pieces of events.
struct Events {
    outlet: Outlet,
    /// What is left of what was taken from the outlet.
    begun: Box<dyn Iterator<Item = Bytes> + Send>,
}

struct Incoming<'a> {
    room: &'a RoomHandle,
    id: ConnectionId,
    said: mpsc::Receiver<Said>,
    /// The number of the request that is taken next.
    next: u64,
}

/// Why a connection ends.
enum Ending {
    /// Nobody reads any more.
    Gone,
    /// It is told why.
    Tell(CloseCode),
}

impl<'a> HttpConnection<'a> {
    /// Between a room and the two ends that requests have.
    pub(super) fn new(
        room: &'a RoomHandle,
        joined: Joined,
        (said, chunks): (mpsc::Receiver<Said>, mpsc::Sender<Bytes>),
        secret: &Token,
    ) -> Self {
        let Joined { id, outlet } = joined;
        let events = Events { outlet, begun: Box::new(std::iter::once(event::connection(secret))) };
        Self { outgoing: Outgoing { events, chunks }, incoming: Incoming { room, id, said, next: 1 } }
    }

    /// Carries messages both ways until either side ends, and sees to it that the other side is told why.
    pub(super) async fn carry(mut self) {
        let ending = tokio::select! {
            biased;
            ending = self.outgoing.carry() => ending,
            code = self.incoming.carry() => Ending::Tell(code),
        };
        let last_words = async {
            match ending {
                Ending::Tell(code) => self.outgoing.farewell(code).await,
                // A page that is closed says its last words in a request of their own.
                Ending::Gone => {
                    self.incoming.carry().await;
                }
            }
        };
        if timeout(limits::FAREWELL, last_words).await.is_err() {
            tracing::debug!("a connection did not close in time");
        }
    }
}

impl Events {
    fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.begun.next() {
                return Some(piece);
            }
            self.begun = Box::new(unframed(self.outlet.take()?).flat_map(event::message));
        }
    }
}

impl Outgoing {
    /// Hands on what the room says as fast as it is fetched, until the room says to close. Stopped at any time,
    /// it has lost nothing.
    async fn carry(&mut self) -> Ending {
        loop {
            if let Some(code) = self.events.outlet.closing() {
                return Ending::Tell(code);
            }
            let place = tokio::select! {
                () = self.events.outlet.woken() => continue,
                place = self.chunks.reserve() => place,
            };
            let Ok(place) = place else { return Ending::Gone };
            match self.events.next() {
                Some(piece) => place.send(piece),
                None => tokio::select! {
                    () = self.events.outlet.woken() => {}
                    () = self.chunks.closed() => return Ending::Gone,
                },
            }
        }
    }

    /// Tells the code, and before it what still waits (a `Saved` may be in it).
    async fn farewell(&mut self, code: CloseCode) {
        let told = async {
            while let Some(piece) = (!code.is_abrupt()).then(|| self.events.next()).flatten() {
                self.chunks.send(piece).await?;
            }
            self.chunks.send(event::close(code)).await
        };
        if told.await.is_err() {
            tracing::debug!("a connection went before it was told why");
        }
    }
}

impl Incoming<'_> {
    /// Hands the room what is posted, one request at a time: while the room is busy, the next one waits.
    async fn carry(&mut self) -> CloseCode {
        loop {
            let Ok(Some(said)) = timeout(limits::SILENT, self.said.recv()).await else {
                return CloseCode::Silent;
            };
            match said {
                Said::Part => {}
                Said::TooLarge => return CloseCode::TooLarge,
                Said::Crowded => return CloseCode::Slow,
                Said::Post { number, body, held, reply } => {
                    let (answer, offence) = match number.cmp(&self.next) {
                        Ordering::Equal => {
                            self.next += 1;
                            self.hand_over(&body, &held).await
                        }
                        // It was taken, and what said so was lost on its way.
                        Ordering::Less => (Ok(()), None),
                        Ordering::Greater => (Err(ApiError::NUMBER), None),
                    };
                    if reply.send(answer).is_err() {
                        tracing::debug!("nobody waits for an answer");
                    }
                    if let Some(code) = offence {
                        return code;
                    }
                }
            }
        }
    }

    /// Hands over the messages of a body; says what is answered, and why the connection must close if it must.
    async fn hand_over(&self, body: &[u8], held: &Held) -> (Result<(), ApiError>, Option<CloseCode>) {
        for message in unpack(body) {
            let Ok(message) = message else {
                return (Err(ApiError::UNDECODABLE), Some(CloseCode::Undecodable));
            };
            let handed_over = tokio::select! {
                biased;
                handed_over = self.room.frame(self.id, message) => handed_over,
                () = held.crowded() => return (Err(ApiError::CROWDED), Some(CloseCode::Slow)),
            };
            if handed_over.is_err() {
                // The room has ended, and says why where events are told.
                return (Err(ApiError::GONE), None);
            }
        }
        (Ok(()), None)
    }
}
