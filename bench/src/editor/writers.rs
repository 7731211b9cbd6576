//! The remote writers: a Node process with real Yjs documents on real WebSockets, asked line by line.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// The longest that an answer may take: making the long history takes half a minute, once.
const PATIENCE: Duration = Duration::from_secs(300);

/// The document that was put there.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Filled {
    /// Its characters, line ends not counted.
    pub(super) characters: u64,
    /// The word that ends the line in the middle, if it has one.
    pub(super) middle: String,
}

/// How the document is when all is over, as one who comes then gets it. It is an error if any replica differs.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Compared {
    /// Its lines.
    pub(super) lines: Vec<String>,
    /// How many marked words were written, and how many of them are not there.
    pub(super) marks: usize,
    pub(super) lost: usize,
    /// How many writers' connections the server closed.
    pub(super) closed: usize,
}

/// The process. It ends with this value.
#[derive(Debug)]
pub(super) struct Writers {
    // Held, not read: the process is killed when it is dropped.
    _node: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Writers {
    /// Starts it for a document at an address, held in a structure.
    pub(super) async fn start(folder: &Path, address: &str, structure: &str) -> Result<Writers> {
        let mut node = Command::new("node")
            .arg("writers.mjs")
            .current_dir(folder)
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run node")?;
        let questions = node.stdin.take().context("stdin is piped")?;
        let answers = BufReader::new(node.stdout.take().context("stdout is piped")?).lines();
        let mut writers = Writers { _node: node, questions, answers };
        writers.tell(json!({"do": "begin", "address": address, "structure": structure})).await?;
        Ok(writers)
    }

    /// Puts a document of so many characters there, or one with a history of so many edits.
    pub(super) async fn fill(&mut self, characters: u64, edits: Option<u64>) -> Result<Filled> {
        self.ask(json!({"do": "fill", "characters": characters, "edits": edits})).await
    }

    /// Lets so many writers come in.
    pub(super) async fn join(&mut self, count: u64) -> Result<()> {
        self.tell(json!({"do": "join", "count": count})).await
    }

    /// Lets each of them make so many edits a second from now on.
    pub(super) async fn write(&mut self, rate: u64) -> Result<()> {
        self.tell(json!({"do": "write", "rate": rate})).await
    }

    /// Lets them stop; gives how many edits they made.
    pub(super) async fn stop(&mut self) -> Result<u64> {
        let stopped: Value = self.ask(json!({"do": "stop"})).await?;
        stopped["edits"].as_u64().context("no number of edits")
    }

    /// Waits until all replicas are equal.
    pub(super) async fn compare(&mut self) -> Result<Compared> {
        self.ask(json!({"do": "compare"})).await
    }

    async fn tell(&mut self, question: Value) -> Result<()> {
        self.ask::<Value>(question).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(&mut self, question: Value) -> Result<T> {
        self.questions.write_all(format!("{question}\n").as_bytes()).await?;
        let line = timeout(PATIENCE, self.answers.next_line()).await;
        let line = line.with_context(|| format!("no answer to {question}"))??;
        let mut answer: Value = serde_json::from_str(&line.context("the writers' process has ended")?)?;
        if !answer["error"].is_null() {
            bail!("{question}: {}", answer["error"].as_str().unwrap_or("an error"));
        }
        Ok(serde_json::from_value(answer["answer"].take())?)
    }
}
