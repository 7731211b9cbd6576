//! A WebSocket over a plain TCP stream, from the upgrade to the close: what is read goes to the room, what
//! waits in the outbox goes into the socket, and it finds out whether anyone still listens.
//!
//! It doesn't know who joins which room, nor what is in a message. An idle connection has a task and no
//! buffer: all of a thread's connections read into one, and frames are written from where the room made them.

mod handshake;
mod reader;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::CloseCode;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, OpCode};

use samsyn_shared::room::ConnectionId;

pub(super) use self::handshake::Handshake;
use self::reader::{Heard, Offence, Reader};
use super::listen::Watched;
use super::unfinished::Held;
use super::visitors::Place;
use crate::frame::frame;
use crate::room::{Outlet, Pipe, RoomHandle};

/// Bytes of the buffer that a thread reads into. What is said in one read waits for the room, and the next
/// read waits for that.
const READ_BUFFER: usize = 64 * 1024;
/// RFC 6455, 7.4.1: the other side doesn't speak the protocol.
const PROTOCOL_ERROR: u16 = 1002;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BUFFER].into());
}

impl Pipe for OwnedWriteHalf {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }
}

/// One connection's socket.
pub(super) struct Wire {
    incoming: Incoming,
    socket: Arc<OwnedWriteHalf>,
    outlet: Outlet,
    /// It is a connection of the process as long as this lives.
    _place: Arc<Place>,
}

/// The half that is read.
struct Incoming {
    socket: OwnedReadHalf,
    reader: Reader,
    /// What the reader keeps, and what waits for the room.
    held: Held,
    /// What the HTTP server had read already when the upgrade came.
    already: Vec<u8>,
}

/// Why a connection ends.
enum Ending {
    /// It is gone, and hears nothing any more.
    Gone,
    /// It has said that it closes.
    Answer(Option<u16>),
    /// It is told why.
    Tell { code: u16, reason: &'static str },
    /// It is told why, but not what waits.
    TellAtOnce { code: u16, reason: &'static str },
}

impl From<CloseCode> for Ending {
    fn from(code: CloseCode) -> Self {
        let (number, reason) = (code.number(), code.reason());
        match code.is_abrupt() {
            true => Self::TellAtOnce { code: number, reason },
            false => Self::Tell { code: number, reason },
        }
    }
}

impl From<Offence> for Ending {
    fn from(offence: Offence) -> Self {
        tracing::info!(%offence, "a connection is closed over what is no frame");
        match offence {
            Offence::Protocol(_) => Self::Tell { code: PROTOCOL_ERROR, reason: "protocol" },
            Offence::Text => CloseCode::Undecodable.into(),
            Offence::TooLarge => CloseCode::TooLarge.into(),
            Offence::Crowded => CloseCode::Slow.into(),
        }
    }
}

impl Wire {
    /// The socket under an upgraded connection. `None` if it isn't one that we accepted, which it always is here.
    pub(super) fn of(upgraded: Upgraded, outlet: Outlet) -> Option<Self> {
        let parts = upgraded.downcast::<TokioIo<Watched>>().ok()?;
        let (stream, place) = parts.io.into_inner().into_parts();
        let (socket, writing) = stream.into_split();
        // A copy, nearly always of nothing: the HTTP server's buffer is given back.
        let already = parts.read_buf.to_vec();
        let held = place.holder();
        let incoming = Incoming { socket, reader: Reader::new(limits::READ_BYTES), held, already };
        Some(Self { incoming, socket: Arc::new(writing), outlet, _place: place })
    }

    /// Carries frames both ways until either side ends, and sees to it that the other side knows why.
    pub(super) async fn carry(mut self, room: &RoomHandle, id: ConnectionId) {
        self.outlet.attach(Arc::clone(&self.socket) as Arc<dyn Pipe>);
        let is_taking = AtomicBool::new(false);
        let ending = tokio::select! {
            biased;
            ending = write(&self.socket, &self.outlet, &is_taking) => ending,
            ending = self.incoming.carry(&self.outlet, room, id, &is_taking) => ending,
        };
        if tokio::time::timeout(limits::FAREWELL, self.farewell(ending)).await.is_err() {
            tracing::debug!("a connection did not close in time");
        }
    }

    /// Sends the close frame, and before it what still waits (a `Saved` may be in it). Then waits until the other
    /// side has closed too, so that it surely reads the code.
    async fn farewell(&mut self, ending: Ending) {
        let is_answer = matches!(ending, Ending::Answer(_));
        match ending {
            Ending::Gone => return,
            Ending::Answer(code) => self.outlet.finish(close_frame(code, ""), false),
            Ending::Tell { code, reason } => self.outlet.finish(close_frame(Some(code), reason), true),
            Ending::TellAtOnce { code, reason } => self.outlet.finish(close_frame(Some(code), reason), false),
        }
        while let Ok(true) = self.outlet.flush() {
            if self.socket.writable().await.is_err() {
                return;
            }
        }
        let mut heard = Vec::new();
        while !is_answer && !heard.iter().any(|heard| matches!(heard, Heard::Close(_))) {
            heard.clear();
            if self.incoming.read(&mut heard).await.is_err() {
                return;
            }
        }
    }
}

/// Writes what the room could not write itself, until the room says to close. `is_taking` is set when a socket that was
/// full takes more: then the other side has said that it got some, and lives, though its own words may come only
/// after all that waits.
async fn write(socket: &OwnedWriteHalf, outlet: &Outlet, is_taking: &AtomicBool) -> Ending {
    loop {
        if let Some(code) = outlet.closing() {
            return code.into();
        }
        match outlet.flush() {
            Err(_) => return Ending::Gone,
            Ok(false) => outlet.woken().await,
            Ok(true) => tokio::select! {
                () = outlet.woken() => {}
                ready = socket.writable() => match ready {
                    Ok(()) => is_taking.store(true, Ordering::Relaxed),
                    Err(_) => return Ending::Gone,
                },
            },
        }
    }
}

impl Incoming {
    /// Hands the room what is read, one read at a time: while the room is busy, nothing more is read, and the
    /// network slows the sender.
    async fn carry(
        &mut self,
        outlet: &Outlet,
        room: &RoomHandle,
        id: ConnectionId,
        is_taking: &AtomicBool,
    ) -> Ending {
        let mut beats = pin!(tokio::time::sleep(limits::PING_EVERY));
        let mut last = Instant::now();
        loop {
            let mut heard = Vec::new();
            let taken = tokio::select! {
                biased;
                taken = self.read(&mut heard) => taken,
                () = &mut beats => {
                    if is_taking.swap(false, Ordering::Relaxed) {
                        last = Instant::now();
                    }
                    if last.elapsed() >= limits::SILENT {
                        return CloseCode::Silent.into();
                    }
                    if outlet.push(&control(Control::Ping, b"")).is_err() {
                        return CloseCode::Slow.into();
                    }
                    beats.as_mut().reset((Instant::now() + limits::PING_EVERY).min(last + limits::SILENT));
                    continue;
                }
            };
            last = Instant::now();
            if let Err(offence) = self.hold(&heard) {
                return offence.into();
            }
            for heard in heard {
                match heard {
                    Heard::Message(message) => {
                        // Waits for the room, unless this connection has to go meanwhile.
                        let mut handing_over = pin!(room.frame(id, message));
                        let handed_over = poll_fn(|cx| match handing_over.as_mut().poll(cx) {
                            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                            Poll::Pending => self.held.poll_crowded(cx).map(|()| None),
                        });
                        match handed_over.await {
                            Some(Ok(())) => {}
                            // The room has ended, and says why where frames are written.
                            Some(Err(_)) => return std::future::pending().await,
                            None => return Offence::Crowded.into(),
                        }
                    }
                    Heard::Ping(payload) => {
                        if outlet.push(&control(Control::Pong, &payload)).is_err() {
                            return CloseCode::Slow.into();
                        }
                    }
                    Heard::Pong => {}
                    Heard::Close(code) => return Ending::Answer(code),
                }
            }
            let taken = taken.map(|taken| taken.and(self.keep(0)));
            match taken {
                Ok(Ok(())) => {}
                Ok(Err(offence)) => return offence.into(),
                Err(_) => return Ending::Gone,
            }
        }
    }

    /// Counts what was said in one read as held until the room has it, if it is more than one read brings.
    fn hold(&mut self, heard: &[Heard]) -> Result<(), Offence> {
        let length = |heard: &Heard| if let Heard::Message(message) = heard { message.len() } else { 0 };
        let waits: usize = heard.iter().map(length).sum();
        if waits <= READ_BUFFER { Ok(()) } else { self.keep(waits) }
    }

    /// Counts what the reader keeps, and so much beside it.
    fn keep(&mut self, beside: usize) -> Result<(), Offence> {
        self.held.set(beside + self.reader.kept()).map_err(|_| self.deafen())
    }

    fn deafen(&mut self) -> Offence {
        self.reader.deafen();
        self.held.release();
        Offence::Crowded
    }

    /// Reads once, and adds what was said to `heard`.
    ///
    /// # Errors
    /// The socket's, and when it has ended; inside, what must not be said.
    async fn read(&mut self, heard: &mut Vec<Heard>) -> io::Result<Result<(), Offence>> {
        if !self.already.is_empty() {
            let mut already = std::mem::take(&mut self.already);
            return Ok(self.reader.take(&mut already, heard));
        }
        poll_fn(|cx| {
            if self.held.poll_crowded(cx).is_ready() {
                return Poll::Ready(Ok(Err(self.deafen())));
            }
            BUFFER.with_borrow_mut(|buffer| {
                let mut buffer = ReadBuf::new(buffer);
                ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
                if buffer.filled().is_empty() {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Poll::Ready(Ok(self.reader.take(buffer.filled_mut(), heard)))
            })
        })
        .await
    }
}

fn control(kind: Control, payload: &[u8]) -> Bytes {
    frame(OpCode::Control(kind), payload)
}

fn close_frame(code: Option<u16>, reason: &str) -> Bytes {
    let code = code.map(u16::to_be_bytes);
    let payload = [code.as_ref().map_or(&[][..], |code| code), reason.as_bytes()].concat();
    control(Control::Close, &payload)
}

#[cfg(test)]
mod tests;
