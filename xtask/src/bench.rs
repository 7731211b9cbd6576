//! `cargo xtask bench relay`: sets up what the relay is measured beside, builds all of it, and runs it.
//!
//! What is measured and how is the crate `bench/`; this file only brings the programs together.

mod peers;

use crate::bench::peers::Peers;
use crate::binary;
use crate::npm;
use crate::process;
use crate::project::Project;
use anyhow::{Result, bail};

/// What can be measured, as the first argument says it.
const RELAY: &str = "relay";

/// Builds the released server, the generator and the floor, sees to the peers, and measures.
/// Arguments after `relay` go to the bench: `--quick`, `--only`, `--scenario`, `--profile`.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<()> {
    let Some((RELAY, rest)) = arguments.split_first().map(|(word, rest)| (word.as_str(), rest)) else {
        bail!("which bench? there is one: cargo xtask bench {RELAY}");
    };
    let peers = {
        let _lock = project.lock()?;
        npm::ensure(project)?;
        Peers::ensure(project)?
    };
    let samsyn = binary::build(project)?;
    let mut cargo = process::command("cargo");
    cargo
        .args(["build", "--locked", "--release", "--package", "samsyn-bench", "--bins"])
        .env("CARGO_TARGET_DIR", &project.target)
        .current_dir(&project.root);
    process::show(&mut cargo)?;
    let mut relay = process::command(project.target.join("release/relay"));
    relay.arg("--samsyn").arg(samsyn).arg("--npm").arg(&peers.npm);
    if let Some(y_sweet) = &peers.y_sweet {
        relay.arg("--y-sweet").arg(y_sweet);
    }
    relay.arg("--out").arg(project.root.join("target/bench")).args(rest).current_dir(&project.root);
    process::show(&mut relay)
}
