//! Chromium's DevTools protocol over its WebSocket: commands that are answered, and the one event that somebody
//! waits for.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// No command takes longer, however busy the page is.
const PATIENCE: Duration = Duration::from_secs(300);

type Answer = oneshot::Sender<Value>;

/// What the connection is asked to do.
enum Order {
    /// To send a command with this id, and to pass its answer on.
    Send(Value, u64, Answer),
    /// To pass on the next event of this name.
    Hear(String, Answer),
}

/// A connection to a browser; the commands go to one of its pages once that is attached.
#[derive(Debug)]
pub(super) struct DevTools {
    orders: mpsc::UnboundedSender<Order>,
    session: Option<String>,
    next: AtomicU64,
}

impl DevTools {
    /// Connects to a browser, and attaches to the page that it opened with.
    pub(super) async fn attach(address: &str) -> Result<DevTools> {
        // A profile is one message of many megabytes.
        let limits = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = connect_async_with_config(address, Some(limits), true).await?;
        let (orders, waiting) = mpsc::unbounded_channel();
        tokio::spawn(converse(socket, waiting));
        let mut tools = DevTools { orders, session: None, next: AtomicU64::new(1) };
        let targets = tools.send("Target.getTargets", json!({})).await?;
        let all = targets["targetInfos"].as_array().context("the browser tells of no targets")?;
        let page = all.iter().find(|target| target["type"] == "page").context("the browser has no page")?;
        let wanted = json!({"targetId": page["targetId"], "flatten": true});
        let attached = tools.send("Target.attachToTarget", wanted).await?;
        tools.session = Some(attached["sessionId"].as_str().context("the page has no session")?.to_string());
        Ok(tools)
    }

    /// Sends a command, and waits for its answer.
    pub(super) async fn send(&self, method: &str, parameters: Value) -> Result<Value> {
        let answer = self.post(method, parameters, self.session.as_deref())?;
        wait(method, answer).await
    }

    /// Sends a command to the browser rather than to the page.
    pub(super) async fn send_to_browser(&self, method: &str, parameters: Value) -> Result<Value> {
        wait(method, self.post(method, parameters, None)?).await
    }

    /// Sends a command that nobody waits for.
    pub(super) fn send_away(&self, method: &str, parameters: Value) -> Result<()> {
        self.post(method, parameters, self.session.as_deref()).map(drop)
    }

    /// What the next event of this name says, from now on.
    pub(super) fn hear(&self, name: &str) -> Result<impl Future<Output = Result<Value>> + use<>> {
        let (answer, heard) = oneshot::channel();
        self.orders.send(Order::Hear(name.to_string(), answer)).ok().context("the browser is gone")?;
        let name = name.to_string();
        Ok(async move {
            let heard = timeout(PATIENCE, heard).await.with_context(|| format!("never: {name}"))?;
            Ok(heard.with_context(|| format!("{name}: the browser is gone"))?["params"].take())
        })
    }

    fn post(
        &self,
        method: &str,
        parameters: Value,
        session: Option<&str>,
    ) -> Result<oneshot::Receiver<Value>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut command = json!({"id": id, "method": method});
        command["params"] = parameters;
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Send(command, id, answer)).ok().context("the browser is gone")?;
        Ok(answered)
    }
}

async fn wait(method: &str, answer: oneshot::Receiver<Value>) -> Result<Value> {
    let answer = timeout(PATIENCE, answer).await.with_context(|| format!("{method} is not answered"))?;
    let mut answer = answer.with_context(|| format!("{method}: the browser is gone"))?;
    if !answer["error"].is_null() {
        bail!("{method}: {}", answer["error"]["message"]);
    }
    Ok(answer["result"].take())
}

/// Passes commands on and answers and events back, until either side is gone.
async fn converse(
    mut socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut waiting: mpsc::UnboundedReceiver<Order>,
) {
    let mut open: HashMap<u64, Answer> = HashMap::new();
    let mut awaited: HashMap<String, Answer> = HashMap::new();
    loop {
        tokio::select! {
            order = waiting.recv() => {
                let (command, id, answer) = match order {
                    Some(Order::Send(command, id, answer)) => (command, id, answer),
                    Some(Order::Hear(name, answer)) => {
                        awaited.insert(name, answer);
                        continue;
                    }
                    None => return,
                };
                open.insert(id, answer);
                if socket.send(Message::text(command.to_string())).await.is_err() {
                    return;
                }
            }
            said = socket.next() => {
                let Some(Ok(said)) = said else { return };
                let Ok(said) = serde_json::from_slice::<Value>(&said.into_data()) else { continue };
                let answer = match said["id"].as_u64() {
                    Some(id) => open.remove(&id),
                    None => said["method"].as_str().and_then(|name| awaited.remove(name)),
                };
                // Nobody listens any more to a command that was sent away.
                if let Some(answer) = answer {
                    answer.send(said).unwrap_or_default();
                }
            }
        }
    }
}
