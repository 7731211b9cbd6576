//! Real browsers: a chromedriver of the test's own, and for each participant a Chromium with a
//! profile of its own, so that two participants share nothing but the server.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::page::Page;
use crate::until::PATIENCE;

/// How many tests may have browsers at a time. Each has two Chromiums, and there may be two cores.
static TURNS: Semaphore = Semaphore::const_new(2);

const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--lang=sv-SE",
    "--accept-lang=sv-SE,sv",
    "--window-size=1440,900",
];

/// The browsers of one test. They die with this value; let it outlive its pages.
#[derive(Debug)]
pub struct Browsers {
    address: String,
    chromedriver: Child,
    /// Where the browsers keep their profiles and whatever else they write.
    folder: TempDir,
    // Held, not read: the next test's turn comes when it is dropped.
    _turn: SemaphorePermit<'static>,
}

impl Browsers {
    /// Waits for a turn, and starts a chromedriver.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Result<Self> {
        let turn = TURNS.acquire().await?;
        let program = program("SAMSYN_CHROMEDRIVER", "/usr/bin/chromedriver");
        let folder = TempDir::new()?;
        // A process group of their own: the browsers are its children, and end with it.
        let mut chromedriver = Command::new(&program)
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut lines = BufReader::new(chromedriver.stdout.take().context("stdout is piped")?).lines();
        let starting = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return Ok(port.trim_end_matches('.').to_owned());
                }
            }
            bail!("chromedriver ended")
        };
        let port = timeout(PATIENCE, starting).await.context("chromedriver does not start")??;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address: format!("http://127.0.0.1:{port}"), chromedriver, folder, _turn: turn })
    }

    /// A participant with a browser of their own.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn participant(&self, name: &str, organisation: &str) -> Result<Page> {
        let profile = tempfile::tempdir_in(self.folder.path())?.keep();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&program("SAMSYN_CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
        for argument in ARGUMENTS {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let driver = WebDriver::new(&self.address, wanted).await.context("the browser does not start")?;
        // It need not be asked to quit: it is killed with its group, which takes no time.
        driver.clone().leak()?;
        Ok(Page::new(driver, name, organisation))
    }
}

impl Drop for Browsers {
    fn drop(&mut self) {
        let group = self.chromedriver.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(Err(error)) = group.map(|group| kill_process_group(group, Signal::KILL)) {
            eprintln!("the browsers could not be killed: {error}");
        }
    }
}

fn program(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable).filter(|named| !named.is_empty()).unwrap_or_else(|| usual.into()).into()
}
