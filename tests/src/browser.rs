//! Real browsers: a chromedriver of the test's own, and for each participant a Chromium with a
//! profile of its own, so that two participants share nothing but the server.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
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
    "--window-size=1440,900",
];

/// The browsers of one test. They die with this value; let it outlive its pages.
#[derive(Debug)]
pub struct Browsers {
    address: String,
    // Held, not read: the process is killed when it is dropped.
    _chromedriver: Child,
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
        let mut chromedriver = Command::new(&program)
            .arg("--port=0")
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
        Ok(Self { address: format!("http://127.0.0.1:{port}"), _chromedriver: chromedriver, _turn: turn })
    }

    /// A participant with a browser of their own.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn participant(&self, name: &str, organisation: &str) -> Result<Page> {
        let profile = TempDir::new()?;
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&program("SAMSYN_CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
        for argument in ARGUMENTS {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let driver = WebDriver::new(&self.address, wanted).await.context("the browser does not start")?;
        Ok(Page::new(driver, profile, name, organisation))
    }
}

fn program(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable).filter(|named| !named.is_empty()).unwrap_or_else(|| usual.into()).into()
}
