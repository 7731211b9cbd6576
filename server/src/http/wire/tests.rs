//! The wire, with tungstenite as the other side and a room behind it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use samsyn_shared::WriteNumber;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::{CloseCode, Message};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as RawFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message as Frame, protocol};

use crate::http::tests::{Live, Socket, hear, hear_until, insert, replace, replica, say};

/// A part of a message.
fn part(opcode: OpCode, is_final: bool, payload: &[u8]) -> Frame {
    Frame::Frame(RawFrame::message(Bytes::copy_from_slice(payload), opcode, is_final))
}

/// The next frame of any kind.
async fn next(socket: &mut Socket) -> Frame {
    tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("in time").unwrap().unwrap()
}

async fn is_saved(socket: &mut Socket, n: u64) {
    hear_until(socket, |m| *m == Message::Saved(WriteNumber(n))).await;
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_them_is_one_message() {
    let live = Live::start().await;
    let mut socket = live.connect("editor", true).await;
    let update = insert(&replica(&mut socket).await, "hej");
    let message = Message::Write(WriteNumber(1), update).encode();
    let (one, two) = message.split_at(message.len() / 2);
    socket.send(part(OpCode::Data(Data::Binary), false, one)).await.unwrap();
    socket.send(Frame::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    socket.send(part(OpCode::Data(Data::Continue), false, b"")).await.unwrap();
    loop {
        if let Frame::Pong(payload) = next(&mut socket).await {
            assert_eq!(payload, "there?");
            break;
        }
    }
    socket.send(part(OpCode::Data(Data::Continue), true, two)).await.unwrap();
    is_saved(&mut socket, 1).await;
}

#[tokio::test]
async fn messages_of_every_size_go_both_ways() {
    let live = Live::start().await;
    let (mut one, mut two) = (live.connect("editor", true).await, live.connect("editor", true).await);
    let doc = replica(&mut one).await;
    for (n, size) in (1..).zip([1, 100, 126, 200, 60_000, 65_536, 70_000, 2_000_000]) {
        let update = insert(&doc, &"å".repeat(size));
        say(&mut one, &Message::Write(WriteNumber(n), update.clone())).await;
        is_saved(&mut one, n).await;
        hear_until(&mut two, |m| *m == Message::Update(update.clone())).await;
    }
    assert_eq!(replica(&mut live.connect("reader", false).await).await.client_id(), doc.client_id());
}

#[tokio::test]
async fn over_what_is_read_is_closed_with_4413() {
    let live = Live::start().await;
    let mut socket = live.connect("editor", false).await;
    let too_large = Bytes::from(vec![0; 2 * limits::MESSAGE_BYTES + 1]);
    // It is closed while it is still being sent.
    let sent = socket.send(Frame::Binary(too_large)).await;
    assert_eq!(hear_until_closed(&mut socket).await, CloseCode::TooLarge.number(), "{sent:?}");
}

#[tokio::test]
async fn what_is_not_the_protocol_is_closed_with_1002() {
    let live = Live::start().await;
    let mut socket = live.connect("editor", false).await;
    socket.send(part(OpCode::Data(Data::Continue), true, b"of nothing")).await.unwrap();
    assert_eq!(hear_until_closed(&mut socket).await, 1002);
}

async fn hear_until_closed(socket: &mut Socket) -> u16 {
    loop {
        if let Err(code) = hear(socket).await {
            return code;
        }
    }
}

#[tokio::test]
async fn who_closes_is_answered_with_the_same_code() {
    let live = Live::start().await;
    let mut socket = live.connect("editor", false).await;
    let frame = protocol::CloseFrame { code: 3456.into(), reason: "done".into() };
    socket.close(Some(frame)).await.unwrap();
    assert_eq!(hear_until_closed(&mut socket).await, 3456);
    assert!(socket.next().await.is_none());
    live.app.sockets.close();
    live.app.sockets.wait().await;
}

/// The status line and headers with which a request, as it stands here, is answered.
async fn answer(live: &Live, request: &str) -> String {
    let mut socket = TcpStream::connect(live.address).await.unwrap();
    socket.write_all(request.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        assert_ne!(socket.read_buf(&mut answer).await.unwrap(), 0);
    }
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn only_a_proper_request_is_upgraded() {
    let live = Live::start().await;
    let path = live.request("editor", false).uri().path_and_query().unwrap().to_string();
    let good = format!(
        "GET {path} HTTP/1.1\nHost: here\nConnection: keep-alive, Upgrade\nUpgrade: WebSocket\n\
         Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\
         Sec-WebSocket-Protocol: other, samsyn.v1\n\n"
    );
    let yes = answer(&live, &good).await;
    assert!(yes.starts_with("http/1.1 101"), "{yes}");
    assert!(yes.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{yes}");
    assert!(yes.contains("sec-websocket-protocol: samsyn.v1"), "{yes}");
    let stock = answer(&live, &good.replace(", samsyn.v1", "")).await;
    assert!(stock.starts_with("http/1.1 101") && !stock.contains("sec-websocket-protocol"), "{stock}");
    for (there, instead) in [
        ("Upgrade: WebSocket", "Upgrade: h2c"),
        ("keep-alive, Upgrade", "keep-alive"),
        ("Version: 13", "Version: 8"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Cake"),
        ("HTTP/1.1", "HTTP/1.0"),
    ] {
        assert!(good.contains(there));
        let no = answer(&live, &good.replace(there, instead)).await;
        assert!(no.contains(" 426 ") && no.contains("sec-websocket-version: 13"), "{instead}: {no}");
    }
}

/// A connection that does nothing of itself, with these bytes right behind its request.
async fn raw(live: &Live, behind: &[u8]) -> TcpStream {
    let path = live.request("editor", false).uri().path_and_query().unwrap().to_string();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let mut socket = TcpStream::connect(live.address).await.unwrap();
    socket.write_all(&[request.as_bytes(), behind].concat()).await.unwrap();
    socket
}

/// Reads until these bytes have come.
async fn hear_bytes(socket: &mut TcpStream, wanted: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    while !heard.windows(wanted.len()).any(|bytes| bytes == wanted) {
        assert_ne!(socket.read_buf(&mut heard).await.unwrap(), 0, "{heard:?}");
    }
    heard
}

#[tokio::test]
async fn frames_that_come_with_the_request_are_heard() {
    let live = Live::start().await;
    // A masked ping that says "yo".
    let mut socket = raw(&live, &[0x89, 0x82, 0, 0, 0, 0, b'y', b'o']).await;
    hear_bytes(&mut socket, &[0x8A, 2, b'y', b'o']).await;
}

#[tokio::test]
async fn who_says_nothing_is_pinged_and_then_closed_with_4408() {
    let live = Live::start().await;
    let mut socket = raw(&live, &[]).await;
    hear_bytes(&mut socket, b"\r\n\r\n").await;
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    let [high, low] = CloseCode::Silent.number().to_be_bytes();
    let heard = hear_bytes(&mut socket, &[0x88, 8, high, low, b's', b'i', b'l', b'e', b'n', b't']).await;
    assert_eq!(heard.windows(2).filter(|bytes| *bytes == [0x89, 0]).count(), 2, "{heard:?}");
    assert!((limits::SILENT..limits::SILENT + Duration::from_secs(1)).contains(&asked.elapsed()));
}

#[tokio::test]
async fn who_does_not_read_is_closed_with_4429_and_the_others_hear_everything() {
    let live = Live::start().await;
    let (mut writer, mut other) = (live.connect("editor", true).await, live.connect("editor", true).await);
    let mut slow = live.connect("editor", false).await;
    let doc = replica(&mut writer).await;
    replica(&mut other).await;
    replica(&mut slow).await;
    let caret = samsyn_shared::sync::protocol::PresenceEntry { client: 99, clock: 1, state: "{}".to_owned() };
    let presence = |entries: &[_]| Message::Presence(samsyn_shared::sync::protocol::encode_presence(entries));
    say(&mut slow, &presence(std::slice::from_ref(&caret))).await;
    hear_until(&mut writer, |m| *m == presence(std::slice::from_ref(&caret))).await;
    // Until the writer hears that the slow one has left, which it isn't told by reading.
    let mut n = 0;
    let mut has_left = false;
    while !has_left {
        n += 1;
        assert!(n < 100, "as much waits as anyone writes");
        let update = replace(&doc, &"x".repeat(1_000_000));
        say(&mut writer, &Message::Write(WriteNumber(n), update.clone())).await;
        loop {
            match hear(&mut writer).await.unwrap() {
                Message::Saved(saved) if saved == WriteNumber(n) => break,
                Message::Presence(_) => has_left = true,
                _ => {}
            }
        }
        hear_until(&mut other, |m| *m == Message::Update(update.clone())).await;
    }
    assert_eq!(hear_until_closed(&mut slow).await, CloseCode::Slow.number());
}
