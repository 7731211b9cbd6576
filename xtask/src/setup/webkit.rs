//! The third browser that the tests drive, its driver, and the screen that it draws on.

use crate::process;
use crate::project::Project;
use crate::setup::browser::named;
use crate::setup::debian;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// The driver of WebKitGTK, which knows the browser of its own version, and Xvfb.
pub(crate) struct WebKit {
    /// The driver.
    pub(crate) driver: PathBuf,
    /// What gives the browser a screen.
    pub(crate) screen: PathBuf,
}

impl WebKit {
    /// Both, if they are there.
    pub(crate) fn find() -> Option<WebKit> {
        let driver = named("SAMSYN_WEBKITDRIVER").or_else(|| process::on_path("WebKitWebDriver"))?;
        Some(WebKit { driver, screen: process::on_path("Xvfb")? })
    }

    /// Both, Debian's installed first if need be.
    pub(crate) fn ensure(project: &Project) -> Result<WebKit> {
        if let Some(webkit) = WebKit::find() {
            return Ok(webkit);
        }
        debian::install(
            project,
            &["webkit2gtk-driver", "xvfb"],
            "the tests need WebKitGTK with its driver, and Xvfb",
        )?;
        WebKit::find().context("webkit2gtk-driver and xvfb were installed, but are not on PATH")
    }

    /// Tells a command where the driver is; Xvfb is found on PATH.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("SAMSYN_WEBKITDRIVER", &self.driver);
    }
}
