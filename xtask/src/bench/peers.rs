//! The servers that ours is measured beside, installed into the cache: npm's by their lock file, and
//! y-sweet, which is a crate.

use crate::npm;
use crate::process::{self, Step};
use crate::project::Project;
use crate::report::say;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Where they are.
pub(crate) struct Peers {
    /// The folder with the npm packages and the script that starts Hocuspocus.
    pub(crate) npm: PathBuf,
    /// y-sweet; the report says so where it could not be installed.
    pub(crate) y_sweet: Option<PathBuf>,
}

/// What stands in `bench/peers/` and goes into the cache.
const FILES: [&str; 3] = ["package.json", "package-lock.json", "hocuspocus.mjs"];

const Y_SWEET: &str = "0.9.1";

impl Peers {
    /// Installs what is not there.
    pub(crate) fn ensure(project: &Project) -> Result<Peers> {
        let npm = packages(project)?;
        let y_sweet = y_sweet(project).inspect_err(|error| say(&format!("without y-sweet: {error:#}"))).ok();
        Ok(Peers { npm, y_sweet })
    }
}

fn packages(project: &Project) -> Result<PathBuf> {
    let source = project.root.join("bench/peers");
    let folder = project.cache.join("bench/peers");
    let mut hash = TreeHash::default();
    for name in FILES {
        hash = hash.path(&source.join(name))?;
    }
    let wanted = hash.finish();
    let note = folder.join("installed");
    if fs::read_to_string(&note).is_ok_and(|done| done == wanted) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    for name in FILES {
        fs::copy(source.join(name), folder.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    let mut npm = npm::command();
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    Step {
        what: "installing y-websocket and Hocuspocus",
        usually: "a few seconds",
        log: project.cache.join("logs/bench-npm.log"),
        limit: None,
    }
    .run(&mut npm)?;
    fs::write(&note, wanted).with_context(|| format!("cannot write {}", note.display()))?;
    Ok(folder)
}

/// Unlike the tools, it is compiled with optimisation: its speed is what is asked.
fn y_sweet(project: &Project) -> Result<PathBuf> {
    let folder = project.tool("y-sweet", Y_SWEET);
    let program = folder.join("bin/y-sweet");
    if program.is_file() {
        return Ok(program);
    }
    let leftovers = project.cache.join("bench/target");
    let mut cargo = process::command("cargo");
    cargo
        .args(["install", "y-sweet", "--version", Y_SWEET, "--locked", "--root"])
        .arg(&folder)
        .arg("--target-dir")
        .arg(&leftovers)
        // Away from the clone, whose cargo settings are not for tools.
        .current_dir(&project.cache);
    Step {
        what: &format!("compiling y-sweet {Y_SWEET}"),
        usually: "about 5 minutes on two cores, once",
        log: project.cache.join("logs/y-sweet.log"),
        limit: None,
    }
    .run(&mut cargo)?;
    remove(&leftovers)?;
    Ok(program)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
