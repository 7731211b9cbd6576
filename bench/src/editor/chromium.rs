//! A Chromium of its own for each measured run, with one page that is watched from the inside.

use crate::editor::devtools::DevTools;
use crate::editor::trace::Traced;
use crate::usage::Process;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The page is drawn without a graphics card and without a window, 60 times a second. What a browser does
/// beside that is turned off.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-features=SpareRendererForSitePerProcess",
    "--disable-sync",
    "--lang=sv-SE",
    "--window-size=1440,900",
    "about:blank",
];

/// What runs in each page before its own scripts: a function of the text box and of the document's length.
const PROBE: &str = include_str!("../../editors/probe.js");

/// What a trace tells of.
const CATEGORIES: [&str; 5] =
    ["devtools.timeline", "disabled-by-default-devtools.timeline", "blink.user_timing", "v8", "__metadata"];

/// How long a page may take to do what is expected of it: one that cannot keep up has to get there in the end.
const PATIENCE: Duration = Duration::from_secs(300);

/// A key or a word of a remote writer on its way to the screen, in ms since the page's navigation began.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Passage {
    /// When the key was pressed, as the browser says, or when the page heard the word's frame.
    pub(super) at: f64,
    /// When the page was done with what it does to show it, unless the frame came first.
    pub(super) done: Option<f64>,
    /// When the screen's frame began that shows it.
    pub(super) begun: Option<f64>,
    /// When that frame was handed over.
    pub(super) painted: Option<f64>,
}

impl Passage {
    /// How long it took, and how long without the time in which all was done and only the screen's next frame
    /// was waited for. Nothing as long as it is not painted.
    pub(super) fn took(&self) -> Option<(f64, f64)> {
        let whole = self.painted? - self.at;
        let waited = self.done.map_or(0.0, |done| (self.begun.unwrap_or(done) - done).max(0.0));
        Some((whole, whole - waited))
    }
}

/// What the page's main thread has been through so far.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Times {
    /// When this was read.
    pub(super) now: f64,
    /// Each key, in order.
    pub(super) keys: Vec<Passage>,
    /// Each remote word, in the order in which they came.
    pub(super) marks: Vec<Passage>,
}

/// How the page's main thread has spent its time since it began, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// When this was read.
    pub(super) at: f64,
    /// In tasks of any kind.
    pub(super) tasks: f64,
    /// In scripts, WebAssembly included.
    pub(super) scripts: f64,
    /// In layout and in computing styles.
    pub(super) layout: f64,
}

/// The browser, which dies with this value.
#[derive(Debug)]
pub(super) struct Chromium {
    child: Child,
    profile: PathBuf,
    tools: DevTools,
}

impl Chromium {
    /// Starts one with a new profile in a folder.
    pub(super) async fn start(folder: &Path) -> Result<Chromium> {
        let profile = folder.join("profile");
        if profile.exists() {
            fs::remove_dir_all(&profile)?;
        }
        fs::create_dir_all(&profile)?;
        let program = std::env::var_os("SAMSYN_CHROMIUM").unwrap_or_else(|| "chromium".into());
        // A process group of its own: its many processes end with it.
        let mut child = Command::new(&program)
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(ARGUMENTS)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut lines = BufReader::new(child.stderr.take().context("stderr is piped")?).lines();
        let starting = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return Ok(address.to_string());
                }
            }
            bail!("the browser ended")
        };
        let address = timeout(PATIENCE, starting).await.context("the browser does not start")??;
        // It must never wait for somebody to read what it says.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let tools = DevTools::attach(&address).await?;
        tools.send("Page.enable", json!({})).await?;
        tools.send("Performance.enable", json!({})).await?;
        Ok(Chromium { child, profile, tools })
    }

    /// Goes to an address with an empty cache, and waits until the text box holds so many characters, can be
    /// written into and is painted. Gives the ms from the beginning of the navigation.
    pub(super) async fn open(&self, address: &str, root: &str, characters: u64) -> Result<f64> {
        let source = format!("({})({}, {characters})", PROBE.trim_end().trim_end_matches(';'), json!(root));
        self.tools.send("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await?;
        let went = self.tools.send("Page.navigate", json!({"url": address})).await?;
        if let Some(reason) = went["errorText"].as_str() {
            bail!("the page does not open: {reason}");
        }
        let painted = async || {
            let opened: Option<f64> = self.evaluate("window.bench?.opened() || null").await.unwrap_or(None);
            Ok(opened)
        };
        self.until("the text is painted", painted).await
    }

    /// Puts the caret at the end of the line that holds a word, as a person does: by a click and a key.
    pub(super) async fn go_to(&self, word: &str) -> Result<()> {
        let place = format!("bench.endOf({})", json!(word));
        let place: Value = self.evaluate(&place).await?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1,
            });
            self.tools.send("Input.dispatchMouseEvent", event).await?;
        }
        sleep(Duration::from_millis(300)).await;
        for kind in ["keyDown", "keyUp"] {
            let event = json!({"type": kind, "key": "End", "code": "End", "windowsVirtualKeyCode": 35});
            self.tools.send("Input.dispatchKeyEvent", event).await?;
        }
        sleep(Duration::from_millis(300)).await;
        Ok(())
    }

    /// Presses a key that enters a character, without waiting until the page has taken it: nobody who types
    /// does.
    pub(super) fn press(&self, character: char) -> Result<()> {
        let text = character.to_string();
        let (code, number) = match character {
            ' ' => (String::from("Space"), 32),
            letter => (format!("Key{}", letter.to_ascii_uppercase()), letter.to_ascii_uppercase() as u32),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": text, "code": code, "windowsVirtualKeyCode": number});
            if kind == "keyDown" {
                event["text"] = text.as_str().into();
                event["unmodifiedText"] = text.as_str().into();
            }
            self.tools.send_away("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// What was measured so far.
    pub(super) async fn times(&self) -> Result<Times> {
        self.evaluate("bench.times()").await
    }

    /// What came in and was not shown, each with whether the text box has it after all.
    pub(super) async fn unshown(&self) -> Result<Vec<String>> {
        self.evaluate("bench.unshown()").await
    }

    /// The lines that the page shows.
    pub(super) async fn lines(&self) -> Result<Vec<String>> {
        self.evaluate("bench.lines()").await
    }

    /// How the main thread has spent its time.
    pub(super) async fn load(&self) -> Result<Load> {
        let metrics = self.metrics().await?;
        let of = |name| metric(&metrics, name);
        Ok(Load {
            at: of("Timestamp")?,
            tasks: of("TaskDuration")?,
            scripts: of("ScriptDuration")?,
            layout: of("LayoutDuration")? + of("RecalcStyleDuration")?,
        })
    }

    /// Bytes of JavaScript's heap after a collection, of WebAssembly's memory, and resident in the page's
    /// process.
    pub(super) async fn memory(&self) -> Result<[u64; 3]> {
        self.tools.send("HeapProfiler.collectGarbage", json!({})).await?;
        let heap = metric(&self.metrics().await?, "JSHeapUsedSize")? as u64;
        let wasm: u64 = self.evaluate("bench.wasm()").await?;
        let processes = self.tools.send_to_browser("SystemInfo.getProcessInfo", json!({})).await?;
        let processes = processes["processInfo"].as_array().context("the browser tells of no processes")?;
        let mut resident = 0;
        for process in processes.iter().filter(|process| process["type"] == "renderer") {
            let id = process["id"].as_u64().context("a process without an id")?;
            resident = resident.max(Process::new(u32::try_from(id)?).resident()?);
        }
        Ok([heap, wasm, resident])
    }

    /// The browser's own name and version.
    pub(super) async fn version(&self) -> Result<String> {
        let version = self.tools.send_to_browser("Browser.getVersion", json!({})).await?;
        Ok(version["product"].as_str().context("the browser has no version")?.replace('/', " "))
    }

    /// Begins to write down what the main thread does, task by task.
    pub(super) async fn start_trace(&self) -> Result<()> {
        let wanted = json!({
            "transferMode": "ReturnAsStream",
            "traceConfig": {"recordMode": "recordAsMuchAsPossible", "includedCategories": CATEGORIES},
        });
        self.tools.send("Tracing.start", wanted).await.map(drop)
    }

    /// Ends it, and gives the trace's events with a moment that the page's clock and the trace's share.
    pub(super) async fn stop_trace(&self) -> Result<Traced> {
        let moment = self.evaluate("bench.moment()").await?;
        let complete = self.tools.hear("Tracing.tracingComplete")?;
        self.tools.send("Tracing.end", json!({})).await?;
        let stream = complete.await?["stream"].take();
        let mut text = String::new();
        loop {
            let read = self.tools.send("IO.read", json!({"handle": stream, "size": 1 << 20})).await?;
            text += read["data"].as_str().context("a trace that is no text")?;
            if read["eof"] == true {
                break;
            }
        }
        let mut trace: Value = serde_json::from_str(&text)?;
        Ok(Traced { events: trace["traceEvents"].take(), moment })
    }

    /// Begins to sample what the main thread does.
    pub(super) async fn start_profile(&self) -> Result<()> {
        self.tools.send("Profiler.enable", json!({})).await?;
        self.tools.send("Profiler.setSamplingInterval", json!({"interval": 250})).await?;
        self.tools.send("Profiler.start", json!({})).await.map(drop)
    }

    /// Ends it, and gives the profile as DevTools reads it.
    pub(super) async fn stop_profile(&self) -> Result<Value> {
        let mut profile = self.tools.send("Profiler.stop", json!({})).await?;
        Ok(profile["profile"].take())
    }

    /// Waits until a look at the page gives something.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if started.elapsed() > PATIENCE {
                bail!("never: {what}");
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn metrics(&self) -> Result<Value> {
        Ok(self.tools.send("Performance.getMetrics", json!({})).await?["metrics"].take())
    }

    async fn evaluate<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        let wanted = json!({"expression": expression, "returnByValue": true});
        let mut answer = self.tools.send("Runtime.evaluate", wanted).await?;
        if !answer["exceptionDetails"].is_null() {
            bail!("{expression}: {}", answer["exceptionDetails"]["exception"]["description"]);
        }
        Ok(serde_json::from_value(answer["result"]["value"].take())?)
    }
}

fn metric(metrics: &Value, name: &str) -> Result<f64> {
    let all = metrics.as_array().context("the page has no metrics")?;
    let found = all.iter().find(|metric| metric["name"] == name).and_then(|metric| metric["value"].as_f64());
    found.with_context(|| format!("the page has no metric {name}"))
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(Err(error)) = group.map(|group| kill_process_group(group, Signal::KILL)) {
            eprintln!("bench: the browser could not be killed: {error}");
        }
        // Its processes may still write into it while they die; the next run removes what is left.
        fs::remove_dir_all(&self.profile).unwrap_or_default();
    }
}
