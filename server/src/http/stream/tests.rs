//! Streams and posts, without sockets: the test fetches the events as the HTTP server does.

use std::time::Duration;

use axum::Router;
use axum::body::BodyDataStream;
use axum::http::{Request, header, request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use samsyn_shared::WriteNumber;
use samsyn_shared::sync::protocol::stream::pack;
use samsyn_shared::sync::protocol::{CloseCode, Message, Parts};
use serde_json::Value;
use tower::ServiceExt as _;

use samsyn_shared::room::ConnectionId;

use super::*;
use crate::http::router;
use crate::http::tests::{Live, hear_until, insert, make, replace, replica, say, token};
use crate::room::RoomHandle;

const HOST: &str = "samsyn.example";

/// A page that speaks over HTTP.
struct Page {
    router: Router,
    path: String,
    token: String,
    secret: String,
    sent: u64,
    events: BodyDataStream,
    held: String,
}

impl Page {
    async fn open(live: &Live, role: &str) -> Self {
        let router = router(live.app.clone());
        let (path, token) = (path(&live.made), token(&live.made, role).to_owned());
        let response = router.clone().oneshot(get(&path, &token).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        for (name, value) in HEADERS {
            assert_eq!(response.headers()[&name], value);
        }
        let events = response.into_body().into_data_stream();
        let secret = String::new();
        let mut page = Self { router, path, token, secret, sent: 0, events, held: String::new() };
        let (name, secret) = page.event().await.unwrap();
        assert_eq!(name, "connection");
        page.secret = secret;
        page
    }

    /// The next event and its data, or the end.
    async fn event(&mut self) -> Option<(String, String)> {
        let complete = async {
            loop {
                if let Some((event, rest)) = self.held.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.held = rest;
                    let (mut name, mut data) = (String::from("message"), String::new());
                    for line in event.lines() {
                        match line.split_once(": ") {
                            Some(("event", value)) => name = value.to_owned(),
                            Some(("data", value)) => data = value.to_owned(),
                            _ => {}
                        }
                    }
                    if !data.is_empty() {
                        return Some((name, data));
                    }
                } else {
                    let chunk = self.events.next().await?.unwrap();
                    self.held.push_str(std::str::from_utf8(&chunk).unwrap());
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), complete).await.expect("in time")
    }

    /// The next message, or the closing code.
    async fn hear(&mut self) -> Result<Message, String> {
        let mut parts = Parts::default();
        loop {
            let (name, data) = self.event().await.expect("an end is told");
            match name.as_str() {
                "message" => {
                    let part = Message::decode(STANDARD.decode(data).unwrap().into()).unwrap();
                    if let Some(message) = parts.take(part).unwrap() {
                        return Ok(message);
                    }
                }
                "close" => return Err(data),
                other => panic!("{other}"),
            }
        }
    }

    /// Hears until this comes, and says how many of these came before it.
    async fn count_until(&mut self, counted: impl Fn(&Message) -> bool, last: &Message) -> usize {
        let mut count = 0;
        loop {
            let message = self.hear().await.expect("it stays open");
            count += usize::from(counted(&message));
            if message == *last {
                return count;
            }
        }
    }

    /// Hears until the connection is closed, and says why. Nothing follows.
    async fn hear_close(&mut self) -> String {
        loop {
            if let Err(code) = self.hear().await {
                assert_eq!(self.event().await, None);
                return code;
            }
        }
    }

    async fn post(&mut self, messages: &[Message]) -> (u16, String) {
        self.sent += 1;
        self.post_as(self.sent, messages).await
    }

    async fn post_as(&self, number: u64, messages: &[Message]) -> (u16, String) {
        let body = pack(&messages.iter().map(Message::encode).collect::<Vec<_>>());
        self.send(self.request(number), body).await
    }

    fn request(&self, number: u64) -> request::Builder {
        let request = Request::post(&self.path).header(header::HOST, HOST);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        request.header(NUMBER_HEADER, number).header(CONNECTION_HEADER, &self.secret)
    }

    async fn send(&self, request: request::Builder, body: Bytes) -> (u16, String) {
        answer(&self.router, request.body(body.into()).unwrap()).await
    }
}

fn path(made: &Value) -> String {
    format!("/sync/{}/content/events", made["id"].as_str().unwrap())
}

fn get(path: &str, token: &str) -> request::Builder {
    let request = Request::get(path).header(header::HOST, HOST);
    request.header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// The status, and the code of an error.
async fn answer(router: &Router, request: Request<Body>) -> (u16, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn ok() -> (u16, String) {
    code(204, "")
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn reason(code: CloseCode) -> String {
    format!("{} {}", code.number(), code.reason())
}

/// The room behind the målbild; the first connection to it is 1.
async fn room(live: &Live) -> RoomHandle {
    let id = live.made["id"].as_str().unwrap().parse().unwrap();
    let malbild = MalbildRecord::find(&live.app.storage, id).await.unwrap();
    live.app
        .rooms
        .join(&malbild, crate::room::seated(samsyn_shared::Role::Reader), Dialect::Own)
        .await
        .unwrap()
        .0
}

#[tokio::test]
async fn over_http_and_over_a_websocket_people_are_in_one_room() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "editor").await;
    assert!(matches!(page.hear().await, Ok(Message::Hello(_))));
    let mut socket = live.connect("editor", true).await;
    let doc = replica(&mut socket).await;
    for (n, size) in (1..).zip([1, 2, 3, 60_000, 2_000_000]) {
        let update = insert(&doc, &"å".repeat(size));
        let write = Message::Write(WriteNumber(n), update.clone());
        assert_eq!(page.post(&[Message::QueryPresence, write]).await, ok());
        page.count_until(|_| false, &Message::Saved(WriteNumber(n))).await;
        hear_until(&mut socket, |m| *m == Message::Update(update.clone())).await;
    }
    let update = insert(&doc, "from the socket");
    say(&mut socket, &Message::Write(WriteNumber(1), update.clone())).await;
    page.count_until(|_| false, &Message::Update(update)).await;
}

#[tokio::test]
async fn a_request_that_comes_again_is_taken_once_and_one_that_comes_too_early_not_at_all() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "editor").await;
    assert_eq!(page.post_as(1, &[Message::Compare]).await, ok());
    assert_eq!(page.post_as(1, &[Message::Compare]).await, ok());
    assert_eq!(page.post_as(3, &[Message::Compare]).await, code(409, "number"));
    assert_eq!(page.post_as(2, &[]).await, ok());
    assert_eq!(page.post_as(3, &[Message::Compare, Message::Compare]).await, ok());
    let update = insert(&replica(&mut live.connect("editor", true).await).await, "hej");
    assert_eq!(page.post_as(4, &[Message::Write(WriteNumber(1), update)]).await, ok());
    let is_answer = |message: &Message| matches!(message, Message::Held(_));
    assert_eq!(page.count_until(is_answer, &Message::Saved(WriteNumber(1))).await, 3);
}

#[tokio::test]
async fn who_shows_no_secret_of_this_malbild_speaks_for_nobody() {
    let live = Live::start().await;
    let page = Page::open(&live, "editor").await;
    let gone = code(410, "gone");
    let with = |secret: &str| {
        let mut request = page.request(1);
        request.headers_mut().unwrap().insert(CONNECTION_HEADER, secret.parse().unwrap());
        request
    };
    let other = Token::generate(&mut rand::rng()).reveal();
    for secret in ["", "x", &other] {
        assert_eq!(page.send(with(secret), Bytes::new()).await, gone);
    }
    let elsewhere = make(&page.router).await;
    let request = Request::post(path(&elsewhere)).header(header::HOST, HOST).header(NUMBER_HEADER, 1);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {}", token(&elsewhere, "owner")));
    assert_eq!(page.send(request.header(CONNECTION_HEADER, &page.secret), Bytes::new()).await, gone);
    let mut request = page.request(1);
    request.headers_mut().unwrap().remove(header::AUTHORIZATION);
    assert_eq!(page.send(request, Bytes::new()).await, code(404, "not-found"));
    let mut request = page.request(1);
    request.headers_mut().unwrap().remove(NUMBER_HEADER);
    assert_eq!(page.send(request, Bytes::new()).await, code(400, "bad-request"));
    for odd in ["0", "+1", " 1 ", "01", "1.0", "-1", "", "0x1", "1e0", "18446744073709551616"] {
        let mut request = page.request(1);
        request.headers_mut().unwrap().insert(NUMBER_HEADER, odd.parse().unwrap());
        assert_eq!(page.send(request, Bytes::new()).await, code(400, "bad-request"), "{odd:?}");
    }
    assert_eq!(page.post_as(1, &[]).await, ok());
}

#[tokio::test]
async fn somebody_elses_page_is_refused_and_so_is_who_has_no_access() {
    let live = Live::start().await;
    let page = Page::open(&live, "editor").await;
    let foreign = |request: request::Builder| request.header(header::ORIGIN, "https://evil.example");
    let open = foreign(get(&page.path, &page.token)).body(Body::empty()).unwrap();
    assert_eq!(answer(&page.router, open).await, code(403, "origin"));
    assert_eq!(page.send(foreign(page.request(1)), Bytes::new()).await, code(403, "origin"));
    let open = get(&page.path, "no-token").body(Body::empty()).unwrap();
    assert_eq!(answer(&page.router, open).await, code(404, "not-found"));
    let discussion = page.path.replace("content", "discussion");
    let open = get(&discussion, &page.token).body(Body::empty()).unwrap();
    assert_eq!(answer(&page.router, open).await, code(404, "not-found"));
}

#[tokio::test]
async fn what_is_no_message_or_too_large_closes_the_connection_and_is_told() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "editor").await;
    let cut = Bytes::from_static(&[9, 1, 2]);
    assert_eq!(page.send(page.request(1), cut).await, code(400, "undecodable"));
    assert_eq!(page.hear_close().await, reason(CloseCode::Undecodable));
    assert_eq!(page.post(&[]).await, code(410, "gone"));
    let mut page = Page::open(&live, "editor").await;
    let unknown = pack(&[Bytes::from_static(&[99])]);
    assert_eq!(page.send(page.request(1), unknown).await, ok(), "the room's to judge");
    assert_eq!(page.hear_close().await, reason(CloseCode::Undecodable));
    let mut page = Page::open(&live, "editor").await;
    let large = vec![0; limits::POST_BYTES + 1].into();
    assert_eq!(page.send(page.request(1), large).await, code(413, "too-large"));
    assert_eq!(page.hear_close().await, reason(CloseCode::TooLarge));
}

#[tokio::test]
async fn a_revoked_connection_is_closed_at_once() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "editor").await;
    room(&live).await.change_role(ConnectionId(1), None).await.unwrap();
    assert_eq!(page.hear_close().await, reason(CloseCode::Revoked));
    assert_eq!(page.post(&[]).await, code(410, "gone"));
}

#[tokio::test]
async fn draining_stores_what_was_posted_and_ends_the_stream() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "editor").await;
    let mut socket = live.connect("editor", true).await;
    let update = insert(&replica(&mut socket).await, "hej");
    drop(socket);
    assert_eq!(page.post(&[Message::Write(WriteNumber(1), update)]).await, ok());
    live.app.rooms.drain().await;
    page.count_until(|_| false, &Message::Saved(WriteNumber(1))).await;
    assert_eq!(page.hear_close().await, reason(CloseCode::GoingAway));
    live.app.sockets.close();
    live.app.sockets.wait().await;
}

#[tokio::test]
async fn who_reads_too_slowly_is_closed_and_holds_nothing_back() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "reader").await;
    let mut socket = live.connect("editor", true).await;
    let doc = replica(&mut socket).await;
    // Until it is closed, and no longer: its last words have a time limit.
    for n in 1..=14 {
        let update = replace(&doc, &"x".repeat(1_000_000));
        say(&mut socket, &Message::Write(WriteNumber(n), update)).await;
        hear_until(&mut socket, |m| *m == Message::Saved(WriteNumber(n))).await;
        if live.app.rooms.reading().1.connections == 1 {
            break;
        }
    }
    // What was on its way when it was closed is no message.
    let end = loop {
        match page.event().await {
            Some((name, data)) if name == "close" => break data,
            Some(_) => {}
            None => panic!("the end is told"),
        }
    };
    assert_eq!(end, reason(CloseCode::Slow));
    assert_eq!(page.post(&[]).await, code(410, "gone"));
}

#[tokio::test]
async fn who_posts_nothing_is_silent_and_who_posts_nothing_but_emptiness_is_not() {
    let live = Live::start().await;
    let (mut dead, mut alive) = (Page::open(&live, "editor").await, Page::open(&live, "editor").await);
    tokio::time::pause();
    let post = async {
        for _ in 0..4 {
            tokio::time::advance(limits::SILENT / 3).await;
            assert_eq!(alive.post(&[]).await, ok());
        }
    };
    let (told, ()) = tokio::join!(dead.hear_close(), post);
    assert_eq!(told, reason(CloseCode::Silent));
    assert_eq!(alive.post(&[Message::Compare]).await, ok());
    while !matches!(alive.hear().await, Ok(Message::Held(_))) {}
}

#[tokio::test]
async fn who_stops_reading_may_still_say_its_last_words() {
    let live = Live::start().await;
    let mut page = Page::open(&live, "editor").await;
    let mut socket = live.connect("reader", true).await;
    let update = insert(&replica(&mut live.connect("editor", true).await).await, "hej");
    // The browser has closed the stream, and sends what it has left.
    drop(std::mem::replace(&mut page.events, Body::empty().into_data_stream()));
    assert_eq!(page.post(&[Message::Write(WriteNumber(1), update.clone())]).await, ok());
    hear_until(&mut socket, |m| *m == Message::Update(update.clone())).await;
    live.app.sockets.close();
    drop(socket);
    tokio::time::timeout(Duration::from_secs(20), live.app.sockets.wait()).await.expect("in time");
    assert_eq!(page.post(&[]).await, code(410, "gone"));
}
