//! Installing Debian packages, as root or through sudo.

use crate::process::{self, Step};
use crate::project::Project;
use anyhow::{Result, bail};
use std::io::IsTerminal;
use std::process::Command;

/// Installs the packages of these that are missing.
pub(crate) fn install(project: &Project, packages: &[&str], why: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if process::on_path("apt-get").is_none() {
        bail!("{why}: this is no Debian, so please install what its packages {names} hold");
    }
    let (Some(mut update), Some(mut install)) = (apt_get(), apt_get()) else {
        bail!("{why}: please run as root: apt-get install {names}");
    };
    update.arg("update");
    install.args(["install", "-y", "--no-install-recommends"]).args(&missing);
    let step = |what: &str, usually: &str, command: &mut Command| {
        Step { what, usually, log: project.cache.join("logs/apt-get.log"), limit: None }.run(command)
    };
    step("asking Debian for its package lists", "about 10 s", &mut update)?;
    step(&format!("installing {names}"), "about a minute", &mut install)?;
    Ok(())
}

fn installed(package: &str) -> bool {
    let mut query = process::command("dpkg-query");
    query.args(["--show", "--showformat=${Status}", package]);
    process::answer(&mut query).is_ok_and(|status| status.ends_with(" ok installed"))
}

/// `apt-get` as somebody who may install, or nothing if we cannot be that.
fn apt_get() -> Option<Command> {
    let root = process::answer(process::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if root {
        process::command("env")
    } else {
        let mut sudo = process::command(process::on_path("sudo")?);
        if !std::io::stdin().is_terminal() {
            sudo.arg("-n");
        }
        sudo.arg("env");
        sudo
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Some(command)
}
