//! What compiles Rust for the browser: the user's own compiler with the target wasm32 added, or
//! Debian's compiler where the target cannot be had.

use crate::process::{self, Step};
use crate::project::Project;
use crate::report::say;
use crate::setup::debian_compiler::DebianCompiler;
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The target that a page is compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Has Leptos erase the types of views. Without it each view is a type of its own, made of the types
/// of all that is in it, and the code for them is 25 kB more to download.
const ERASED_VIEWS: &str = "--cfg=erase_components";

/// Leaves out of the page at which line of which crate a panic is, and what `{:?}` would print, which the page
/// shows to nobody: 8 kB to download. A panic still says why. The compiler calls these flags unstable, and
/// takes them when it is told that we know.
const NO_DEBUGGING: &str = "-Zlocation-detail=none -Zfmt-debug=none";

/// A compiler that has the target.
pub(crate) enum WebCompiler {
    /// The one that compiles everything else too.
    Own,
    /// Debian's, with a standard library that we built.
    Debian(DebianCompiler),
}

impl WebCompiler {
    /// The compiler, if one is ready.
    pub(crate) fn find(project: &Project) -> Result<Option<WebCompiler>> {
        let chosen = chosen()?;
        if chosen != Some(Kind::Debian) && own_has_target(project) {
            return Ok(Some(WebCompiler::Own));
        }
        if chosen != Some(Kind::Rustup)
            && let Some(compiler) = DebianCompiler::find(project)
        {
            return Ok(Some(WebCompiler::Debian(compiler)));
        }
        Ok(None)
    }

    /// The compiler, prepared first if need be.
    pub(crate) fn ensure(project: &Project) -> Result<WebCompiler> {
        if let Some(compiler) = WebCompiler::find(project)? {
            return Ok(compiler);
        }
        let chosen = chosen()?;
        if chosen != Some(Kind::Debian) {
            match add_target(project) {
                Ok(()) => return Ok(WebCompiler::Own),
                Err(error) if chosen == Some(Kind::Rustup) => return Err(error),
                Err(error) => {
                    let error = error.to_string();
                    // The rest is the end of the log, which belongs to a failure that ends us.
                    let first = error.lines().next().unwrap_or_default();
                    say(&format!("{first}; falling back on Debian's compiler"));
                }
            }
        }
        Ok(WebCompiler::Debian(DebianCompiler::prepare(project)?))
    }

    /// Makes a command, and what it starts in turn, use this compiler.
    pub(crate) fn apply(&self, command: &mut Command) {
        // Flags that somebody set for this machine's own processor or linker are not for the page,
        // and they would replace the flags that the page needs.
        command.env_remove("RUSTFLAGS");
        command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", self.flags());
        command.env("RUSTC_BOOTSTRAP", "1");
        if let WebCompiler::Debian(_) = self {
            DebianCompiler::apply(command);
        }
    }

    /// The flags that the page is compiled with.
    pub(crate) fn flags(&self) -> String {
        match self {
            WebCompiler::Own => format!("{ERASED_VIEWS} {NO_DEBUGGING}"),
            WebCompiler::Debian(compiler) => {
                format!("{ERASED_VIEWS} {NO_DEBUGGING} {}", compiler.flag())
            }
        }
    }

    /// The folder that must come first on PATH, if any.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            WebCompiler::Own => None,
            WebCompiler::Debian(compiler) => Some(compiler.programs()),
        }
    }

    /// How people name it, exactly enough to know whether it is still the same one.
    pub(crate) fn name(&self) -> Result<String> {
        match self {
            WebCompiler::Own => {
                let said = process::answer(process::command("rustc").arg("--version"))?;
                Ok(said.trim().to_string())
            }
            WebCompiler::Debian(compiler) => Ok(compiler.name()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Rustup,
    Debian,
}

fn chosen() -> Result<Option<Kind>> {
    match std::env::var("SAMSYN_WEB_COMPILER").as_deref() {
        Err(_) | Ok("") => Ok(None),
        Ok("rustup") => Ok(Some(Kind::Rustup)),
        Ok("debian") => Ok(Some(Kind::Debian)),
        Ok(other) => bail!("SAMSYN_WEB_COMPILER is '{other}', and can be rustup or debian"),
    }
}

fn own_has_target(project: &Project) -> bool {
    let mut rustc = process::command("rustc");
    rustc.args(["--print", "sysroot"]).current_dir(&project.root);
    process::answer(&mut rustc).is_ok_and(|sysroot| has_standard_library(Path::new(sysroot.trim())))
}

/// Whether a sysroot holds the standard library for the browser.
pub(crate) fn has_standard_library(sysroot: &Path) -> bool {
    let folder = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let Ok(mut entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

fn add_target(project: &Project) -> Result<()> {
    if process::on_path("rustup").is_none() {
        bail!("there is no rustup to add the target {TARGET} with");
    }
    let mut rustup = process::command("rustup");
    rustup.args(["target", "add", TARGET]).current_dir(&project.root);
    Step {
        what: &format!("adding the target {TARGET} with rustup"),
        usually: "a few seconds, given up after a minute",
        log: project.cache.join("logs/rustup.log"),
        // Without a way to the toolchains' server it may wait for ever.
        limit: Some(Duration::from_secs(60)),
    }
    .run(&mut rustup)?;
    if !own_has_target(project) {
        bail!("rustup added the target {TARGET}, but the compiler in use does not have it");
    }
    Ok(())
}
