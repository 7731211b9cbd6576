//! A process that leads a group of its own: what it starts belongs to the group, and ends with it.

use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Starts it, with the lines that it says.
///
/// # Errors
/// When there is no such program.
pub(crate) fn start(command: &mut Command) -> Result<(Child, Lines<BufReader<ChildStdout>>)> {
    command.process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_owned();
    let mut leader = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    let stdout = leader.stdout.take().context("stdout is piped")?;
    Ok((leader, BufReader::new(stdout).lines()))
}
