//! The second browser that the tests drive, and its driver.

use crate::process;
use crate::project::Project;
use crate::setup::browser::named;
use crate::setup::cargo_tool::CargoTool;
use crate::setup::debian;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const FIREFOXES: &[&str] = &["firefox-esr", "firefox"];

/// Firefox with a geckodriver, which drives every version of it.
pub(crate) struct Firefox {
    /// The browser.
    pub(crate) firefox: PathBuf,
    /// Its driver.
    pub(crate) geckodriver: PathBuf,
}

impl Firefox {
    /// Both, if they are there.
    pub(crate) fn find(project: &Project) -> Option<Firefox> {
        let geckodriver = named("SAMSYN_GECKODRIVER").or_else(|| CargoTool::geckodriver().find(project))?;
        Some(Firefox { firefox: firefox()?, geckodriver })
    }

    /// Both: Debian's browser, and the driver compiled, if need be.
    pub(crate) fn ensure(project: &Project) -> Result<Firefox> {
        if firefox().is_none() {
            debian::install(project, &["firefox-esr"], "the tests need Firefox")?;
        }
        if named("SAMSYN_GECKODRIVER").is_none() {
            CargoTool::geckodriver().ensure(project)?;
        }
        Firefox::find(project).context("firefox-esr was installed, but is not on PATH")
    }

    /// Tells a command where they are.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("SAMSYN_FIREFOX", &self.firefox).env("SAMSYN_GECKODRIVER", &self.geckodriver);
    }
}

fn firefox() -> Option<PathBuf> {
    named("SAMSYN_FIREFOX").or_else(|| FIREFOXES.iter().find_map(|name| process::on_path(name)))
}
