//! Debian's compiler as the one for the page, for machines that cannot download the target for
//! their own: its packages, and a standard library built from Debian's source of it.
//!
//! What is built stays in our cache, in a sysroot of its own that is handed to the compiler, so
//! nothing is written among Debian's files, and neither rustup's settings nor other projects notice.

use crate::process::{self, Step};
use crate::project::Project;
use crate::setup::debian;
use crate::setup::web_compiler::{TARGET, has_standard_library};
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const LINKER: &str = "/usr/bin/wasm-ld-22";

/// What the workspace's `rust-version` asks for. Debian's ordinary `rustc` is older.
const OLDEST: (u32, u32) = (1, 95);

/// Debian's compiler with the standard library that belongs to it.
pub(crate) struct DebianCompiler {
    version: String,
    /// The sysroot with the standard library for the browser.
    sysroot: PathBuf,
    /// A folder with `cargo` and `rustc` and nothing else, to come first on PATH.
    programs: PathBuf,
}

impl DebianCompiler {
    /// The compiler, if all of it is ready.
    pub(crate) fn find(project: &Project) -> Option<DebianCompiler> {
        let compiler = DebianCompiler::packaged(project)?;
        has_standard_library(&compiler.sysroot).then_some(compiler)
    }

    /// The compiler, with what is missing of it installed and built.
    pub(crate) fn prepare(project: &Project) -> Result<DebianCompiler> {
        debian::install(project, PACKAGES, "the page needs a compiler for the browser")?;
        let Some(compiler) = DebianCompiler::packaged(project) else {
            bail!("{RUSTC} is absent or older than the {}.{} that we need", OLDEST.0, OLDEST.1);
        };
        if !has_standard_library(&compiler.sysroot) {
            compiler.build_standard_library(project)?;
        }
        Ok(compiler)
    }

    /// Makes a command, and what it starts in turn, use this compiler.
    pub(crate) fn apply(command: &mut Command) {
        command.env("RUSTC", RUSTC).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER);
        only_debian(command);
    }

    /// The flag that says where the standard library for the browser is.
    pub(crate) fn flag(&self) -> String {
        format!("--sysroot={}", self.sysroot.display())
    }

    /// The folder that must come first on PATH.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// How people name it.
    pub(crate) fn name(&self) -> String {
        format!("Debian's rustc {}", self.version)
    }

    /// What the packages give, with the standard library or without.
    fn packaged(project: &Project) -> Option<DebianCompiler> {
        let all = [RUSTC, CARGO, LINKER].iter().all(|file| Path::new(file).is_file());
        if !all {
            return None;
        }
        let said = process::answer(process::command(RUSTC).arg("-vV")).ok()?;
        let version = value_of(&said, "release")?;
        if !new_enough(version) {
            return None;
        }
        // A standard library fits one build of the compiler only.
        let build: String = value_of(&said, "commit-hash")?.chars().take(9).collect();
        let folder = project.tool("debian-rust", &format!("{version}-{build}"));
        Some(DebianCompiler {
            version: format!("{version} ({build})"),
            sysroot: folder.join("sysroot"),
            programs: folder.join("bin"),
        })
    }

    fn build_standard_library(&self, project: &Project) -> Result<()> {
        let work = project.cache.join("standard-library");
        clear(&work)?;
        fs::create_dir_all(work.join("src"))?;
        fs::write(work.join("Cargo.toml"), EMPTY_CRATE)?;
        fs::write(work.join("src/lib.rs"), "#![no_std]\n")?;
        let mut cargo = process::command(CARGO);
        cargo
            .args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", RUSTC)
            // Without bitcode in it, optimising across crates fails when the page is linked.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("CARGO_TARGET_DIR", work.join("target"))
            .current_dir(&work);
        only_debian(&mut cargo);
        Step {
            what: "building the standard library for the browser with Debian's compiler",
            usually: "about a minute, once",
            log: project.cache.join("logs/standard-library.log"),
            limit: None,
        }
        .run(&mut cargo)?;
        self.install(&work)?;
        clear(&work)
    }

    /// Puts what was built where the compiler looks for it, the whole of it in one rename.
    fn install(&self, work: &Path) -> Result<()> {
        let staged = work.join("sysroot");
        let libraries = staged.join("lib/rustlib").join(TARGET).join("lib");
        fs::create_dir_all(&libraries)?;
        let built = work.join("target").join(TARGET).join("release/deps");
        for entry in fs::read_dir(&built)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".rlib") && !name.starts_with("libsamsyn_empty") {
                fs::copy(entry.path(), libraries.join(&name))?;
            }
        }
        if !has_standard_library(&staged) {
            bail!("no standard library came out of {}", built.display());
        }
        clear(&self.programs)?;
        fs::create_dir_all(&self.programs)?;
        symlink(RUSTC, self.programs.join("rustc"))?;
        symlink(CARGO, self.programs.join("cargo"))?;
        clear(&self.sysroot)?;
        fs::rename(&staged, &self.sysroot).with_context(|| format!("cannot make {}", self.sysroot.display()))
    }
}

/// The crate that is built for the sake of the standard library that is built with it.
const EMPTY_CRATE: &str = "[package]
name = \"samsyn-empty\"
version = \"0.0.0\"
edition = \"2024\"

[workspace]

[profile.release]
panic = \"abort\"
";

/// Takes away what points at another compiler than Debian's: rustup's choice, wrappers made for it,
/// and the folder of its libraries, which the outer cargo sets.
fn only_debian(command: &mut Command) {
    for name in [
        "RUSTUP_TOOLCHAIN",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_RUSTC_WRAPPER",
        "LD_LIBRARY_PATH",
    ] {
        command.env_remove(name);
    }
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// A value in what `rustc -vV` says.
fn value_of<'a>(said: &'a str, key: &str) -> Option<&'a str> {
    said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_known_by_its_release_and_its_build() {
        let said = "rustc 1.96.0 (ac68faa20 2026-05-25)\nbinary: rustc\n\
            commit-hash: ac68faa20c58\nrelease: 1.96.0\n";
        assert_eq!(value_of(said, "release"), Some("1.96.0"));
        assert_eq!(value_of(said, "commit-hash"), Some("ac68faa20c58"));
        assert_eq!(value_of(said, "host"), None);
    }

    #[test]
    fn an_old_compiler_is_no_compiler() {
        assert!(new_enough("1.95.0"));
        assert!(new_enough("1.96.0-nightly"));
        assert!(new_enough("2.0.0"));
        assert!(!new_enough("1.63.0"));
        assert!(!new_enough("unknown"));
    }
}
