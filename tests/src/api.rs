//! The server's HTTP side, asked as a program would ask it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use samsyn_shared::Role;
use samsyn_shared::api::{CreateMalbild, CreatedMalbild, LinkRequest, PerRole, Refusal, RefusalDetail};
use samsyn_shared::domain::malbild_kind::MalbildKind;
use samsyn_shared::domain::schema::TITLE;
use samsyn_shared::text::delta::Op;
use serde_json::{Value, json};

use crate::server::Server;

/// A client of one server's HTTP side.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    client: Client,
}

/// A målbild as its maker was told of it.
#[derive(Debug, Clone)]
pub struct Malbild {
    /// Its id.
    pub id: String,
    /// A token for each role.
    pub tokens: BTreeMap<Role, String>,
    /// A link for each role.
    pub links: BTreeMap<Role, String>,
}

impl Malbild {
    /// A token.
    #[must_use]
    pub fn token(&self, role: Role) -> &str {
        &self.tokens[&role]
    }

    /// A link to share.
    #[must_use]
    pub fn link(&self, role: Role) -> &str {
        &self.links[&role]
    }

    /// What the link that a page was opened by says. A link has the token after `#`.
    ///
    /// # Errors
    /// When it is no such link.
    pub fn from_link(role: Role, link: &str) -> Result<Self> {
        let (path, token) = link.split_once('#').with_context(|| format!("{link} has no token"))?;
        let id = path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self {
            id,
            tokens: BTreeMap::from([(role, token.to_owned())]),
            links: BTreeMap::from([(role, link.to_owned())]),
        })
    }
}

impl Api {
    /// A client for this server, without cookies and without following redirects.
    ///
    /// # Errors
    /// When there can be none.
    pub fn of(server: &Server) -> Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()?;
        Ok(Self { base: server.url(), client })
    }

    /// The server's own origin, as its page's requests carry it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.base
    }

    /// A request to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// GET, with a token or none.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Result<Response> {
        let request = self.request(Method::GET, path);
        Ok(with_token(request, token).send().await?)
    }

    /// POST of JSON, with a token or none.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn post(&self, path: &str, body: &Value, token: Option<&str>) -> Result<Response> {
        let request = self.request(Method::POST, path).json(body);
        Ok(with_token(request, token).send().await?)
    }

    /// Makes a målbild.
    ///
    /// # Errors
    /// When the answer is not what the API promises.
    pub async fn create(&self, template: &str, title: &str) -> Result<Malbild> {
        let asked = CreateMalbild {
            title: title.to_owned(),
            template: template.to_owned(),
            kind: MalbildKind::Skarpt,
        };
        let response = self.post("/api/malbilder", &json!(asked), None).await?;
        ensure!(response.status() == StatusCode::CREATED, "{}", told(response).await);
        let created: CreatedMalbild = response.json().await?;
        let by_role = |texts: &PerRole| Role::ALL.map(|role| (role, texts.get(role).to_owned())).into();
        Ok(Malbild {
            id: created.id.to_string(),
            tokens: by_role(&created.tokens),
            links: by_role(&created.links),
        })
    }

    /// One more link for a role, minted by who holds `token`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn mint(&self, malbild: &Malbild, role: Role, token: &str) -> Result<Response> {
        let path = format!("/api/malbilder/{}/links", malbild.id);
        self.post(&path, &json!(LinkRequest::of(role)), Some(token)).await
    }

    /// What the server holds, as Markdown or JSON.
    ///
    /// # Errors
    /// When the server does not give it.
    pub async fn export(&self, malbild: &Malbild, format: &str) -> Result<String> {
        let path = format!("/api/malbilder/{}/export?format={format}", malbild.id);
        let token = malbild.tokens.values().next().context("no token")?;
        let response = self.get(&path, Some(token)).await?;
        ensure!(response.status() == StatusCode::OK, "{}", told(response).await);
        Ok(response.text().await?)
    }

    /// The delta of one section, or of the title, as the server holds it, in its shortest form: two inserts with the same
    /// attributes are one.
    ///
    /// # Errors
    /// When the export has no such section.
    pub async fn delta(&self, malbild: &Malbild, section: &str) -> Result<Value> {
        let export: Value = serde_json::from_str(&self.export(malbild, "json").await?)?;
        if section == TITLE {
            let title = export["title"].as_str().context("no title")?;
            return Ok(json!([{ "insert": format!("{title}\n") }]));
        }
        let sections = export["sections"].as_array().context("no sections")?;
        let found = sections.iter().find(|found| found["key"] == section);
        Ok(shortest(&found.with_context(|| format!("no section {section}"))?["delta"]))
    }

    /// The text of one section, without attributes, as the server holds it.
    ///
    /// # Errors
    /// When the export has no such section.
    pub async fn text(&self, malbild: &Malbild, section: &str) -> Result<String> {
        let ops: Vec<Op> = serde_json::from_value(self.delta(malbild, section).await?)?;
        let inserts = ops.into_iter().filter_map(|op| match op {
            Op::Insert { insert, .. } => Some(insert),
            _ => None,
        });
        Ok(inserts.collect())
    }
}

/// A delta in which no two neighbours have the same attributes. Where a format was and is no more, Yjs
/// and yrs part what reads as one.
#[must_use]
pub fn shortest(delta: &Value) -> Value {
    let mut merged: Vec<Value> = Vec::new();
    for op in delta.as_array().into_iter().flatten() {
        if let Some(last) = merged.last_mut()
            && last["attributes"] == op["attributes"]
            && let (Some(one), Some(two)) = (last["insert"].as_str(), op["insert"].as_str())
        {
            last["insert"] = format!("{one}{two}").into();
            continue;
        }
        merged.push(op.clone());
    }
    merged.into()
}

fn with_token(request: RequestBuilder, token: Option<&str>) -> RequestBuilder {
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

/// An answer in words, for a failure.
pub async fn told(response: Response) -> String {
    let status = response.status();
    format!("{status}: {}", response.text().await.unwrap_or_default())
}

/// The stable code of an error that the server answered with.
///
/// # Errors
/// When the body is not an error as the API promises it.
pub async fn error_code(response: Response) -> Result<String> {
    let text = response.text().await?;
    let refusal: Refusal = serde_json::from_str(&text).with_context(|| format!("no refusal: {text}"))?;
    let RefusalDetail { code, message, .. } = refusal.error;
    ensure!(!message.is_empty(), "no error.message in {text}");
    Ok(code.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_delta_reads_the_same() {
        let bold = json!({"insert": "c", "attributes": {"bold": true}});
        let parted = json!([{"insert": "a"}, {"insert": "b"}, bold, {"insert": "\n"}]);
        assert_eq!(shortest(&parted), json!([{"insert": "ab"}, bold, {"insert": "\n"}]));
    }
}
