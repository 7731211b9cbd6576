//! A line of one's own to a Chromium's DevTools: the same commands as over its driver, in a tenth of the
//! time, which tens of thousands of keys need.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::page::Page;
use crate::until::PATIENCE;

/// A key as DevTools is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stroke {
    /// `KeyboardEvent.key`.
    pub key: &'static str,
    /// The number that Windows has for it.
    pub code: u32,
    /// Held with it: [`CONTROL`], [`SHIFT`], [`ALT`].
    pub held: u32,
    /// An editing command of the browser's own that the system maps it to.
    pub command: Option<&'static str>,
}

/// The Alt key.
pub const ALT: u32 = 1;
/// The Control key.
pub const CONTROL: u32 = 2;
/// The Shift key.
pub const SHIFT: u32 = 8;

impl Stroke {
    /// A key by itself.
    #[must_use]
    pub const fn of(key: &'static str, code: u32) -> Self {
        Self { key, code, held: 0, command: None }
    }

    /// With keys held.
    #[must_use]
    pub const fn with(mut self, held: u32) -> Self {
        self.held = held;
        self
    }

    /// That the system maps to an editing command.
    #[must_use]
    pub const fn commanding(mut self, command: &'static str) -> Self {
        self.command = Some(command);
        self
    }
}

/// A connection to one page.
#[derive(Debug)]
pub struct Devtools {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last: u64,
}

impl Devtools {
    /// Connects to a page's browser, which has that one page.
    ///
    /// # Errors
    /// When it has no DevTools.
    pub async fn of(page: &Page) -> Result<Self> {
        let capabilities = page.driver().handle().capabilities();
        let address = capabilities.get("goog:chromeOptions").and_then(|o| o["debuggerAddress"].as_str());
        let address = address.context("this browser has no DevTools")?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let targets: Value = client.get(format!("http://{address}/json/list")).send().await?.json().await?;
        let targets = targets.as_array().context("no targets")?;
        let target = targets.iter().find(|target| target["type"] == "page").context("no page")?;
        let (socket, _) =
            connect_async(target["webSocketDebuggerUrl"].as_str().context("no address")?).await?;
        Ok(Self { socket, last: 0 })
    }

    /// Sends a command, and waits for its answer.
    ///
    /// # Errors
    /// When the answer is an error.
    pub async fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        let id = self.post(method, &parameters).await?;
        let answer = async {
            while let Some(message) = self.socket.next().await {
                let Message::Text(text) = message? else { continue };
                let mut answer: Value = serde_json::from_str(&text)?;
                if answer["id"] == id {
                    if answer["error"].is_object() {
                        bail!("{}", answer["error"]);
                    }
                    return Ok(answer["result"].take());
                }
            }
            bail!("the browser has ended")
        };
        timeout(PATIENCE, answer)
            .await
            .with_context(|| format!("no answer to {method}"))?
            .context(method.to_owned())
    }

    /// Sends a command whose answer nobody waits for.
    async fn post(&mut self, method: &str, parameters: &Value) -> Result<u64> {
        self.last += 1;
        let command = json!({"id": self.last, "method": method, "params": parameters});
        self.socket.send(Message::text(command.to_string())).await?;
        Ok(self.last)
    }

    /// Evaluates an expression in the page, a promise's value when it is one.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", asked).await?;
        if answer["exceptionDetails"].is_object() {
            bail!("{expression}: {}", answer["exceptionDetails"]);
        }
        Ok(answer["result"]["value"].take())
    }

    /// Types one character, as its key does.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn type_character(&mut self, character: char) -> Result<()> {
        let text = character.to_string();
        let down = json!({"type": "keyDown", "key": text, "text": text, "unmodifiedText": text});
        self.call("Input.dispatchKeyEvent", down).await?;
        self.post("Input.dispatchKeyEvent", &json!({"type": "keyUp", "key": text})).await.map(drop)
    }

    /// Presses a key that types nothing by itself.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn press(&mut self, stroke: Stroke) -> Result<()> {
        let mut event = json!({
            "type": "rawKeyDown", "key": stroke.key, "modifiers": stroke.held,
            "windowsVirtualKeyCode": stroke.code, "nativeVirtualKeyCode": stroke.code,
        });
        if stroke.key == "Enter" {
            event["type"] = "keyDown".into();
            event["text"] = "\r".into();
        }
        if let Some(command) = stroke.command {
            event["commands"] = json!([command]);
        }
        self.call("Input.dispatchKeyEvent", event.clone()).await?;
        event["type"] = "keyUp".into();
        if let Some(event) = event.as_object_mut() {
            event.retain(|name, _| !["text", "commands"].contains(&name.as_str()));
        }
        self.post("Input.dispatchKeyEvent", &event).await.map(drop)
    }

    /// Shows this as what is being composed.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn compose(&mut self, text: &str) -> Result<()> {
        let at = text.encode_utf16().count();
        let shown = json!({"text": text, "selectionStart": at, "selectionEnd": at});
        self.call("Input.imeSetComposition", shown).await.map(drop)
    }

    /// Enters text at once, as the end of a composition does.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn insert(&mut self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({"text": text})).await.map(drop)
    }
}
