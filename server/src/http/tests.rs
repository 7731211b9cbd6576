//! Requests against the whole server, over the memory store; sockets over a real port.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use samsyn_shared::domain::limits;
use samsyn_shared::sync::protocol::{Message, Parts, SUBPROTOCOL};
use samsyn_shared::{WriteNumber, document};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::ServiceExt as _;
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{StateVector, Text as _, Transact as _, Update, WriteTxn as _};

use super::*;
use crate::store::memory::MemoryStore;

mod acts;

pub(super) const HOST: &str = "samsyn.example:8080";

pub(super) fn visitors(bounds: Bounds) -> Visitors {
    Visitors::new(bounds, Unfinished::new(limits::UNFINISHED_BYTES))
}

pub(super) fn app() -> (App, Arc<MemoryStore>) {
    let engine = Arc::new(MemoryStore::default());
    let storage = Storage::start(Arc::clone(&engine) as Arc<dyn crate::store::Store>);
    let app = App::new(storage.clone(), Rooms::new(storage), visitors(Bounds::of(20_000)));
    (app, engine)
}

/// A request that tests build up, and what came back.
pub(super) struct Ask(pub(super) axum::http::request::Builder, pub(super) Body);

impl Ask {
    pub(super) fn get(path: &str) -> Self {
        Self(Request::get(path).header(header::HOST, HOST), Body::empty())
    }

    pub(super) fn post(path: &str, body: &Value) -> Self {
        Self(Request::post(path).header(header::HOST, HOST), Body::from(body.to_string()))
            .with("content-type", "application/json")
    }

    pub(super) fn with(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(super) async fn of(self, router: &Router) -> Response {
        router.clone().oneshot(self.0.body(self.1).unwrap()).await.unwrap()
    }

    pub(super) async fn json(self, router: &Router) -> (StatusCode, Value) {
        let response = self.of(router).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Status and stable code of an error.
    pub(super) async fn refused(self, router: &Router) -> (u16, String) {
        let (status, body) = self.json(router).await;
        (status.as_u16(), body["error"]["code"].as_str().unwrap_or("no code").to_owned())
    }
}

pub(super) fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub(super) async fn make(router: &Router) -> Value {
    let body = json!({ "title": "Storm", "template": "aktorsgemensam" });
    let (status, made) = Ask::post("/api/malbilder", &body).json(router).await;
    assert_eq!(status, StatusCode::CREATED);
    made
}

pub(super) fn token<'a>(made: &'a Value, role: &str) -> &'a str {
    made["tokens"][role].as_str().unwrap()
}

pub(super) fn path(made: &Value, rest: &str) -> String {
    format!("/api/malbilder/{}{rest}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_malbild_is_made_with_a_token_and_a_link_for_each_role() {
    let router = router(app().0);
    let made = make(&router).await;
    for role in ["owner", "editor", "commenter", "reader"] {
        let id = made["id"].as_str().unwrap();
        let link = format!("http://{HOST}/m/{id}#{}", token(&made, role));
        assert_eq!(made["links"][role], link);
        let (status, shown) = Ask::get(&path(&made, "")).bearer(token(&made, role)).json(&router).await;
        assert_eq!(status, StatusCode::OK);
        let expected = json!({
            "id": id, "title": "Storm", "template": "aktorsgemensam@1", "status": "draft",
            "role": role, "kind": "skarpt", "phase": "skriv", "seat": shown["seat"], "actor": null,
        });
        assert_eq!(shown, expected);
    }
}

#[tokio::test]
async fn a_person_who_opens_an_address_of_the_api_is_answered_by_the_page_and_a_program_in_json() {
    let router = router(app().0);
    let made = make(&router).await;
    for path in ["/api/vad", "/api/malbilder/kort", "/sync/kort/content", &path(&made, "/export?format=md")] {
        let window = Ask::get(path).with("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        let answer = window.of(&router).await;
        assert!(answer.status().is_client_error(), "{path}");
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
        let (_, body) = Ask::get(path).with("accept", "*/*").json(&router).await;
        assert!(body["error"]["code"].is_string(), "{path}: {body}");
    }
    let window = Ask::get(&path(&made, "/export?format=md")).with("accept", "text/html");
    let opened = window.bearer(token(&made, "reader")).of(&router).await;
    assert_eq!(opened.status(), StatusCode::OK, "what may be opened is");
}

#[tokio::test]
async fn bad_input_gets_a_clear_answer() {
    let router = router(app().0);
    let create = |body: Value| Ask::post("/api/malbilder", &body);
    let (status, body) = create(json!({ "title": "T", "template": "strategisk" })).json(&router).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (422, &json!("unknown-template")));
    assert_eq!(
        body["error"]["known"],
        json!(["aktorsgemensam", "tom", "exempel-snoovader", "exempel-vapnat-angrepp"])
    );
    let long = "å".repeat(limits::TITLE_UNITS + 1);
    let title = create(json!({ "title": long, "template": "tom" }));
    assert_eq!(title.refused(&router).await, code(422, "title-too-long"));
    assert_eq!(
        create(json!({ "title": 5, "template": "tom" })).refused(&router).await,
        code(422, "bad-request")
    );
    assert_eq!(create(json!({ "title": "T" })).refused(&router).await, code(422, "bad-request"));
    let plain = || Request::post("/api/malbilder").header(header::HOST, HOST);
    let text = Ask(plain().header("content-type", "application/json"), "{".into());
    assert_eq!(text.refused(&router).await, code(400, "not-json"));
    let form = Ask(plain(), "title=T".into());
    assert_eq!(form.refused(&router).await, code(400, "not-json"));
    let large = create(json!({ "title": "x".repeat(100_000), "template": "tom" }));
    assert_eq!(large.refused(&router).await, code(413, "too-large"));
    assert_eq!(Ask::get("/api/malbilder").refused(&router).await, code(405, "method"));
    assert_eq!(Ask::get("/api/nothing").refused(&router).await, code(404, "not-found"));
    assert_eq!(Ask::get("/nothing").refused(&router).await, code(404, "not-found"));
}

#[tokio::test]
async fn a_title_is_one_line_and_a_missing_one_is_the_templates() {
    let router = router(app().0);
    for (asked, expected) in [("  Storm\n över  Skåne ", "Storm över Skåne"), ("", "")] {
        let body = json!({ "title": asked, "template": "tom" });
        let (_, made) = Ask::post("/api/malbilder", &body).json(&router).await;
        let (_, shown) = Ask::get(&path(&made, "")).bearer(token(&made, "reader")).json(&router).await;
        let template = samsyn_shared::Template::find("tom").unwrap().title;
        assert_eq!(shown["title"], if expected.is_empty() { template } else { expected });
    }
}

#[tokio::test]
async fn without_a_token_for_it_a_malbild_is_not_there() {
    let router = router(app().0);
    let (one, two) = (make(&router).await, make(&router).await);
    let not_found = code(404, "not-found");
    for rest in ["", "/export?format=md"] {
        assert_eq!(Ask::get(&path(&one, rest)).refused(&router).await, not_found);
        let other = Ask::get(&path(&one, rest)).bearer(token(&two, "owner"));
        assert_eq!(other.refused(&router).await, not_found);
        assert_eq!(Ask::get(&path(&one, rest)).bearer("x").refused(&router).await, not_found);
    }
    for id in ["AAAAAAAAAAAAAAAA", "x", "%2e%2e%2f"] {
        let ask = Ask::get(&format!("/api/malbilder/{id}")).bearer(token(&one, "owner"));
        assert_eq!(ask.refused(&router).await, not_found);
    }
}

#[tokio::test]
async fn a_link_is_minted_for_at_most_ones_own_role() {
    let router = router(app().0);
    let made = make(&router).await;
    let mint = |caller: &str, role: &str| {
        Ask::post(&path(&made, "/links"), &json!({ "role": role })).bearer(token(&made, caller))
    };
    let (status, link) = mint("editor", "reader").json(&router).await;
    assert_eq!(status, StatusCode::CREATED);
    let fresh = link["token"].as_str().unwrap();
    assert_ne!(fresh, token(&made, "reader"));
    assert!(link["link"].as_str().unwrap().ends_with(fresh));
    let (_, shown) = Ask::get(&path(&made, "")).bearer(fresh).json(&router).await;
    assert_eq!(shown["role"], "reader");
    assert_eq!(mint("editor", "owner").refused(&router).await, code(403, "role"));
    assert_eq!(mint("reader", "commenter").refused(&router).await, code(403, "role"));
    assert_eq!(mint("owner", "king").refused(&router).await, code(422, "bad-request"));
}

#[tokio::test]
async fn exports_are_json_and_markdown() {
    let router = router(app().0);
    let made = make(&router).await;
    let export = |format: &str| {
        Ask::get(&path(&made, &format!("/export?format={format}"))).bearer(token(&made, "reader"))
    };
    let (_, body) = export("json").json(&router).await;
    assert_eq!(body["id"], made["id"]);
    assert_eq!(body["sections"].as_array().unwrap().len(), 6);
    assert_eq!(body["sections"][0]["key"], "overgripande-beskrivning");
    let md = export("md").of(&router).await;
    assert_eq!(md.headers()[header::CONTENT_TYPE], "text/markdown; charset=utf-8");
    let text = to_bytes(md.into_body(), usize::MAX).await.unwrap();
    assert!(text.starts_with(b"# Storm"));
    let (status, body) = export("docx").json(&router).await;
    assert_eq!((status.as_u16(), &body["error"]["known"]), (422, &json!(["json", "md"])));
}

#[tokio::test]
async fn readiness_follows_the_store() {
    let (app, engine) = app();
    let router = router(app);
    assert_eq!(Ask::get("/healthz").of(&router).await.status(), StatusCode::OK);
    assert_eq!(Ask::get("/readyz").of(&router).await.status(), StatusCode::OK);
    engine.fail_commits(true);
    let create = || Ask::post("/api/malbilder", &json!({ "title": "T", "template": "tom" }));
    assert_eq!(create().refused(&router).await, code(503, "store"));
    assert_eq!(Ask::get("/readyz").refused(&router).await, code(503, "store"));
    assert_eq!(Ask::get("/healthz").of(&router).await.status(), StatusCode::OK);
}

/// The thread that waits for the disk answers nobody; the clock is the test's own.
#[tokio::test]
async fn readiness_ends_when_the_disk_has_not_answered_for_five_seconds_and_comes_back_with_it() {
    let (app, engine) = app();
    let (storage, router) = (app.storage.clone(), router(app));
    engine.hang(true);
    let commit = tokio::spawn(async move { storage.commit(Vec::new()).await });
    tokio::task::yield_now().await;
    let engine = tokio::task::spawn_blocking(move || {
        engine.wait_until_one_hangs();
        engine
    });
    let engine = engine.await.unwrap();
    tokio::time::pause();
    tokio::time::advance(limits::COMMIT_HANGS / 2).await;
    assert_eq!(Ask::get("/readyz").of(&router).await.status(), StatusCode::OK);
    tokio::time::advance(limits::COMMIT_HANGS / 2 + Duration::from_secs(1)).await;
    assert_eq!(Ask::get("/readyz").refused(&router).await, code(503, "store"));
    assert_eq!(Ask::get("/healthz").of(&router).await.status(), StatusCode::OK);
    engine.hang(false);
    commit.await.unwrap().unwrap();
    assert_eq!(Ask::get("/readyz").of(&router).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect() {
    let router = router(app().0);
    for path in ["/", "/m/x", "/api/x", "/healthz", "/x.js"] {
        let headers = Ask::get(path).of(&router).await.headers().clone();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin", "{path}");
        assert!(headers.contains_key("content-security-policy"), "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_one_answers_and_the_server_lives() {
    let router = protect(Router::new().route("/", get(async || -> () { panic!("a test panics") })));
    for _ in 0..2 {
        assert_eq!(Ask::get("/").refused(&router).await, code(500, "internal"));
    }
}

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server on a free port, with one målbild in it.
pub(super) struct Live {
    pub(super) app: App,
    pub(super) address: std::net::SocketAddr,
    pub(super) made: Value,
}

impl Live {
    pub(super) async fn start() -> Self {
        Self::of(app().0).await
    }

    pub(super) async fn with(visitors: Visitors) -> Self {
        Self::of(App { visitors, ..app().0 }).await
    }

    async fn of(app: App) -> Self {
        let router = router(app.clone());
        let made = make(&router).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router, app.visitors.clone(), app.stopping.clone()));
        Self { app, address, made }
    }

    pub(super) fn request(&self, role: &str, own: bool) -> tokio_tungstenite::tungstenite::http::Request<()> {
        let (id, token) = (self.made["id"].as_str().unwrap(), token(&self.made, role));
        let url = format!("ws://{}/sync/{id}/content?token={token}", self.address);
        let mut request = url.into_client_request().unwrap();
        if own {
            request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        }
        request
    }

    pub(super) async fn connect(&self, role: &str, own: bool) -> Socket {
        tokio_tungstenite::connect_async(self.request(role, own)).await.unwrap().0
    }

    async fn export(&self) -> Value {
        let router = router(self.app.clone());
        Ask::get(&path(&self.made, "/export?format=json"))
            .bearer(token(&self.made, "reader"))
            .json(&router)
            .await
            .1
    }
}

pub(super) async fn say(socket: &mut Socket, message: &Message) {
    socket.send(Frame::Binary(message.encode())).await.unwrap();
}

/// The next message, or the close code.
pub(super) async fn hear(socket: &mut Socket) -> Result<Message, u16> {
    let mut parts = Parts::default();
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("in time");
        match frame {
            Some(Ok(Frame::Binary(frame))) => {
                if let Some(message) = parts.take(Message::decode(frame).unwrap()).unwrap() {
                    return Ok(message);
                }
            }
            Some(Ok(Frame::Close(Some(frame)))) => return Err(frame.code.into()),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

pub(super) async fn hear_until(socket: &mut Socket, wanted: impl Fn(&Message) -> bool) -> Message {
    loop {
        let message = hear(socket).await.expect("the socket stays open");
        if wanted(&message) {
            return message;
        }
    }
}

/// A replica in step with the server.
pub(super) async fn replica(socket: &mut Socket) -> yrs::Doc {
    say(socket, &Message::Step1(StateVector::default().encode_v1().into())).await;
    let Message::Step2(update) = hear_until(socket, |m| matches!(m, Message::Step2(_))).await else {
        unreachable!("it was waited for")
    };
    let doc = document::replica(4711);
    doc.try_transact_mut().unwrap().apply_update(Update::decode_v1(&update).unwrap()).unwrap();
    doc
}

pub(super) fn insert(doc: &yrs::Doc, text: &str) -> Bytes {
    let mut txn = doc.try_transact_mut().unwrap();
    let section = txn.get_or_insert_text("section:mal-for-hanteringen");
    section.insert(&mut txn, 0, text);
    txn.encode_update_v1().into()
}

/// An update that puts a text in the place of all that the last one put there, so that the document does not grow.
pub(super) fn replace(doc: &yrs::Doc, text: &str) -> Bytes {
    let mut txn = doc.try_transact_mut().unwrap();
    let section = txn.get_or_insert_text("section:mal-for-hanteringen");
    let before = section.len(&txn) - 1;
    section.insert(&mut txn, 0, text);
    section.remove_range(&mut txn, u32::try_from(text.len()).unwrap(), before);
    txn.encode_update_v1().into()
}

#[tokio::test]
async fn what_one_writes_the_others_hear_and_the_export_shows() {
    let live = Live::start().await;
    let (mut own, mut stock) = (live.connect("editor", true).await, live.connect("reader", false).await);
    let doc = replica(&mut own).await;
    let update = insert(&doc, "hej");
    say(&mut own, &Message::Write(WriteNumber(1), update.clone())).await;
    hear_until(&mut own, |m| *m == Message::Saved(WriteNumber(1))).await;
    hear_until(&mut stock, |m| *m == Message::Update(update.clone())).await;
    assert_eq!(live.export().await["sections"][2]["delta"], json!([{ "insert": "hej\n" }]));
}

#[tokio::test]
async fn our_own_client_is_greeted_and_a_stock_client_sees_no_message_of_ours() {
    let live = Live::start().await;
    let mut own = live.connect("editor", true).await;
    assert!(matches!(hear(&mut own).await, Ok(Message::Hello(_))));
    let mut stock = live.connect("editor", false).await;
    assert!(matches!(hear(&mut stock).await, Ok(Message::Step1(_))));
    let update = insert(&replica(&mut stock).await, "hej");
    say(&mut stock, &Message::Update(update.clone())).await;
    assert_eq!(hear(&mut stock).await, Ok(Message::Update(update)), "its echo is its receipt");
}

#[tokio::test]
async fn a_reader_is_told_and_its_socket_stays() {
    let live = Live::start().await;
    let mut reader = live.connect("reader", false).await;
    let update = insert(&replica(&mut reader).await, "hej");
    say(&mut reader, &Message::Update(update)).await;
    assert!(matches!(hear(&mut reader).await, Ok(Message::Denied(_))));
    replica(&mut reader).await;
    assert_eq!(live.export().await["sections"][2]["delta"], json!([{ "insert": "\n" }]));
}

#[tokio::test]
async fn a_frame_that_does_not_decode_closes_that_connection_and_leaves_the_others() {
    let live = Live::start().await;
    let (mut bad, mut good) = (live.connect("editor", false).await, live.connect("editor", true).await);
    hear(&mut bad).await.unwrap();
    bad.send(Frame::Binary(Bytes::from_static(&[0, 2, 3, 1, 1, 1]))).await.unwrap();
    assert_eq!(hear(&mut bad).await, Err(4400));
    let update = insert(&replica(&mut good).await, "hej");
    say(&mut good, &Message::Write(WriteNumber(1), update)).await;
    hear_until(&mut good, |m| *m == Message::Saved(WriteNumber(1))).await;
}

#[tokio::test]
async fn sockets_are_refused_without_access_and_from_other_sites() {
    let live = Live::start().await;
    let refused = async |request: tokio_tungstenite::tungstenite::http::Request<()>| {
        match tokio_tungstenite::connect_async(request).await {
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
            other => panic!("{other:?}"),
        }
    };
    let mut wrong = live.request("editor", true);
    *wrong.uri_mut() =
        format!("ws://{}/sync/{}/content", live.address, live.made["id"].as_str().unwrap()).parse().unwrap();
    assert_eq!(refused(wrong).await, 404);
    let mut foreign = live.request("editor", true);
    foreign.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(refused(foreign).await, 403);
    let mut discussion = live.request("editor", true);
    let path = discussion.uri().to_string().replace("/content", "/discussion");
    *discussion.uri_mut() = path.parse().unwrap();
    assert_eq!(refused(discussion).await, 404);
}

#[tokio::test]
async fn draining_stores_what_was_accepted_and_says_goodbye() {
    let live = Live::start().await;
    let mut own = live.connect("editor", true).await;
    let update = insert(&replica(&mut own).await, "hej");
    say(&mut own, &Message::Write(WriteNumber(1), update)).await;
    hear_until(&mut own, |m| *m == Message::Saved(WriteNumber(1))).await;
    live.app.rooms.drain().await;
    assert_eq!(hear(&mut own).await, Err(1001));
    // Polled once more, the client answers the close frame, as every browser does.
    assert!(own.next().await.is_none());
    live.app.sockets.close();
    live.app.sockets.wait().await;
}
