//! Tools that are crates: Trunk, wasm-bindgen's command, cargo-deny, cargo-fuzz, geckodriver.
//!
//! They are compiled into the cache, never into the user's own `~/.cargo/bin`, and each version has
//! a folder of its own, so that clones that want different ones do not take turns in replacing them.

use crate::cargo_lock;
use crate::process::{self, Step};
use crate::project::Project;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// One tool at one version.
pub(crate) struct CargoTool {
    crate_name: &'static str,
    program: &'static str,
    /// The version that is asked for.
    pub(crate) version: String,
    /// Whether the tool's own lock file can be used.
    locked: bool,
    usually: &'static str,
}

impl CargoTool {
    /// Trunk bundles the page. 0.22 wants a newer compiler than the workspace does.
    pub(crate) fn trunk() -> CargoTool {
        CargoTool {
            crate_name: "trunk",
            program: "trunk",
            version: String::from("0.21.14"),
            locked: true,
            usually: "about 4 minutes on two cores, once",
        }
    }

    /// wasm-bindgen's command writes the JavaScript around the compiled page, and refuses a page
    /// that was linked with any other version of the crate than its own.
    pub(crate) fn wasm_bindgen(project: &Project) -> Result<CargoTool> {
        Ok(CargoTool {
            crate_name: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            version: cargo_lock::version(project, "wasm-bindgen")?,
            // The lock file of 0.2.130 names a yanked crate.
            locked: false,
            usually: "about 2 minutes on two cores, once",
        })
    }

    /// cargo-deny checks the licences and the origin of all that is linked in.
    pub(crate) fn deny() -> CargoTool {
        CargoTool {
            crate_name: "cargo-deny",
            program: "cargo-deny",
            version: String::from("0.20.2"),
            locked: true,
            usually: "about 2 minutes on two cores, once",
        }
    }

    /// cargo-fuzz builds and runs the fuzz targets.
    pub(crate) fn fuzz() -> CargoTool {
        CargoTool {
            crate_name: "cargo-fuzz",
            program: "cargo-fuzz",
            version: String::from("0.13.2"),
            locked: true,
            usually: "about a minute on two cores, once",
        }
    }

    /// geckodriver drives Firefox for the tests.
    pub(crate) fn geckodriver() -> CargoTool {
        CargoTool {
            crate_name: "geckodriver",
            program: "geckodriver",
            version: String::from("0.37.1"),
            locked: true,
            usually: "about a minute on two cores, once",
        }
    }

    /// How people name it.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.crate_name, self.version)
    }

    /// The program, if this version of it is in the cache or on PATH.
    pub(crate) fn find(&self, project: &Project) -> Option<PathBuf> {
        let installed = self.folder(project).join("bin").join(self.program);
        [Some(installed), process::on_path(self.program)]
            .into_iter()
            .flatten()
            .find(|program| self.fits(program))
    }

    /// The program, installed first if need be.
    pub(crate) fn ensure(&self, project: &Project) -> Result<PathBuf> {
        if let Some(program) = self.find(project) {
            return Ok(program);
        }
        self.install(project)?;
        match self.find(project) {
            Some(program) => Ok(program),
            None => bail!("{} was installed, but does not run", self.name()),
        }
    }

    fn folder(&self, project: &Project) -> PathBuf {
        project.tool(self.crate_name, &self.version)
    }

    fn fits(&self, program: &Path) -> bool {
        if !program.is_file() {
            return false;
        }
        let said = process::answer(process::command(program).arg("--version"));
        said.is_ok_and(|said| version_in(&said) == Some(self.version.as_str()))
    }

    /// Compiles the tool without optimisation: that takes a third of the time, and what the tools
    /// do for us takes seconds either way.
    fn install(&self, project: &Project) -> Result<()> {
        let mut cargo = process::command("cargo");
        cargo
            .args(["install", "--debug", self.crate_name, "--version", &self.version])
            .arg("--root")
            .arg(self.folder(project))
            .arg("--target-dir")
            .arg(leftovers(project))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            // Away from the clone, whose cargo settings are not for tools.
            .current_dir(&project.cache);
        if self.locked {
            cargo.arg("--locked");
        }
        Step {
            what: &format!("compiling {}", self.name()),
            usually: self.usually,
            log: project.cache.join("logs").join(format!("{}.log", self.crate_name)),
            limit: None,
        }
        .run(&mut cargo)
    }
}

/// Removes what compiling the tools left behind, some two gigabytes, once they are all there. Until
/// then they share much of it.
pub(crate) fn clear_leftovers(project: &Project) -> Result<()> {
    let folder = leftovers(project);
    if folder.is_dir() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn leftovers(project: &Project) -> PathBuf {
    project.cache.join("target-tools")
}

/// The version in what a program answers to `--version`: `trunk 0.21.14`.
fn version_in(said: &str) -> Option<&str> {
    said.split_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_tools_say() {
        assert_eq!(version_in("trunk 0.21.14\n"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130 (abc)\n"), Some("0.2.130"));
        assert_eq!(version_in(""), None);
    }
}
