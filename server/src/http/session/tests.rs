//! Sessions as browsers have them, by their cookies.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::http::tests::{Ask, HOST, app, code, make, path, token};
use crate::http::{App, router};

#[tokio::test]
async fn a_session_stands_for_tokens_on_our_own_page_alone() {
    let router = router(app().0);
    let (one, two) = (make(&router).await, make(&router).await);
    let own = format!("http://{HOST}");
    let trade = |made: &Value, role: &str| {
        Ask::post(&path(made, "/session"), &json!({})).bearer(token(made, role)).with("origin", &own)
    };
    let response = trade(&one, "reader").of(&router).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let mut cookie = cookie_of(&response);
    let again = trade(&two, "owner").with("cookie", &cookie).of(&router).await;
    let old = std::mem::replace(&mut cookie, cookie_of(&again));
    assert_ne!(old, cookie, "each trade makes a new key");
    let ended = Ask::get(&path(&one, "")).with("cookie", &old).with("sec-fetch-site", "same-origin");
    assert_eq!(ended.refused(&router).await.0, 404, "and the old one ends");

    let show = |made: &Value| Ask::get(&path(made, "")).with("cookie", &cookie);
    for (made, role) in [(&one, "reader"), (&two, "owner")] {
        let (_, shown) = show(made).with("sec-fetch-site", "same-origin").json(&router).await;
        assert_eq!(shown["role"], role);
    }
    let (_, shown) =
        show(&one).with("sec-fetch-site", "same-origin").bearer(token(&one, "editor")).json(&router).await;
    assert_eq!(shown["role"], "editor", "the highest role wins");
    assert_eq!(show(&one).refused(&router).await.0, 404, "no browser vouches for it");
    assert_eq!(show(&one).with("sec-fetch-site", "cross-site").refused(&router).await.0, 404);
    let link = |ask: Ask| ask.with("cookie", &cookie);
    let mint = || Ask::post(&path(&two, "/links"), &json!({ "role": "reader" }));
    assert_eq!(link(mint()).with("origin", &own).json(&router).await.0, StatusCode::CREATED);
    assert_eq!(link(mint()).refused(&router).await.0, 404, "without an Origin only a token counts");
    assert_eq!(
        link(mint()).with("origin", "https://evil.example").refused(&router).await,
        code(403, "origin")
    );
}

/// The cookie that an answer has the browser keep, as the browser shows it.
fn cookie_of(response: &Response) -> String {
    response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// A server whose browsers come by TLS.
fn secure() -> (Router, App) {
    let app = App { public_url: Some(format!("https://{HOST}").into()), ..app().0 };
    (router(app.clone()), app)
}

#[tokio::test]
async fn with_an_https_address_the_cookie_is_this_hosts_alone_and_tls_is_told_to_stay() {
    let (router, _) = secure();
    let made = make(&router).await;
    let own = format!("https://{HOST}");
    let trade = || Ask::post(&path(&made, "/session"), &json!({})).bearer(token(&made, "editor"));
    let response = trade().with("origin", &own).of(&router).await;
    let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
    let cookie = cookies[0].to_str().unwrap();
    assert!(cookie.starts_with("__Host-samsyn_session=") && cookie.ends_with("; Secure"), "{cookie}");
    for path in ["/", "/api/x", "/healthz"] {
        let headers = Ask::get(path).of(&router).await.headers().clone();
        assert_eq!(headers["strict-transport-security"], "max-age=31536000", "{path}");
    }
    assert!(
        !Ask::get("/")
            .of(&super::super::router(app().0))
            .await
            .headers()
            .contains_key("strict-transport-security")
    );
    let foreign = trade().with("origin", &format!("http://{HOST}")).refused(&router).await;
    assert_eq!(foreign, code(403, "origin"), "without TLS it is not our page");
}

#[tokio::test]
async fn a_session_under_the_cookies_old_name_opens_what_it_did_and_gets_the_new_name() {
    let (router, app) = secure();
    let made = make(&router).await;
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let old = app.access.trade(id, &token(&made, "editor").parse().unwrap(), None).await.unwrap().unwrap();
    let old = format!("samsyn_session={}", old.reveal());
    let show = |cookie: &str| {
        Ask::get(&path(&made, "")).with("cookie", cookie).with("sec-fetch-site", "same-origin")
    };
    let response = show(&old).of(&router).await;
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = cookie_of(&response);
    assert!(cookie.starts_with("__Host-samsyn_session="), "{cookie}");
    let forgotten = response.headers().get_all(header::SET_COOKIE).iter().nth(1).unwrap().to_str().unwrap();
    assert!(forgotten.starts_with("samsyn_session=;") && forgotten.contains("Max-Age=0"), "{forgotten}");
    let response = show(&format!("{old}; {cookie}")).of(&router).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key(header::SET_COOKIE), "once is enough");
    assert_eq!(show(&old).of(&router).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_key_that_somebody_planted_is_replaced() {
    let router = router(app().0);
    let made = make(&router).await;
    let planted = format!("samsyn_session={}", samsyn_shared::Token::generate(&mut rand::rng()).reveal());
    let trade = Ask::post(&path(&made, "/session"), &json!({})).bearer(token(&made, "owner"));
    let traded = trade.with("cookie", &planted).with("origin", &format!("http://{HOST}")).of(&router).await;
    assert_ne!(cookie_of(&traded), planted);
    let show = |cookie: &str| {
        Ask::get(&path(&made, "")).with("cookie", cookie).with("sec-fetch-site", "same-origin")
    };
    assert_eq!(show(&planted).refused(&router).await.0, 404);
    assert_eq!(show(&cookie_of(&traded)).json(&router).await.1["role"], "owner");
}

#[tokio::test]
async fn a_browser_gives_up_one_malbild_and_keeps_the_others_and_no_other_site_does_that_for_it() {
    let router = router(app().0);
    let (one, two) = (make(&router).await, make(&router).await);
    let own = format!("http://{HOST}");
    let mut cookie = String::new();
    for made in [&one, &two] {
        let trade = Ask::post(&path(made, "/session"), &json!({})).bearer(token(made, "editor"));
        cookie = cookie_of(&trade.with("cookie", &cookie).with("origin", &own).of(&router).await);
    }
    let end = |made: &Value| {
        let request = Request::delete(path(made, "/session")).header(header::HOST, HOST);
        Ask(request.header("cookie", &cookie), Body::empty())
    };
    assert_eq!(end(&one).with("origin", "https://evil.example").refused(&router).await, code(403, "origin"));
    assert_eq!(end(&one).refused(&router).await, code(403, "origin"));
    let show = |made: &Value| {
        Ask::get(&path(made, "")).with("cookie", &cookie).with("sec-fetch-site", "same-origin")
    };
    assert_eq!(show(&one).of(&router).await.status(), StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(end(&one).with("origin", &own).of(&router).await.status(), StatusCode::NO_CONTENT);
        assert_eq!(show(&one).of(&router).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(show(&two).of(&router).await.status(), StatusCode::OK);
    }
    assert_eq!(
        end(&json!({ "id": "x" })).with("origin", &own).refused(&router).await,
        code(404, "not-found")
    );
}

#[tokio::test]
async fn only_the_public_address_is_answered_but_for_those_who_watch_the_server() {
    let (router, _) = secure();
    let ask = |path: &str, host: Option<&str>| {
        let request = Request::get(path);
        Ask(host.map_or(Request::get(path), |host| request.header(header::HOST, host)), Body::empty())
    };
    for path in ["/", "/m/x", "/api/malbilder/x", "/sync/x/content", "/worker.js", "/healthz/"] {
        assert_eq!(ask(path, Some("127.0.0.1:8080")).refused(&router).await, code(421, "host"), "{path}");
        assert_eq!(ask(path, None).refused(&router).await, code(400, "host"), "{path}");
        assert_eq!(ask(path, Some("a b")).refused(&router).await, code(400, "host"), "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(path, Some("127.0.0.1:8080")).of(&router).await.status(), StatusCode::OK, "{path}");
        assert_eq!(ask(path, None).of(&router).await.status(), StatusCode::OK, "{path}");
    }
}
