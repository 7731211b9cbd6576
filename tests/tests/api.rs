//! `/api`, and what the server answers to those who ask for what they should not.

use anyhow::{Context, Result};
use reqwest::{Method, StatusCode, header};
use samsyn_shared::{Role, Template};
use samsyn_tests::api::{Api, error_code};
use samsyn_tests::server::Server;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn an_unknown_template_is_422_with_the_known_ones() -> Result<()> {
    let server = Server::start().await?;
    let body = json!({"title": "T", "template": "strategisk"});
    let response = Api::of(&server)?.post("/api/malbilder", &body, None).await?;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let text = response.text().await?;
    for known in ["aktorsgemensam", "tom", "exempel-snoovader", "exempel-vapnat-angrepp"] {
        assert!(text.contains(known), "{known} is not named in {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_title_has_a_limit_in_utf_16_units() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    api.create("tom", &"å".repeat(200)).await?;
    for long in ["å".repeat(201), "😀".repeat(101)] {
        let body = json!({"title": long, "template": "tom"});
        let response = api.post("/api/malbilder", &body, None).await?;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        error_code(response).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    for (body, kind) in [("{", "application/json"), ("", "application/json"), ("title=T", "text/plain")] {
        let request =
            api.request(Method::POST, "/api/malbilder").header(header::CONTENT_TYPE, kind).body(body);
        let response = request.send().await?;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:?}");
        error_code(response).await?;
    }
    Ok(())
}

#[tokio::test]
async fn nobody_learns_which_malbilder_exist() -> Result<()> {
    let stage = Stage::set().await?;
    let other = stage.api.create("tom", "En annan").await?;
    let here = &stage.malbild.id;
    let token = stage.malbild.token(Role::Owner);
    let mut answers = Vec::new();
    for (id, token) in [
        ("AAAAAAAAAAAAAAAA", Some(token)),
        ("not-an-id", Some(token)),
        (here, None),
        (here, Some(other.token(Role::Owner))),
        (here, Some("wrong")),
    ] {
        for path in [format!("/api/malbilder/{id}"), format!("/api/malbilder/{id}/export?format=md")] {
            let response = stage.api.get(&path, token).await?;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path} with {token:?}");
            answers.push(response.text().await?);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "the answers differ: {answers:?}");
    Ok(())
}

#[tokio::test]
async fn a_role_may_see_the_malbild_and_is_told_which_it_is() -> Result<()> {
    let stage = Stage::set().await?;
    for role in Role::ALL {
        let path = format!("/api/malbilder/{}", stage.malbild.id);
        let shown: Value = stage.api.get(&path, Some(stage.malbild.token(role))).await?.json().await?;
        assert_eq!(shown["role"], role.as_str());
        assert_eq!(shown["title"], "Storm över länet");
        assert_eq!(shown["template"], "aktorsgemensam@1");
    }
    Ok(())
}

#[tokio::test]
async fn a_link_gives_at_most_the_role_of_who_shares_it() -> Result<()> {
    let stage = Stage::set().await?;
    for own in Role::ALL {
        for wanted in Role::ALL {
            let token = stage.malbild.token(own);
            let response = stage.api.mint(&stage.malbild, wanted, token).await?;
            if wanted > own {
                assert_eq!(response.status(), StatusCode::FORBIDDEN, "{own} shared {wanted}");
                continue;
            }
            assert_eq!(response.status(), StatusCode::CREATED, "{own} could not share {wanted}");
            let minted: Value = response.json().await?;
            let token = minted["token"].as_str().context("no token")?;
            let link = format!("{}/m/{}#{token}", stage.server.url(), stage.malbild.id);
            assert_eq!(minted["link"], link);
            let path = format!("/api/malbilder/{}", stage.malbild.id);
            let shown: Value = stage.api.get(&path, Some(token)).await?.json().await?;
            assert_eq!(shown["role"], wanted.as_str());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_token_may_come_in_the_query_as_stock_clients_send_it() -> Result<()> {
    let stage = Stage::set().await?;
    let path = format!("/api/malbilder/{}?token={}", stage.malbild.id, stage.malbild.token(Role::Reader));
    assert_eq!(stage.api.get(&path, None).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn every_template_is_exported_as_its_own_words_in_json_and_markdown() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    for template in Template::all() {
        let malbild = api.create(template.name, "Vår *egen* målbild").await?;
        let json: Value = serde_json::from_str(&api.export(&malbild, "json").await?)?;
        assert_eq!(json["id"], malbild.id);
        assert_eq!(json["title"], "Vår *egen* målbild");
        assert_eq!(json["template"], template.identifier());
        let sections = json["sections"].as_array().context("no sections")?;
        let markdown = api.export(&malbild, "md").await?;
        assert!(!markdown.contains(&malbild.id), "an id in {markdown}");
        assert!(markdown.contains(r"Vår \*egen\* målbild"), "{markdown}");
        assert_eq!(sections.len(), template.sections.len());
        for (section, exported) in template.sections.iter().zip(sections) {
            assert_eq!(exported["key"], section.key.as_str());
            assert_eq!(exported["heading"], section.heading);
            assert!(markdown.contains(section.heading), "no {} in {markdown}", section.heading);
            let seeded = template.content().iter().find(|(key, _)| *key == section.key);
            let words =
                seeded.into_iter().flat_map(|(_, lines)| *lines).map(|line| format!("{}\n", line.text));
            let words: String = words.collect();
            let expected = if words.is_empty() { "\n".to_owned() } else { words };
            assert_eq!(
                api.text(&malbild, section.key.as_str()).await?,
                expected,
                "{} {}",
                template.name,
                section.key
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_export_format_is_422() -> Result<()> {
    let stage = Stage::set().await?;
    let path = format!("/api/malbilder/{}/export?format=exe", stage.malbild.id);
    let response = stage.api.get(&path, Some(stage.malbild.token(Role::Owner))).await?;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    error_code(response).await?;
    Ok(())
}

#[tokio::test]
async fn whoever_runs_the_server_can_see_that_it_lives_is_ready_and_what_it_does() -> Result<()> {
    let stage = Stage::set().await?;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(stage.api.get(path, None).await?.status(), StatusCode::OK, "{path}");
    }
    let response = stage.api.get("/metrics", None).await?;
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.text().await?;
    assert!(text.lines().any(|line| line.starts_with("samsyn_")), "{text}");
    assert!(!text.contains(&stage.malbild.id), "the metrics name a målbild");
    for name in ["rooms_open", "unsaved_age_seconds", "outbox_bytes", "log_bytes", "snapshot_bytes"] {
        assert!(text.contains(&format!("\nsamsyn_{name} ")), "no gauge {name}");
    }
    for name in ["commit_seconds", "flush_seconds"] {
        assert!(text.contains(&format!("\nsamsyn_{name}_bucket{{")), "no histogram {name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_from_another_sites_page_is_refused() -> Result<()> {
    let stage = Stage::set().await?;
    let token = stage.malbild.token(Role::Owner);
    let own = stage.server.url();
    for (origin, expected) in [
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
        (own.as_str(), StatusCode::CREATED),
    ] {
        let path = format!("/api/malbilder/{}/links", stage.malbild.id);
        let request = stage.api.request(Method::POST, &path).bearer_auth(token);
        let request = request.header(header::ORIGIN, origin).json(&json!({"role": "reader"}));
        assert_eq!(request.send().await?.status(), expected, "{origin}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_survives_kill_9_and_holds_several_malbilder() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = stage.api.create("tom", "En annan").await?;
    let cookie = trade(&stage.api, &stage.malbild.id, stage.malbild.token(Role::Editor), None).await?;
    let cookie = trade(&stage.api, &other.id, other.token(Role::Reader), Some(&cookie)).await?;
    stage.server.kill9().await?;
    stage.server.restart().await?;
    for (id, role) in [(&stage.malbild.id, "editor"), (&other.id, "reader")] {
        let request = stage.api.request(Method::GET, &format!("/api/malbilder/{id}"));
        let request = request.header(header::COOKIE, &cookie).header("sec-fetch-site", "same-origin");
        let shown: Value = request.send().await?.json().await?;
        assert_eq!(shown["role"], role, "{shown}");
    }
    Ok(())
}

/// Trades a token for the session's cookie, as the page does.
async fn trade(api: &Api, id: &str, token: &str, cookie: Option<&str>) -> Result<String> {
    let request = api.request(Method::POST, &format!("/api/malbilder/{id}/session")).bearer_auth(token);
    let request = request.header(header::ORIGIN, api.origin());
    let request = match cookie {
        Some(cookie) => request.header(header::COOKIE, cookie),
        None => request,
    };
    let response = request.send().await?;
    assert!(response.status().is_success(), "{}", response.status());
    let set = response.headers().get(header::SET_COOKIE).context("no cookie")?.to_str()?.to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite="), "{set}");
    Ok(set.split(';').next().unwrap_or_default().to_owned())
}
