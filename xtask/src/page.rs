//! The page: made by Trunk, named by what its files hold, given a worker that knows them, compressed, and weighed.

mod early;
mod glue;
mod interface;
mod names;
mod style;
mod weight;
mod worker;

use crate::process;
use crate::project::Project;
use crate::report::say;
use crate::setup::PageTools;
use crate::setup::web_compiler::TARGET;
use crate::tree_hash::TreeHash;
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page is made from, beside the tools.
const SOURCES: &[&str] = &[
    "client",
    "shared",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    ".cargo/config.toml",
    "xtask/src/page.rs",
    "xtask/src/page",
];

/// Makes the page in `dist/`, and weighs it.
pub(crate) fn build(project: &Project, tools: &PageTools) -> Result<()> {
    make(project, tools)?;
    weight::print(&project.dist())
}

/// Makes the page in `dist/`, unless it was made from the same sources by the same tools before.
pub(crate) fn make(project: &Project, tools: &PageTools) -> Result<()> {
    let sources = sources(project, tools)?;
    if is_made_from(project, &sources)? {
        say("the page is as its sources are");
    } else {
        say(&format!("building the page with {}", tools.compiler.name()?));
        fetch_crates(project, tools)?;
        trunk(project, tools, &[])?;
        shorten(project, tools)?;
        style::merge(&project.dist())?;
        glue::strip(&project.dist())?;
        early::inline(&project.dist())?;
        names::rename(&project.dist())?;
        worker::write(&project.root.join("client/worker/worker.js"), &project.dist())?;
        weight::compress(&project.dist())?;
        note(project, &sources)?;
    }
    Ok(())
}

/// Makes a draft of the page in `dist/`: without optimisation, compression or weight. It stands in the way of no other
/// build: what it leaves there is not what a note names.
pub(crate) fn draft(project: &Project, tools: &PageTools) -> Result<()> {
    fetch_crates(project, tools)?;
    trunk(project, tools, &["--release", "false"])?;
    early::inline(&project.dist())?;
    names::rename(&project.dist())?;
    worker::write(&project.root.join("client/worker/worker.js"), &project.dist())
}

fn sources(project: &Project, tools: &PageTools) -> Result<String> {
    let mut hash = TreeHash::default()
        .text(&tools.compiler.name()?)
        .text(&tools.compiler.flags())
        .text(&tools.bindgen.1)
        .text(&tools.wasm_opt.version);
    for source in SOURCES {
        hash = hash.path(&project.root.join(source))?;
    }
    Ok(hash.finish())
}

/// The note names what the page was made from and what it then held, so neither a page that
/// somebody changed by hand nor one that was half removed passes for made.
fn is_made_from(project: &Project, sources: &str) -> Result<bool> {
    match fs::read_to_string(project.note("page")) {
        Ok(note) => Ok(note == note_text(project, sources)?),
        Err(_) => Ok(false),
    }
}

fn note(project: &Project, sources: &str) -> Result<()> {
    let path = project.note("page");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, note_text(project, sources)?).with_context(|| format!("cannot write {}", path.display()))
}

fn note_text(project: &Project, sources: &str) -> Result<String> {
    let made = TreeHash::default().path(&project.dist())?.finish();
    Ok(format!("{sources} {made}\n"))
}

/// Trunk works offline so that it never downloads a tool of its own choice, and takes cargo offline
/// with it: so what it compiles is fetched first.
fn fetch_crates(project: &Project, tools: &PageTools) -> Result<()> {
    let mut cargo = command(project, tools, "cargo")?;
    cargo.args(["fetch", "--quiet", "--locked", "--target", TARGET]);
    process::show_on_stderr(&mut cargo)
}

fn trunk(project: &Project, tools: &PageTools, arguments: &[&str]) -> Result<()> {
    let mut trunk = command(project, tools, &tools.trunk)?;
    trunk
        .arg("build")
        .args(arguments)
        .env("CARGO_TARGET_DIR", &project.web_target)
        // Trunk refuses the usual `NO_COLOR=1`, and a stack trace of Trunk's own buries the compiler's
        // message that somebody looks for.
        .env_remove("NO_COLOR")
        .env("RUST_BACKTRACE", "0")
        .env("RUST_LOG", "warn");
    process::show_on_stderr(&mut trunk)?;
    if !project.dist().join("index.html").is_file() {
        bail!("Trunk made no {}", project.dist().join("index.html").display());
    }
    Ok(())
}

/// Shortens the names between wasm and its glue, and has wasm-opt take out what is called no longer: as Trunk called
/// it, by what `index.html` says.
fn shorten(project: &Project, tools: &PageTools) -> Result<()> {
    let named = |end: &str| {
        names::one_in(&project.dist(), |name| name.starts_with("samsyn-client") && name.ends_with(end))
    };
    let (wasm, glue) = (named(".wasm")?, named(".js")?);
    interface::shorten(&wasm, &glue)?;
    let index = fs::read_to_string(project.root.join("client/index.html"))?;
    let parameters = index
        .split_once("data-wasm-opt-params=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .context("index.html names no parameters of wasm-opt")?;
    let mut wasm_opt = command(project, tools, &tools.wasm_opt.program)?;
    let smaller = wasm.with_extension("smaller");
    wasm_opt
        .args(parameters.0.split_whitespace())
        .arg("-Oz")
        .arg(format!("--output={}", smaller.display()))
        .arg(&wasm);
    process::show_on_stderr(&mut wasm_opt)?;
    fs::rename(&smaller, &wasm).with_context(|| format!("cannot rename {}", smaller.display()))
}

/// A command in the project's folder that finds the compiler for the page and the tools before any
/// others of the same names.
fn command(project: &Project, tools: &PageTools, program: impl AsRef<OsStr>) -> Result<Command> {
    // The program itself is looked up on this PATH too.
    let mut command = process::command(program);
    command.env("PATH", path(tools)?).current_dir(&project.root);
    tools.compiler.apply(&mut command);
    Ok(command)
}

fn path(tools: &PageTools) -> Result<OsString> {
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(tools.compiler.folder().map(Path::to_path_buf));
    for program in [&tools.bindgen.0, &tools.wasm_opt.program] {
        folders.extend(program.parent().map(Path::to_path_buf));
    }
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    std::env::join_paths(folders).context("a folder's name cannot be put on PATH")
}
