//! `cargo xtask screenshots`: photographs of the page, to be looked at by people.

use crate::binary;
use crate::process;
use crate::project::Project;
use crate::setup;
use anyhow::Result;

/// Builds, and lets the tests' own browser driving take the photographs. Arguments go to it.
pub(crate) fn screenshots(project: &Project, arguments: &[String]) -> Result<()> {
    let server = binary::build(project)?;
    let browser = {
        let _lock = project.lock()?;
        setup::for_browsing(project)?
    };
    let mut cargo = process::command("cargo");
    cargo
        .args(["run", "--locked", "--package", "samsyn-tests", "--bin", "screenshots", "--"])
        .args(arguments)
        .env("CARGO_TARGET_DIR", &project.target)
        .env("SAMSYN_SERVER", server)
        .env("SAMSYN_SCREENSHOTS", project.root.join("screenshots"))
        .current_dir(&project.root);
    browser.apply(&mut cargo);
    process::show(&mut cargo)
}
