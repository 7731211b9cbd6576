//! `floor`: a relay that does nothing but pass on, to know what passing on costs at least.
//!
//! No CRDT, no store, no checks, no handshake: what comes in during one pace goes to everyone in the
//! room as one frame, which is encoded once. The path is the room. Its buffers are as small as
//! ours, because the libraries' own defaults cost more memory than all the rest.

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// Milliseconds from one frame to the next; 0 sends each update as it comes.
    #[arg(long)]
    pace: u64,
}

/// Frames that may wait for one reader. Who is further behind is cut.
const OUTBOX: usize = 4096;

/// What a room's task is told.
enum Event {
    Joined(mpsc::Sender<Bytes>),
    Said(Bytes),
}

type Rooms = Mutex<HashMap<String, mpsc::UnboundedSender<Event>>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pace = Duration::from_millis(arguments.pace);
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let rooms: Arc<Rooms> = Arc::default();
    loop {
        let (stream, _) = listener.accept().await?;
        let rooms = rooms.clone();
        tokio::spawn(async move {
            // Whoever goes, however they go, is simply gone.
            serve(stream, &rooms, pace).await.unwrap_or_default();
        });
    }
}

async fn serve(stream: TcpStream, rooms: &Rooms, pace: Duration) -> Result<()> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let mut path = String::new();
    // Its form is the library's own.
    #[expect(clippy::result_large_err)]
    let note_path = |request: &Request, response: Response| {
        path = request.uri().path().to_string();
        Ok(response)
    };
    let mut socket = accept_hdr_async_with_config(stream, note_path, Some(config)).await?;
    let room = rooms
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(path)
        .or_insert_with(|| open(pace))
        .clone();
    let (outbox, mut frames) = mpsc::channel(OUTBOX);
    room.send(Event::Joined(outbox))?;
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => socket.send(Message::Binary(frame)).await?,
                None => return Ok(()),
            },
            message = socket.next() => match message {
                Some(Ok(Message::Binary(message))) => room.send(Event::Said(message))?,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
        }
    }
}

/// Starts a room's task. Rooms stay: the floor lives as long as one measurement.
fn open(pace: Duration) -> mpsc::UnboundedSender<Event> {
    let (sender, mut events) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut people: Vec<mpsc::Sender<Bytes>> = Vec::new();
        let mut said = BytesMut::new();
        let mut last = Instant::now();
        while let Some(event) = events.recv().await {
            take(event, &mut people, &mut said);
            if said.is_empty() {
                continue;
            }
            if !pace.is_zero() {
                sleep_until(last + pace).await;
                while let Ok(event) = events.try_recv() {
                    take(event, &mut people, &mut said);
                }
                last = Instant::now();
            }
            let frame = said.split().freeze();
            people.retain(|person| person.try_send(frame.clone()).is_ok());
        }
    });
    sender
}

fn take(event: Event, people: &mut Vec<mpsc::Sender<Bytes>>, said: &mut BytesMut) {
    match event {
        Event::Joined(outbox) => people.push(outbox),
        Event::Said(message) => said.extend_from_slice(&message),
    }
}
