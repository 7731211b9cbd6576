//! Acts, the journal and seats over HTTP.

use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::store::ReadStore as _;

struct Malbild {
    router: Router,
    made: Value,
    engine: Arc<MemoryStore>,
    app: App,
}

impl Malbild {
    async fn new() -> Self {
        let (app, engine) = app();
        let router = router(app.clone());
        let made = make(&router).await;
        Self { router, made, engine, app }
    }

    fn post(&self, rest: &str, token: &str, body: &Value) -> Ask {
        Ask::post(&path(&self.made, rest), body).bearer(token)
    }

    fn act(&self, role: &str, id: &str, act: &str, fields: &Value) -> Ask {
        let mut body = json!({"id": format!("{id:0<16}"), "act": act});
        let (Value::Object(all), Value::Object(fields)) = (&mut body, fields) else { panic!("no fields") };
        all.extend(fields.clone());
        self.post("/acts", token(&self.made, role), &body)
    }

    async fn journal(&self, role: &str, rest: &str) -> Value {
        let rest = format!("/journal{rest}");
        let (status, journal) =
            Ask::get(&path(&self.made, &rest)).bearer(token(&self.made, role)).json(&self.router).await;
        assert_eq!(status, StatusCode::OK);
        journal
    }

    async fn seat_of(&self, token: &str) -> String {
        let (_, shown) = Ask::get(&path(&self.made, "")).bearer(token).json(&self.router).await;
        shown["seat"].as_str().unwrap().to_owned()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Verifies a chain as somebody would who knows nothing of this program: its numbers, its hashes, its bodies.
fn verify(entries: &[Value]) {
    let mut previous = "0".repeat(64);
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(
            (entry["number"].as_u64(), &entry["previous"]),
            (Some(index as u64 + 1), &json!(previous))
        );
        // Fields of these texts in the order of their names, without spaces, are their canonical form.
        let mut head = serde_json::Map::new();
        for key in ["act", "at", "body_hash", "number", "previous"] {
            head.insert(key.to_owned(), entry[key].clone());
        }
        previous = hex(&Sha256::digest(serde_json::to_vec(&head).unwrap()));
        assert_eq!(entry["hash"], json!(previous));
        if let Some(salt) = entry["salt"].as_str() {
            let salt: Vec<u8> =
                (0..64).step_by(2).map(|at| u8::from_str_radix(&salt[at..at + 2], 16).unwrap()).collect();
            let body = samsyn_canonical(&entry["body"]);
            assert_eq!(entry["body_hash"], json!(hex(&Sha256::digest([salt, body].concat()))));
        }
    }
}

fn samsyn_canonical(value: &Value) -> Vec<u8> {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut keys: Vec<_> = fields.keys().collect();
                keys.sort();
                keys.into_iter().map(|key| (key.clone(), sorted(&fields[key]))).collect()
            }
            Value::Array(values) => values.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    serde_json::to_vec(&sorted(value)).unwrap()
}

#[tokio::test]
async fn an_act_is_taken_once_and_stands_in_the_journal() {
    let it = Malbild::new().await;
    let actor = json!({"name": "Åre kommun", "level": "lokal", "by_name": " Anna  Ask "});
    let (status, taken) = it.act("editor", "a1", "actor", &actor).json(&it.router).await;
    assert_eq!((status, &taken["number"]), (StatusCode::CREATED, &json!(2)));
    let (status, again) = it.act("editor", "a1", "actor", &actor).json(&it.router).await;
    assert_eq!((status, again), (StatusCode::OK, taken.clone()));
    assert_eq!(it.act("owner", "a1", "actor", &actor).refused(&it.router).await, code(409, "id"));
    let thread = json!({"text": "Bra", "section": "kommunikationsmal", "name": "Bo"});
    it.act("commenter", "t1", "thread", &thread).json(&it.router).await;
    let journal = it.journal("owner", "").await;
    let entries = journal["entries"].as_array().unwrap();
    verify(entries);
    assert_eq!((entries.len(), &journal["next"], &journal["head"]), (3, &Value::Null, &entries[2]["hash"]));
    assert_eq!((&entries[0]["act"], &entries[0]["body"]["kind"]), (&json!("opened"), &json!("skarpt")));
    assert_eq!(entries[1]["at"], taken["at"]);
    let body = &entries[1]["body"];
    let seat = it.seat_of(token(&it.made, "editor")).await;
    assert_eq!((&body["name"], &body["by_name"]), (&json!("Åre kommun"), &json!("Anna Ask")));
    assert_eq!((&body["seat"], &entries[2]["body"]["name"]), (&json!(seat), &json!("Bo")));
    // A reader sees that something was said, and the chain verifies.
    let journal = it.journal("reader", "").await;
    let entries = journal["entries"].as_array().unwrap();
    verify(entries);
    assert_eq!((&entries[2]["body"], &entries[2]["salt"]), (&Value::Null, &Value::Null));
    let rest = it.journal("reader", "?from=3").await;
    assert_eq!((rest["entries"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(it.journal("reader", "?from=9").await["entries"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_taken_has_a_code() {
    let it = Malbild::new().await;
    for (role, id, act, fields, refused) in [
        ("reader", "a1", "actor", json!({"name": "A"}), code(403, "role")),
        ("editor", "a1", "phase", json!({"phase": "last"}), code(403, "role")),
        ("owner", "a1", "phase", json!({"phase": "paus"}), code(422, "invalid")),
        ("owner", "a1", "fest", json!({}), code(422, "invalid")),
        ("owner", "a1", "seat", json!({"role": "owner"}), code(422, "invalid")),
        ("owner", "a1", "actor", json!({"name": "A", "extra": 1}), code(422, "invalid")),
        ("owner", "a1", "kind", json!({"kind": "ovning", "name": 5}), code(422, "invalid")),
        ("owner", "å1", "kind", json!({"kind": "ovning"}), code(422, "invalid")),
        ("owner", "a1", "reply", json!({"thread": "0123456789abcdef", "text": "A"}), code(409, "missing")),
        ("owner", "a1", "thread", json!({"text": "A", "section": "fel"}), code(409, "missing")),
    ] {
        let asked = it.act(role, id, act, &fields).refused(&it.router).await;
        assert_eq!(asked, refused, "{act} {fields}");
    }
    let other = make(&it.router).await;
    let body = json!({"id": "0123456789abcdef", "act": "kind", "kind": "ovning"});
    let foreign = it.post("/acts", token(&other, "owner"), &body);
    assert_eq!(foreign.refused(&it.router).await, code(404, "not-found"));
    assert_eq!(it.journal("owner", "").await["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_disk_does_not_take_is_not_called_taken() {
    let it = Malbild::new().await;
    it.engine.fail_commits(true);
    let asked = it.act("owner", "k1", "kind", &json!({"kind": "ovning"})).refused(&it.router).await;
    assert_eq!(asked, code(503, "store"));
}

#[tokio::test]
async fn a_seat_speaks_for_its_actor_until_it_is_taken_away() {
    let it = Malbild::new().await;
    it.act("owner", "a1", "actor", &json!({"name": "Åre"})).json(&it.router).await;
    let owner = token(&it.made, "owner");
    let link = json!({"role": "commenter", "actor": "a100000000000000", "label": "Åre, Bo"});
    let by_editor = it.post("/links", token(&it.made, "editor"), &link).refused(&it.router).await;
    assert_eq!(by_editor, code(403, "role"));
    let nobody = json!({"role": "reader", "actor": "nobody0000000000"});
    assert_eq!(it.post("/links", owner, &nobody).refused(&it.router).await, code(409, "missing"));
    let (_, minted) = it.post("/links", owner, &link).json(&it.router).await;
    let (fresh, seat) = (minted["token"].as_str().unwrap(), minted["seat"].as_str().unwrap());
    assert_eq!(it.seat_of(fresh).await, seat);
    let (_, shown) = Ask::get(&path(&it.made, "")).bearer(fresh).json(&it.router).await;
    assert_eq!(shown["actor"], "a100000000000000");
    let said =
        json!({"id": "t100000000000000", "act": "thread", "text": "Vi", "section": "kommunikationsmal"});
    it.post("/acts", fresh, &said).json(&it.router).await;
    let journal = it.journal("owner", "").await;
    assert_eq!(journal["entries"][3]["body"]["actor"], "a100000000000000");
    let listed = || Ask::get(&path(&it.made, "/seats"));
    assert_eq!(listed().bearer(token(&it.made, "editor")).refused(&it.router).await, code(403, "role"));
    let (_, seats) = listed().bearer(owner).json(&it.router).await;
    let mine: Vec<_> = seats["seats"].as_array().unwrap().iter().filter(|s| s["seat"] == seat).collect();
    assert_eq!((seats["seats"].as_array().unwrap().len(), mine.len()), (5, 1));
    assert_eq!((&mine[0]["label"], &mine[0]["revoked"]), (&json!("Åre, Bo"), &json!(false)));
    let revoke = |seat: &str, token: &str| {
        let path = path(&it.made, &format!("/seats/{seat}"));
        Ask(Request::delete(path).header(header::HOST, HOST), Body::empty()).bearer(token)
    };
    assert_eq!(revoke(seat, fresh).refused(&it.router).await, code(403, "role"));
    assert_eq!(revoke(seat, owner).of(&it.router).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(revoke(seat, owner).refused(&it.router).await, code(409, "closed"));
    assert_eq!(it.post("/acts", fresh, &said).refused(&it.router).await, code(404, "not-found"));
    let own = it.seat_of(owner).await;
    assert_eq!(revoke(&own, owner).refused(&it.router).await, code(409, "last-owner"));
    assert_eq!(revoke("x", owner).refused(&it.router).await, code(404, "not-found"));
}

#[tokio::test]
async fn a_link_that_has_run_out_opens_nothing() {
    let it = Malbild::new().await;
    let owner = token(&it.made, "owner");
    for (expires, opens) in [("2020-01-01T00:00:00Z", false), ("2120-01-01T01:00:00+01:00", true)] {
        let link = json!({"role": "reader", "expires": expires});
        let (_, minted) = it.post("/links", owner, &link).json(&it.router).await;
        let shown =
            Ask::get(&path(&it.made, "")).bearer(minted["token"].as_str().unwrap()).of(&it.router).await;
        assert_eq!(shown.status().is_success(), opens, "{expires}");
    }
    let bad = json!({"role": "reader", "expires": "i morgon"});
    assert_eq!(it.post("/links", owner, &bad).refused(&it.router).await, code(422, "invalid"));
}

#[tokio::test]
async fn a_malbild_from_before_there_were_journals_gets_one() {
    let it = Malbild::new().await;
    let id = it.made["id"].as_str().unwrap().parse().unwrap();
    it.app.rooms.drain().await;
    // As the release before this one had stored it.
    let engine = Arc::new(MemoryStore::default());
    let content = it.engine.load(crate::store::DocumentId::content(id)).unwrap().unwrap();
    let document = crate::store::DocumentId::content(id);
    let mut writes: Vec<_> =
        content.parts().map(|part| crate::store::Write::Append { document, update: part.clone() }).collect();
    for table in [crate::store::Table::Malbild, crate::store::Table::Token] {
        for key in it.engine.keys(table, "").unwrap() {
            let value = it.engine.get(table, &key).unwrap().unwrap();
            writes.push(crate::store::Write::Put { table, key, value });
        }
    }
    crate::store::Store::commit(&*engine, &writes, crate::store::Time(0)).unwrap();
    let storage = Storage::start(Arc::clone(&engine) as Arc<dyn crate::store::Store>);
    let router = router(App::new(storage.clone(), Rooms::new(storage), visitors(Bounds::of(20_000))));
    let it = Malbild { router, engine, ..it };
    let journal = it.journal("owner", "").await;
    let first = &journal["entries"][0];
    assert_eq!((&first["act"], first["body"]["seats"].as_array().unwrap().len()), (&json!("opened"), 4));
    let seat = it.seat_of(token(&it.made, "editor")).await;
    let seats = first["body"]["seats"].as_array().unwrap();
    assert!(seats.contains(&json!({"id": seat, "role": "editor"})), "{seats:?}");
}

#[tokio::test]
async fn a_stream_of_a_journal_goes_on_and_ends_with_its_seat() {
    let it = Malbild::new().await;
    let owner = token(&it.made, "owner");
    let (_, minted) = it.post("/links", owner, &json!({"role": "commenter"})).json(&it.router).await;
    let (fresh, seat) = (minted["token"].as_str().unwrap(), minted["seat"].as_str().unwrap());
    let stream = Ask::get(&path(&it.made, "/journal")).bearer(fresh).with("accept", "text/event-stream");
    let stream = stream.with("last-event-id", "1").of(&it.router).await;
    assert_eq!(stream.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = stream.into_body().into_data_stream();
    let mut next = async || body.next().await.map(|part| String::from_utf8(part.unwrap().to_vec()).unwrap());
    let first = next().await.unwrap();
    assert!(first.starts_with("event: entry\nid: 2\ndata: {\"number\":2,"), "{first}");
    assert!(first.contains("\"body\":null"), "who handed it out is an owner's to know: {first}");
    let said = json!({"text": "Ring Sune", "section": "kommunikationsmal"});
    it.act("editor", "t1", "thread", &said).json(&it.router).await;
    assert!(next().await.unwrap().contains("Ring Sune"));
    it.act("owner", "e1", "erase", &json!({"entry": 3, "reason": "Fel"})).json(&it.router).await;
    let erased = next().await.unwrap();
    let numbers: Vec<_> = erased.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!((numbers, erased.contains("Sune")), (vec!["4", "3"], false));
    let path = path(&it.made, &format!("/seats/{seat}"));
    let revoked = Ask(Request::delete(path).header(header::HOST, HOST), Body::empty()).bearer(owner);
    assert_eq!(revoked.of(&it.router).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(next().await, None);
}
