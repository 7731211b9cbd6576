//! Where rooms are: each kind of server makes them in its own way.

use crate::speaker::Dialect;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A kind of server, as the generator meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Samsyn, met by its own clients.
    Samsyn,
    /// Samsyn, met by stock clients.
    SamsynStock,
    /// npm's y-websocket.
    YWebsocket,
    /// npm's @hocuspocus/server.
    Hocuspocus,
    /// y-sweet.
    YSweet,
    /// The relay that does nothing but pass on.
    Floor,
}

impl Kind {
    /// The protocol that its clients speak.
    #[must_use]
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Kind::Samsyn => Dialect::Samsyn,
            Kind::SamsynStock | Kind::YWebsocket | Kind::YSweet => Dialect::Stock,
            Kind::Hocuspocus => Dialect::Hocuspocus,
            Kind::Floor => Dialect::Floor,
        }
    }
}

/// One room.
#[derive(Clone, Debug)]
pub struct Place {
    /// What is asked for when a socket is opened: a path, with a token where there is one.
    pub path: String,
    /// The document's name.
    pub document: String,
}

/// Makes so many new rooms.
///
/// # Errors
/// When a server that has to be asked for them refuses.
pub fn make(kind: Kind, address: SocketAddr, count: usize) -> Result<Vec<Place>> {
    let born = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    (0..count)
        .map(|index| {
            let document = format!("bench-{born:x}-{index}");
            match kind {
                Kind::Samsyn | Kind::SamsynStock => samsyn(address),
                Kind::YSweet => y_sweet(address, document),
                Kind::YWebsocket | Kind::Hocuspocus | Kind::Floor => {
                    Ok(Place { path: format!("/{document}"), document })
                }
            }
        })
        .collect()
}

fn samsyn(address: SocketAddr) -> Result<Place> {
    let made = post(address, "/api/malbilder", &json!({"title": "Mätning", "template": "tom"}))?;
    let id = text(&made, "/id")?;
    let token = text(&made, "/tokens/editor")?;
    Ok(Place { path: format!("/sync/{id}/content?token={token}"), document: id.to_string() })
}

fn y_sweet(address: SocketAddr, document: String) -> Result<Place> {
    post(address, "/doc/new", &json!({"docId": document}))?;
    let admitted = post(address, &format!("/doc/{document}/auth"), &json!({}))?;
    let url = text(&admitted, "/url")?;
    let (_, path) = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .context("y-sweet answered with a URL that has no path")?;
    let token = admitted["token"].as_str().map(|token| format!("?token={token}")).unwrap_or_default();
    Ok(Place { path: format!("/{path}/{document}{token}"), document })
}

/// A word in an answer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("the answer has no {pointer}"))
}

/// One small JSON request over a connection of its own.
pub(crate) fn post(address: SocketAddr, path: &str, body: &Value) -> Result<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.lines().next().unwrap_or_default();
    if !status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
        bail!("POST {path} was answered with {status}");
    }
    let (from, to) = answer.find('{').zip(answer.rfind('}')).context("the answer holds no JSON")?;
    Ok(serde_json::from_str(&answer[from..=to])?)
}
