//! `cargo xtask run`: builds, and becomes the server.

use crate::binary;
use crate::process;
use crate::project::Project;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;

/// Builds, and then replaces this process by the server, so that signals reach it and its exit
/// status is ours.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let server = binary::build(project)?;
    let mut command = process::command(&server);
    command.arg("serve").args(for_serving(project, arguments));
    Err(command.exec()).with_context(|| format!("cannot start {}", server.display()))
}

/// What `serve` is given: what was asked for, and where to listen and to store where nobody said it.
pub(crate) fn for_serving(project: &Project, arguments: &[String]) -> Vec<OsString> {
    let data = project.root.join("data").into_os_string();
    with_defaults(for_server(arguments), data, |variable| std::env::var_os(variable).is_some())
}

/// What is the server's of the arguments after `run`: all of them, the separator is optional.
fn for_server(arguments: &[String]) -> &[String] {
    match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => arguments,
    }
}

/// Adds where to listen and where to store, unless the arguments or the environment say it.
fn with_defaults(given: &[String], data: OsString, in_environment: impl Fn(&str) -> bool) -> Vec<OsString> {
    let mut all: Vec<OsString> = given.iter().map(OsString::from).collect();
    for (flag, variable, value) in
        [("--listen", "SAMSYN_LISTEN", OsString::from("127.0.0.1:8080")), ("--data", "SAMSYN_DATA", data)]
    {
        let with_value = format!("{flag}=");
        let said = given.iter().any(|argument| argument == flag || argument.starts_with(&with_value));
        if !said && !in_environment(variable) {
            all.push(OsString::from(flag));
            all.push(value);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn complete(given: &[&str], environment: &[&str]) -> String {
        with_defaults(for_server(&words(given)), "/d".into(), |name| environment.contains(&name))
            .join(" ".as_ref())
            .to_string_lossy()
            .into_owned()
    }

    #[test]
    fn defaults_fill_in_only_what_nobody_said() {
        assert_eq!(complete(&[], &[]), "--listen 127.0.0.1:8080 --data /d");
        assert_eq!(complete(&["--", "--listen", "[::]:1"], &[]), "--listen [::]:1 --data /d");
        assert_eq!(complete(&["--data=x"], &["SAMSYN_LISTEN"]), "--data=x");
    }

    #[test]
    fn arguments_reach_the_server_with_and_without_the_separator() {
        assert_eq!(for_server(&words(&["--", "-v"])), words(&["-v"]));
        assert_eq!(for_server(&words(&["-v"])), words(&["-v"]));
        assert!(for_server(&[]).is_empty());
    }
}
