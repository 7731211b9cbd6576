//! The commands that an operator types beside `serve`.

use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::server::program;

/// What a command answered.
#[derive(Debug)]
pub struct Said {
    /// Its exit status.
    pub status: i32,
    /// What it printed, on stdout and then on stderr.
    pub text: String,
}

/// Runs `samsyn COMMAND --data DIR` with more arguments.
///
/// # Errors
/// When it can't be run, or was killed.
pub async fn samsyn(command: &str, data: &Path, arguments: &[&str]) -> Result<Said> {
    let program = program()?;
    let ran = Command::new(program).arg(command).arg("--data").arg(data).args(arguments).output().await?;
    let text = [ran.stdout, ran.stderr].concat();
    Ok(Said { status: ran.status.code().context("it was killed")?, text: String::from_utf8(text)? })
}
