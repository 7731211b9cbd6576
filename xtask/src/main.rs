//! The project's own commands: `cargo xtask <command>`.
//!
//! This file owns the table of commands. Each command has its own file, what several of them need
//! is in `project` (where things are), `process` (how programs are run) and `report` (how it is
//! told). All that xtask itself says goes to stderr, so that stdout stays the server's and the
//! tests' own.

mod bench;
mod binary;
mod cargo_lock;
mod check;
mod claim;
mod dev;
mod doctor;
mod editor;
mod fuzz;
mod npm;
mod page;
mod process;
mod project;
mod report;
mod run;
mod screenshots;
mod setup;
mod tree_hash;

use crate::project::Project;
use anyhow::{Result, bail};
use std::process::ExitCode;

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One command: the word that starts it, what the help says of it, and what it does with the
/// arguments after the word.
struct Command {
    word: &'static str,
    help: &'static str,
    run: fn(&Project, &[String]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        word: "run",
        help: "set up, build and serve on http://127.0.0.1:8080; arguments after -- go to the server",
        run: run::run,
    },
    Command {
        word: "dev",
        help: "serve a draft of the page and the server, made again at each change; arguments after -- go to the server",
        run: dev::dev,
    },
    Command {
        word: "check",
        help: "before each commit: formatting, the rules of the source, clippy, unit tests; after a first build",
        run: |project, arguments| without_arguments(arguments, || check::quickly(project)),
    },
    Command {
        word: "test",
        help: "set up, then everything that CI runs; with a name, build and run the tests that have it in theirs",
        run: |project, arguments| match arguments {
            [name] if !name.starts_with('-') => check::test_named(project, name),
            arguments => without_arguments(arguments, || check::test(project)),
        },
    },
    Command {
        word: "build",
        help: "set up, then leave the server with the page in it at target/release/samsyn",
        run: |project, arguments| without_arguments(arguments, || binary::build(project).map(|_| ())),
    },
    Command {
        word: "setup",
        help: "install into the cache what building and testing need, and nothing that is there",
        run: |project, arguments| without_arguments(arguments, || setup::everything(project)),
    },
    Command {
        word: "screenshots",
        help: "build, then photograph the page at several sizes into screenshots/",
        run: screenshots::screenshots,
    },
    Command {
        word: "bench",
        help: "bench relay, bench editor: measure ours beside the known ones; bench work: what hostile updates cost",
        run: bench::bench,
    },
    Command {
        word: "editor",
        help: "bundle the text surface and the service worker anew from their TypeScript",
        run: |project, arguments| without_arguments(arguments, || editor::rebuild(project)),
    },
    Command {
        word: "fuzz",
        help: "fuzz what reads a client's bytes; then perhaps a target, and for how many seconds",
        run: fuzz::fuzz,
    },
    Command {
        word: "doctor",
        help: "say what is installed and what is missing, and change nothing",
        run: |project, arguments| without_arguments(arguments, || doctor::doctor(project)),
    },
    Command {
        word: "help",
        help: "this text",
        run: |_, arguments| {
            without_arguments(arguments, || {
                println!("{}", help());
                Ok(())
            })
        },
    },
];

fn dispatch() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((word, rest)) = arguments.split_first() else {
        bail!("which command?\n\n{}", help());
    };
    let word = match word.as_str() {
        "-h" | "--help" => "help",
        word => word,
    };
    let Some(command) = COMMANDS.iter().find(|command| command.word == word) else {
        bail!("there is no command '{word}'\n\n{}", help());
    };
    (command.run)(&Project::find()?, rest)
}

fn help() -> String {
    let mut text = String::from("cargo xtask <command>\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<12} {}\n", command.word, command.help));
    }
    text.push_str(
        "\nEnvironment: SAMSYN_CACHE is the folder for tools and build caches (~/.cache/samsyn);\n\
         CARGO_TARGET_DIR is honoured; SAMSYN_CHROMIUM and SAMSYN_CHROMEDRIVER name a browser,\n\
         SAMSYN_FIREFOX and SAMSYN_GECKODRIVER another, SAMSYN_WEBKITDRIVER WebKit's driver;\n\
         SAMSYN_WEB_COMPILER=rustup|debian chooses what compiles the page.",
    );
    text
}

/// Runs a command that takes no arguments, and refuses those it got rather than ignore them.
fn without_arguments(arguments: &[String], run: impl FnOnce() -> Result<()>) -> Result<()> {
    match arguments.first() {
        None => run(),
        Some(argument) => bail!("this command takes no arguments, but got '{argument}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_command_on_a_line_of_its_own() {
        let help = help();
        for command in COMMANDS {
            let lines =
                help.lines().filter(|line| line.trim_start().starts_with(&format!("{} ", command.word)));
            assert_eq!(lines.count(), 1, "{}", command.word);
        }
    }

    #[test]
    fn arguments_that_nobody_reads_are_refused() {
        let arguments = ["--fast".to_string()];
        let refused = without_arguments(&arguments, || Ok(()));
        assert!(refused.is_err_and(|error| error.to_string().contains("--fast")));
    }
}
