//! A stock JavaScript client, with the npm packages that everybody uses, in a Node process that takes
//! one question a line and answers each with one line.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::api::Malbild;
use crate::server::Server;
use crate::until::{Look, PATIENCE, until};

/// The packages are installed once for all tests.
static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// A `WebsocketProvider` of npm's `y-websocket` over a `Y.Doc`.
#[derive(Debug)]
pub struct StockClient {
    // Held, not read: the process is killed when it is dropped.
    _node: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl StockClient {
    /// Joins a målbild, and waits until `y-websocket` says that it is in sync.
    ///
    /// # Errors
    /// When it never is.
    pub async fn join(server: &Server, malbild: &Malbild, token: &str) -> Result<Self> {
        INSTALLED.get_or_try_init(install).await?;
        let mut node = Command::new("node")
            .arg("stock.mjs")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run node")?;
        let questions = node.stdin.take().context("stdin is piped")?;
        let answers = BufReader::new(node.stdout.take().context("stdout is piped")?).lines();
        let mut client = Self { _node: node, questions, answers };
        let server = format!("ws://{}/sync", server.address());
        let room = format!("{}/content", malbild.id);
        client.ask(json!({"do": "join", "server": server, "room": room, "token": token})).await?;
        Ok(client)
    }

    /// Asks, and gives the answer.
    ///
    /// # Errors
    /// When there is none, or it is an error.
    pub async fn ask(&mut self, question: Value) -> Result<Value> {
        self.questions.write_all(format!("{question}\n").as_bytes()).await?;
        let line = timeout(PATIENCE, self.answers.next_line()).await;
        let line = line.with_context(|| format!("no answer to {question}"))??;
        let mut answer: Value = serde_json::from_str(&line.context("node has ended")?)?;
        ensure!(answer["error"].is_null(), "{question}: {}", answer["error"]);
        Ok(answer["answer"].take())
    }

    /// A section as the client's `toDelta()` gives it.
    ///
    /// # Errors
    /// When the client does not answer.
    pub async fn delta(&mut self, section: &str) -> Result<Value> {
        self.ask(json!({"do": "delta", "section": section})).await
    }

    /// Applies a delta to a section, as y-quill does with what a person types.
    ///
    /// # Errors
    /// When the client does not answer.
    pub async fn change(&mut self, section: &str, delta: Value) -> Result<()> {
        self.ask(json!({"do": "change", "section": section, "delta": delta})).await.map(drop)
    }

    /// Says who it is and where its caret is, as y-quill does.
    ///
    /// # Errors
    /// When the client does not answer.
    pub async fn announce(&mut self, user: Value, section: &str, index: u32) -> Result<()> {
        self.ask(json!({"do": "announce", "user": user, "section": section, "index": index})).await.map(drop)
    }

    /// Waits until the answer to a question is right, and gives it.
    ///
    /// # Errors
    /// When it never is.
    pub async fn wait_for(&mut self, question: Value, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        until(&format!("the right answer to {question}"), async || {
            let answer = self.ask(question.clone()).await?;
            Ok(if holds(&answer) { Look::Yes(answer) } else { Look::NotYet(answer.to_string()) })
        })
        .await
    }
}

/// Runs a script of `tests/node` to its end, and gives what it prints.
///
/// # Errors
/// When it fails.
pub async fn run(script: &str) -> Result<String> {
    INSTALLED.get_or_try_init(install).await?;
    let node = Command::new("node").arg(script).current_dir(folder()).output();
    let node = timeout(PATIENCE, node).await.context("node does not end")?.context("cannot run node")?;
    ensure!(node.status.success(), "{script}: {}", String::from_utf8_lossy(&node.stderr));
    Ok(String::from_utf8(node.stdout)?)
}

/// A script of `tests/node` with all that it imports, as one script for a browser.
///
/// # Errors
/// When it cannot be bundled.
pub async fn bundle(script: &str) -> Result<String> {
    INSTALLED.get_or_try_init(install).await?;
    let mut esbuild = Command::new(folder().join("node_modules/.bin/esbuild"));
    esbuild.args([script, "--bundle", "--format=iife", "--log-level=warning"]).current_dir(folder());
    let bundled = timeout(PATIENCE, esbuild.output()).await.context("esbuild does not end")??;
    ensure!(bundled.status.success(), "{script}: {}", String::from_utf8_lossy(&bundled.stderr));
    Ok(String::from_utf8(bundled.stdout)?)
}

/// A file that a package brings along.
///
/// # Errors
/// When it does not.
pub async fn packaged(path: &str) -> Result<String> {
    INSTALLED.get_or_try_init(install).await?;
    Ok(std::fs::read_to_string(folder().join("node_modules").join(path))?)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

/// `npm ci`, unless it was done for these packages. `cargo xtask test` does it before.
async fn install() -> Result<()> {
    let changed = |file: &str| std::fs::metadata(folder().join(file)).and_then(|file| file.modified());
    let wanted = changed("package-lock.json")?;
    if changed("node_modules/.package-lock.json").is_ok_and(|installed| installed >= wanted) {
        return Ok(());
    }
    let npm =
        Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder()).output().await;
    let npm = npm.context("cannot run npm")?;
    if !npm.status.success() {
        bail!("npm ci failed: {}", String::from_utf8_lossy(&npm.stderr));
    }
    Ok(())
}
