//! `wasm-opt`, which makes the compiled page about a third smaller, from the npm package binaryen.
//! (Debian's own is too old to know what today's compilers write.)

use crate::npm;
use crate::process::{self, Step};
use crate::project::Project;
use crate::report::say;
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const VERSION: u32 = 132;
const PACKAGE_VERSION: &str = "132.0.0";

/// What takes the name `wasm-opt` when Trunk calls it.
pub(crate) struct WasmOpt {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its version, or that there is none.
    pub(crate) version: String,
}

impl WasmOpt {
    /// The optimiser, if it is in the cache or on PATH.
    pub(crate) fn find(project: &Project) -> Option<WasmOpt> {
        let installed = folder(project).join("node_modules/.bin/wasm-opt");
        [Some(installed), process::on_path("wasm-opt")].into_iter().flatten().find_map(|program| {
            let version = version_of(&program)?;
            (version >= VERSION).then(|| WasmOpt { program, version: version.to_string() })
        })
    }

    /// The optimiser, installed first if need be, or a stand-in where npm is absent: the page then
    /// works as well and is only larger.
    pub(crate) fn ensure(project: &Project) -> Result<WasmOpt> {
        if let Some(found) = WasmOpt::find(project) {
            return Ok(found);
        }
        if !npm::present() {
            say("npm is absent, so the page is made without wasm-opt and is larger than it need be");
            return stand_in(project);
        }
        let mut install = npm::command();
        install
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(folder(project))
            .arg(format!("binaryen@{PACKAGE_VERSION}"));
        fs::create_dir_all(folder(project))?;
        Step {
            what: &format!("installing wasm-opt {VERSION} with npm"),
            usually: "a few seconds",
            log: project.cache.join("logs/binaryen.log"),
            limit: None,
        }
        .run(&mut install)?;
        match WasmOpt::find(project) {
            Some(found) => Ok(found),
            None => bail!("binaryen was installed, but its wasm-opt does not run"),
        }
    }
}

fn folder(project: &Project) -> PathBuf {
    project.tool("binaryen", PACKAGE_VERSION)
}

fn version_of(program: &Path) -> Option<u32> {
    if !program.is_file() {
        return None;
    }
    let said = process::answer(process::command(program).arg("--version")).ok()?;
    version_in(&said)
}

/// The version in `wasm-opt version 132 (version_132)`.
fn version_in(said: &str) -> Option<u32> {
    said.split_whitespace().nth(2)?.parse().ok()
}

/// Writes a program that Trunk takes for wasm-opt and that copies its input. Trunk has no setting
/// for leaving wasm-opt out other than in the page itself.
fn stand_in(project: &Project) -> Result<WasmOpt> {
    let program = project.tool("wasm-opt", "absent").join("wasm-opt");
    if let Some(folder) = program.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&program, STAND_IN)
        .and_then(|()| fs::set_permissions(&program, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", program.display()))?;
    Ok(WasmOpt { program, version: String::from("absent") })
}

const STAND_IN: &str = "#!/bin/sh
# Stands in for wasm-opt where npm is absent: copies the input to the output.
for word; do
  case $word in
    --version) echo 'wasm-opt version 0'; exit ;;
    --output=*) output=${word#--output=} ;;
    -*) ;;
    *) input=$word ;;
  esac
done
exec cp \"$input\" \"$output\"
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_it_says() {
        assert_eq!(version_in("wasm-opt version 132 (version_132)\n"), Some(132));
        assert_eq!(version_in("wasm-opt version 108\n"), Some(108));
        assert_eq!(version_in("sh: not found"), None);
    }
}
