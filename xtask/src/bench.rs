//! `cargo xtask bench relay` and `cargo xtask bench editor`: each sets up what ours is measured beside, builds all
//! of it, and runs it. `cargo xtask bench work` measures what hostile updates cost a room.
//!
//! What is measured and how is the crate `bench/`; this file only brings the programs together.

mod editors;
mod names;
mod peers;

use crate::bench::peers::Peers;
use crate::binary;
use crate::npm;
use crate::process;
use crate::project::Project;
use crate::setup;
use anyhow::{Result, bail};
use std::process::Command;

/// What asks where the time goes; the editor's page then has names.
const PROFILE: &str = "--profile";

/// Measures what the first argument names. Those after it go to the bench: `--quick`, `--only`, `--scenario`,
/// `--profile`.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<()> {
    match arguments.split_first().map(|(word, rest)| (word.as_str(), rest)) {
        Some(("relay", rest)) => relay(project, rest),
        Some(("editor", rest)) => editor(project, rest),
        Some(("work", rest)) => work(project, rest),
        _ => bail!("which bench? cargo xtask bench relay, bench editor, or bench work"),
    }
}

/// Builds the released server, the generator and the floor, sees to the peers, and measures.
fn relay(project: &Project, arguments: &[String]) -> Result<()> {
    let peers = {
        let _lock = project.lock()?;
        npm::ensure(project)?;
        Peers::ensure(project)?
    };
    let samsyn = binary::build(project)?;
    let mut relay = program(project, "relay")?;
    relay.arg("--samsyn").arg(samsyn).arg("--npm").arg(&peers.npm);
    if let Some(y_sweet) = &peers.y_sweet {
        relay.arg("--y-sweet").arg(y_sweet);
    }
    process::show(relay.args(arguments))
}

/// Builds the released server, or for a profile one whose page has names, sees to the browser and to the other
/// editors, and measures.
fn editor(project: &Project, arguments: &[String]) -> Result<()> {
    let (browser, editors) = {
        let _lock = project.lock()?;
        (setup::for_browsing(project)?, editors::ensure(project)?)
    };
    let named = arguments.iter().any(|argument| argument == PROFILE);
    let mut editor = program(project, "editor")?;
    let samsyn = if named { names::build(project)? } else { binary::build(project)? };
    editor.arg("--samsyn").arg(samsyn).arg("--editors").arg(editors);
    browser.apply(&mut editor);
    process::show(editor.args(arguments))
}

/// Measures a room alone: no server, no browser.
fn work(project: &Project, arguments: &[String]) -> Result<()> {
    let mut cargo = process::command("cargo");
    cargo
        .args(["run", "--locked", "--release", "--package", "samsyn-tests", "--bin", "worst", "--"])
        .args(arguments)
        .env("CARGO_TARGET_DIR", &project.target)
        .current_dir(&project.root);
    process::show(&mut cargo)
}

/// Compiles the bench's programs; gives one of them, told where its report goes.
fn program(project: &Project, name: &str) -> Result<Command> {
    let mut cargo = process::command("cargo");
    cargo
        .args(["build", "--locked", "--release", "--package", "samsyn-bench", "--bins"])
        .env("CARGO_TARGET_DIR", &project.target)
        .current_dir(&project.root);
    process::show(&mut cargo)?;
    let mut program = process::command(project.target.join("release").join(name));
    program.arg("--out").arg(project.root.join("target/bench")).current_dir(&project.root);
    Ok(program)
}
