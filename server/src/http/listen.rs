//! Accepts connections and speaks HTTP over each, until the server stops. Whoever does not get on loses its place:
//! each part of a request has its time (see `visitors`). It doesn't know routes.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use samsyn_shared::domain::limits;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::ApiError;
use super::unfinished::Crowded;
use super::visitors::{Place, Visitor, Visitors};

/// Bytes that each piece of a body takes beside what is in it: a body may come in pieces of one byte.
const PIECE_BYTES: usize = 64;

/// Serves until it is told to stop; then lets what was asked be answered, and returns once all connections have
/// ended.
pub async fn serve(listener: TcpListener, router: Router, visitors: Visitors, stopping: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = async {
            visitors.vacancy().await;
            listener.accept().await
        };
        let accepted = tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tune(&stream);
                let visitor = visitors.enter();
                connections.spawn(connection(stream, router.clone(), visitor, stopping.clone()));
            }
            Err(error) if is_its_own(&error) => {}
            Err(error) => {
                // Descriptors are short, or memory is: that passes, and what waits in the backlog stays there.
                tracing::error!(%error, "a connection was not accepted");
                visitors.send_away();
                sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Whether only the connection that was to be accepted is concerned.
fn is_its_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn tune(stream: &TcpStream) {
    // Frames are small and must not wait for each other.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was not set");
    }
    // What the kernel holds unsent is little, so that it is seen whether a slow reader takes anything.
    if let Err(error) = SockRef::from(stream).set_tcp_notsent_lowat(limits::UNSENT_BYTES) {
        tracing::debug!(%error, "TCP_NOTSENT_LOWAT was not set");
    }
    // Who takes nothing keeps no answer waiting for ever.
    if let Err(error) = set_tcp_user_timeout(stream, limits::UNREAD_MS) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT was not set");
    }
}

/// Answers what is asked over one connection.
async fn connection(stream: TcpStream, router: Router, visitor: Arc<Visitor>, stopping: CancellationToken) {
    let router = TowerToHyperService::new(router);
    let asking = Arc::clone(&visitor);
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, visitor) = (router.clone(), Arc::clone(&asking));
        async move {
            let mut answer = router.call(begun(request, &visitor)).await?;
            if visitor.owe(own_bytes(&answer)).is_err() {
                answer = ApiError::CROWDED.into_response();
            }
            Ok::<_, std::convert::Infallible>(answer.map(|body| Answer { body, visitor }))
        }
    });
    let io = TokioIo::new(Watched { stream, visitor: Arc::clone(&visitor) });
    let mut http = http1::Builder::new();
    let mut serving =
        pin!(http.max_buf_size(limits::HEAD_BYTES).serve_connection(io, service).with_upgrades());
    let mut stop = pin!(stopping.cancelled().fuse());
    let mut sent_away = pin!(visitor.sent_away());
    let mut time = pin!(sleep_until(visitor.deadline().unwrap_or_else(Instant::now)));
    std::future::poll_fn(|cx| {
        if stop.as_mut().poll(cx).is_ready() {
            if visitor.is_between() {
                return Poll::Ready(());
            }
            serving.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(ended) = serving.as_mut().poll(cx) {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended badly");
            }
            return Poll::Ready(());
        }
        if visitor.poll_overdue(cx).is_ready() {
            tracing::info!("an answer that nobody took was given up");
            return Poll::Ready(());
        }
        ready_or(sent_away.as_mut().poll(cx), || {
            // What it is about may have changed while it was polled.
            let Some(deadline) = visitor.deadline() else { return Poll::Pending };
            if time.deadline() != deadline {
                time.as_mut().reset(deadline);
            }
            time.as_mut().poll(cx)
        })
    })
    .await;
}

fn ready_or(first: Poll<()>, second: impl FnOnce() -> Poll<()>) -> Poll<()> {
    if first.is_ready() { first } else { second() }
}

/// Marks an answer that was made for its caller alone: it takes its own memory until it is read.
#[derive(Debug, Clone)]
pub(super) struct Own;

/// The bytes of such an answer; none of a short one.
fn own_bytes(answer: &Response) -> usize {
    use hyper::body::Body as _;
    let bytes = answer.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    bytes
        .filter(|bytes| *bytes > limits::LONG_ANSWER && answer.extensions().get::<Own>().is_some())
        .unwrap_or(0)
}

/// A request, whose body tells how far it has come.
fn begun(mut request: Request<Incoming>, visitor: &Arc<Visitor>) -> Request {
    use hyper::body::Body as _;
    let has_body = !request.body().is_end_stream();
    visitor.asked(has_body);
    request.extensions_mut().insert(Arc::clone(visitor));
    request.map(|body| match has_body {
        true => Body::new(Hearing { body, bytes: 0, visitor: Arc::clone(visitor) }),
        false => Body::empty(),
    })
}

/// The body of a request. What has come of it counts as held until this is dropped.
struct Hearing {
    body: Incoming,
    bytes: usize,
    visitor: Arc<Visitor>,
}

impl hyper::body::Body for Hearing {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if self.visitor.poll_crowded(cx).is_ready() {
            return Poll::Ready(Some(Err(Crowded.into())));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.bytes += frame.data_ref().map_or(0, Bytes::len) + PIECE_BYTES;
            if let Err(crowded) = self.visitor.hold(self.bytes) {
                return Poll::Ready(Some(Err(crowded.into())));
            }
        }
        if self.body.is_end_stream() || frame.is_none() {
            self.visitor.heard();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.visitor.heard();
        self.visitor.let_go();
    }
}

/// The body of an answer.
struct Answer {
    body: Body,
    visitor: Arc<Visitor>,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.visitor.answered();
    }
}

/// A connection's stream, which tells how it gets on.
pub(super) struct Watched {
    stream: TcpStream,
    visitor: Arc<Visitor>,
}

impl Watched {
    /// The bare stream and its place, when HTTP is over.
    pub(super) fn into_parts(self) -> (TcpStream, Arc<Place>) {
        (self.stream, self.visitor.place())
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let count = buffer.filled().len() - before;
        if count > 0 {
            self.visitor.read(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called by hyper once it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.visitor.flushed();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
