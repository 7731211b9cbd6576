//! Real browsers: drivers of the test's own, and for each participant a browser with a profile of its
//! own, so that two participants share nothing but the server.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::page::Page;
use crate::until::PATIENCE;

/// How many tests may have browsers at a time. Each has two of them, and there may be two cores.
static TURNS: Semaphore = Semaphore::const_new(2);

const CHROMIUM_ARGUMENTS: &[&str] = &[
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

const FIREFOX_ARGUMENTS: &[&str] = &["-headless", "--width=1440", "--height=900"];

/// Which browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium or Chrome, which also tells its console and takes compositions over DevTools.
    Chromium,
    /// Firefox. WebDriver gives neither its console nor a composition.
    Firefox,
}

impl Kind {
    /// Its driver, and what stands before the port in what that says.
    fn driver(self) -> (PathBuf, &'static str) {
        match self {
            Self::Chromium => {
                (program("SAMSYN_CHROMEDRIVER", "/usr/bin/chromedriver"), "started successfully on port ")
            }
            Self::Firefox => (program("SAMSYN_GECKODRIVER", "geckodriver"), "Listening on 127.0.0.1:"),
        }
    }
}

/// The browsers of one test. They die with this value; let it outlive its pages.
#[derive(Debug)]
pub struct Browsers {
    kind: Kind,
    /// The drivers. A geckodriver has one browser only.
    drivers: Mutex<Vec<Child>>,
    /// The one chromedriver's address.
    address: Option<String>,
    /// Where the browsers keep their profiles and whatever else they write.
    folder: TempDir,
    // Held, not read: the next test's turn comes when it is dropped.
    _turn: SemaphorePermit<'static>,
}

impl Browsers {
    /// Waits for a turn, and makes ready for Chromium.
    ///
    /// # Errors
    /// When its driver does not start.
    pub async fn start() -> Result<Self> {
        Self::of(Kind::Chromium).await
    }

    /// Waits for a turn, and makes ready for this kind of browser.
    ///
    /// # Errors
    /// When its driver does not start.
    pub async fn of(kind: Kind) -> Result<Self> {
        let turn = TURNS.acquire().await?;
        let drivers = Mutex::default();
        let mut browsers = Self { kind, drivers, address: None, folder: TempDir::new()?, _turn: turn };
        if kind == Kind::Chromium {
            browsers.address = Some(browsers.drive().await?);
        }
        Ok(browsers)
    }

    /// Starts a driver, and answers with its address.
    async fn drive(&self) -> Result<String> {
        let (program, before_port) = self.kind.driver();
        // A process group of their own: the browsers are its children, and end with it.
        let mut driver = Command::new(&program)
            .arg("--port=0")
            .env("TMPDIR", self.folder.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut lines = BufReader::new(driver.stdout.take().context("stdout is piped")?).lines();
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner).push(driver);
        let starting = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once(before_port) {
                    return Ok(port.trim_end_matches('.').to_owned());
                }
            }
            bail!("{} ended", program.display())
        };
        let starting = timeout(PATIENCE, starting).await;
        let port = starting.with_context(|| format!("{} does not start", program.display()))??;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// A participant with a browser of their own.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn participant(&self, name: &str, organisation: &str) -> Result<Page> {
        let driver = match &self.address {
            Some(address) => WebDriver::new(address, self.chromium()?).await,
            None => WebDriver::new(&self.drive().await?, firefox()?).await,
        };
        let driver = driver.context("the browser does not start")?;
        // It need not be asked to quit: it is killed with its group, which takes no time.
        driver.clone().leak()?;
        let page = Page::new(driver, self.kind, name, organisation);
        if self.kind == Kind::Chromium {
            page.bear_witness().await?;
        }
        Ok(page)
    }

    fn chromium(&self) -> Result<thirtyfour::ChromeCapabilities> {
        let profile = tempfile::tempdir_in(self.folder.path())?.keep();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&program("SAMSYN_CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
        for argument in CHROMIUM_ARGUMENTS {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        Ok(wanted)
    }
}

/// geckodriver makes a fresh profile in the folder that it has for what is temporary.
fn firefox() -> Result<thirtyfour::FirefoxCapabilities> {
    let mut wanted = DesiredCapabilities::firefox();
    wanted.set_firefox_binary(&program("SAMSYN_FIREFOX", "/usr/bin/firefox-esr").to_string_lossy())?;
    for argument in FIREFOX_ARGUMENTS {
        wanted.add_arg(argument)?;
    }
    let mut preferences = FirefoxPreferences::new();
    preferences.set("intl.accept_languages", "sv")?;
    wanted.set_preferences(preferences)?;
    Ok(wanted)
}

impl Drop for Browsers {
    fn drop(&mut self) {
        for driver in self.drivers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let group = driver.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            if let Some(Err(error)) = group.map(|group| kill_process_group(group, Signal::KILL)) {
                eprintln!("the browsers could not be killed: {error}");
            }
        }
    }
}

fn program(variable: &str, usual: &str) -> PathBuf {
    let named = std::env::var_os(variable).filter(|named| !named.is_empty());
    named.map_or_else(|| Path::new(usual).to_owned(), PathBuf::from)
}
