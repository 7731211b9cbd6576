//! Connections over a real port, from those that never get on to those that are in the way of nobody.

use std::time::Duration;

use samsyn_shared::WriteNumber;
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::{CloseCode, Message};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::http::tests::{Live, hear, hear_until, insert, replica, say, token, visitors};
use crate::http::{Bounds, Unfinished, Visitors};

const HALF: &str = "GET / HTT";

/// A connection over which this was said, and no more.
async fn said(live: &Live, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(live.address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    stream
}

/// Hears until the other side ends.
async fn hear_all(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // What was not read when it was cut resets the connection.
    if let Err(error) = stream.read_to_end(&mut heard).await {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// Hears the head of an answer.
async fn hear_head(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    while !heard.windows(4).any(|end| end == b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// Waits until so many connections are open, and so many of them strangers'.
async fn until(live: &Live, count: (usize, usize)) {
    let counted = async {
        while live.app.visitors.count() != count {
            tokio::task::yield_now().await;
        }
    };
    let counted = tokio::time::timeout(Duration::from_secs(20), counted).await;
    counted.unwrap_or_else(|_| panic!("{:?} instead of {count:?}", live.app.visitors.count()));
}

/// Somebody opens the målbild with a link and writes a word, which is saved.
async fn writes(live: &Live) {
    let mut socket = live.connect("editor", true).await;
    let update = insert(&replica(&mut socket).await, "hej");
    say(&mut socket, &Message::Write(WriteNumber(1), update)).await;
    hear_until(&mut socket, |m| *m == Message::Saved(WriteNumber(1))).await;
}

fn post(live: &Live, secret: &str, number: u64, length: usize) -> String {
    let (id, token) = (live.made["id"].as_str().unwrap(), token(&live.made, "editor"));
    format!(
        "POST /sync/{id}/content/events HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n\
         samsyn-connection: {secret}\r\nsamsyn-number: {number}\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Opens a stream of events; says what its secret is.
async fn stream(live: &Live) -> (TcpStream, String) {
    let (id, token) = (live.made["id"].as_str().unwrap(), token(&live.made, "editor"));
    let get = format!("GET /sync/{id}/content/events?token={token} HTTP/1.1\r\nHost: here\r\n\r\n");
    let mut stream = said(live, &get).await;
    let mut heard = String::new();
    loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        if let Some((_, data)) = heard.split_once("event: connection\ndata: ")
            && let Some((secret, _)) = data.split_once('\n')
        {
            return (stream, secret.to_owned());
        }
    }
}

#[tokio::test]
async fn who_has_a_link_gets_in_within_a_second_while_everybody_else_is_half_open() {
    let live = Live::with(visitors(Bounds { connections: 300, strangers: 50 })).await;
    let mut half = Vec::new();
    for n in 0..400 {
        half.push(
            said(
                &live,
                ["", HALF, "POST /api/malbilder HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"][n % 3],
            )
            .await,
        );
    }
    let begun = Instant::now();
    writes(&live).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(hear_all(&mut half[0]).await, "", "the oldest was cut");
    assert!(live.app.visitors.count().1 <= 50);
    drop(half);
    until(&live, (0, 0)).await;
}

#[tokio::test]
async fn who_has_shown_a_link_keeps_its_connection_while_strangers_come_and_go() {
    let live = Live::with(visitors(Bounds { connections: 300, strangers: 5 })).await;
    let ask = format!(
        "GET /api/malbilder/{} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {}\r\n\r\n",
        live.made["id"].as_str().unwrap(),
        token(&live.made, "reader")
    );
    let mut guest = said(&live, &ask).await;
    assert!(hear_head(&mut guest).await.starts_with("HTTP/1.1 200"));
    let mut stranger = said(&live, &ask.replace("Bearer ", "Bearer x")).await;
    assert!(hear_head(&mut stranger).await.starts_with("HTTP/1.1 404"), "a link that opens nothing is none");
    let mut half = Vec::new();
    for _ in 0..20 {
        half.push(said(&live, HALF).await);
    }
    until(&live, (6, 5)).await;
    hear_all(&mut stranger).await;
    guest.write_all(ask.as_bytes()).await.unwrap();
    assert!(hear_head(&mut guest).await.contains("HTTP/1.1 200"));
}

/// How long a connection over which this was said is kept.
async fn kept(live: &Live, words: &str, is_answered: bool) -> Duration {
    let mut stream = said(live, words).await;
    if is_answered {
        hear_head(&mut stream).await;
    } else {
        until(live, (1, 1)).await;
    }
    tokio::time::pause();
    let begun = Instant::now();
    hear_all(&mut stream).await;
    let kept = begun.elapsed();
    tokio::time::resume();
    until(live, (0, 0)).await;
    kept
}

#[tokio::test]
async fn who_does_not_get_on_is_cut_in_time() {
    let live = Live::start().await;
    let second = Duration::from_secs(1);
    for half in ["", HALF, "GET / HTTP/1.1\r\nHost: here\r\nX-Slow: "] {
        let kept = kept(&live, half, false).await;
        assert!(
            (limits::HEAD_TIME - second..limits::HEAD_TIME + second).contains(&kept),
            "{half:?}: {kept:?}"
        );
    }
    let body = "POST /api/malbilder HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
                Content-Length: 99\r\n\r\n{";
    let kept_body = kept(&live, body, false).await;
    assert!((limits::BODY_PACE - second..limits::BODY_PACE + second).contains(&kept_body), "{kept_body:?}");
    let idle = kept(&live, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n", true).await;
    assert!((limits::KEEP_ALIVE - second..limits::KEEP_ALIVE + second).contains(&idle), "{idle:?}");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_refused_before_it_takes_much() {
    let live = Live::start().await;
    let mut stream =
        said(&live, &format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(2 * limits::HEAD_BYTES))).await;
    assert!(hear_all(&mut stream).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn when_the_server_stops_half_a_request_does_not_keep_it() {
    let live = Live::start().await;
    let (mut half, mut idle) =
        (said(&live, HALF).await, said(&live, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n").await);
    hear_head(&mut idle).await;
    until(&live, (2, 2)).await;
    live.app.stopping.cancel();
    until(&live, (0, 0)).await;
    assert_eq!(hear_all(&mut half).await, "");
}

#[tokio::test]
async fn one_request_at_a_time_speaks_for_a_connection() {
    let live = Live::start().await;
    let (_events, secret) = stream(&live).await;
    let mut first = said(&live, &post(&live, &secret, 1, 10)).await;
    // Its head has been read once somebody waits for its body.
    until(&live, (2, 0)).await;
    let mut second = said(&live, &post(&live, &secret, 1, 0)).await;
    let answer = hear_head(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    drop(first.shutdown().await);
    drop(first);
    until(&live, (2, 0)).await;
    second.write_all(post(&live, &secret, 1, 0).as_bytes()).await.unwrap();
    loop {
        let answer = hear_head(&mut second).await;
        if answer.contains("HTTP/1.1 204") {
            break;
        }
    }
}

#[tokio::test]
async fn unfinished_messages_are_bounded_together_and_a_small_one_always_fits() {
    let bounds = Bounds { connections: 300, strangers: 50 };
    let live = Live::with(Visitors::new(bounds, Unfinished::new(1_000_000))).await;
    let mut halves = Vec::new();
    for _ in 0..10 {
        let mut socket = live.connect("reader", false).await;
        // A masked frame of 400,000 bytes, and half of it.
        let begun = [&[0x82, 0xFF][..], &400_000_u64.to_be_bytes(), &[0; 4], &[0; 200_000]].concat();
        let tokio_tungstenite::MaybeTlsStream::Plain(stream) = socket.get_mut() else { unreachable!() };
        stream.write_all(&begun).await.unwrap();
        halves.push(socket);
    }
    writes(&live).await;
    let mut closed = 0;
    for socket in &mut halves {
        let heard = tokio::time::timeout(Duration::from_millis(300), async {
            loop {
                if let Err(code) = hear(socket).await {
                    break code;
                }
            }
        });
        closed += usize::from(heard.await == Ok(CloseCode::Slow.number()));
    }
    assert!(closed >= 5, "{closed} were closed");
    assert!(live.app.visitors.unfinished().bytes() <= 1_000_000);
    drop(halves);
    until(&live, (0, 0)).await;
    assert_eq!(live.app.visitors.unfinished().bytes(), 0);
}

#[tokio::test]
async fn unfinished_bodies_are_bounded_together_and_who_holds_most_is_told() {
    let bounds = Bounds { connections: 300, strangers: 50 };
    let live = Live::with(Visitors::new(bounds, Unfinished::new(1_000_000))).await;
    let mut posts = Vec::new();
    for n in 0..10 {
        let (events, secret) = stream(&live).await;
        let half = "x".repeat(150_000 + n);
        let head = post(&live, &secret, 1, 400_000);
        posts.push((events, said(&live, &format!("{head}{half}")).await));
    }
    writes(&live).await;
    let mut refused = 0;
    for (_, post) in &mut posts {
        let heard = tokio::time::timeout(Duration::from_millis(300), hear_head(post)).await;
        refused += usize::from(heard.is_ok_and(|answer| answer.starts_with("HTTP/1.1 429")));
    }
    assert!(refused >= 4, "{refused} were refused");
    assert!(live.app.visitors.unfinished().bytes() <= 1_000_000);
}

#[tokio::test]
async fn a_body_in_the_smallest_pieces_counts_for_what_they_take() {
    let bounds = Bounds { connections: 300, strangers: 50 };
    let live = Live::with(Visitors::new(bounds, Unfinished::new(1_000_000))).await;
    let head = "POST /api/malbilder HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let mut pieces = said(&live, &format!("{head}{}", "1\r\n \r\n".repeat(30_000))).await;
    assert!(hear_head(&mut pieces).await.starts_with("HTTP/1.1 429"));
}
