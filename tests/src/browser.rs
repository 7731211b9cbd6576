//! Real browsers: drivers of the test's own, and for each participant a browser with a profile of its
//! own, so that two participants share nothing but the server.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::leader;
use crate::page::Page;
use crate::screen::Light;
use crate::until::PATIENCE;
use crate::webkit;

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
    /// WebKit, as in Safari. WebDriver gives neither its console nor a composition.
    WebKit,
}

impl Kind {
    /// Its driver.
    fn driver(self) -> PathBuf {
        match self {
            Self::Chromium => program("SAMSYN_CHROMEDRIVER", "/usr/bin/chromedriver"),
            Self::Firefox => program("SAMSYN_GECKODRIVER", "geckodriver"),
            Self::WebKit => program("SAMSYN_WEBKITDRIVER", "/usr/bin/WebKitWebDriver"),
        }
    }

    /// What stands before the port in what its driver says; none when it says nothing.
    fn before_port(self) -> Option<&'static str> {
        match self {
            Self::Chromium => Some("started successfully on port "),
            Self::Firefox => Some("Listening on 127.0.0.1:"),
            Self::WebKit => None,
        }
    }
}

/// The browsers of one test. They die with this value; let it outlive its pages.
#[derive(Debug)]
pub struct Browsers {
    kind: Kind,
    /// The drivers, and what else leads a group of processes. Only a chromedriver has more than one browser.
    leaders: Mutex<Vec<Child>>,
    /// The one chromedriver's address.
    address: Option<String>,
    /// Where the browsers keep their profiles and whatever else they write.
    folder: TempDir,
    // Held, not read: the next test's turn comes when it is dropped.
    _turn: SemaphorePermit<'static>,
}

/// How often a driver is started until one stays.
const DRIVES: usize = 5;

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
        let leaders = Mutex::default();
        let mut browsers = Self { kind, leaders, address: None, folder: TempDir::new()?, _turn: turn };
        if kind == Kind::Chromium {
            browsers.address = Some(browsers.drive(None).await?);
        }
        Ok(browsers)
    }

    /// Starts a driver, and answers with its address. chromedriver takes a free port of IPv4 and ends when the same one of
    /// IPv6 is another's, as it may be where much is connected; with another port it starts.
    async fn drive(&self, light: Option<Light>) -> Result<String> {
        for _ in 1..DRIVES {
            if let Some(address) = self.drive_once(light).await? {
                return Ok(address);
            }
        }
        self.drive_once(light).await?.context("the driver ends at its start")
    }

    /// None if it ended before it listened.
    async fn drive_once(&self, light: Option<Light>) -> Result<Option<String>> {
        let program = self.kind.driver();
        let mut driver = Command::new(&program);
        driver.arg("--port=0").env("TMPDIR", self.folder.path());
        if self.kind == Kind::WebKit {
            let (screen, number) = webkit::start_screen().await?;
            self.keep(screen);
            let home = tempfile::tempdir_in(self.folder.path())?.keep();
            webkit::settle(&mut driver, &number, &home, light)?;
        }
        // Its browsers are in its group, and end with it.
        let (mut driver, mut lines) = leader::start(&mut driver)?;
        let starting = async {
            let Some(before_port) = self.kind.before_port() else {
                return webkit::port_of(&mut driver).await;
            };
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once(before_port) {
                    return Ok(Some(port.trim_end_matches('.').parse()?));
                }
            }
            Ok(None)
        };
        let port = timeout(PATIENCE, starting).await;
        self.keep(driver);
        let port = port.with_context(|| format!("{} does not start", program.display()))??;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(port.map(|port| format!("http://127.0.0.1:{port}")))
    }

    /// Has a process and its group die with this value.
    fn keep(&self, leader: Child) {
        self.leaders.lock().unwrap_or_else(PoisonError::into_inner).push(leader);
    }

    /// A participant with a browser of their own.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn participant(&self, name: &str, organisation: &str) -> Result<Page> {
        self.arrive((name, organisation), None).await
    }

    /// As [`Browsers::participant`], but what their system asks for is this light and that nothing moves, where a browser
    /// asks at its start. Where it has DevTools, [`Page::look_on`] says the same.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn participant_in(&self, light: Light, name: &str, organisation: &str) -> Result<Page> {
        self.arrive((name, organisation), Some(light)).await
    }

    async fn arrive(&self, (name, organisation): (&str, &str), light: Option<Light>) -> Result<Page> {
        let address = match &self.address {
            Some(address) => address.clone(),
            None => self.drive(light).await?,
        };
        let driver = match self.kind {
            Kind::Chromium => WebDriver::new(&address, self.chromium()?).await,
            Kind::Firefox => WebDriver::new(&address, firefox()?).await,
            // The driver starts the browser that belongs to it.
            Kind::WebKit => WebDriver::new(&address, Capabilities::new()).await,
        };
        let driver = driver.context("the browser does not start")?;
        // It need not be asked to quit: it is killed with its group, which takes no time.
        driver.clone().leak()?;
        let page = Page::new(driver, self.kind, name, organisation);
        match self.kind {
            Kind::Chromium => page.bear_witness().await?,
            Kind::Firefox => {}
            // It takes no size at its start.
            Kind::WebKit => page.driver().set_window_rect(0, 0, 1440, 900).await?,
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
        for leader in self.leaders.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let group = leader.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
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
