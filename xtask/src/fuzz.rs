//! `cargo xtask fuzz [target] [seconds]`: what reads a client's bytes, against bytes that libFuzzer invents.
//!
//! It needs a nightly compiler, which it does not install. What it finds on the way stays in the cache, not in
//! the corpus that the repository keeps; what breaks a target is left in `fuzz/artifacts`.

use crate::process;
use crate::project::Project;
use crate::report::say;
use crate::setup::cargo_tool::CargoTool;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// How long each target runs when nobody says, in seconds.
const SECONDS: u32 = 60;

/// Runs one target, or all of them one after another.
pub(crate) fn fuzz(project: &Project, arguments: &[String]) -> Result<()> {
    let wanted = Wanted::of(arguments, &targets(&project.root.join("fuzz/fuzz_targets"))?)?;
    let nightly =
        process::answer(process::command("rustc").arg("--version").env("RUSTUP_TOOLCHAIN", "nightly"));
    match nightly {
        Ok(version) if version.contains("nightly") => {}
        _ => bail!("there is no nightly compiler, which fuzzing needs: rustup toolchain install nightly"),
    }
    let program = {
        let _lock = project.lock()?;
        CargoTool::fuzz().ensure(project)?
    };
    for target in &wanted.targets {
        say(&format!("── {target}, {} s", wanted.seconds));
        let found = project.cache.join("fuzz").join(target);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let mut run = process::command(&program);
        run.args(["run", "--target-dir"])
            .arg(project.target.join("fuzz"))
            .arg(target)
            .arg(&found)
            .arg(project.root.join("fuzz/corpus").join(target))
            .arg("--")
            .arg(format!("-max_total_time={}", wanted.seconds))
            .args(["-timeout=10", "-rss_limit_mb=3000", "-max_len=4096", "-detect_leaks=0"])
            .args(["-print_final_stats=1", "-verbosity=0"])
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .current_dir(&project.root);
        process::show(&mut run)?;
    }
    Ok(())
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    targets: Vec<String>,
    seconds: u32,
}

impl Wanted {
    fn of(arguments: &[String], known: &[String]) -> Result<Wanted> {
        let (target, seconds) = match arguments {
            [] => (None, None),
            [only] if only.parse::<u32>().is_ok() => (None, Some(only)),
            [target] => (Some(target), None),
            [target, seconds] => (Some(target), Some(seconds)),
            [_, _, more, ..] => bail!("a target and a number of seconds, but not '{more}'"),
        };
        let targets = match target {
            None => known.to_vec(),
            Some(target) if known.contains(target) => vec![target.clone()],
            Some(target) => bail!("there is no target '{target}'; there are {}", known.join(", ")),
        };
        let seconds = seconds.map_or(Ok(SECONDS), |seconds| seconds.parse());
        Ok(Wanted { targets, seconds: seconds.context("for how many seconds?")? })
    }
}

/// The names of all targets.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        if let Some(name) = file?.path().file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_which_and_how_long() {
        let known = [String::from("a"), String::from("b")];
        let wanted = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_string()).collect();
            Wanted::of(&words, &known).ok().map(|wanted| (wanted.targets.join("+"), wanted.seconds))
        };
        let say = |targets: &str, seconds| Some((targets.to_string(), seconds));
        assert_eq!(wanted(&[]), say("a+b", SECONDS));
        assert_eq!(wanted(&["5"]), say("a+b", 5));
        assert_eq!(wanted(&["b"]), say("b", SECONDS));
        assert_eq!(wanted(&["b", "7"]), say("b", 7));
        assert_eq!(wanted(&["c"]), None);
        assert_eq!(wanted(&["b", "x"]), None);
        assert_eq!(wanted(&["b", "7", "8"]), None);
    }
}
