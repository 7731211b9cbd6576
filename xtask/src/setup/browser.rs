//! The browser that the tests drive, and the driver that belongs to it.

use crate::process;
use crate::project::Project;
use crate::setup::debian;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Chromium or Chrome with its chromedriver.
pub(crate) struct Browser {
    /// The browser.
    pub(crate) chromium: PathBuf,
    /// The driver, of the same major version.
    pub(crate) chromedriver: PathBuf,
}

impl Browser {
    /// A browser and a driver that fit each other, if they are there.
    pub(crate) fn find() -> Option<Browser> {
        let driver = named("SAMSYN_CHROMEDRIVER").or_else(|| process::on_path("chromedriver"))?;
        let wanted = major_of(&driver)?;
        let candidates = match named("SAMSYN_CHROMIUM") {
            Some(browser) => vec![browser],
            None => BROWSERS.iter().filter_map(|name| process::on_path(name)).collect(),
        };
        candidates
            .into_iter()
            .find(|browser| major_of(browser) == Some(wanted))
            .map(|chromium| Browser { chromium, chromedriver: driver })
    }

    /// A browser and a driver, Debian's installed first if need be.
    pub(crate) fn ensure(project: &Project) -> Result<Browser> {
        if let Some(browser) = Browser::find() {
            return Ok(browser);
        }
        debian::install(
            project,
            &["chromium", "chromium-driver"],
            "the tests need Chromium or Chrome and a chromedriver of the same version",
        )?;
        match Browser::find() {
            Some(browser) => Ok(browser),
            None => bail!(
                "no Chromium or Chrome fits the chromedriver that comes first; SAMSYN_CHROMIUM and \
                 SAMSYN_CHROMEDRIVER can name a pair that does"
            ),
        }
    }

    /// Tells a command where they are.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("SAMSYN_CHROMIUM", &self.chromium).env("SAMSYN_CHROMEDRIVER", &self.chromedriver);
    }
}

/// What a variable names, if it names anything.
pub(super) fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn major_of(program: &Path) -> Option<u32> {
    let said = process::answer(process::command(program).arg("--version")).ok()?;
    major_in(&said)
}

/// The major version in `Chromium 156.0.8078.79 built on ...`, `ChromeDriver 156.0.8078.79 (...)`
/// or `Google Chrome 156.0.8078.79`.
fn major_in(said: &str) -> Option<u32> {
    said.split_whitespace()
        .find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
        .and_then(|version| version.split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_browsers_say() {
        assert_eq!(major_in("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(major_in("ChromeDriver 156.0.8078.79 (abc)"), Some(156));
        assert_eq!(major_in("Google Chrome 99.1"), Some(99));
        assert_eq!(major_in("cannot open display"), None);
    }
}
